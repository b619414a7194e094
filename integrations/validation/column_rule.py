"""The rule of one column, or of what a list, map or tuple holds: what it takes, and how a sentence says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from chimera_metrics.integrations.masking.masks import MaskRule
from chimera_metrics.integrations.validation.kinds import Kind


@dataclass(frozen=True, slots=True)
class Default:
    """What stands where a row names nothing: a constant, the time of receipt, or a fresh id.

    The last two differ from row to row and from try to try, so they are always filled in before the rows leave:
    a block that is sent again, or replayed a day later, must be the same block. A constant is left to the engine
    where no row of a batch names the column.
    """

    kind: Literal["constant", "now", "uuid"]
    constant: Any = None


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """What one column takes, or one part of a nested column."""

    table: str
    name: str
    type: str  # as the engine spells it
    kind: Kind
    nullable: bool
    required: bool
    default: Default | None
    low: Any
    high: Any
    max_bytes: int
    meaning: str
    unit: str | None
    words: tuple[str, ...]
    digits: int = 0
    """Digits after the point, of seconds in a time; the width of an address."""
    blank: bool = True
    """Whether a text may be empty."""
    masks: tuple[MaskRule, ...] = ()
    parts: tuple[ColumnRule, ...] = ()
    """The rule of a list's items, of a map's keys and values, of each element of a tuple."""
    names: tuple[str, ...] = ()
    """The names of a tuple's elements."""

    @property
    def takes(self) -> str:
        """The second half of every sentence that refuses a value for this column."""
        said = _TAKES[self.kind](self)
        return f"{said}, or null" if self.nullable else said

    @property
    def nested(self) -> bool:
        return self.kind in ("list", "map", "tuple", "object")


def _span(rule: ColumnRule) -> str:
    low, high = rule.low, rule.high
    if low is None:
        return "a number"
    return f"a number of {low:g} or more" if high is None else f"a number from {low:g} to {high:g}"


def _time(rule: ColumnRule) -> str:
    return f"an ISO 8601 time such as '2026-05-31T12:00:00Z', from {rule.low.date()} to {rule.high.date()}"


def _text(rule: ColumnRule) -> str:
    return f"text of {'at most' if rule.blank else '1 to'} {rule.max_bytes:,} bytes"


def _decimal(rule: ColumnRule) -> str:
    first = "0" if rule.low == 0 else f"more than -10^{len(str(rule.high)) - 1}"
    return f"an amount from {first} up to, but not including, 10^{len(str(rule.high)) - 1}"


def _enum(rule: ColumnRule) -> str:
    shown = ", ".join(map(repr, rule.words[:10]))
    return f"one of {shown}" + (" …" if len(rule.words) > 10 else "")


def _tuple(rule: ColumnRule) -> str:
    inside = "; ".join(f"{name}: {part.takes}" for name, part in zip(rule.names, rule.parts, strict=True))
    return f"a list of {len(rule.parts)} values ({inside})"


_TAKES: dict[Kind, Callable[[ColumnRule], str]] = {
    "time": _time,
    "hour": _time,
    "date": lambda rule: f"an ISO 8601 date such as '2026-05-31', from {rule.low} to {rule.high}",
    "clock": lambda _: "a time such as '12:30:00', from -999:59:59 to 999:59:59",
    "uuid": lambda _: "a UUID such as '123e4567-e89b-12d3-a456-426614174000'",
    "commit": lambda _: "a full commit id of 40 hexadecimal digits",
    "json": lambda rule: f"a JSON object, or its text, of at most {rule.max_bytes:,} bytes",
    "object": lambda rule: f"a JSON object, or its text, of at most {rule.max_bytes:,} bytes",
    "word": _text,
    "text": _text,
    "fixed": lambda rule: f"text of exactly {rule.max_bytes:,} bytes",
    "enum": _enum,
    "ip": lambda rule: (
        "an IPv4 address such as '192.0.2.1'" if rule.digits == 4 else "an IPv6 address such as '2001:db8::1'"
    ),
    "bool": lambda _: "true or false",
    "int": lambda rule: f"a whole number from {rule.low:,} to {rule.high:,}",
    "money": lambda _: "an amount from 0 up to, but not including, 1,000,000,000,000",
    "decimal": _decimal,
    "float": _span,
    "list": lambda rule: f"a list, each item of it {rule.parts[0].takes}",
    "map": lambda rule: f"an object, each key of it {rule.parts[0].takes}, each value {rule.parts[1].takes}",
    "tuple": _tuple,
}
