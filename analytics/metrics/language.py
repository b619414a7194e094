"""The metric language: `bench.latency_p95_ms`, `p95(ui_events.latency_ms)`, `rate(llm_events.status = failure)`.

A metric is parsed once, against the models, and then knows its table, unit, label and SQL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, FromClause, func

from chimera_metrics.analytics import arguments
from chimera_metrics.analytics.errors import QuestionError, unknown
from chimera_metrics.analytics.expressions import is_number, is_time, type_name
from chimera_metrics.analytics.metrics.aggregates import (
    AGGREGATES,
    APPROXIMATE,
    RATIO,
    Aggregate,
    Empty,
    quotient,
    share,
)
from chimera_metrics.analytics.metrics.calls import check_table, plain_call
from chimera_metrics.analytics.metrics.catalog import ABANDONMENT, METRICS, Better, NamedMetric
from chimera_metrics.analytics.metrics.clock import is_clock
from chimera_metrics.analytics.metrics.filters import Filter, filter_of
from chimera_metrics.analytics.metrics.forms import operator_of
from chimera_metrics.analytics.row_counts import UNSIZED, Sizes
from chimera_metrics.analytics.tables import LARGE, column_of, columns_of, numeric_column, table_of
from chimera_metrics.analytics.window import Window
from chimera_metrics.models import FACT_TABLES
from chimera_metrics.suggestions import nearest

_CALL = re.compile(r"\s*(?P<agg>\w+(?:\.9)?)\s*\(\s*(?P<inside>.*?)\s*\)\s*", re.DOTALL)
_CONDITION = re.compile(r"(?P<name>[\w.]+)\s*(?P<op>==|!=|<>|<=|>=|=|<|>)\s*(?P<value>.*)", re.DOTALL)
_WORDS = {"=": "", "!=": "not_", "<": "below_", "<=": "up_to_", ">": "above_", ">=": "from_"}
_FORMS = (
    "Write a name of the catalog such as llm.error_rate, agg(table.column), rate(table.column = value), or two of them "
    "as a / b."
)


@dataclass(frozen=True, slots=True)
class Metric:
    """A parsed metric. `among` restricts what a rate is a share of; `per_session` judges sessions, not rows; `ratio`
    are the two metrics of which it is the quotient."""

    text: str
    table: str
    aggregate: Aggregate
    column: str | None
    label: str
    unit: str | None
    better: Better
    meaning: str
    condition: Filter | None = None
    among: Filter | None = None
    per_session: bool = False
    ratio: tuple[Metric, Metric] | None = None

    def __truediv__(self, other: Metric) -> Metric:
        """The ratio of the two."""
        return _ratio(self, other)

    @property
    def parts(self) -> tuple[Metric, ...]:
        """The metrics that a row of its table has a say in: both of a ratio, else itself."""
        return (self,) if self.ratio is None else self.ratio

    @property
    def empty(self) -> Empty:
        """What an empty bucket is: 0 or a gap."""
        return self.aggregate.empty

    @property
    def columns(self) -> frozenset[str]:
        """The columns of the table that the value is made of."""
        if self.ratio is not None:
            return self.ratio[0].columns | self.ratio[1].columns
        conditions = (c.column for c in (self.condition, self.among) if c is not None)
        return frozenset([*conditions, *([self.column] if self.column else [])])

    def approximate(self, exact: bool) -> str | None:
        """The name of the approximate function that answers, if one does; of a ratio the first part's that has one."""
        if self.ratio is not None:
            return self.ratio[0].approximate(exact) or self.ratio[1].approximate(exact)
        return None if self._exact(exact) else self.aggregate.approximate

    def _exact(self, asked: bool) -> bool:
        # The sketch is for latencies: below 1, where costs lie, the engine's quantileDD is up to 3 % too high.
        sketched = self.aggregate.level is None or self.column == "latency_ms"
        return asked or self.table not in LARGE or not sketched

    def value(self, rows: FromClause, exact: bool = False) -> ColumnElement[Any]:
        """The aggregate over `rows`, which has the table's columns."""
        if self.ratio is not None:
            return quotient(*(part.value(rows, exact) for part in self.ratio))
        if self.condition is not None:
            of = func.count() if self.among is None else func.countIf(self.among.clause(rows))
            return share(func.countIf(self.condition.clause(rows)), of)
        if self.column is None:
            return func.count()
        return self.aggregate.build(rows.c[self.column], self._exact(exact))

    def count(self, rows: FromClause) -> ColumnElement[Any]:
        """How many rows, or values for a mean or percentile, the value rests on."""
        if self.among is not None:
            return func.countIf(self.among.clause(rows))
        if self.aggregate.counts == "rows" or self.column is None:
            return func.count()
        return func.count(rows.c[self.column])


