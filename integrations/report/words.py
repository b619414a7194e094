"""Numbers, changes and times as a report says them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from chimera_metrics.analytics import metric_of
from chimera_metrics.integrations.results.numbers import number, p_text


def unit_of(metric: str) -> str | None:
    return metric_of(metric).unit


def shown(value: Any, unit: str | None) -> str:
    """A value with its unit; shares in percent, a value that is not there as a dash."""
    if value is None:
        return "–"
    if not isinstance(value, int | float | Decimal) or isinstance(value, bool):
        try:
            value = float(value)  # money is text in the rows of an answer
        except (TypeError, ValueError):
            return str(value)
    if unit == "share":
        return f"{number(100 * float(value))} %"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{number(float(value))} {unit}" if unit in ("ms", "s", "USD", "MB") else number(float(value))


def shown_change(value: Any, unit: str | None) -> str:
    """A difference or a slope with its unit; of shares in percentage points."""
    said = shown(value, unit)
    return said.replace(" %", " percentage points") if unit == "share" else said


def change(percent: float | None) -> str:
    """A change in percent; one beyond a hundredfold says no more than that."""
    if percent is None:
        return "–"
    if abs(percent) > 10_000:
        return "more than hundredfold"
    return f"{percent:+.1f} %".replace("-", "−")


def p_words(p: float | None) -> str:
    return p_text(p).removeprefix("p = ").removeprefix("p ")


def day(text: str) -> str:
    """A time to the minute; a midnight as its date."""
    return text[:16].replace("T00:00", "").replace("T", " ")


def group_words(group: Any) -> str:
    if isinstance(group, Mapping):
        return ", ".join(f"{name} {value}" for name, value in group.items())
    return "all" if group is None else str(group)


def reason_of(result: Mapping[str, Any]) -> str:
    return str((result.get("reason") or {}).get("text", ""))
