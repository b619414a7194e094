"""`calling.py OUT ARGUMENTS…` runs `muse ARGUMENTS…` and writes down which files of ours which thread calls."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).parents[2]
ROOMS = tuple(f"{ROOT}/{room}/" for room in ("models", "alembic", "analytics", "integrations", "server", "apps"))
called: list[str] = []


def note(frame: FrameType, event: str, _: Any) -> None:
    file = frame.f_code.co_filename
    if event != "call" or not file.startswith(ROOMS):
        return
    name = file.removeprefix(f"{ROOT}/")
    # A module's own body is an import and no call, except for the script that alembic runs.
    if frame.f_code.co_name == "<module>" and name != "alembic/env.py":
        return
    called.append(f"{threading.get_ident()} {name}")


def main(out: str, *arguments: str) -> None:
    from chimera_metrics.apps.muse_cli import main as muse

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        muse(arguments)
    finally:
        sys.setprofile(None)
        Path(out).write_text("\n".join(called))


if __name__ == "__main__":
    main(*sys.argv[1:])
