"""What the hourly rollups can answer: the metrics that can be put together again from them, and how."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Table, case, func

from chimera_metrics.analytics.expressions import ZERO, Parametric, constant
from chimera_metrics.analytics.metrics.aggregates import AGGREGATES, quotient, share
from chimera_metrics.analytics.metrics.language import Metric
from chimera_metrics.models import LlmEventHour, UiEventHour, metadata
from chimera_metrics.models.rollups import QUANTILES

_LEVELS = tuple(float(level) for level in re.findall(r"[\d.]+", QUANTILES))
"""Accuracy first, then the levels of the sketch: 0.01, 0.5, 0.9, 0.95, 0.99."""

Rebuild = Callable[[FromClause], ColumnElement[Any]]


@dataclass(frozen=True, slots=True)
class Rollup:
    """`rebuilt` has an expression for each (aggregate, column) that the rollup can answer."""

    table: Table
    keys: frozenset[str]
    rebuilt: Mapping[tuple[str, str | None], Rebuild]
    counted: Mapping[str | None, str]

    def answers(self, metric: Metric) -> bool:
        if metric.ratio is not None:
            return all(map(self.answers, metric.ratio))
        if metric.per_session:
            return False
        if metric.condition is not None:
            return metric.columns <= self.keys
        return (metric.aggregate.name, metric.column) in self.rebuilt

    def value(self, metric: Metric, rows: FromClause) -> ColumnElement[Any]:
        """The metric's aggregate over rows of the rollup."""
        if metric.ratio is not None:
            return quotient(*(self.value(part, rows) for part in metric.ratio))
        if metric.condition is None:
            return self.rebuilt[metric.aggregate.name, metric.column](rows)
        return share(func.sumIf(rows.c.events, metric.condition.clause(rows)), self.count(metric, rows))

    def count(self, metric: Metric, rows: FromClause) -> ColumnElement[Any]:
        """How many rows or values of the large table the value rests on."""
        if metric.among is not None:
            return func.sumIf(rows.c.events, metric.among.clause(rows))
        if metric.aggregate.counts == "values" and metric.column in self.counted:
            return func.sum(rows.c[self.counted[metric.column]])
        return func.sum(rows.c.events)


def rollup_for(metrics: Iterable[Metric], columns: Iterable[str]) -> Rollup | None:
    """The rollup that answers all `metrics` and has all of `columns` as keys, if there is one."""
    asked = list(metrics)
    rollup = ROLLUPS.get(asked[0].table)
    if rollup is None or not all(map(rollup.answers, asked)) or not set(columns) <= rollup.keys:
        return None
    return rollup


def _sum(name: str) -> Rebuild:
    return lambda rows: func.sum(rows.c[name])


def _percentile(level: float) -> Rebuild:
    place = constant(_LEVELS.index(level))

    def build(rows: FromClause) -> ColumnElement[Any]:
        merged = Parametric("quantilesDDMerge", _LEVELS, rows.c.latency_quantiles_ms)
        # The sketch of nothing has quantiles of NaN.
        return case((func.sum(rows.c.latency_count) > ZERO, func.arrayElement(merged, place)))

    return build


def _latency() -> dict[tuple[str, str | None], Rebuild]:
    return {
        ("count", "latency_ms"): _sum("latency_count"),
        ("sum", "latency_ms"): _sum("latency_sum_ms"),
        ("avg", "latency_ms"): lambda rows: share(func.sum(rows.c.latency_sum_ms), func.sum(rows.c.latency_count)),
        ("min", "latency_ms"): lambda rows: func.minOrNull(rows.c.latency_min_ms),
        ("max", "latency_ms"): lambda rows: func.maxOrNull(rows.c.latency_max_ms),
        # A sketch of values that may be null is merged at the levels that it was made for, and at no other. Its text
        # could be read at others, by a cast that the guard refuses when `sql` is run again: p75 and p999 read the rows.
        **{
            (one.name, "latency_ms"): _percentile(one.level)
            for one in AGGREGATES.values()
            if one.level is not None and one.level in _LEVELS[1:]
        },
    }


_LLM = Rollup(
    table=metadata.tables[LlmEventHour.__tablename__],
    keys=frozenset({"source", "model", "operation", "status"}),
    rebuilt={
        ("count", None): _sum("events"),
        **{("count", key): _sum("events") for key in ("ts", "run_id", "source", "model", "operation", "status")},
        **{("sum", name): _sum(name) for name in ("tokens_in", "tokens_out", "cost_usd")},
        **_latency(),
    },
    counted={"latency_ms": "latency_count"},
)
_UI = Rollup(
    table=metadata.tables[UiEventHour.__tablename__],
    keys=frozenset({"event_type"}),
    rebuilt={
        ("count", None): _sum("events"),
        **{("count", key): _sum("events") for key in ("ts", "session_id", "event_type")},
        ("uniq", "session_id"): lambda rows: func.uniqMerge(rows.c.sessions),
        **_latency(),
    },
    counted={"latency_ms": "latency_count"},
)

ROLLUPS: dict[str, Rollup] = {"llm_events": _LLM, "ui_events": _UI}
"""The rollups by the table that they sum up."""
