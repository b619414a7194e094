"""The short cuts of the column path: by kind of column, what an Arrow array's plainly fine values become.

Each answers with an array in the type that is inserted, and a mask of the values that are fine (null where the value
is null). The others go to `clean_value` (cleaning.py). As in the row path, a short cut may be as narrow as it likes,
but what it accepts must be what `clean_value` would answer.

This module needs pyarrow; import it only where Arrow data is at hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from chimera_metrics.integrations.validation.arrow_values import target
from chimera_metrics.integrations.validation.column_rule import ColumnRule
from chimera_metrics.integrations.validation.kinds import EXACT, FIRST_TIME, MONEY_LIMIT, Kind

Array = Any  # pyarrow ships no types


@dataclass(slots=True)
class PlainArray:
    """Values in the type of the column, which of them are fine, and which lost digits."""

    values: Array
    fine: Array
    rounded: Array | None = None


def plain_array(rule: ColumnRule, array: Array) -> PlainArray | None:
    """The short cut for `array`, or None where its type has none."""
    short_cut = _PLAIN.get(rule.kind)
    return short_cut(rule, array) if short_cut else None


def _numbers(array: Array) -> tuple[Any, Any]:
    """A numeric array as NumPy values, 0 for null, and the mask of its values."""
    valid = array.is_valid()
    return pc.fill_null(array, 0).to_numpy(zero_copy_only=False), valid


def _mask(fine: Any, valid: Array) -> Array:
    """A NumPy mask as Arrow's, null where there is no value."""
    return pc.if_else(valid, pa.array(fine), None)


def _made(values: Any, fine: Any, valid: Array, type_: Any) -> Array:
    return pa.array(values, mask=~(fine & valid.to_numpy(zero_copy_only=False))).cast(type_)


def _float(rule: ColumnRule, array: Array) -> PlainArray | None:
    if not (pa.types.is_floating(array.type) or pa.types.is_integer(array.type)):
        return None
    if rule.digits == 32:
        # Float32 holds every Float32, and what is wider must be rounded as one value would be.
        return PlainArray(array, pc.is_finite(array)) if rule.low is None and pa.types.is_float32(array.type) else None
    values = array.cast(pa.float64(), safe=False)
    fine = pc.is_finite(values)
    if rule.low is not None:
        fine = pc.and_(fine, pc.greater_equal(values, rule.low))
    if rule.high is not None:
        fine = pc.and_(fine, pc.less_equal(values, rule.high))
    return PlainArray(values, fine)


def _int(rule: ColumnRule, array: Array) -> PlainArray | None:
    type_, low, high = target(rule), rule.low, rule.high
    if pa.types.is_string(type_):  # wider than any of Arrow's integers
        return None
    if pa.types.is_integer(array.type):
        values, valid = _numbers(array)
        # Compared as Python integers would be: NumPy keeps the types apart that C would mix up.
        held = np.iinfo(values.dtype)
        fine = (values >= max(low, int(held.min))) & (values <= min(high, int(held.max)))
    elif pa.types.is_float64(array.type):
        values, valid = _numbers(array)
        fine = (values >= max(low, -EXACT)) & (values <= min(high, EXACT)) & (np.floor(values) == values)
    else:
        return None
    whole = np.where(fine, values, 0).astype(np.int64 if low else np.uint64)
    return PlainArray(_made(whole, fine, valid, type_), _mask(fine, valid))


def _money(rule: ColumnRule, array: Array) -> PlainArray | None:
    if pa.types.is_integer(array.type):
        values, valid = _numbers(array)
        # In billionths, more does not fit into 64 bits.
        fine = (values >= 0) & (values <= min(9 * 10**9, int(np.iinfo(values.dtype).max)))
        return PlainArray(
            _decimals(np.where(fine, values, 0).astype(np.int64) * 10**9, fine, valid), _mask(fine, valid)
        )
    if pa.types.is_float64(array.type):
        return _money_of_floats(array)
    if pa.types.is_decimal128(array.type) and array.type.precision - array.type.scale <= 20:
        return _money_of_decimals(array)
    return None


