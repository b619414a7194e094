"""clickhouse-sqlalchemy's own suite, which its package lacks: taken from its repository by the release's commit."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.support.sources import ROOT

COMMIT = "b62512f18c460347536b4b1a24a333bc041998ca"  # 0.3.2
REPOSITORY = "https://github.com/xzkostyan/clickhouse-sqlalchemy"
CACHE = ROOT / ".cache" / f"clickhouse-sqlalchemy-{COMMIT[:12]}"
_PATIENCE_S = 120


class SuiteUnreachable(Exception):
    """The repository does not answer here."""


def suite() -> Path:
    """The folder that has the suite in `tests`. `UPSTREAM_SUITE` names another git repository that has the commit."""
    if not (CACHE / "tests").is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        source = os.environ.get("UPSTREAM_SUITE", REPOSITORY)
        try:
            for words in (["init", "--quiet"], ["fetch", "--quiet", "--depth=1", source, COMMIT]):
                _git(*words)
            archive = _git("archive", COMMIT, "tests")
        except (subprocess.SubprocessError, OSError) as error:
            shutil.rmtree(CACHE)
            raise SuiteUnreachable(
                f"{source} cannot be reached for the suite of clickhouse-sqlalchemy; name another repository that has "
                f"its commit {COMMIT[:12]} in UPSTREAM_SUITE."
            ) from error
        subprocess.run(["tar", "-x"], cwd=CACHE, input=archive, check=True)
    return CACHE


def _git(*words: str) -> bytes:
    environment = os.environ | {"GIT_TERMINAL_PROMPT": "0"}
    done = subprocess.run(
        ["git", *words], cwd=CACHE, env=environment, capture_output=True, check=True, timeout=_PATIENCE_S
    )
    return done.stdout
