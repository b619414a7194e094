"""`calling.py OUT ARGUMENTS…` runs `muse ARGUMENTS…` and writes down which files of ours which thread calls."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).parents[2]
ROOMS = tuple(f"{ROOT}/{room}/" for room in ("models", "alembic", "analytics", "integrations", "server", "apps"))
SCRIPT = str(ROOT / "alembic" / "env.py")
called: list[str] = []
local = threading.local()


def note(frame: FrameType, event: str, _: Any) -> None:
    file = frame.f_code.co_filename
    if frame.f_code.co_name == "<module>" and file != SCRIPT:
        # What a module calls while it is imported is no part of a way; alembic runs its script the same way.
        local.importing = getattr(local, "importing", 0) + {"call": 1, "return": -1}.get(event, 0)
    elif event == "call" and file.startswith(ROOMS) and not getattr(local, "importing", 0):
        called.append(f"{threading.get_ident()} {file.removeprefix(f'{ROOT}/')}")


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
