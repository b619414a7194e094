"""Data checks on the rollups: each hour against the same hour made from the rows, and which side has lost what.

Where the two disagree, what is right depends on who lost something. A rollup that tells less than its rows is made
again from them. One that tells more may be the last copy of rows that are gone, so nothing is advised that takes it
away, unless the ledger proves that no row is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Table

from chimera_metrics.integrations.clickhouse.dialect import ClickHouseDialect_chdb
from chimera_metrics.integrations.operations.verify_scope import CheckScope, Line, between
from chimera_metrics.integrations.questions.freshness import check
from chimera_metrics.models import VIEWS, metadata
from chimera_metrics.models.ddl import MaterializedView

_FUNCTION = re.compile(r"(Simple)?AggregateFunction\((\w+)(\([^)]*\))?, ")
_MORE = "a.{0} - b.{0} > 1e-6 * greatest(abs(a.{0}), abs(b.{0}), 1)"
_LESS = "b.{0} - a.{0} > 1e-6 * greatest(abs(a.{0}), abs(b.{0}), 1)"


@dataclass
class Sides:
    """The days on which rollup and rows disagree, by what is known of them."""

    hours: int = 0
    wrong: int = 0
    short: list[date] = field(default_factory=list)
    """The rollup tells less than the rows, and nowhere more."""
    more: list[date] = field(default_factory=list)
    """The rollup tells of rows or values that the rows do not hold."""
    multiple: list[date] = field(default_factory=list)
    """The rollup tells of each row so and so many times."""
    unclear: list[date] = field(default_factory=list)
    """Neither side has more: a value was changed."""
    rows: int = 0
    """How many rows more the rollup tells of on `more`."""


def rollups(scope: CheckScope) -> Iterator[Line]:
    """Each hour of a rollup against the same hour made from the rows."""
    for view in VIEWS:
        name = f"rollup: {view.target}"
        if lacking := scope.lacking(view.source) or scope.lacking(view.target):
            yield check(name, "error", f"not checked: {lacking}", "See `drift` below.")
            continue
        sides = _sides(scope, view)
        if not sides.wrong:
            yield check(name, "ok", f"{sides.hours:,} hours equal to the rows of {view.source}")
            continue
        whole = scope.is_whole(view.source)
        figure = f"{sides.wrong:,} of {sides.hours:,} hours differ from the rows of {view.source}"
        yield check(
            name,
            "error",
            "; ".join([figure, *_said(view, sides, whole)]),
            " ".join(_advice(view, sides, scope.now.date(), whole)),
        )


def _said(view: MaterializedView, sides: Sides, whole: bool) -> Iterator[str]:
    if sides.short:
        yield f"the rollup lost values of {_days(sides.short)}"
    if sides.more:
        what = f"{sides.rows:,} rows" if sides.rows else "values"
        yield f"{view.source} lost {what} of {_days(sides.more)}, of which only the rollup still tells"
    if sides.multiple:
        known = f"; {view.source} has all rows that were acknowledged" if whole else ""
        yield f"the rollup counts each row of {_days(sides.multiple)} more than once{known}"
    if sides.unclear:
        yield f"values of {_days(sides.unclear)} differ, and neither side has more"


def _advice(view: MaterializedView, sides: Sides, today: date, whole: bool) -> Iterator[str]:
    if sides.short:
        yield (
            f"Run `muse backfill --rollups --days {_back(sides.short, today)}`: it makes the rollup of these days from "
            "the rows, and leaves days alone of which the rollup tells more."
        )
    if sides.multiple and whole and not sides.more:
        yield (
            f"Run `muse backfill --rollups --allow-destructive --days {_back(sides.multiple, today)}`: every row is in "
            f"{view.source}, so the rollup can be made again."
        )
    elif sides.more or sides.multiple:
        either = "" if sides.more else f"Either rows of {view.source} are gone or the rollup counts them twice. "
        yield (
            f"{either}Keep {view.target} as it is, it may be the last copy: restore a backup beside this store "
            "(`muse restore`) and compare these days there."
        )
    if sides.unclear:
        yield "Keep both; a backup restored beside this store (`muse restore`) tells which of the two was changed."


def _days(days: list[date]) -> str:
    return f"{days[0]}" if len(days) == 1 else f"{len(days)} days from {days[0]} to {days[-1]}"


def _back(days: list[date], today: date) -> int:
    return max((today - days[0]).days, 1)


def _sides(scope: CheckScope, view: MaterializedView) -> Sides:
    sides, target = Sides(), metadata.tables[view.target]
    found = {
        row["day"]: row
        for first, last in scope.stretches(view.source)
        for row in scope.rows(compared(view, target, between("ts", first, last), between("hour", first, last)))
    }
    # Days without any row: what the rollup has of them is all that there is.
    for row in scope.rows(
        f"SELECT toDate(hour) AS day, count() AS hours, sum(events) AS more_rows FROM {view.target} "
        f"WHERE {scope.window('hour')} AND toDate(hour) NOT IN (SELECT DISTINCT toDate(ts) FROM {view.source}) "
        "GROUP BY day"
    ):
        found[row["day"]] = {**row, "wrong": row["hours"], "more": row["hours"], "less": 0, "multiple": 0}
    for day in sorted(found):
        _put(sides, day, found[day])
    return sides


def _put(sides: Sides, day: date, row: dict[str, int]) -> None:
    sides.hours, sides.wrong = sides.hours + row["hours"], sides.wrong + row["wrong"]
    if not row["wrong"]:
        return
    if row["more"] and row["multiple"] == row["more"] and not row["less"]:
        sides.multiple.append(day)
    elif row["more"]:
        sides.more.append(day)
        sides.rows += row["more_rows"]
    else:
        (sides.short if row["less"] else sides.unclear).append(day)


def compared(view: MaterializedView, target: Table, rows_where: str, hours_where: str) -> str:
    """Each day's hours on either side: all, those that differ, those where the rollup has more, less, or a multiple."""
    keys, merged, finished, measures = [], [], [], []
    for column in target.columns:
        name = column.name
        found = _FUNCTION.match(str(column.type.compile(dialect=ClickHouseDialect_chdb())))
        if found is None:
            keys.append(name)
            continue
        simple, function, levels = found.groups()
        merged.append(
            f"{function}({name}) AS {name}_" if simple else f"{function}Merge{levels or ''}({name}) AS {name}_"
        )
        finished.append(f"{name} AS {name}_" if simple else f"finalizeAggregation({name}) AS {name}_")
        measures.append((f"{name}_", function))
    listed = ", ".join(keys)
    more, less, other = (" OR ".join(filter(None, (side(*one) for one in measures))) for side in (_more, _less, _other))
    direct = view.query.replace(f"FROM {view.source}\n", f"FROM {view.source}\nWHERE {rows_where}\n")
    return (
        "SELECT toDate(hour) AS day, count() AS hours, countIf(has_more OR has_less OR differs) AS wrong, "
        "countIf(has_more) AS more, countIf(has_less) AS less, countIf(has_more AND many) AS multiple, "
        "sumIf(more_events, has_more AND more_events > 0) AS more_rows FROM (\n"
        f"SELECT hour, {more} AS has_more, {less} AS has_less, {other} AS differs, {_multiple(measures)} AS many, "
        "toInt64(a.events_) - toInt64(b.events_) AS more_events FROM\n"
        f"(SELECT {listed}, {', '.join(merged)} FROM {view.target} WHERE {hours_where} GROUP BY {listed}) AS a\n"
        f"FULL OUTER JOIN (SELECT {listed}, {', '.join(finished)} FROM ({direct})) AS b USING ({listed})) GROUP BY day"
    )


