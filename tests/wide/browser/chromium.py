"""Debian's Chromium, unpacked into the cache; nothing is installed on the machine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.wide.environments import CACHE

_READY = "ready"


def chromium(cache: Path = CACHE) -> Path:
    """The folder with the browser and the libraries that the machine lacks."""
    folder = cache / "chromium"
    if not (folder / _READY).exists():
        print("Setting up wide/chromium …", flush=True)
        packages = folder / "packages"
        packages.mkdir(parents=True, exist_ok=True)
        if not (names := _missing()):
            subprocess.run(["apt-get", "update", "-qq"], check=False, capture_output=True)
            names = _missing()
        subprocess.run(["apt-get", "download", "-qq", *names], cwd=packages, check=True, stdout=subprocess.DEVNULL)
        for package in sorted(packages.glob("*.deb")):
            subprocess.run(["dpkg", "-x", package, folder], check=True)
            package.unlink()
        (folder / _READY).touch()
    return folder


def libraries(folder: Path) -> str:
    """What LD_LIBRARY_PATH has to hold for it."""
    return os.pathsep.join(sorted({str(file.parent) for file in folder.rglob("*.so*")}))


def _missing() -> list[str]:
    words = ["apt-get", "install", "-s", "--no-install-recommends", "chromium"]
    told = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    return [line.split()[1] for line in told.splitlines() if line.startswith("Inst ")]
