"""What a crash can leave in an embedded store, put right before the store is opened.

The engine writes a block's token into a table's deduplication log before it renames the block's part into place.
Killed between the two, it knows a block that it does not have: a retry is taken for a duplicate, and the rows are
gone for good, or missing from the rollup. So after a holder that did not close the store, the lines whose part does
not exist are dropped from the logs; the retry then stores the block.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

_PART = re.compile(r"^(?P<partition>.+?)_(?P<first>\d+)_(?P<last>\d+)_\d+(?:_\d+)?$")
_ADDED = "1"
Ranges = Mapping[str, list[tuple[int, int]]]
"""By partition, the block numbers that the parts on disk cover."""


def heal(store: Path) -> int:
    """Drops the tokens of blocks that no part holds; answers how many. Only for a store that nobody has open."""
    return sum(_heal_table(logs) for logs in store.glob("store/*/*/deduplication_logs"))


def _heal_table(logs: Path) -> int:
    files = sorted(logs.glob("deduplication_log_*.txt"))
    if not files:
        return 0
    covered = _covered(entry.name for entry in os.scandir(logs.parent) if entry.is_dir())
    return sum(_heal_log(file, covered) for file in files)


def _covered(folders: Iterable[str]) -> Ranges:
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for name in folders:
        # Parts that are still being written have names of their own, such as tmp_insert_….
        if not name.startswith(("tmp", "delete_tmp")) and (part := _PART.match(name)):
            found[part["partition"]].append((int(part["first"]), int(part["last"])))
    return found


def _heal_log(file: Path, covered: Ranges) -> int:
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if _holds(line, covered)]
    if len(kept) == len(lines):
        return 0
    draft = file.with_suffix(".healed")
    with open(draft, "w", encoding="utf-8") as out:
        out.writelines(kept)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)
    return len(lines) - len(kept)


def _holds(line: str, covered: Ranges) -> bool:
    """Whether a line tells of a block that is there. A line cut short by the crash tells of nothing."""
    words = line.split("\t")
    if len(words) != 3 or not line.endswith("\n"):
        return False
    if words[0] != _ADDED:
        return True
    part = _PART.match(words[1])
    if part is None:
        return True
    first, last = int(part["first"]), int(part["last"])
    return any(low <= first and last <= high for low, high in covered.get(part["partition"], ()))
