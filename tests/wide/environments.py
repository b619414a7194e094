"""Folders under `.cache/wide` with what a subject needs installed: made once, and again when its list changes."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
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
    listed = requirements / f"{name}.txt"
    key = _key(listed)
    folder = cache / name
    if _recorded(folder) != key:
        print(f"Setting up {folder.relative_to(cache.parent)} …", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        _install(listed, folder)
        # Last, so that a set-up that was stopped half-way is begun again.
        (folder / _KEY).write_text(key)
    return folder


def whole_environment(name: str, cache: Path = CACHE, requirements: Path = REQUIREMENTS) -> Path:
    """The interpreter of an environment of its own with the packages of `requirements/<name>.txt` and nothing else."""
    listed = requirements / f"{name}.txt"
    key = _key(listed)
    folder = cache / name
    python = folder / "bin" / "python"
    if _recorded(folder) != key:
        print(f"Setting up {folder.relative_to(cache.parent)} …", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([*_pip(python), "--no-deps", "--require-hashes", "-r", listed], check=True)
        (folder / _KEY).write_text(key)
    return python


def _key(listed: Path) -> str:
    return hashlib.sha256(listed.read_bytes() + sys.version.encode()).hexdigest()


def _recorded(folder: Path) -> str | None:
    try:
        return (folder / _KEY).read_text()
    except FileNotFoundError:
        return None


def _install(listed: Path, folder: Path) -> None:
    into: list[str | Path] = ["--no-deps", "--require-hashes", "--target", folder]
    subprocess.run([*_pip(Path(sys.executable)), *into, "-r", listed], check=True)


def _pip(python: Path) -> list[str]:
    return [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir"]
