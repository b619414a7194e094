"""The short cuts of the row path: by kind of column, the clean values if all are plainly fine, else None.

Each is a few passes at C speed over one stretch of a column. It may be as narrow as it likes, since what it leaves
goes to `clean_value` (cleaning.py), but what it accepts must be what `clean_value` would answer.
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, Inexact, InvalidOperation
from operator import attrgetter, itemgetter
from typing import Any
from uuid import UUID, SafeUUID

import orjson

from chimera_metrics.integrations.validation.column_rule import ColumnRule
from chimera_metrics.integrations.validation.kinds import MONEY_LIMIT, Kind
from chimera_metrics.integrations.validation.values import MONEY_CONTEXT, NINE_PLACES, NUMERAL, json_text

Plain = Callable[[ColumnRule, list[Any], set[type]], list[Any] | None]
"""From a rule, values without None, and the types among them."""


def _within(rule: ColumnRule, values: list[Any]) -> bool:
    return (rule.low is None or min(values) >= rule.low) and (rule.high is None or max(values) <= rule.high)


def _float(rule: ColumnRule, values: list[Any], types: set[type]) -> list[Any] | None:
    if not types <= {float, int} or rule.digits == 32:
        return None
    try:
        floats = values if types == {float} else list(map(float, values))
        # A finite sum has neither NaN nor infinity among its parts.
        return floats if math.isfinite(sum(floats)) and _within(rule, floats) else None
    except OverflowError:
        return None


def _int(rule: ColumnRule, values: list[Any], types: set[type]) -> list[Any] | None:
    return values if types == {int} and _within(rule, values) else None


def _money(rule: ColumnRule, values: list[Any], types: set[type]) -> list[Any] | None:
    if not types <= {float, int, Decimal, str}:
        return None
    texts = list(map(str, values))
    if str in types and not (max(map(len, texts)) <= 100 and all(map(NUMERAL.fullmatch, texts))):
        return None
    context = MONEY_CONTEXT.copy()
    try:
        amounts = [context.quantize(Decimal(text), NINE_PLACES) for text in texts]
        fine = min(amounts) >= 0 and max(amounts) < MONEY_LIMIT and not context.flags[Inexact]
    except InvalidOperation:  # NaN, infinity, or more digits than any amount has
        return None
    return amounts if fine else None


def _text(rule: ColumnRule, values: list[Any], types: set[type]) -> list[Any] | None:
    if types != {str}:
        return None
    joined = "".join(values)
    widest = 1
    if not joined.isascii():
        widest = 4  # bytes that one character takes at most
        try:
            joined.encode()
        except UnicodeEncodeError:
            return None
    fits = max(map(len, values)) * widest <= rule.max_bytes
    return values if fits and (rule.blank or all(map(str.strip, values))) else None


def _json(rule: ColumnRule, values: list[Any], types: set[type]) -> list[Any] | None:
    try:
        if types == {dict}:
            return _text(rule, list(map(json_text, values)), {str})
        if types == {str} and set(map(type, map(orjson.loads, values))) == {dict}:
            return _text(rule, values, types)
    except (ValueError, TypeError):
        return None
    return None


def _commit(rule: ColumnRule, values: list[Any], types: set[type]) -> list[Any] | None:
    if types != {str} or set(map(len, values)) != {40}:
        return None
    # fromhex skips blanks, so their absence shows in the length.
    raw = _from_hex("".join(values))
    return list(map(str.lower, values)) if raw is not None and len(raw) == 20 * len(values) else None


def _from_hex(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None


def _uuid(rule: ColumnRule, values: list[Any], types: set[type]) -> list[Any] | None:
    if types == {UUID}:
        return values
    if types != {str} or set(map(len, values)) != {36}:
        return None
    joined = "".join(values)
    hyphens = "-" * len(values)
    if any(joined[place::36] != hyphens for place in (8, 13, 18, 23)):
        return None
    raw = _from_hex(joined.replace("-", ""))
    return uuids(raw) if raw is not None and len(raw) == 16 * len(values) else None


# UUID's own constructor spends most of its time on checks that are done by now.
_new_uuid = object.__new__
_set_int = UUID.__dict__["int"].__set__
_set_is_safe = UUID.__dict__["is_safe"].__set__
_NOT_KNOWN = SafeUUID.unknown


def uuids(raw: bytes) -> list[UUID]:
    """The UUIDs that lie one after another in `raw`."""
    found = []
    for high, low in struct.iter_unpack(">QQ", raw):
        uuid = _new_uuid(UUID)
        _set_int(uuid, high << 64 | low)
        _set_is_safe(uuid, _NOT_KNOWN)
        found.append(uuid)
    return found


def fresh_uuids(count: int) -> list[UUID]:
    """`count` random UUIDs (version 4)."""
    raw = bytearray(os.urandom(16 * count))
    raw[6::16] = bytes(byte & 0x0F | 0x40 for byte in raw[6::16])
    raw[8::16] = bytes(byte & 0x3F | 0x80 for byte in raw[8::16])
    return uuids(bytes(raw))


def _time(rule: ColumnRule, values: list[Any], types: set[type]) -> list[Any] | None:
    moments = values if types == {datetime} else _parsed(values) if types == {str} else None
    if moments is None:
        return None
    zones = set(map(attrgetter("tzinfo"), moments))
    if zones == {None}:
        moments = [moment.replace(tzinfo=UTC) for moment in moments]
    elif zones != {UTC}:
        return None
    if rule.kind == "hour":
        if any(moment.minute or moment.second or moment.microsecond for moment in moments):
            return None
    else:
        tick = 10 ** (6 - rule.digits)
        if any(moment.microsecond % tick for moment in moments):
            moments = [m.replace(microsecond=m.microsecond // tick * tick) for m in moments]
    return moments if _within(rule, moments) else None


def _parsed(texts: list[str]) -> list[datetime] | None:
    """Times in ISO 8601 with hyphens and an hour, or None if one is anything else."""
    try:
        if set(map(itemgetter(4), texts)) | set(map(itemgetter(7), texts)) != {"-"}:
            return None
        if not set(map(itemgetter(10), texts)) <= {"T", " "}:
            return None
        return list(map(datetime.fromisoformat, texts))
    except (ValueError, IndexError):
        return None


def _bool(rule: ColumnRule, values: list[Any], types: set[type]) -> list[Any] | None:
    return values if types == {bool} else None


def _date(rule: ColumnRule, values: list[Any], types: set[type]) -> list[Any] | None:
    return values if types == {date} and _within(rule, values) else None


def _enum(rule: ColumnRule, values: list[Any], types: set[type]) -> list[Any] | None:
    return values if types == {str} and set(values) <= set(rule.words) else None


PLAIN: dict[Kind, Plain] = {
    "time": _time,
    "hour": _time,
    "uuid": _uuid,
    "word": _text,
    "text": _text,
    "float": _float,
    "int": _int,
    "money": _money,
    "commit": _commit,
    "json": _json,
    "bool": _bool,
    "date": _date,
    "enum": _enum,
}
