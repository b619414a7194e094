"""Data checks on what follows from rows: rollups, sessions summed up, and the schema that follows from the models."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from clickhouse_sqlalchemy.drivers.native.base import ClickHouseDialect_native
from sqlalchemy import Table

from chimera_metrics.integrations.operations.verify_scope import CheckScope, Line, between
from chimera_metrics.integrations.questions.freshness import check
from chimera_metrics.models import VIEWS, metadata

if TYPE_CHECKING:
    from chimera_metrics.models.ddl import MaterializedView

_FUNCTION = re.compile(r"(Simple)?AggregateFunction\((\w+)(\([^)]*\))?, ")
_CLOSE = "abs(a.{0} - b.{0}) > 1e-6 * greatest(abs(a.{0}), abs(b.{0}), 1)"


def rollups(scope: CheckScope) -> Iterator[Line]:
    """Each hour of a rollup against the same hour made from the rows."""
    for view in VIEWS:
        hours = wrong = 0
        target = metadata.tables[view.target]
        for first, last in scope.stretches(view.source):
            row = scope.one(compared(view, target, between("ts", first, last), between("hour", first, last)))
            hours, wrong = hours + row["hours"], wrong + row["wrong"]
        if scope.days is None:
            orphaned = scope.one(
                f"SELECT count() AS n FROM {view.target} WHERE toDate(hour) NOT IN "
                f"(SELECT DISTINCT toDate(ts) FROM {view.source})"
            )["n"]
            hours, wrong = hours + orphaned, wrong + orphaned
        name = f"rollup: {view.target}"
        if wrong:
            advice = (
                f"Rebuild these days: drop their partitions of {view.target} and insert the SELECT of {view.name} "
                "over the same days (docs/troubleshooting.md)."
            )
            yield check(name, "error", f"{wrong:,} of {hours:,} hours differ from the rows of {view.source}", advice)
        else:
            yield check(name, "ok", f"{hours:,} hours equal to the rows of {view.source}")


def compared(view: MaterializedView, target: Table, rows_where: str, hours_where: str) -> str:
    """Counts the hours on either side, and those that differ or stand on one side only."""
    keys, merged, finished, differs = [], [], [], []
    for column in target.columns:
        name = column.name
        found = _FUNCTION.match(str(column.type.compile(dialect=ClickHouseDialect_native())))
        if found is None:
            keys.append(name)
            continue
        simple, function, levels = found.groups()
        merged.append(
            f"{function}({name}) AS {name}_" if simple else f"{function}Merge{levels or ''}({name}) AS {name}_"
        )
        finished.append(f"{name} AS {name}_" if simple else f"finalizeAggregation({name}) AS {name}_")
        differs.append(_differs(f"{name}_", function))
    listed = ", ".join(keys)
    direct = view.query.replace(f"FROM {view.source}\n", f"FROM {view.source}\nWHERE {rows_where}\n")
    return (
        f"SELECT count() AS hours, countIf({' OR '.join(differs)}) AS wrong FROM\n"
        f"(SELECT {listed}, {', '.join(merged)} FROM {view.target} WHERE {hours_where} GROUP BY {listed}) AS a\n"
        f"FULL OUTER JOIN (SELECT {listed}, {', '.join(finished)} FROM ({direct})) AS b USING ({listed})"
    )


def _differs(name: str, function: str) -> str:
    if function == "quantilesDD":
        # A sketch of no value answers NaN; merged in another order its buckets may be cut elsewhere by a hair.
        unlike = "isNaN(x) != isNaN(y) OR abs(x - y) > 0.03 * greatest(abs(x), abs(y), 1)"
        return f"arrayExists((x, y) -> {unlike}, arrayResize(a.{name}, 4, nan), arrayResize(b.{name}, 4, nan))"
    if function == "sum":
        return _CLOSE.format(name)
    return f"ifNull(a.{name}, -1) != ifNull(b.{name}, -1)"


def sessions(scope: CheckScope) -> Iterator[Line]:
    """Sessions summed up against their events, where there are events; those that agents sent alone stay."""
    held = wrong = alone = 0
    for first, last in scope.stretches("session_stats"):
        row = scope.one(_SESSIONS.format(stats=between("hour", first, last), first=first, last=last))
        held, wrong, alone = held + row["held"], wrong + row["wrong"], alone + row["alone"]
    rest = f"; {alone:,} without events" if alone else ""
    if wrong:
        advice = "Events came after the sessions were summed up, or the sums are wrong: rebuild these sessions."
        yield check("sessions", "error", f"{wrong:,} of {held:,} sessions differ from their events{rest}", advice)
    else:
        yield check("sessions", "ok", f"{held:,} sessions equal to their events{rest}")


# `muse backfill --shift-to-now` moves hours by whole hours and events by less: an hour beside the right one passes.
# A session whose events begin on the first day that is kept may have lost some to retention.
_SESSIONS = """
WITH (SELECT min(toDate(ts)) FROM ui_events) AS oldest
SELECT countIf(n > 0 AND NOT cut) AS held, countIf(n = 0) AS alone,
    countIf(n > 0 AND NOT cut AND (
        events_count != n OR abs(dateDiff('second', hour, began)) > 3600
        OR abs(error_rate - errors) > 1e-6 OR abandonment_rate != abandoned
        OR abs(duration_seconds - seconds) > 0.0015
        OR isNull(avg_latency_ms) != isNull(mean)
        OR ifNull(abs(avg_latency_ms - mean) > 1e-6 * greatest(abs(mean), 1), 0))) AS wrong
FROM (SELECT * FROM session_stats WHERE {stats}) AS s
LEFT JOIN (
    SELECT session_id, count() AS n, toStartOfHour(toDateTime(min(ts), 'UTC')) AS began,
        toDate(min(ts)) = oldest AND toDate(max(ts)) > oldest AS cut,
        countIf(event_type = 'error') / n AS errors, avg(latency_ms) AS mean,
        n = 1 OR maxIf(ts, event_type = 'error') = max(ts) AS abandoned,
        (toUnixTimestamp64Milli(max(ts)) - toUnixTimestamp64Milli(min(ts))) / 1000 AS seconds
    FROM ui_events
    WHERE toDate(ts) BETWEEN toDate('{first}') - 1 AND toDate('{last}') + 2
        AND session_id IN (SELECT session_id FROM session_stats WHERE {stats})
    GROUP BY session_id) AS e USING (session_id)"""


def drift(scope: CheckScope) -> Iterator[Line]:
    """The store's schema against the models', both as the engine sees them."""
    from chimera_metrics.integrations.clickhouse.engine import make_engine
    from chimera_metrics.integrations.evolution.canonical import differences, read
    from chimera_metrics.integrations.evolution.comparators import schema_of

    settings = scope.client.settings
    engine = make_engine(settings, session={}, pool_size=2)
    try:
        with engine.connect() as connection:
            wanted = schema_of(metadata, settings, connection)
            stands = read(connection, settings.database)
    finally:
        engine.dispose()
    found = [f"{name} is missing" for name in wanted if name not in stands]
    found += [f"{name}: {one}" for name in wanted if name in stands for one in differences(stands[name], wanted[name])]
    if found:
        more = f", and {len(found) - 3} more" if len(found) > 3 else ""
        advice = "Run `muse upgrade`; if it is there, somebody changed the tables: see `muse check`."
        yield check("drift", "error", f"{len(found)} differences: {'; '.join(found[:3])}{more}", advice)
    else:
        yield check("drift", "ok", f"{len(wanted)} tables and views are as the models say")


DERIVED: tuple[Callable[[CheckScope], Iterator[Line]], ...] = (rollups, sessions, drift)
