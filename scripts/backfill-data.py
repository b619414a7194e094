"""Ingests files, as `muse backfill` does: python scripts/backfill-data.py --days 30 --source PATH."""

from __future__ import annotations

import sys

from chimera_metrics.apps.muse_cli import main

if __name__ == "__main__":
    main(["backfill", *sys.argv[1:]], prog_name="muse")