def _more(name: str, function: str) -> str:
    """Where the rollup tells of something that the rows do not hold."""
    if function in {"sum", "uniq"}:
        return _MORE.format(name)
    if function in {"min", "max"}:
        wider = "<" if function == "min" else ">"
        return f"isNotNull(a.{name}) AND ifNull(a.{name} {wider} b.{name}, 1)"
    return ""


def _less(name: str, function: str) -> str:
    if function in {"sum", "uniq"}:
        return _LESS.format(name)
    if function in {"min", "max"}:
        wider = "<" if function == "min" else ">"
        return f"isNotNull(b.{name}) AND ifNull(b.{name} {wider} a.{name}, 1)"
    return ""


def _other(name: str, function: str) -> str:
    """What differs without either side having more; a sketch's buckets may be cut elsewhere by a hair."""
    if function != "quantilesDD":
        return ""
    # A sketch of no value answers NaN.
    unlike = "isNaN(x) != isNaN(y) OR abs(x - y) > 0.03 * greatest(abs(x), abs(y), 1)"
    return f"arrayExists((x, y) -> {unlike}, arrayResize(a.{name}, 4, nan), arrayResize(b.{name}, 4, nan))"


def _multiple(measures: list[tuple[str, str]]) -> str:
    """Whether every sum of the rollup is the same multiple of the rows', and all else is equal."""
    times = "intDiv(a.events_, greatest(b.events_, 1))"
    conditions = ["b.events_ > 0", f"{times} * b.events_ = a.events_"]
    for name, function in measures:
        if function == "sum":
            conditions.append(f"abs(a.{name} - {times} * b.{name}) <= 1e-6 * greatest(abs(a.{name}), 1)")
        elif function in {"min", "max", "uniq"}:
            conditions.append(f"ifNull(a.{name}, -1) = ifNull(b.{name}, -1)")
    return "(" + " AND ".join(conditions) + ")"
