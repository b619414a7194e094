"""The columns that tables are made of: each kind's type, codec and check, chosen once.

A column of a kind that is not here is made by `models.ddl.col`, with any type that the engine has.

Codecs are the smallest that were measured at a sane cost in CPU (docs/storage.md). A column without one gets LZ4, which
costs about twice the bytes on words and numbers.
"""

from __future__ import annotations

from typing import Any

from clickhouse_sqlalchemy import types as ch
from sqlalchemy import text
from sqlalchemy.orm import MappedColumn

from chimera_metrics.models.ddl import FixedString, col

# Times in rows that lie by time: small steps, their bits laid out side by side. Smaller than Delta alone, and faster.
TIME_CODEC = "Delta, T64('bit'), ZSTD(1)"
# Times in rows that lie by something else: steps would be larger than the values.
STRAY_TIME_CODEC = "T64, ZSTD(1)"
# Hours in rows that lie by hour: long runs of one value.
HOUR_CODEC = "Delta, ZSTD(1)"
# Numbers that grow from row to row along the order key.
SERIAL_CODEC = "Delta, T64('bit'), ZSTD(1)"
# Counts: whole numbers far below what their type could hold.
COUNT_CODEC = "T64, ZSTD(1)"
# Float64 measures with decimals: Gorilla, FPC and Delta make them larger; level 6 takes twice the CPU for 2 to 8 %.
MEASURE_CODEC = "ZSTD(3)"
# Money is 128 bits wide, which T64 does not take.
MONEY_CODEC = "ZSTD(1)"
# Random ids: no codec makes them smaller. ZSTD stores them as they are, and packs ids that begin with a time.
ID_CODEC = "ZSTD(1)"
# Repeated words: LowCardinality leaves small numbers, which still have an order.
WORD_CODEC = "ZSTD(1)"
# A commit stays for days.
COMMIT_CODEC = "ZSTD(1)"
# Prose and JSON: a tenth less than level 3 for a third of a microsecond a row on writing, and faster to read.
TEXT_CODEC = "ZSTD(6)"
# Texts that carry random ids, addresses and error messages: higher levels make them larger.
MESSAGE_CODEC = "ZSTD(1)"

_COUNTS = {16: ch.UInt16, 32: ch.UInt32, 64: ch.UInt64}
# Calls of models cost less than a millionth of a dollar; twelve digits stand before the point.
MONEY = ch.Decimal(21, 9)

Bounds = tuple[float | None, float | None]


def _null(type_: Any, null: bool) -> Any:
    """`Nullable(type)` for what may not apply. Never 0 or '' in its place."""
    return ch.Nullable(type_) if null else type_


def moment(meaning: str, *, digits: int = 3, now: bool = False, stray: bool = False, **facts: Any) -> MappedColumn[Any]:
    """A time in UTC, to the millisecond. `now`: the time of receipt where a row names none.

    `stray`: the table's rows do not lie by this time.
    """
    default = text(f"now64({digits}, 'UTC')") if now else None
    codec = STRAY_TIME_CODEC if stray else TIME_CODEC
    return col(ch.DateTime64(digits, "UTC"), meaning, default=default, codec=codec, **facts)


def hour(meaning: str, **facts: Any) -> MappedColumn[Any]:
    """A whole hour in UTC."""
    return col(ch.DateTime("UTC"), meaning, form="hour", codec=HOUR_CODEC, **facts)


def ident(
    meaning: str, *, fresh: bool = False, null: bool = False, codec: str = ID_CODEC, **facts: Any
) -> MappedColumn[Any]:
    """A UUID. `fresh`: a new one where a row names none."""
    default = text("generateUUIDv4()") if fresh else None
    return col(_null(ch.UUID(), null), meaning, default=default, codec=codec, **facts)


def word(meaning: str, *, null: bool = False, **facts: Any) -> MappedColumn[Any]:
    """One of few short texts that programs choose. They are masked as other texts are."""
    return col(ch.LowCardinality(_null(ch.String(), null)), meaning, codec=WORD_CODEC, **facts)


def prose(meaning: str, *, null: bool = False, **facts: Any) -> MappedColumn[Any]:
    """Text that people or models write, or JSON text."""
    return col(_null(ch.String(), null), meaning, codec=TEXT_CODEC, **facts)


def message(meaning: str, *, null: bool = False, **facts: Any) -> MappedColumn[Any]:
    """Text that carries ids, addresses or an error."""
    return col(_null(ch.String(), null), meaning, codec=MESSAGE_CODEC, **facts)


def commit(meaning: str, **facts: Any) -> MappedColumn[Any]:
    """A commit's 40 hexadecimal digits, or null."""
    return col(ch.Nullable(FixedString(40)), meaning, form="commit", codec=COMMIT_CODEC, **facts)


def count(
    meaning: str, unit: str | None = None, *, bits: int = 32, null: bool = False, serial: bool = False, **facts: Any
) -> MappedColumn[Any]:
    """A whole number from 0 on. `serial`: it grows from row to row along the order key."""
    codec = SERIAL_CODEC if serial else COUNT_CODEC
    return col(_null(_COUNTS[bits](), null), meaning, unit=unit, codec=codec, **facts)


def measure(
    meaning: str, unit: str | None = None, *, bounds: Bounds = (0, None), null: bool = True, **facts: Any
) -> MappedColumn[Any]:
    """A measured number, within `bounds`: 0 or more unless they say otherwise."""
    return col(_null(ch.Float64(), null), meaning, unit=unit, bounds=bounds, codec=MEASURE_CODEC, **facts)


def money(meaning: str, *, null: bool = True, **facts: Any) -> MappedColumn[Any]:
    """An amount in dollars to the billionth, 0 or more."""
    return col(_null(MONEY, null), meaning, unit="USD", bounds=(0, None), codec=MONEY_CODEC, **facts)
