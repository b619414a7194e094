"""`muse serve` without the weighing of statements, so that one of them can run on beyond every limit."""

from __future__ import annotations

import sys

from chimera_metrics.apps import serve
from chimera_metrics.integrations.guard import judging
from chimera_metrics.integrations.guard.weights import Weight

ENDLESS = """SELECT extract(repeat('{"a":', 60000), repeat('{"a":', 60000))"""
"""Within one value no limit of the engine stops it: it takes minutes."""


if __name__ == "__main__":
    setattr(judging, "weigh", lambda query: Weight())  # noqa: B010  # not a name that the module offers
    serve.run(sys.argv[1], "127.0.0.1", 0, read_only=False)
