"""Cleans values of the kinds that a user's own columns may have: amounts, days, clocks, addresses, Enum words, Bool."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation
from enum import Enum
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Any

from chimera_metrics.integrations.validation.column_rule import ColumnRule
from chimera_metrics.integrations.validation.kinds import Kind
from chimera_metrics.integrations.validation.values import (
    Cleaner,
    CleanValue,
    moment_of,
    number_of,
    reject,
    show,
    text_of,
)

# More digits than Decimal256 has, so that nothing is rounded before it is looked at.
DECIMAL_CONTEXT = Context(prec=160, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation])
_CLOCK = re.compile(r"(-?)(\d{1,3}):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?")


def _bool(rule: ColumnRule, value: Any) -> CleanValue:
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true", False
    # A numpy.bool is no bool, but it equals one; 1 does too, and is a number.
    if not isinstance(value, bool) and type(value).__name__ not in ("bool_", "bool"):
        reject(rule, show(value))
    return bool(value), False


def _decimal(rule: ColumnRule, value: Any) -> CleanValue:
    number = number_of(rule, value)
    # Through its shortest decimal text: 0.1 is ten cents, not 0.1000000000000000055511151231257827.
    amount = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    context = DECIMAL_CONTEXT.copy()
    if amount.copy_abs() >= rule.high or (rule.low is not None and amount < rule.low):
        reject(rule, show(value))
    clean = context.quantize(amount, Decimal(1).scaleb(-rule.digits))
    if clean.copy_abs() >= rule.high:
        reject(rule, show(value))
    return clean, bool(context.flags[Inexact])


def _fixed(rule: ColumnRule, value: Any) -> CleanValue:
    text = text_of(rule, value)
    # Shorter text would come back with NULs at its end.
    if len(text.encode()) != rule.max_bytes or "\0" in text:
        reject(rule, show(text) if text else "empty text")
    return text, False


def _enum(rule: ColumnRule, value: Any) -> CleanValue:
    word = value.name if isinstance(value, Enum) else value
    if not isinstance(word, str) or word not in rule.words:
        reject(rule, show(word))
    return str.__str__(word), False


def _ip(rule: ColumnRule, value: Any) -> CleanValue:
    kind = IPv4Address if rule.digits == 4 else IPv6Address
    if isinstance(value, kind):
        return _unscoped(rule, value), False
    try:
        return _unscoped(rule, kind(value) if isinstance(value, str) else _not_an_address(value)), False
    except AddressValueError:
        reject(rule, show(value))


def _unscoped(rule: ColumnRule, address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        reject(rule, "an address with a zone")
    return address


def _not_an_address(value: Any) -> IPv4Address:
    raise AddressValueError(type(value).__name__)


def _date(rule: ColumnRule, value: Any) -> CleanValue:
    if isinstance(value, datetime) or (isinstance(value, str) and len(value) != 10) or isinstance(value, int | float):
        # A moment is another day elsewhere: the caller says which is meant.
        reject(rule, show(value))
    moment = moment_of(value)
    day = None if moment is None else moment.date()
    if day is None or not rule.low <= day <= rule.high:
        reject(rule, show(value))
    return day, False


def _clock(rule: ColumnRule, value: Any) -> CleanValue:
    span = _span(value)
    if span is None:
        reject(rule, show(value))
    tick = timedelta(microseconds=10 ** (6 - rule.digits))
    clean = -(-span // tick * tick) if span < timedelta() else span // tick * tick
    if not rule.low - timedelta(seconds=1) < clean < rule.high + timedelta(seconds=1):
        reject(rule, show(value))
    return clean, False


def _span(value: Any) -> timedelta | None:
    if isinstance(value, timedelta):
        # Rebuilt, so that no subclass (pandas has one) gets through; pandas' NaT is no equal of itself.
        return timedelta(value.days, value.seconds, value.microseconds) if value == value else None
    if isinstance(value, time):
        if value.tzinfo is not None:
            return None
        return timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond)
    match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    sign, hours, minutes, seconds, fraction = match.groups()
    micro = int((fraction or "0").ljust(6, "0")[:6])
    span = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds), microseconds=micro)
    return -span if sign else span


def clock_text(span: timedelta) -> str:
    """A Time as the engine writes it: `-4:59:57`, `100:00:00.003`."""
    sign, span = ("-", -span) if span < timedelta() else ("", span)
    minutes, seconds = divmod(span.days * 86_400 + span.seconds, 60)
    fraction = f".{span.microseconds:06}".rstrip("0") if span.microseconds else ""
    return f"{sign}{minutes // 60:02}:{minutes % 60:02}:{seconds:02}{fraction}"


TYPED: dict[Kind, Cleaner] = {
    "bool": _bool,
    "decimal": _decimal,
    "fixed": _fixed,
    "enum": _enum,
    "ip": _ip,
    "date": _date,
    "clock": _clock,
}
