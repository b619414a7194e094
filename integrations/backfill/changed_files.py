"""Files that were changed among the rows that were read before: what is stored of them would be stored again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from chimera_metrics.integrations.backfill.checkpoint import Checkpoint, chained
from chimera_metrics.integrations.backfill.files import SourceFile
from chimera_metrics.integrations.errors import InvalidInput


def is_changed(file: SourceFile, state: Checkpoint, digest: Callable[[SourceFile, Any], str]) -> bool:
    """Reads the file up to the row that is known, and compares. A file that has grown after that row is not changed."""
    chain, end = "", state.known["rows"]
    for window in file.windows(0, sorted({*state.cuts, end}), state.bounded):
        chain = chained(chain, digest(file, window.rows))
        if window.stop >= end:
            return bool(chain != state.known["chain"])
    return True


def refused(file: SourceFile, state: Checkpoint) -> InvalidInput:
    """What to say of a file that was changed."""
    own = ".".join([file.table, "corrected", *file.path.name.split(".")[-2 if file.compression else -1 :]])
    rejected = Path(state.rejected)
    where = f" (the rows that were refused are in {rejected})" if state.rejected and rejected.exists() else ""
    return InvalidInput(
        f"{file.path} was changed among the {state.known['rows']:,} rows that were read before, and those of them that "
        f"are stored would be stored again; put the rows that are corrected or new into a file of their own, such as "
        f"{own}, and name that with --source{where}, or take this file as a new one with --as-new."
    )
