"""clickhouse-sqlalchemy's own suite on the embedded engine: what its release has, and the rest where it can."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

from tests.wide.environments import ROOT
from tests.wide.outcomes import Outcome
from tests.wide.upstream.suite import SuiteUnreachable, suite

NAME = "clickhouse-sqlalchemy 0.3.2"


TESTS = "tests/wide/upstream/test_upstream_dialect.py"
_RELEASED = "test_all_that_the_release_has_of_it_passes"


def run() -> Iterator[Outcome]:
    print(f"\n{NAME}: its own suite", flush=True)
    yield _outcome("what its release has of its suite", f"{TESTS}::{_RELEASED}")
    try:
        suite()
    except SuiteUnreachable as error:
        print(error, flush=True)
        yield Outcome(NAME, "the rest, from its repository", 0, 0, 1, 0)
        return
    yield _outcome("its whole suite, from its repository", TESTS, f"--deselect={TESTS}::{_RELEASED}")


def _outcome(what: str, *words: str) -> Outcome:
    started = time.monotonic()
    code = subprocess.run([sys.executable, "-m", "pytest", "-q", *words], cwd=ROOT, check=False).returncode
    return Outcome(NAME, what, int(code == 0), int(code != 0), 0, time.monotonic() - started)
