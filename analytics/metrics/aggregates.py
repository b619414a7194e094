"""The aggregates of the metric language: one row of a table each.

`count`, `sum` and `uniq` of nothing are 0, everything else of nothing is NULL. ClickHouse's plain functions do not keep
to that (`min` of nothing is 0, `avg` of nothing is NaN), hence the OrNull forms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from clickhouse_sqlalchemy import types as ch
from sqlalchemy import ColumnElement, case, func, null

from chimera_metrics.analytics.expressions import ONE, ZERO, Parametric, plain

Expression = ColumnElement[Any]
Empty = Literal["zero", "gap"]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`build(column, exact)` is the SQL; `takes` what columns it is for; `counts` what the n beside a value counts."""

    name: str
    phrase: str
    takes: Literal["any", "number", "ordered", "condition"]
    build: Callable[[Expression, bool], Expression]
    unit: Literal["same", "rows", "values", "share"]
    empty: Empty
    counts: Literal["rows", "values"] = "values"
    approximate: str | None = None
    level: float | None = None


APPROXIMATE = {
    "quantileDD(0.01)": "within 1 % of the value at that rank (3 % below 1); exact up to 100,000 rows in the window",
    "uniq": "within about 1 %; exact up to 100,000 rows in the window",
}
"""Approximate functions, and how far off they may be."""


def _float(column: Expression) -> Expression:
    # The quantile functions take no Decimal.
    return func.toFloat64(column) if isinstance(plain(column.type), ch.Decimal) else column


def _sum(column: Expression, _exact: bool) -> Expression:
    return func.ifNull(func.sum(column), ZERO) if isinstance(column.type, ch.Nullable) else func.sum(column)


def _stddev(column: Expression, _exact: bool) -> Expression:
    return case((func.count(column) > ONE, func.stddevSampStable(column)))


def _uniq(column: Expression, exact: bool) -> Expression:
    return func.uniqExact(column) if exact else func.uniq(column)


def _percentile(digits: str) -> Aggregate:
    """The percentile with these digits after the point of its level: 75 is 0.75, 999 is 0.999."""
    level = float(f"0.{digits}")

    def build(column: Expression, exact: bool) -> Expression:
        # quantileExactInclusive interpolates as NumPy does; quantileExact does not.
        if exact:
            return Parametric("quantileExactInclusiveOrNull", (level,), _float(column))
        return Parametric("quantileDDOrNull", (0.01, level), _float(column))

    name = "median" if level == 0.5 else f"{100 * level:g}th percentile"
    return Aggregate(
        f"p{digits}", f"{name} of", "number", build, "same", "gap", approximate="quantileDD(0.01)", level=level
    )


_TABLE = (
    Aggregate("count", "number of", "any", lambda c, _: func.count(c), "rows", "zero", counts="rows"),
    Aggregate("sum", "sum of", "number", _sum, "same", "zero", counts="rows"),
    Aggregate("avg", "mean of", "number", lambda c, _: func.avgOrNull(c), "same", "gap"),
    Aggregate("min", "lowest", "ordered", lambda c, _: func.minOrNull(c), "same", "gap"),
    Aggregate("max", "highest", "ordered", lambda c, _: func.maxOrNull(c), "same", "gap"),
    _percentile("50"),
    _percentile("75"),
    _percentile("90"),
    _percentile("95"),
    _percentile("99"),
    _percentile("999"),
    Aggregate("stddev", "sample standard deviation of", "number", _stddev, "same", "gap"),
    Aggregate("uniq", "distinct values of", "any", _uniq, "values", "zero", counts="rows", approximate="uniq"),
    # A rate is built from its condition, in metrics.py.
    Aggregate("rate", "share of rows with", "condition", lambda c, _: c, "share", "gap", counts="rows"),
)

AGGREGATES: dict[str, Aggregate] = {aggregate.name: aggregate for aggregate in _TABLE}
"""The aggregates by name, in the order in which they are documented."""


def _skewness(column: Expression, _exact: bool) -> Expression:
    # Of Float32 the engine adds up the powers in Float32. Equal values have a skewness of 0 / 0.
    return func.ifNotFinite(func.skewPop(func.toFloat64(column)), null())


RATIO = Aggregate("ratio", "ratio of", "any", lambda c, _: c, "same", "gap", counts="rows")
"""Of one metric to another of its table; written `a / b`, not as a call."""

SKEWNESS = Aggregate("skewness", "skewness of", "number", _skewness, "same", "gap")
"""Beside a mean, for its interval; not in the language."""


def values_at(levels: Sequence[float]) -> Aggregate:
    """The values at these levels of the ordered ones, as an array: of n values, the one of rank floor(level n) + 1."""
    given = tuple(levels)
    return Aggregate(
        "values", "values of", "number", lambda c, _: Parametric("quantilesExact", given, _float(c)), "same", "gap"
    )


def share(matching: Expression, of: Expression) -> Expression:
    """`matching / of`, NULL when there is nothing to share."""
    # SQLAlchemy's own division casts whole numbers to Decimal.
    return matching.op("/")(func.nullIf(of, ZERO))


def quotient(value: Expression, by: Expression) -> Expression:
    """`value / by` as floats, NULL where `by` is 0: a quotient of Decimals would keep the digits of the first only."""
    return share(func.toFloat64(value), func.toFloat64(by))