def _money_of_floats(array: Array) -> PlainArray:
    """Floats in billionths, where binary arithmetic cannot be wrong: few enough digits, and no half to break."""
    values, valid = _numbers(array)
    with np.errstate(all="ignore"):
        scaled = values * 1e9
        billionths = np.rint(scaled)
        near_half = np.abs(np.abs(scaled - np.floor(scaled)) - 0.5) < 1e-3
        fine = (values >= 0) & (billionths < 1e12) & ~near_half
        billionths = np.where(fine, billionths, 0).astype(np.int64)
        rounded = fine & (billionths / 1e9 != values)
    return PlainArray(_decimals(billionths, fine, valid), _mask(fine, valid), _mask(rounded, valid))


def _decimals(billionths: Any, fine: Any, valid: Array) -> Array:
    """Decimal(21, 9) from its billionths: 128-bit integers, of which these fill the lower half."""
    wide = np.zeros((len(billionths), 2), dtype=np.int64)
    wide[:, 0] = billionths
    present = pa.array(fine & valid.to_numpy(zero_copy_only=False))
    return pa.Array.from_buffers(
        pa.decimal128(21, 9), len(billionths), [_bitmap(present), pa.py_buffer(wide.tobytes())]
    )


def _bitmap(mask: Array) -> Any:
    """A mask as a validity bitmap."""
    return mask.buffers()[1]


def _money_of_decimals(array: Array) -> PlainArray:
    wide = array.cast(pa.decimal128(38, max(array.type.scale, 9)))
    # The largest whole amount that rounding cannot push out of the column, nor out of the 38 digits at hand.
    zero, most = (
        pa.scalar(Decimal(number), wide.type) for number in (0, min(MONEY_LIMIT, 10 ** (38 - wide.type.scale)) - 1)
    )
    fine = pc.and_(pc.greater_equal(wide, zero), pc.less_equal(wide, most))
    wide = pc.if_else(fine, wide, None)
    kept = wide if wide.type.scale == 9 else pc.round(wide, 9, "half_to_even")
    kept = kept.cast(pa.decimal128(21, 9))
    return PlainArray(kept, fine, pc.not_equal(wide, kept.cast(wide.type)))


