"""Numbers as results show them: finite, and with as many digits as mean something."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol

POINT_DIGITS = 7
"""Of values that come by the hundred; never coarser than whole units."""

FIGURE_DIGITS = 10
"""Of the few numbers that an answer is about."""


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


def point(value: Any) -> Any:
    """`figure` for one of many."""
    return figure(value, POINT_DIGITS)


def amount(value: Any) -> Any:
    """`figure`, but a Decimal keeps all the digits that a double has: fifteen, every one of sums under a billion."""
    return float(value) if isinstance(value, Decimal) else figure(value)


def reason_of(reason: _Reason | None, names: Mapping[str, str] | None = None) -> dict[str, str] | None:
    """A reason as the result has it; `names` say what the text calls x, y or the series."""
    if reason is None:
        return None
    text = reason.text
    for word, name in (names or {}).items():
        text = text.replace(f" of {word} ", f" of {name} ")
    return {"code": reason.code, "text": text}
