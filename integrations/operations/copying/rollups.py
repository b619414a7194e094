"""Rollups of a copy: made from the rows that were copied, and compared with those of the source.

A day on which the source's rollup tells of more than its rows do is the last copy of rows that are gone: its states
are carried over as they are. One that tells of less has lost something, and the target's is the better one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from chimera_metrics.integrations.clickhouse.cluster import here
from chimera_metrics.integrations.clickhouse.literals import quote, quote_name
from chimera_metrics.integrations.operations.copying.book import Book, Entry
from chimera_metrics.integrations.operations.copying.moving import STAGING, beside, day_of, like, replace
from chimera_metrics.integrations.operations.copying.side import Content, Side, near
from chimera_metrics.integrations.writing.rebuilding import tells_more
from chimera_metrics.models import VIEWS
from chimera_metrics.models.ddl import MaterializedView

_FUNCTION = re.compile(r"(Simple)?AggregateFunction\((\w+)(\([^)]*\))?, (.+)\)$")
_QUANTILES = "quantilesDD"
# A sketch's buckets may be cut elsewhere by a hair.
_SKETCH = 0.03


@dataclass(frozen=True, slots=True)
class Figures:
    """What one day of a rollup tells."""

    exact: Content
    sums: tuple[float, ...]
    sketches: tuple[float, ...]

    def equals(self, other: Figures | None) -> bool:
        return (
            other is not None
            and self.exact == other.exact
            and near(self.sums, other.sums)
            and near(self.sketches, other.sketches, _SKETCH)
        )


def figures(side: Side, rollup: str) -> dict[str, Figures]:
    """Every day of a rollup."""
    keys, merged, exact, sums, sketches = [], [], [], [], []
    for name, type_ in _columns(side, rollup):
        found = _FUNCTION.match(type_)
        if found is None:
            keys.append(name)
            continue
        simple, function, levels, of = found.groups()
        merged.append(f"{function}{'' if simple else 'Merge'}{levels or ''}({name}) AS {name}_")
        if function == _QUANTILES:
            sketches.append(f"sumIf({name}_[1], NOT isNaN({name}_[1]))")
        elif function == "sum" and "Float" in of:
            sums.append(f"sum({name}_)")
        else:
            exact.append(f"{name}_")
    listed = ", ".join(keys)
    rows = side.rows(
        f"SELECT id, count(), sum(sipHash64(formatRow('RowBinary', {listed}, {', '.join(exact)}))), "
        f"{_array(sums)}, {_array(sketches)} FROM (SELECT _partition_id AS id, {listed}, {', '.join(merged)} "
        f"FROM {quote_name(rollup)} GROUP BY id, {listed}) GROUP BY id"
    )
    return {id_: Figures(Content(n, checksum), tuple(a), tuple(b)) for id_, n, checksum, a, b in rows}


def _array(expressions: list[str]) -> str:
    return f"[{', '.join(expressions)}]" if expressions else "emptyArrayFloat64()"


def _columns(side: Side, table: str) -> list[tuple[str, str]]:
    return [
        (name, type_)
        for name, type_ in side.rows(
            f"SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {quote(table)} "
            "ORDER BY position"
        )
    ]


@dataclass(frozen=True, slots=True)
class Settled:
    """A day of a rollup that was not equal after its rows were copied."""

    rollup: str
    partition: str
    carried: bool
    """Whether the source's states were carried over; if not, the source's rollup has lost something."""


def settle(source: Side, target: Side, book: Book) -> Iterator[Settled]:
    """Makes the target's rollups equal to those of the source where these tell of more than the rows."""
    for view in VIEWS:
        wanted, have = figures(source, view.target), figures(target, view.target)
        stands = {partition for table, partition in source.fingerprints() if table == view.source}
        for partition in sorted(have.keys() - wanted.keys() - stands):
            replace(target, view.target, [partition], None)
        for partition in sorted(wanted.keys() | (have.keys() & stands)):
            if partition in wanted and wanted[partition].equals(have.get(partition)):
                continue
            carried = partition in wanted and tells_more(source.executor, view, day_of(partition))
            if carried:
                _carry(source, target, view, partition, book)
            yield Settled(view.target, partition, carried)


def _carry(source: Side, target: Side, view: MaterializedView, partition: str, book: Book) -> None:
    """Puts the source's states of one day in the place of the target's."""
    columns = _columns(target, view.target)
    states = {name for name, type_ in columns if type_.startswith("AggregateFunction")}
    read = ", ".join(f"hex({name}) AS {name}" if name in states else name for name, _ in columns)
    text, made = f"{STAGING}text", f"{STAGING}{view.target}"
    with source.executor.open(
        f"SELECT {read} FROM (SELECT * FROM {quote_name(view.target)} WHERE _partition_id = {quote(partition)})",
        session={"final": 0},
    ) as running:
        blocks = list(running.blocks())
    execute = target.executor.command
    # What the states come as stands on the server that is asked alone.
    drops = [
        here(f"DROP TABLE IF EXISTS {text} SYNC", target.settings),
        beside(target, view.target, f"DROP TABLE IF EXISTS {made} SYNC"),
    ]
    for drop in drops:
        execute(drop)
    listed = ", ".join(f"{name} {'String' if name in states else _plain(type_)}" for name, type_ in columns)
    execute(here(f"CREATE TABLE {text} ({listed}) ENGINE = Memory", target.settings))
    execute(like(target, view.target, made))
    names, types = [name for name, _ in columns], ["String" if n in states else _plain(t) for n, t in columns]
    for block in blocks:
        target.executor.insert(text, names, block, {"async_insert": 0}, types)
    chosen = ", ".join(f"CAST(unhex({n}), {quote(t)}) AS {n}" if n in states else n for n, t in columns)
    settings = {"async_insert": 0, "insert_deduplicate": 0}
    execute(f"INSERT INTO {made} ({', '.join(names)}) SELECT {chosen} FROM {text}", settings)
    replace(target, view.target, [partition], made)
    if (view.source, partition) not in book.entries:
        book.write(view.source, {partition: Entry("done", "", Content())})
    for drop in drops:
        execute(drop)


def _plain(type_: str) -> str:
    """The type of the value that a SimpleAggregateFunction holds."""
    found = _FUNCTION.match(type_)
    return found[4] if found else type_
