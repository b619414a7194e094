"""What a copy has done, kept in the target: a row for each step of a partition, so that any copy can be resumed.

A partition's rows are replaced in one step, before which the book says what it holds and what it is about to hold. A
target that holds anything else has been written to by somebody else, and is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.integrations.operations.copying.side import Content, Side

TABLE = "muse_copies"
_COMMENT = "What muse copy has done, partition by partition; drop it when no copy will follow."
_NAMES = (
    *("at", "source", "table_name", "partition_id", "state", "fingerprint"),
    *("rows", "checksum", "rows_before", "checksum_before"),
)
_TYPES = ("DateTime64(6, 'UTC')", *["String"] * 5, *["UInt64"] * 4)


class CopyRefused(MuseError):
    """A copy cannot begin, or go on: the two sides do not go together."""

    kind = "copy_refused"


_NOTHING = Content()


@dataclass(frozen=True, slots=True)
class Entry:
    """The last step of one partition."""

    state: str
    """begun, done or gone."""
    fingerprint: str
    """Of the source's partition, before it was read."""
    now: Content
    before: Content = _NOTHING


class Book:
    """The table `muse_copies` of the target."""

    def __init__(self, target: Side, source: str) -> None:
        self._target = target
        self._source = source
        self.entries: dict[tuple[str, str], Entry] = {}
        self._put: dict[tuple[str, str], set[Content]] = {}

    def open(self) -> None:
        """Reads the book, or begins it. Raises CopyRefused where it is of another source."""
        columns = ", ".join(f"{name} {type_}" for name, type_ in zip(_NAMES, _TYPES, strict=True))
        self._target.executor.command(
            f"CREATE TABLE IF NOT EXISTS {TABLE} ({columns}) ENGINE = MergeTree "
            f"ORDER BY (table_name, partition_id, at) COMMENT {quote(_COMMENT)}"
        )
        for _, source, table, partition, state, fingerprint, *figures in self._target.rows(
            f"SELECT {', '.join(_NAMES)} FROM {TABLE} ORDER BY at"
        ):
            if source != self._source:
                raise CopyRefused(
                    f"The target, {self._target.where}, holds a copy of another store; name an empty place with --to."
                )
            rows, checksum, rows_before, checksum_before = figures
            before = Content(rows_before, checksum_before)
            self._note(table, partition, Entry(state, fingerprint, Content(rows, checksum), before))

    def write(self, table: str, steps: Mapping[str, Entry]) -> None:
        """Notes steps of partitions. They are on record when this returns."""
        at = datetime.now(UTC)
        rows = [
            (at, self._source, table, partition, step.state, step.fingerprint, *step.now.both, *step.before.both)
            for partition, step in steps.items()
        ]
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            self._target.executor.insert(TABLE, _NAMES, columns, {"async_insert": 0}, _TYPES)
        for partition, step in steps.items():
            self._note(table, partition, step)

    def _note(self, table: str, partition: str, step: Entry) -> None:
        self.entries[table, partition] = step
        # A kill can leave what was there beside what came; and a server may end a killed copy's statement later.
        self._put.setdefault((table, partition), set()).update({step.now, step.before, step.before + step.now})

    def put(self, table: str, partition: str, found: Content) -> bool:
        """Whether the target's partition is as some step of this copy left it, perhaps one that was killed."""
        return found in self._put.get((table, partition), ())
