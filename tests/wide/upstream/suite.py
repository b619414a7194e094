"""clickhouse-sqlalchemy's own suite: what its released source has of it, and all of it from its repository.

The source archive of a release, which pip downloads, has the tests of compiler, DDL and reflection, and lacks the
folders; the repository has all, where it can be reached.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

from tests.support.sources import ROOT
from tests.wide.environments import CACHE as WIDE

COMMIT = "b62512f18c460347536b4b1a24a333bc041998ca"  # 0.3.2
REPOSITORY = "https://github.com/xzkostyan/clickhouse-sqlalchemy"
PACKAGE = "clickhouse-sqlalchemy"
CACHE = ROOT / ".cache" / f"{PACKAGE}-{COMMIT[:12]}"
_PATIENCE_S = 120


class SuiteUnreachable(Exception):
    """The repository does not answer here."""


def released() -> Path:
    """The folder that has, in `tests`, the tests of the source archive of the installed release."""
    name = f"{PACKAGE}-{version(PACKAGE)}"
    folder = WIDE / "upstream" / name
    if not (folder / "tests").is_dir():
        words = "-m pip download --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-binary :all:"
        command = [sys.executable, *words.split(), "--dest", str(folder.parent), f"{PACKAGE}=={version(PACKAGE)}"]
        subprocess.run(command, check=True)
        with tarfile.open(folder.parent / f"{name}.tar.gz") as archive:
            archive.extractall(folder.parent, filter="data")
        (folder / "tests" / "__init__.py").touch()  # without it, the package `tests` is ours
    return folder


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
