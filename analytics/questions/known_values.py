"""Values that no row has, in columns with few of them: a slip of the pen more often than a finding."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clickhouse_sqlalchemy import types as ch
from sqlalchemy import Select, Table, desc, func, literal_column, select, union_all

from chimera_metrics.analytics.expressions import constant
from chimera_metrics.analytics.metrics.catalog import METRICS
from chimera_metrics.analytics.metrics.filters import Filter
from chimera_metrics.analytics.metrics.language import Metric
from chimera_metrics.analytics.sql.rollups import ROLLUPS
from chimera_metrics.analytics.sql.source import SETTINGS
from chimera_metrics.models import FACT_TABLES
from chimera_metrics.suggestions import nearest

MOST = 1_000
"""Columns with more values than this are not judged: nobody reads so many, and they are seldom typed by hand."""
_LISTED = 12
_HINTS = 3
_NEGATED = ("!=", "not in", "not like")
_COMPARABLE = ("=", "in", "like", "ilike", *_NEGATED)
_SAME_MEANING = (
    ("error", "errors", "failure", "failures", "failed", "fail", "exception"),
    ("ok", "success", "succeeded", "successful", "completed", "ready", "valid"),
    ("timeout", "timeouts", "timed out", "deadline exceeded"),
)
"""Words that people take for each other: what one system calls an error is a failure in the next."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A condition of the question on a column with few values: `op` as in filters."""

    table: str
    column: str
    op: str
    values: tuple[str, ...]

    def matches(self, known: str) -> bool:
        if self.op.endswith("like"):
            flags = re.DOTALL | (re.IGNORECASE if self.op == "ilike" else 0)
            return any(re.fullmatch(_regex(pattern), known, flags) for pattern in self.values)
        return known in self.values

    @property
    def is_silent(self) -> bool:
        """Whether a slip in it leaves an answer that looks whole: an exclusion, or one of several words."""
        return self.op in _NEGATED or len(self.values) > 1


def stated(table: str, filters: Iterable[Filter]) -> list[Stated]:
    """The conditions among `filters` whose values can be compared with those of the rows."""
    return [
        Stated(table, one.column, one.op, tuple(map(str, one.values)))
        for one in filters
        if one.op in _COMPARABLE and has_few_values(table, one.column)
    ]


def has_few_values(table: str, column: str) -> bool:
    """Whether the store keeps the column's values as a dictionary of words."""
    found = FACT_TABLES[table].columns.get(column) if table in FACT_TABLES else None
    return found is not None and isinstance(found.type, ch.LowCardinality)


def suspects(
    rows: Sequence[Mapping[str, Any]],
    metrics: Mapping[str, Metric],
    filters: Sequence[Filter],
) -> list[Stated]:
    """The conditions that an answer makes one doubt: filters when all is empty, a rate's own when it never holds.

    Filters that would not empty the answer if they were misspelt are doubted whatever it holds.

    A rate of the catalog is not doubted: the caller did not write its condition.

    metrics: by the label under which `rows` have them.
    """
    is_empty = all(not row[label] for row in rows for label in metrics)
    filtered = [one for table in _tables(metrics) for one in stated(table, filters)]
    doubtful = [one for one in filtered if one.is_silent or is_empty]
    for label, metric in ((label, part) for label, whole in metrics.items() for part in whole.parts):
        if metric.condition is None or metric.text in METRICS:  # a condition of the catalog's is not misspelt
            continue
        never = 1 if metric.condition.op == "!=" else 0
        if all(row[label] is None or row[label] == never for row in rows):
            doubtful += stated(metric.table, [metric.condition])
    return list(dict.fromkeys(doubtful))


def _tables(metrics: Mapping[str, Metric]) -> list[str]:
    return list(dict.fromkeys(metric.table for metric in metrics.values()))


def known_values(table: str, columns: Collection[str]) -> Select[Any]:
    """Rows (`name`, `value`) of the values that the columns have, the frequent ones first, at most `MOST` + 1 each."""
    rollup = ROLLUPS.get(table)
    rows: Table = rollup.table if rollup is not None and rollup.keys >= set(columns) else FACT_TABLES[table]
    parts = [_values(rows, name) for name in columns]
    every = union_all(*parts).subquery("known") if len(parts) > 1 else parts[0].subquery("known")
    ordered = select(every.c.name, every.c.value).order_by(every.c.name, desc(every.c.n), every.c.value)
    return ordered.execution_options(settings=SETTINGS)


def _values(rows: Table, name: str) -> Select[Any]:
    value = func.toString(rows.c[name]).label("value")
    counted = select(constant(name).label("name"), value, func.count().label("n")).where(rows.c[name].is_not(None))
    inner = counted.group_by(rows.c[name]).order_by(literal_column("n").desc()).limit(MOST + 1)
    return select(*inner.subquery(f"of_{name}").c)


def missing(condition: Stated, known: Sequence[str]) -> str | None:
    """The sentence about a condition that no row meets, None when one does or it cannot be said.

    known: all values of the column, the frequent ones first.
    Example: No row of llm_events has status = error; known are success, failure (did you mean failure?).
    """
    if not known or len(known) > MOST:
        return None
    absent = [value for value in condition.values if not _has(condition, value, known)]
    if not absent:
        return None
    op = {"!=": "=", "in": "=", "not in": "=", "not like": "like"}.get(condition.op, condition.op)
    hints = dict.fromkeys(hint for value in absent for hint in _hints(condition, value, known))
    meant = f" (did you mean {', '.join(list(hints)[:_HINTS])}?)" if hints else ""
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    return (
        f"No row of {condition.table} has {condition.column} {op} {' or '.join(absent)}; "
        f"known are {', '.join(known[:_LISTED])}{more}{meant}."
    )


def _has(condition: Stated, value: str, known: Sequence[str]) -> bool:
    one = Stated(condition.table, condition.column, condition.op, (value,))
    return any(map(one.matches, known))


def _hints(condition: Stated, value: str, known: Sequence[str]) -> list[str]:
    """Known values that may have been meant: without regard to case first, then the nearest word, then its meaning."""
    if condition.op.endswith("like"):
        return [word for word in known if re.fullmatch(_regex(value), word, re.DOTALL | re.IGNORECASE)]
    if same := [word for word in known if word.casefold() == value.strip().casefold()]:
        return same
    if near := nearest(value, known):
        return [near]
    meant = next((words for words in _SAME_MEANING if value.strip().casefold() in words), ())
    return [word for word in known if word.casefold() in meant]


def _regex(pattern: str) -> str:
    """LIKE's `%`, `_` and backslash as a regular expression."""
    pieces = re.findall(r"\\.|.", pattern, re.DOTALL)
    return "".join({"%": ".*", "_": "."}.get(piece, re.escape(piece[-1])) for piece in pieces)
