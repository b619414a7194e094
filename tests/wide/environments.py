"""Folders under `.cache/wide` with what a subject needs installed: made once, and again when its list changes."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
REQUIREMENTS = Path(__file__).parent / "requirements"
CACHE = ROOT / ".cache" / "wide"
_KEY = ".key"


def environment(name: str, cache: Path = CACHE, requirements: Path = REQUIREMENTS) -> Path:
    """The folder with the packages of `requirements/<name>.txt`, without those that they need in turn.

    It belongs in front of `PYTHONPATH`; all else comes from the environment of the tests. An engine is 0.5 GB so, a
    whole environment 0.9 GB.
    """
    return _set_up(cache / name, requirements / f"{name}.txt", _install)


def whole_environment(name: str, cache: Path = CACHE, requirements: Path = REQUIREMENTS) -> Path:
    """The interpreter of an environment of its own with the packages of `requirements/<name>.txt` and nothing else."""
    return _interpreter(_set_up(cache / name, requirements / f"{name}.txt", _make))


def _set_up(folder: Path, listed: Path, make: Callable[[Path, Path], None]) -> Path:
    key = hashlib.sha256(listed.read_bytes() + sys.version.encode()).hexdigest()
    if _recorded(folder) != key:
        print(f"Setting up {folder.parent.name}/{folder.name} …", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        make(listed, folder)
        # Last, so that a set-up that was stopped half-way is begun again.
        (folder / _KEY).write_text(key)
    return folder


def _recorded(folder: Path) -> str | None:
    try:
        return (folder / _KEY).read_text()
    except FileNotFoundError:
        return None


def _install(listed: Path, folder: Path) -> None:
    subprocess.run([*_pip(Path(sys.executable)), "--target", folder, "-r", listed], check=True)


def _make(listed: Path, folder: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([*_pip(_interpreter(folder)), "-r", listed], check=True)


def _interpreter(folder: Path) -> Path:
    return folder / "bin" / "python"


def _pip(python: Path) -> list[str]:
    words = "-m pip install --quiet --disable-pip-version-check --no-cache-dir --no-deps --require-hashes"
    return [str(python), *words.split()]
