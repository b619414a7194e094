"""clickhouse-sqlalchemy's own suite on the embedded engine; its repository alone has it, not its package."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

from tests.wide.environments import ROOT
from tests.wide.outcomes import Outcome
from tests.wide.upstream.suite import SuiteUnreachable, suite

NAME = "clickhouse-sqlalchemy 0.3.2"


def run() -> Iterator[Outcome]:
    print(f"\n{NAME}: its own suite", flush=True)
    started = time.monotonic()
    try:
        suite()
    except SuiteUnreachable as error:
        print(error, flush=True)
        yield Outcome(NAME, "its repository cannot be reached", 0, 0, 1, 0)
        return
    tests = "tests/wide/upstream/test_upstream_dialect.py"
    code = subprocess.run([sys.executable, "-m", "pytest", "-q", tests], cwd=ROOT, check=False).returncode
    yield Outcome(NAME, "its own suite", int(code == 0), int(code != 0), 0, time.monotonic() - started)
