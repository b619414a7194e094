"""Copies of the project's own files, without anything that a build, a test or an editor left beside them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("models", "analytics", "integrations", "server", "apps")
# What stands in .gitignore, for a folder that git does not know: an unpacked zip.
_LEFT_BEHIND = {"__pycache__", "build", "dist", "demo-output", "bench-output", "node_modules"}


def copy_sources(to: Path) -> None:
    """Every file of the project, but no link, nor what an unpacked zip has in its place."""
    links = {Path("chimera_metrics", room) for room in ROOMS}
    for name in _by_git() if (ROOT / ".git").exists() else _by_walking(ROOT):
        if (ROOT / name).is_file() and not (ROOT / name).is_symlink() and name not in links:
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)


def _by_git() -> list[Path]:
    """What git knows or would add."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    return [Path(name) for name in listed.stdout.splitlines()]


def _by_walking(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        hidden = path.name.startswith(".") and path.name not in {".ci", ".dockerignore", ".gitignore"}
        if hidden or path.name in _LEFT_BEHIND or path.suffix == ".egg-info" or path.is_symlink():
            continue
        if path.is_dir():
            yield from _by_walking(path)
        else:
            yield path.relative_to(ROOT)
