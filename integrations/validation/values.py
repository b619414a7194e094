"""Cleans a value of a simple kind, and words every rejection.

The kinds of types that only a user's own columns have are in typed_values.py; cleaning.py has them all.
"""

from __future__ import annotations

import json
import math
import numbers
import re
import struct
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation
from types import NoneType
from typing import Any, NoReturn
from uuid import UUID

import orjson

from chimera_metrics.integrations.masking.columns import mask_text
from chimera_metrics.integrations.nesting import is_deeper
from chimera_metrics.integrations.validation.column_rule import ColumnRule
from chimera_metrics.integrations.validation.kinds import EXACT, FLOAT_LIMITS, MONEY_LIMIT, Kind

NINE_PLACES = Decimal("0.000000001")
# Room for any amount that fits the column, and a flag that says whether digits were lost.
MONEY_CONTEXT = Context(prec=40, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation])

NUMERAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}")
_COMMIT = re.compile(r"[0-9a-fA-F]{40}")
_EPOCH = " (a bare number could mean seconds or milliseconds)"
_JSON_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_UTC_Z

CleanValue = tuple[Any, bool]
"""A clean value, and whether digits of it were lost."""


class ValueRejected(ValueError):
    """A column does not take this value; the text says why in one sentence."""


def missing(rule: ColumnRule) -> str:
    """The sentence for a column that a row must name and does not."""
    return f"{rule.name} is missing; it takes {rule.takes}."


def reject(rule: ColumnRule, shown: str, hint: str = "") -> NoReturn:
    raise ValueRejected(f"{rule.name} holds {shown}; it takes {rule.takes}{hint}.")


def show(value: Any) -> str:
    """A value as a sentence shows it: short, valid text, and without what must not be repeated."""
    if isinstance(value, str):
        return _show_text(value)
    if isinstance(value, bytes):
        return f"{len(value):,} bytes that are not text"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, numbers.Integral):
        return str(value) if abs(int(value)) < 10**40 else "a whole number of more than 40 digits"
    if isinstance(value, float | Decimal):
        text = str(value)
        return text if len(text) <= 45 else f"{text[:40]}…"
    if isinstance(value, date):
        return str(value)
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    return f"a value of type {type(value).__name__}"


def _show_text(value: str) -> str:
    # Masked before it is cut, so that no half of a secret slips through; 400 characters hold every pattern's start.
    head = mask_text(value[:400].encode("utf-8", "backslashreplace").decode())[0]
    if len(value) <= 45 and len(head) <= 60:
        return f"'{head}'"
    return f"'{head[:40]}…' ({len(value.encode('utf-8', 'surrogatepass')):,} bytes)"


def text_of(rule: ColumnRule, value: Any) -> str:
    """`value` as text of a length that the column takes."""
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            reject(rule, "bytes that are not valid UTF-8")
    if not isinstance(value, str):
        reject(rule, show(value))
    try:
        size = len(value) if value.isascii() else len(value.encode())
    except UnicodeEncodeError:
        reject(rule, "text that is not valid UTF-8 (it has half of a surrogate pair)")
    if size > rule.max_bytes:
        reject(rule, show(value))
    return value if type(value) is str else str.__str__(value)


def _text(rule: ColumnRule, value: Any) -> CleanValue:
    text = text_of(rule, value)
    if not rule.blank and not text.strip():
        reject(rule, "blank text" if text else "empty text")
    return text, False


def _commit(rule: ColumnRule, value: Any) -> CleanValue:
    text = text_of(rule, value)
    if not _COMMIT.fullmatch(text):
        reject(rule, show(text) if text else "empty text")
    return text.lower(), False


def _uuid(rule: ColumnRule, value: Any) -> CleanValue:
    if isinstance(value, UUID):
        return value, False
    if isinstance(value, bytes) and len(value) == 16:
        return UUID(bytes=value), False
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        reject(rule, show(value))
    return UUID(value), False


def number_of(rule: ColumnRule, value: Any) -> int | float | Decimal:
    """`value` as the finite number that it is or, if text, spells."""
    if isinstance(value, bool):
        reject(rule, show(value))
    if isinstance(value, str):
        if len(value) > 100 or not NUMERAL.fullmatch(value):
            reject(rule, show(value))
        return Decimal(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, Decimal):
        if not value.is_finite():
            reject(rule, str(value))
        return value
    if isinstance(value, numbers.Real) and not isinstance(value, numbers.Rational):
        number = float(value)
        if not math.isfinite(number):
            reject(rule, {math.inf: "Infinity", -math.inf: "-Infinity"}.get(number, "NaN"))
        return number
    reject(rule, show(value))


def _in_range(rule: ColumnRule, number: int | float | Decimal) -> bool:
    return (rule.low is None or number >= rule.low) and (rule.high is None or number <= rule.high)


def _float(rule: ColumnRule, value: Any) -> CleanValue:
    number = number_of(rule, value)
    try:
        clean = float(number)
    except OverflowError:  # an integer of 400 digits has no float
        clean = math.inf
    if not math.isfinite(clean) or not _in_range(rule, clean):
        reject(rule, show(value))
    if rule.digits != 32:
        return clean, False
    if abs(clean) > FLOAT_LIMITS["Float32"]:
        reject(rule, show(value))
    return struct.unpack("f", struct.pack("f", clean))[0], False


