"""Between which values a metric lies whatever the rows: what its columns take, and what its aggregate makes of that."""

from __future__ import annotations

from sqlalchemy import Column

from chimera_metrics.analytics.expressions import base_name
from chimera_metrics.analytics.metrics.language import Metric
from chimera_metrics.analytics.tables import column_of, table_of

Bounds = tuple[float | None, float | None]

_WITHIN = frozenset({"avg", "min", "max"})
_FROM_0 = frozenset({"count", "uniq", "stddev"})


def bounds_of(metric: Metric) -> Bounds:
    """The lowest and the highest value that the metric can have, None where there is no such.

    Example: 0 and 1 of a rate, -1 and 1 of the mean of correlations, 0 and None of a sum of costs.
    """
    name = metric.aggregate.name
    if metric.ratio is not None:
        lows = [bounds_of(part)[0] for part in metric.ratio]
        return (0.0 if all(low is not None and low >= 0.0 for low in lows) else None), None
    if name == "rate":
        return 0.0, 1.0
    if name in _FROM_0:
        return 0.0, None
    if metric.column is None:
        return None, None
    low, high = _column_bounds(column_of(table_of(metric.table), metric.column))
    if name in _WITHIN or metric.aggregate.level is not None:
        return low, high
    return (0.0 if name == "sum" and low is not None and low >= 0.0 else None), None


def within(number: float, bounds: Bounds, seen: float) -> float:
    """The number, or the bound that it lies beyond; a bound that the value `seen` is beyond gives way to that."""
    low, high = bounds
    if low is not None:
        number = max(number, min(low, seen))
    return number if high is None else min(number, max(high, seen))


def _column_bounds(column: Column[object]) -> Bounds:
    low, high = column.info["bounds"]
    if low is None and base_name(column.type).startswith("UInt"):
        low = 0
    return (None if low is None else float(low)), (None if high is None else float(high))
