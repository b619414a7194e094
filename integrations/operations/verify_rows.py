"""Data checks on the rows themselves: gaps, duplicates, times, ranges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from statistics import median

from chimera_metrics.integrations.operations.verify_scope import CheckScope, Line, between, time_of
from chimera_metrics.integrations.questions.freshness import check
from chimera_metrics.integrations.validation.column_rule import ColumnRule
from chimera_metrics.integrations.validation.rules import rules_of
from chimera_metrics.models import FACT_TABLES

_AHEAD = timedelta(minutes=5)
_WEEK = timedelta(days=7)


def rows_and_gaps(scope: CheckScope) -> Iterator[Line]:
    """Rows per day; a gap is a day without rows though the same weekday has some a week before and after."""
    for table in FACT_TABLES:
        name = f"rows: {table}"
        if lacking := scope.lacking(table):
            yield check(
                name, "error", f"not checked: {lacking}", "See `drift` below; `muse adopt` takes a database over."
            )
            continue
        counts = scope.counts(table)
        if untimed := scope.untimed[table]:
            advice = f"No question finds them. `muse adopt` says how {table} differs; give them a time first."
            yield check(name, "error", f"{untimed:,} rows have no {time_of(table)}", advice)
        if not counts:
            if not untimed:
                yield check(name, "ok", "none")
            continue
        first, last = min(counts), max(counts)
        least, most = min(counts.values()), max(counts.values())
        a_day = f"{least:,} to {most:,}" if least != most else f"{most:,}"
        figure = f"{sum(counts.values()):,} on {len(counts):,} days from {first} to {last}, {a_day} a day"
        span = (last - first).days + 1
        # Tables that are filled now and then have no gaps: with few rows a day, a day without one is chance.
        steady = len(counts) >= 14 and len(counts) >= 0.8 * span and median(counts.values()) >= 5
        days = (first + timedelta(n) for n in range(span)) if steady else ()
        gaps = [day for day in days if day not in counts and day - _WEEK in counts and day + _WEEK in counts]
        if not gaps:
            yield check(name, "ok", figure + ("; no gap" if steady else ""))
            continue
        shown = ", ".join(map(str, gaps[:5])) + (", …" if len(gaps) > 5 else "")
        advice = "Send what is missing: `muse backfill` stores nothing twice."
        yield check(name, "error", f"{figure}; no row on {len(gaps)} days: {shown}", advice)


def duplicates(scope: CheckScope) -> Iterator[Line]:
    """Rows that share a key. Events have no id of their own: two that are equal may both have happened."""
    found: dict[str, int] = {}
    checked = 0
    for table in scope.facts:
        keys = ", ".join(column.name for column in FACT_TABLES[table].primary_key)
        if table == "ui_events":
            keys = ", ".join(rules_of(table).names)
        time = time_of(table)
        for first, last in scope.stretches(table):
            row = scope.one(
                f"SELECT count() AS n, n - uniqExact(sipHash128(tuple({keys}))) AS twice FROM {table} "
                f"WHERE {between(time, first, last)}"
            )
            checked += row["n"]
            found[table] = found.get(table, 0) + row["twice"]
    bad = _shown(found, keep=lambda table: table != "ui_events")
    if bad:
        advice = (
            "They were stored around `insert` or under two keys, and count twice: find the sender. Keep them until you "
            "have compared the copies and made a backup (`muse backup create`); copies may differ in other columns."
        )
        yield check("duplicates", "error", f"{bad} share a key", advice)
    else:
        yield check("duplicates", "ok", f"none among {checked:,} rows")
    if found.get("ui_events"):
        advice = "Harmless if a program sends equal events; else a file came in twice under two keys."
        yield check("equal events", "warning", f"{found['ui_events']:,} rows of ui_events equal another", advice)


def future(scope: CheckScope) -> Iterator[Line]:
    """Rows whose time has not come; five minutes are left to clocks that differ."""
    limit = f"{scope.now + _AHEAD:%Y-%m-%d %H:%M:%S}"
    found = {
        table: scope.one(f"SELECT count() AS n FROM {table} WHERE {time_of(table)} > toDateTime('{limit}', 'UTC')")["n"]
        for table in scope.facts
    }
    bad = _shown(found)
    advice = "A sender's clock is wrong: correct it there; its rows stay readable until their day comes." if bad else ""
    yield check("future", "error" if bad else "ok", f"{bad} lie in the future" if bad else "no row", advice)


def ranges(scope: CheckScope) -> Iterator[Line]:
    """Values that `insert` would refuse: they came in around it."""
    found: dict[str, int] = {}
    checked = 0
    for table in scope.facts:
        conditions = {rule.name: condition for rule in rules_of(table).rules if (condition := outside(rule))}
        counted = ", ".join(f"countIf({condition}) AS {name}" for name, condition in conditions.items())
        row = scope.one(f"SELECT {counted} FROM {table} WHERE {scope.window(time_of(table))}")
        checked += len(conditions)
        found |= {f"{table}.{name}": row[name] for name in conditions}
    bad = _shown(found)
    advice = (
        "They were not stored by `insert`, which refuses such values: correct the values, keep the rows." if bad else ""
    )
    figure = f"out of range: {bad}" if bad else f"{checked} columns within what they take"
    yield check("ranges", "error" if bad else "ok", figure, advice)


def outside(rule: ColumnRule) -> str | None:
    """The condition under which a stored value is none that the column takes; None if its type says it all."""
    name = rule.name
    match rule.kind:
        case "float" | "money":
            conditions = [f"NOT isFinite({name})"] if rule.kind == "float" else []
            conditions += [f"{name} < {rule.low}"] if rule.low is not None else []
            conditions += [f"{name} > {rule.high}"] if rule.high is not None else []
            return " OR ".join(conditions) or None
        case "commit":
            return f"NOT match({name}, '^[0-9a-fA-F]{{40}}$')"
        case "json":
            return f"NOT isValidJSON({name})"
        case "word" | "text":
            return f"length({name}) > {rule.max_bytes}" + ("" if rule.blank else f" OR empty({name})")
        case _:
            return None


def _shown(found: Mapping[str, int], keep: Callable[[str], bool] = lambda _: True) -> str:
    return ", ".join(f"{count:,} rows of {name}" for name, count in found.items() if count and keep(name))


ROWS: tuple[Callable[[CheckScope], Iterator[Line]], ...] = (rows_and_gaps, duplicates, future, ranges)