def metric_of(text: str | Metric) -> Metric:
    """The metric that `text` states. Undefined when: a QuestionError says what to write in its place."""
    if isinstance(text, Metric):
        return text
    text = arguments.text("metric", text, "llm.error_rate")
    named = METRICS.get(text.strip())
    if named is not None:
        return _named(named)
    sides = _sides(text)
    if len(sides) > 2:
        raise QuestionError(
            f"'{text.strip()}' divides twice; a ratio has two metrics, such as llm.cost_usd / llm.calls."
        )
    if len(sides) == 2 and not all(side.strip() for side in sides):
        raise QuestionError(
            f"'{text.strip()}' lacks a metric beside the slash; write it such as llm.cost_usd / llm.calls."
        )
    if len(sides) == 2:
        return _ratio(metric_of(sides[0]), metric_of(sides[1]))
    text = plain_call(text)
    call = _CALL.fullmatch(text)
    if call is None:
        raise _no_metric(text.strip())
    return _call(text.strip(), call["agg"].lower().replace(".", ""), call["inside"])


def metrics_of(
    texts: str | Metric | Sequence[str | Metric], reserved: Iterable[str] = (), suffixes: Sequence[str] = ()
) -> tuple[Metric, ...]:
    """The metrics of one question: of one table, with labels that differ from each other and from `reserved`.

    A single metric may stand without a list around it. suffixes: of further columns, `<label>_<suffix>`, whose names
    must not be taken either.
    """
    asked = each_metric(texts)
    if not asked:
        raise QuestionError(f"No metric is asked for. {_FORMS}")
    found: list[Metric] = []
    taken = set(reserved)
    for metric in map(metric_of, asked):
        if found and metric.table != found[0].table:
            raise QuestionError(
                f"'{found[0].text}' is of {found[0].table} and '{metric.text}' of {metric.table}; "
                "ask about one table at a time, or correlate the two."
            )
        if any(metric.text == other.text for other in found):
            raise QuestionError(f"'{metric.text}' is asked for twice; leave one out.")
        label = _free(metric.label, taken, suffixes)
        taken |= {label, *(f"{label}_{suffix}" for suffix in suffixes)}
        found.append(replace(metric, label=label))
    return tuple(found)


def each_metric(texts: str | Metric | Sequence[str | Metric]) -> tuple[str | Metric, ...]:
    """The metrics asked for; a single one may stand without a list around it, or several in a text with commas."""
    return (texts,) if isinstance(texts, Metric) else arguments.several("metrics", texts)


def approximations(
    metrics: Iterable[Metric], exact: bool, window: Window, sizes: Sizes = UNSIZED
) -> tuple[dict[str, str], ...]:
    """Which labels come from an approximate function, and how far off it may be."""
    named = (
        (metric.label, part.approximate(exact or bool(sizes.few(part.table, window))))
        for metric in metrics
        for part in metric.parts
    )
    found = dict.fromkeys((label, name) for label, name in named if name)
    return tuple({"column": label, "function": name, "error": APPROXIMATE[name]} for label, name in found)


def _named(named: NamedMetric) -> Metric:
    label = named.name.rpartition(".")[2]
    if named.definition == ABANDONMENT:
        return Metric(
            named.name, "ui_events", AGGREGATES["rate"], None, label, named.unit, named.better, named.meaning,
            per_session=True,
        )  # fmt: skip
    metric = metric_of(named.definition)
    among = None
    if named.among and metric.condition is not None:
        among = Filter(metric.condition.column, "in", named.among)
    return replace(
        metric,
        text=named.name,
        label=label,
        unit=named.unit or metric.unit,
        better=named.better,
        meaning=named.meaning,
        among=among,
    )


def _sides(text: str) -> list[str]:
    """What stands on the sides of a slash outside of brackets: a model's name may have one."""
    sides, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "/" and depth == 0:
            sides.append("")
        else:
            sides[-1] += letter
    return sides


def _ratio(first: Metric, second: Metric) -> Metric:
    """The metric `first / second`. It is better in the direction of the first where the second has none."""
    text = f"{first.text} / {second.text}"
    if first.ratio is not None or second.ratio is not None:
        raise QuestionError(f"'{text}' divides twice; a ratio has two metrics, such as llm.cost_usd / llm.calls.")
    if first.table != second.table:
        raise QuestionError(
            f"'{first.text}' is of {first.table} and '{second.text}' of {second.table}; a ratio takes two metrics of "
            "one table. Ask for each, or correlate the two."
        )
    for part in (first, second):
        if part.per_session:
            raise QuestionError(f"'{part.text}' counts sessions, not rows, so it cannot be part of a ratio.")
        if part.column and part.empty == "gap" and is_time(column_of(table_of(part.table), part.column).type):
            raise QuestionError(f"'{part.text}' is a time, which cannot be divided; take a number.")
    units = [part.unit for part in (first, second)]
    unit = "ratio" if units[0] == units[1] else " per ".join(_singular(one, at) for at, one in enumerate(units) if one)
    return Metric(
        text, first.table, RATIO, None, f"{first.label}_per_{second.label}"[:80], unit or None,
        first.better if second.better == "neutral" else "neutral", f"{first.text} divided by {second.text}.",
        ratio=(first, second),
    )  # fmt: skip


