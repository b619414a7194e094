"""How far a backfill has come with each file, on disk: a run that is killed goes on where it stopped.

The ledger knows which rows are stored; the checkpoint saves reading them again, and keeps what must not change between
two attempts at one run: its time, from which rows without one and `--shift-to-now` take theirs, and its first day. It
also keeps the hash of the rows that were stored, by which a file that was changed among them is known.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from chimera_metrics.integrations.backfill.files import SourceFile
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.private_files import open_private, private_folder
from chimera_metrics.integrations.writing.quarantine import quarantine_folder

_LATELY = timedelta(days=2)
COUNTS = ("received", "inserted", "duplicates", "replaced", "rejected_count", "quarantined")


@dataclass
class Checkpoint:
    """One file's state."""

    file: Path
    """Where this state is kept."""
    source: str
    run: dict[str, Any] = field(default_factory=dict)
    """What the run was asked for, and the file as it was: another run starts from the first row."""
    now: str = ""
    rows: int = 0
    chain: str = ""
    """The hash of all rows so far, as in the file."""
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    cuts: list[int] = field(default_factory=list)
    """Where earlier runs came to the file's end. A file that has grown is cut there again, so that the rows before
    come in the same windows, under the same keys."""
    done: bool = False
    known: dict[str, Any] = field(default_factory=dict)
    """Up to which row something is stored, or was begun, the hash of the rows up to there, in which store, and the
    file's size and time of change when it was so."""
    bounded: bool = False
    """Whether the file's windows are bounded by bytes too. Those of earlier versions were not, and a file that one of
    them has read comes in the same windows again, under the same keys."""
    rejected: str = ""
    """The file with the rows that were refused last."""

    def is_as_it_was(self, run: Mapping[str, Any]) -> bool:
        """Whether the file needs no look at its rows: nothing of it is in this store, or it was not written since."""
        known = self.known
        if known.get("store") != run["store"] or not known.get("rows"):
            return True
        return all(known[name] == run[name] for name in ("size", "changed"))

    def forget(self) -> None:
        """Takes the file as one that was never read."""
        self.run, self.known, self.cuts, self.rejected, self.bounded = {}, {}, [], "", True

    def reach(self, rows: int, chain: str) -> None:
        """Says, before it happens, that something of the rows up to there will be stored."""
        if rows > self.known.get("rows", 0):
            self.known |= {"rows": rows, "chain": chain}
            self.save()

    def begin(self, run: dict[str, Any], now: datetime) -> bool:
        """Goes on with the same run if it was stopped lately, else starts over; returns whether part is done."""
        facts = {name: run[name] for name in ("store", "size", "changed")}
        self.known = facts if self.known.get("store") != run["store"] else self.known | facts
        if self.run == run and not self.done and now - datetime.fromisoformat(self.now) < _LATELY:
            return self.rows > 0
        self.run, self.now, self.rows, self.chain, self.done = run, now.isoformat(), 0, "", False
        self.counts = dict.fromkeys(COUNTS, 0)
        # A run that died in the file's last window had no time to note that the file ended there.
        self._cut(self.known.get("rows", 0))
        self.save()
        return False

    def finish(self) -> None:
        self._cut(self.rows)
        self.done = True
        self.save()

    def _cut(self, rows: int) -> None:
        if rows and rows not in self.cuts:
            self.cuts = sorted([*self.cuts, rows])

    def save(self) -> None:
        """Writes the state, all of it or nothing."""
        draft = self.file.with_suffix(".draft")
        facts = asdict(self)
        del facts["file"]
        with open(open_private(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as out:
            out.write(json.dumps(facts, separators=(",", ":")).encode())  # names of files may be no Unicode
            out.flush()
            os.fsync(out.fileno())
        draft.replace(self.file)


def chained(chain: str, digest: str) -> str:
    """The hash of all rows up to the end of a window, from that up to its start and that of its own rows."""
    return hashlib.sha256(f"{chain}\n{digest}".encode()).hexdigest()


def state_folder(settings: ClickHouseSettings) -> Path:
    """Beside the store, or in the user's data folder for a server."""
    found = quarantine_folder(settings)
    if found.name.endswith(".quarantine"):
        folder = found.with_name(found.name.removesuffix(".quarantine") + ".backfill")
    else:
        folder = found.parent.with_name("backfill") / found.name
    private_folder(folder)
    return folder


def load(folder: Path, source: SourceFile) -> Checkpoint:
    """The state of `source`; a new one where there is none that can be read."""
    path = str(source.path.resolve())
    mark = hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    file = folder / f"{source.table}-{mark}.json"
    try:
        return Checkpoint(file, **json.loads(file.read_bytes()))
    except (OSError, ValueError, TypeError, RecursionError):
        return Checkpoint(file, path, bounded=True)
