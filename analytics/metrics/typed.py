"""Metrics as objects, of the models' columns: `metric.p95(LlmEvent.latency_ms)`.

A type checker sees which columns take which aggregate. Wherever a metric can be asked for by its text, it can be asked
for by its object; two of one table divided by each other are a ratio.
"""

from __future__ import annotations

import operator
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BinaryExpression, BindParameter, Column, ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

from chimera_metrics.analytics.errors import QuestionError
from chimera_metrics.analytics.metrics.language import Metric, metric_of, rate_of
from chimera_metrics.models.base import Base

Number = InstrumentedAttribute[float | None] | InstrumentedAttribute[Decimal | None]
Ordered = Number | InstrumentedAttribute[datetime]
Anything = InstrumentedAttribute[Any]
_OPERATORS: dict[Any, str] = {
    operator.eq: "=",
    operator.ne: "!=",
    operator.lt: "<",
    operator.le: "<=",
    operator.gt: ">",
    operator.ge: ">=",
}


def named(name: str) -> Metric:
    """A metric of the catalog, or any other by its text."""
    return metric_of(name)


def count(of: type[Base] | Anything) -> Metric:
    """The number of rows of a model, or of the values that a column has."""
    if isinstance(of, type):
        return metric_of(f"count({of.__tablename__})")
    return _of("count", of)


def sum(column: Number) -> Metric:  # as it is called in the language
    return _of("sum", column)


def avg(column: Number) -> Metric:
    return _of("avg", column)


def min(column: Ordered) -> Metric:
    return _of("min", column)


def max(column: Ordered) -> Metric:
    return _of("max", column)


def p50(column: Number) -> Metric:
    return _of("p50", column)


def p75(column: Number) -> Metric:
    return _of("p75", column)


def p90(column: Number) -> Metric:
    return _of("p90", column)


def p95(column: Number) -> Metric:
    return _of("p95", column)


def p99(column: Number) -> Metric:
    return _of("p99", column)


def p999(column: Number) -> Metric:
    return _of("p999", column)


def stddev(column: Number) -> Metric:
    return _of("stddev", column)


def uniq(column: Anything) -> Metric:
    return _of("uniq", column)


def rate(condition: ColumnElement[bool]) -> Metric:
    """The share of rows that meet one condition, a column compared with a value: `LlmEvent.status != "success"`."""
    column, value = getattr(condition, "left", None), getattr(condition, "right", None)
    op = _OPERATORS.get(getattr(condition, "operator", None))
    is_one = isinstance(condition, BinaryExpression) and isinstance(column, Column) and isinstance(value, BindParameter)
    if op is None or not is_one or column is None or value is None:
        raise QuestionError(
            f"`rate` takes a column compared with a value, such as LlmEvent.status != 'success'; this is {condition}."
        )
    return rate_of(column.table.name, column.name, op, value.value)


def _of(aggregate: str, column: Any) -> Metric:
    """By way of the text, so that both are checked alike."""
    if not isinstance(column, InstrumentedAttribute):
        raise QuestionError(
            f"`{aggregate}` takes a column of a model, such as LlmEvent.latency_ms; this is {column!r}."
        )
    of = column.property.columns[0]
    return metric_of(f"{aggregate}({of.table.name}.{of.name})")