def _singular(unit: str, place: int) -> str:
    """The unit as it is said after `per`: one call, not calls; `ms` and `USD` stay as they are."""
    return unit[:-1] if place and len(unit) > 2 and unit.endswith("s") else unit


def _call(text: str, agg: str, inside: str) -> Metric:
    if agg not in AGGREGATES:
        raise unknown("aggregate", agg, AGGREGATES, "The aggregates are")
    if agg == "rate":
        return _rate(text, inside)
    aggregate = AGGREGATES[agg]
    check_table(text, agg, inside)
    table_name, _, name = (part.strip() for part in inside.partition("."))
    if agg == "count" and not name:
        if not table_name:
            raise QuestionError(f"'{text}' names no table; write count(llm_events), or another table.")
        table = table_of(table_name)
        return Metric(text, table.name, aggregate, None, "count", "rows", "neutral", f"Rows of {table.name}.")
    table = table_of(table_name)
    if not name:
        raise QuestionError(f"'{text}' names no column; write {agg}({table.name}.column).")
    column = numeric_column(table, name, agg) if aggregate.takes == "number" else column_of(table, name)
    if aggregate.takes == "ordered" and not (is_number(column.type) or is_time(column.type)):
        raise QuestionError(
            f"{agg} needs numbers or times, and {table.name}.{name} holds {type_name(column.type)}; use count or uniq."
        )
    unit = {"same": column.info["unit"], "rows": "rows"}.get(aggregate.unit, aggregate.unit)
    meaning = f"{aggregate.phrase} {table.name}.{name}: {column.info['meaning']}."
    return Metric(text, table.name, aggregate, name, f"{agg}_{name}", unit, "neutral", meaning[0].upper() + meaning[1:])


def _rate(text: str, inside: str) -> Metric:
    stated = _CONDITION.fullmatch(inside)
    if stated is not None and "." not in stated["name"]:
        check_table(text, "rate", stated["name"], f" {stated['op']} {stated['value']}")
    if stated is None or "." not in stated["name"] or not stated["value"]:
        raise QuestionError(f"'{text}' states no condition; write rate(table.column = value).")
    table_name, _, name = stated["name"].partition(".")
    table = table_of(table_name)
    if is_clock(table, name):
        raise QuestionError(f"'{text}' rates rows by the clock; group by {name}, or filter by it.")
    value = stated["value"].strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    return rate_of(table.name, name, operator_of(stated["op"]), value, text)


def rate_of(table_name: str, name: str, op: str, value: Any, text: str | None = None) -> Metric:
    """The share of the table's rows whose column compares so with the value."""
    table = table_of(table_name)
    text = f"rate({table.name}.{name} {op} {value})" if text is None else text
    condition = filter_of(table, {"column": name, "op": op, "value": value})
    words = re.sub(r"\W+", "_", f"{name}_{_WORDS[op]}{value}").strip("_")[:60]
    meaning = f"Share of rows of {table.name} with {name} {op} {value}."
    return Metric(
        text, table.name, AGGREGATES["rate"], None, f"rate_{words}", "share", "neutral", meaning, condition=condition
    )


def _no_metric(text: str) -> QuestionError:
    table_name, _, column = text.partition(".")
    if table_name in FACT_TABLES and column in columns_of(FACT_TABLES[table_name]):
        raise QuestionError(
            f"'{text}' is a column; say what of it, such as count({text}), avg({text}) or p95({text}). {_FORMS}"
        )
    named: dict[str, list[str]] = {}
    for name in METRICS:
        named.setdefault(name.rpartition(".")[2], []).append(name)
    if "." not in text and text not in named and (aggregate := nearest(text, AGGREGATES, letters=1, words=1)):
        return QuestionError(f"Unknown metric '{text}'. Did you mean {aggregate}(table.column)? {_FORMS}")
    if "." not in text and (near := nearest(text, named)):
        return QuestionError(f"Unknown metric '{text}'. Did you mean {' or '.join(named[near])}? {_FORMS}")
    return QuestionError(f"{unknown('metric', text, METRICS, 'The catalog has')} {_FORMS}")


def _free(label: str, taken: set[str], suffixes: Sequence[str] = ()) -> str:
    number = 2
    free = label
    while free in taken or any(f"{free}_{suffix}" in taken for suffix in suffixes):
        free, number = f"{label}_{number}", number + 1
    return free
