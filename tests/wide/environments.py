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
    key = hashlib.sha256(listed.read_bytes() + sys.version.encode()).hexdigest()
    folder = cache / name
    if _recorded(folder) != key:
        print(f"Setting up {folder.relative_to(cache.parent)} …", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        _install(listed, folder)
        # Last, so that a set-up that was stopped half-way is begun again.
        (folder / _KEY).write_text(key)
    return folder


def _recorded(folder: Path) -> str | None:
    try:
        return (folder / _KEY).read_text()
    except FileNotFoundError:
        return None


def _install(listed: Path, folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir"]
    subprocess.run([*pip, "--no-deps", "--require-hashes", "--target", folder, "-r", listed], check=True)
