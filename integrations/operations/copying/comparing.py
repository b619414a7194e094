"""Counted and compared at the end: rows, sums and checksums of every partition, and what the rollups tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from chimera_metrics.errors import MuseError
from chimera_metrics.integrations.operations.copying.rollups import figures
from chimera_metrics.integrations.operations.copying.side import Content, Side, Table, near
from chimera_metrics.models import VIEWS


class CopyDiffers(MuseError):
    """After a copy the target is not what the source is."""

    kind = "copy_differs"


@dataclass
class Compared:
    """One table on both sides."""

    table: str
    rows: int = 0
    """In the target."""
    checksum: int = 0
    differs: list[str] = field(default_factory=list)
    """Partitions that are not equal."""


def compared(source: Side, target: Side, tables: Mapping[str, Table]) -> list[Compared]:
    """Every table, with the partitions in which the two sides differ."""
    return [_table(source, target, table) for table in tables.values()] + [
        _rollup(source, target, view.target) for view in VIEWS
    ]


def _table(source: Side, target: Side, table: Table) -> Compared:
    theirs, ours = source.contents(table), target.contents(table)
    found = Compared(table.name)
    whole = Content()
    for partition in sorted(theirs.keys() | ours.keys()):
        (content, sums), (copy, copied) = (side.get(partition, (Content(), [])) for side in (theirs, ours))
        whole += copy
        if content != copy or not near(sums, copied):
            found.differs.append(partition)
    found.rows, found.checksum = whole.rows, whole.checksum
    return found


def _rollup(source: Side, target: Side, rollup: str) -> Compared:
    theirs, ours = figures(source, rollup), figures(target, rollup)
    found = Compared(rollup)
    for partition in sorted(theirs.keys() | ours.keys()):
        copy = ours.get(partition)
        if copy is not None:
            found.rows += copy.exact.rows
            found.checksum = (found.checksum + copy.exact.checksum) % 2**64
        if partition not in theirs or not theirs[partition].equals(copy):
            found.differs.append(partition)
    return found
