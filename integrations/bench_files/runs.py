"""What every reader makes: runs, and the names of what has no column."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

NO_WORD = "-"
"""What stands for a model, quant or dataset that a format has no word for."""
MEASURES = ("tokens_per_sec", "cost_per_1k", "memory_peak_mb")
_COMMIT = re.compile(r"[0-9a-fA-F]{40}")


class OtherFormat(Exception):
    """The document is not of the format that it was said to be."""


@dataclass(slots=True)
class Reading:
    """What was read: rows without `run_id`, each under the name that tells it from the others of its file."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    left_out: dict[str, None] = field(default_factory=dict)
    """Names of what has no column, in the order in which they came."""
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, **row: Any) -> None:
        """A run. Words that it lacks are `-`, of two runs of one name both are kept."""
        words = {word: str(row.pop(word, None) or NO_WORD) for word in ("model", "quant", "dataset")}
        unique, number = name, 2
        while unique in self.rows:
            unique, number = f"{name} #{number}", number + 1
        self.rows[unique] = words | {column: value for column, value in row.items() if value is not None}

    def leave_out(self, *names: str) -> None:
        self.left_out.update(dict.fromkeys(names))


@dataclass(frozen=True, slots=True)
class Beside:
    """What a reader may ask about the surroundings of its file."""

    project: str = NO_WORD
    companion: Callable[[str], Any] = lambda _: None
    """The JSON of a file of that name beside this one or in a folder above it; None where there is none."""


Reader = Callable[[Any, Beside], Reading]


def spread(values: Sequence[Any], to_ms: float, median: float | None = None) -> dict[str, float | None]:
    """The three latencies in ms. The median as the tool has it, else of the values; the 95th and 99th percentile by
    the nearest rank, so that each is a value that was measured; null where a single value, or none, is known."""
    known = sorted(value for value in map(number, values) if value is not None)
    if median is None and known:
        middle = len(known) // 2
        median = known[middle] if len(known) % 2 else (known[middle - 1] + known[middle]) / 2
    tails = {p: known[math.ceil(p / 100 * len(known)) - 1] * to_ms if len(known) > 1 else None for p in (95, 99)}
    return {
        "latency_p50_ms": None if median is None else median * to_ms,
        "latency_p95_ms": tails[95],
        "latency_p99_ms": tails[99],
    }


def number(value: Any) -> float | None:
    """A finite number, or None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def commit(*values: Any) -> str | None:
    """The first of the values that is a whole commit id; a short one is not stored."""
    return next((value.lower() for value in values if isinstance(value, str) and _COMMIT.fullmatch(value)), None)


def moment(value: Any) -> datetime:
    """A time as ISO 8601 or seconds since 1970; without a zone it is this machine's own."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError, OverflowError, OSError):
        raise OtherFormat("it names no time") from None
    return found.astimezone(UTC)


def mapping(value: Any) -> dict[str, Any]:
    """A part of a document that has names; what is none has none."""
    return value if isinstance(value, dict) else {}


def wanted(condition: object, what: str) -> None:
    """Raises OtherFormat where a document lacks what makes it one of its format."""
    if not condition:
        raise OtherFormat(f"it has no {what}")