def _int(rule: ColumnRule, value: Any) -> CleanValue:
    number = number_of(rule, value)
    # 5.0 is a whole number: frames with gaps, and many programs' JSON, hold counts as floats.
    if not _in_range(rule, number) or number != int(number):
        reject(rule, show(value))
    if isinstance(number, float) and abs(number) > EXACT:
        reject(rule, show(value), " (a float of this size may have lost digits: send an integer or its digits as text)")
    return int(number), False


def _money(rule: ColumnRule, value: Any) -> CleanValue:
    number = number_of(rule, value)
    if not 0 <= number < MONEY_LIMIT:
        reject(rule, show(value))
    # Through its shortest decimal text: 0.1 is ten cents, not 0.1000000000000000055511151231257827.
    amount = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    context = MONEY_CONTEXT.copy()
    clean = context.quantize(amount, NINE_PLACES)
    if clean >= MONEY_LIMIT:
        reject(rule, show(value))
    return clean, bool(context.flags[Inexact])


def _time(rule: ColumnRule, value: Any) -> CleanValue:
    moment = None if _is_epoch(value) else moment_of(value)
    if moment is None:
        reject(rule, show(value), _EPOCH if _is_epoch(value) else "")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        # Truncated, never rounded up: a moment does not move into the next millisecond, hour or day.
        clean = _truncated(rule, moment.astimezone(UTC))
    except OverflowError:  # the first or last day that Python knows, in a far zone
        reject(rule, show(value))
    if not rule.low <= clean <= rule.high:
        reject(rule, show(value))
    return clean, rule.kind == "hour" and clean != moment


def _truncated(rule: ColumnRule, moment: datetime) -> datetime:
    if rule.kind == "hour":
        return datetime(moment.year, moment.month, moment.day, moment.hour, tzinfo=UTC)
    # Rebuilt, so that no subclass of datetime (pandas has one) gets through.
    tick = 10 ** (6 - rule.digits)
    return datetime.combine(moment.date(), time(moment.hour, moment.minute, moment.second), UTC).replace(
        microsecond=moment.microsecond // tick * tick
    )


def _is_epoch(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) < 40 and NUMERAL.fullmatch(value) is not None
    return isinstance(value, numbers.Number) and not isinstance(value, bool)


def moment_of(value: Any) -> datetime | None:
    """The moment that `value` is or spells, or None. A date alone is its midnight."""
    if isinstance(value, datetime):
        return value if value == value else None  # pandas' NaT calls itself a datetime
    if isinstance(value, date):
        return datetime.combine(value, time())
    # Python also reads week dates, dates without hyphens and any character before the hour: not here.
    if not isinstance(value, str) or value[4:5] + value[7:8] != "--" or value[10:11] not in ("T", " ", ""):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def json_text(value: Mapping[str, Any]) -> str:
    """An object as compact JSON text, its keys in their order. Raises ValueError for what JSON cannot say."""
    if is_deeper(value.values(), _MOST_LEVELS):
        raise ValueError("it is nested too deeply")
    try:
        text = orjson.dumps(value, option=_JSON_OPTIONS)
    except TypeError as error:
        if "64-bit" not in str(error):
            raise
        try:
            return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
    # orjson writes NaN and infinity as null, which would lose the fact that something was wrong.
    if b"null" in text and not finite(value):
        raise ValueError("NaN or infinity")
    return text.decode()


# Within an object; with it and its row no more than the hash of a batch tells apart.
_MOST_LEVELS = 253
FAR_TOO_DEEP = 299
"""Levels beyond which nothing is given to orjson. It refuses 255 lists and maps within each other by itself; of tuples
in tuples it counts none, and from some thousands on it writes beyond its memory, which ends the process.
"""
_NEVER_ENDLESS = frozenset({str, int, bool, NoneType})


def finite(value: Any) -> bool:
    """Whether there is neither NaN nor infinity in `value`, however deep."""
    if type(value) in _NEVER_ENDLESS:
        return True
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Mapping):
        return all(map(finite, value.values()))
    return all(map(finite, value)) if isinstance(value, list | tuple) else True


def _json(rule: ColumnRule, value: Any) -> CleanValue:
    if isinstance(value, Mapping):
        try:
            text = json_text(value if isinstance(value, dict) else dict(value))
        except (ValueError, TypeError) as error:  # orjson's own error is a TypeError
            reject(rule, f"an object that JSON cannot hold ({_reason(error)})")
        return text_of(rule, text), False
    text = text_of(rule, value)
    try:
        is_object = isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        is_object = False
    if not is_object:
        reject(rule, show(text) if text else "empty text")
    return text, False


def _reason(error: Exception) -> str:
    return str(error).encode("utf-8", "backslashreplace").decode()[:80]


Cleaner = Callable[[ColumnRule, Any], CleanValue]

SIMPLE: dict[Kind, Cleaner] = {
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
}
