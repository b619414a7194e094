"""Numbers as results show them: finite, and with as many digits as mean something."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

from chimera_metrics.analytics.metrics.language import Metric

POINT_DIGITS = 7
"""Of values that come by the hundred, or more where they differ by less; never coarser than whole units."""

FIGURE_DIGITS = 10
"""Of the few numbers that an answer is about."""

EXACT_DIGITS = 15
"""All that a double holds of every decimal: of sums and means, whose last digits are known as well as the first."""


class _Reason(Protocol):
    @property
    def code(self) -> str: ...
    @property
    def text(self) -> str: ...


def figure(value: Any, digits: int = FIGURE_DIGITS) -> Any:
    """A number with that many significant digits, None for one that is not finite; whole numbers as they are.

    Undefined when: the value is None, NaN or infinite; then None.
    Example: figure(412.345678, 4) is 412.3; figure(123456.7, 4) is 123457.0, since units are kept.
    """
    if value is None or isinstance(value, int):
        return value
    number = float(value) if isinstance(value, Decimal) else value
    if not isinstance(number, float):
        return value
    if not math.isfinite(number):
        return None
    if number == 0.0:
        return 0.0
    decimals = digits - 1 - math.floor(math.log10(abs(number)))
    return round(number, max(0, decimals))


def point(value: Any, digits: int = POINT_DIGITS) -> Any:
    """`figure` for one of many; `digits` as `digits_of` finds them for the others beside it."""
    return figure(value, digits)


def digits_of(values: Iterable[Any]) -> int:
    """How many digits of these values say how they differ: seven of the difference between the largest and smallest.

    Returns: 7 to 15.
    Undefined when: there are no two different numbers; then 15 for one value, which may be any, or for none.
    Example: 100.0 and 500.0 need 7; 10000000.2 and 10000000.7 need 14.
    """
    numbers = [number for value in values if (number := _finite(value)) is not None]
    spread = max(numbers) - min(numbers) if numbers else 0.0
    if not spread:
        return EXACT_DIGITS
    largest = max(map(abs, numbers))
    return min(EXACT_DIGITS, max(POINT_DIGITS, POINT_DIGITS + math.floor(math.log10(largest / spread))))


def digits_of_metric(metric: Metric) -> int:
    """The digits that a metric's values mean: all of sums, means and stored values, seven of shares and percentiles."""
    named = {part.aggregate.name for part in metric.parts}
    exact = {"sum", "avg", "min", "max", *(("count",) if metric.ratio else ())}
    return EXACT_DIGITS if named <= exact else POINT_DIGITS


def _finite(value: Any) -> float | None:
    number = float(value) if isinstance(value, int | float | Decimal) else math.nan
    return number if math.isfinite(number) else None


def only_partial(rows: Sequence[Mapping[str, Any]], granularity: str, *names: str) -> str | None:
    """The granularity if there are values, and all of them in buckets that are not over; else None."""
    partial = {bool(row["partial"]) for row in rows for name in names if row[name] is not None}
    return granularity if partial == {True} else None


def amount(value: Any) -> Any:
    """`figure`, but a Decimal keeps all the digits that a double has: fifteen, every one of sums under a billion."""
    return float(value) if isinstance(value, Decimal) else figure(value)


def reason_of(
    reason: _Reason | None, names: Mapping[str, str] | None = None, not_over: str | None = None
) -> dict[str, str] | None:
    """A reason as the result has it; `names` say what the text calls x, y or the series.

    not_over: the granularity, where every bucket with values is still running.
    """
    if reason is None:
        return None
    if not_over is not None and reason.code == "no_data":
        text = f"No whole {not_over} is over yet in this window; take a longer window or a finer granularity."
        return {"code": reason.code, "text": text}
    text = reason.text
    for word, name in (names or {}).items():
        text = text.replace(f" of {word} ", f" of {name} ")
    return {"code": reason.code, "text": text}
