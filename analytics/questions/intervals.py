"""What stands beside a rate, a mean or a quantile for its interval: the n, and what the bounds are computed from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from chimera_metrics.analytics.metrics.aggregates import AGGREGATES, SKEWNESS, values_at
from chimera_metrics.analytics.metrics.language import Metric
from chimera_metrics.analytics.questions.question import ResultColumn
from chimera_metrics.analytics.sql.blocks import Value

Kind = Literal["rate", "mean", "quantile"]
SUFFIXES = ("n", "low", "high", "sd", "skewness", "values")
"""What is added to a metric's label: three columns of the answer, and three that those are computed from."""


def kind_of(metric: Metric) -> Kind | None:
    """Which interval a metric has; None for counts, sums and the like."""
    if metric.aggregate.name == "rate":
        return "rate"
    if metric.aggregate.name == "avg":
        return "mean"
    return "quantile" if metric.aggregate.level is not None else None


def with_interval(metrics: Iterable[Metric]) -> tuple[Metric, ...]:
    """Those of the metrics that have an interval."""
    return tuple(metric for metric in metrics if kind_of(metric) is not None)


def needs_rows(metrics: Iterable[Metric]) -> bool:
    """Whether one of them is a quantile: its bounds are values of rows, nearer to it than a sketch is exact."""
    return any(kind_of(metric) == "quantile" for metric in metrics)


def helpers(metric: Metric) -> list[Value]:
    """The n of a metric that has an interval and, of a mean, the moments: columns of the same Select.

    The matches of a rate are the rate times n. The bounds of a quantile take a second Select, since it depends on n
    which values they are: `quantile_values`.
    """
    found = [Value(f"{metric.label}_n", metric, counted=True)]
    if kind_of(metric) == "mean":
        found.append(Value(f"{metric.label}_sd", replace(metric, aggregate=AGGREGATES["stddev"])))
        found.append(Value(f"{metric.label}_skewness", replace(metric, aggregate=SKEWNESS)))
    return found


def quantile_values(metrics: Iterable[Metric], levels: Mapping[str, Sequence[float]]) -> list[Value]:
    """Of each quantile the values at its `levels`, by label, as an array `<label>_values`."""
    return [
        Value(f"{metric.label}_values", replace(metric, aggregate=values_at(levels[metric.label])))
        for metric in metrics
        if kind_of(metric) == "quantile" and levels.get(metric.label)
    ]


def interval_columns(metric: Metric) -> tuple[ResultColumn, ...]:
    """The columns that the answer has beside the metric's own."""
    counted = "sessions" if metric.per_session else metric.aggregate.counts
    return (
        ResultColumn(f"{metric.label}_n", "count", counted, f"What {metric.label} rests on.", "zero"),
        ResultColumn(f"{metric.label}_low", "metric", metric.unit, "Lower end of its 95 % interval."),
        ResultColumn(f"{metric.label}_high", "metric", metric.unit, "Upper end of its 95 % interval."),
    )