_MICROSECOND = timedelta(microseconds=1)
_TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def _time(rule: ColumnRule, array: Array) -> PlainArray | None:
    if pa.types.is_date(array.type):
        array = array.cast(pa.timestamp("ms"))
    elif _is_text(array):
        array = _spelled_times(array)
    if not pa.types.is_timestamp(array.type):
        return None
    ticks, valid = _numbers(array.cast(pa.int64()))
    second = _TICKS[array.type.unit]
    # All moments up to the end of the last hour, second or part of one that the column holds.
    unit = timedelta(hours=1) if rule.kind == "hour" else timedelta(microseconds=10 ** (6 - rule.digits))
    first, end = (round((moment - FIRST_TIME) / _MICROSECOND) for moment in (rule.low, rule.high + unit))
    # 9223372036 seconds are all that nanoseconds in 64 bits can say.
    fine = (ticks >= max(first * second // 10**6, 1 - 2**63)) & (ticks < min(end * second // 10**6, 2**63 - 1))
    ticks = np.where(fine, ticks, 0)
    if rule.kind == "hour":
        hours = ticks // (second * 3600)
        rounded = fine & (hours * (second * 3600) != ticks)
        return PlainArray(_made(hours * 3600, fine, valid, target(rule)), _mask(fine, valid), _mask(rounded, valid))
    kept, wide = 10**rule.digits, _TICKS[target(rule).unit]
    ticks = ticks // (second // kept) if second >= kept else ticks * (kept // second)
    return PlainArray(_made(ticks * (wide // kept), fine, valid, target(rule)), _mask(fine, valid))


def _spelled_times(array: Array) -> Array:
    """Texts that are all times in UTC or without a zone, as times; others as they are."""
    if not pc.all(pc.match_substring_regex(array, _TIME), min_count=0).as_py():
        return array
    try:
        return pc.utf8_rtrim(array, "Z").cast(pa.timestamp("us"))
    except pa.ArrowInvalid:  # a day that its month does not have
        return array


def _uuid(rule: ColumnRule, array: Array) -> PlainArray | None:
    if pa.types.is_fixed_size_binary(array.type) and array.type.byte_width == 16:
        return PlainArray(array, pc.if_else(array.is_valid(), True, None))
    if not pa.types.is_string(array.type):
        return None
    fine = pc.match_substring_regex(array, _UUID)
    hexes = pc.replace_substring(pc.filter(array, pc.fill_null(fine, False)), "-", "")
    raw = bytes.fromhex(_characters(hexes))
    wide = np.zeros((len(array), 16), dtype=np.uint8)
    present = pc.fill_null(fine, False)
    wide[present.to_numpy(zero_copy_only=False)] = np.frombuffer(raw, dtype=np.uint8).reshape(-1, 16)
    buffers = [_bitmap(present), pa.py_buffer(wide.tobytes())]
    return PlainArray(pa.Array.from_buffers(pa.binary(16), len(array), buffers), fine)


def _characters(array: Array) -> str:
    """All the ASCII text of a string array."""
    if not len(array):
        return ""
    offsets = np.frombuffer(array.buffers()[1], dtype=np.int32)
    data = array.buffers()[2]
    return bytes(data[int(offsets[array.offset]) : int(offsets[array.offset + len(array)])]).decode("ascii")


def _text(rule: ColumnRule, array: Array) -> PlainArray | None:
    if not pa.types.is_string(array.type):
        return None
    fine = pc.less_equal(pc.binary_length(array), rule.max_bytes)
    if not rule.blank:
        fine = pc.and_(fine, pc.match_substring_regex(array, "[!-~]"))  # surely not blank
    return PlainArray(array, fine)


def _commit(rule: ColumnRule, array: Array) -> PlainArray | None:
    return PlainArray(array, pc.match_substring_regex(array, r"\A[0-9a-f]{40}\z")) if _is_text(array) else None


def _json(rule: ColumnRule, array: Array) -> PlainArray | None:
    if not _is_text(array):
        return None
    short = pc.less_equal(pc.binary_length(array), rule.max_bytes)
    return PlainArray(array, pc.and_(short, pc.match_substring_regex(array, _OBJECT)))


def _bool(rule: ColumnRule, array: Array) -> PlainArray | None:
    return PlainArray(array, pc.is_valid(array)) if pa.types.is_boolean(array.type) else None


def _date(rule: ColumnRule, array: Array) -> PlainArray | None:
    if not pa.types.is_date32(array.type):
        return None
    low, high = (pa.scalar(day, pa.date32()) for day in (rule.low, rule.high))
    return PlainArray(array, pc.and_(pc.greater_equal(array, low), pc.less_equal(array, high)))


def _enum(rule: ColumnRule, array: Array) -> PlainArray | None:
    if not _is_text(array):
        return None
    return PlainArray(array, pc.is_in(array, value_set=pa.array(rule.words, pa.string())))


def _is_text(array: Array) -> bool:
    return bool(pa.types.is_string(array.type))


_TIME = r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.(?:[0-9]{3}|[0-9]{6}))?Z?\z"
_UUID = r"\A[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\z"


def _object_pattern() -> str:
    """JSON objects without escapes, at most two deep: what most metadata is. RE2 checks it at a tenth of a parse."""
    space = r"[ \t\n\r]*"
    text = r'"[^"\\\x00-\x1f]*"'
    value = rf"(?:{text}|-?(?:0|[1-9][0-9]{{0,15}})(?:\.[0-9]{{1,16}})?|true|false|null)"
    for _ in range(2):
        pair = rf"{text}{space}:{space}{value}{space}"
        members = rf"\{{{space}(?:{pair}(?:,{space}{pair})*)?\}}"
        items = rf"\[{space}(?:{value}{space}(?:,{space}{value}{space})*)?\]"
        value = rf"(?:{value}|{members}|{items})"
    return rf"\A{space}{members}{space}\z"


_OBJECT = _object_pattern()


_PLAIN: dict[Kind, Callable[[ColumnRule, Array], PlainArray | None]] = {
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
