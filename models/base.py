"""The declarative base, and the types that every table shares."""

from __future__ import annotations

from clickhouse_sqlalchemy import types as ch
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

import chimera_metrics.models.joins  # noqa: F401  # mends them, whoever joins
from chimera_metrics.models.ddl import FixedString

DATABASE = "chimera_metrics"

# Blocks whose tokens a table remembers. A retry within this many inserts is dropped by the engine; beyond it
# the ledger decides (docs/reliability.md).
DEDUPLICATION_WINDOW = 10_000


class Base(DeclarativeBase):
    """Base of all models; `Base.metadata` is the whole schema."""

    metadata = MetaData()


TIME = ch.DateTime64(3, "UTC")
HOUR = ch.DateTime("UTC")
UUID = ch.UUID()
TEXT = ch.String()
WORD = ch.LowCardinality(ch.String())
FLOAT = ch.Float64()
COUNT32 = ch.UInt32()
COUNT64 = ch.UInt64()
MONEY = ch.Decimal(18, 6)
COMMIT = ch.Nullable(FixedString(40))


def nullable(type_: object) -> ch.Nullable:
    """`Nullable(type)`: for what may not apply. Never 0 or '' in its place."""
    return ch.Nullable(type_)


# Codecs, each the smallest that was measured at a sane cost in CPU (docs/storage.md). A column without one gets LZ4, which
# costs about twice the bytes on words and numbers.

# Times in rows that lie by time: small steps, whose bits are laid out side by side. Smaller than Delta alone, and faster.
TIME_CODEC = "Delta, T64('bit'), ZSTD(1)"
# Times in rows that lie by something else: steps would be larger than the values.
STRAY_TIME_CODEC = "T64, ZSTD(1)"
# Hours in rows that lie by hour: long runs of one value.
HOUR_CODEC = "Delta, ZSTD(1)"
# Numbers that grow from row to row along the order key.
SERIAL_CODEC = "Delta, T64('bit'), ZSTD(1)"
# Counts and money: whole numbers far below what their type could hold.
COUNT_CODEC = "T64, ZSTD(1)"
# Float64 measures with decimals: Gorilla, FPC and Delta make them larger; level 6 takes twice the CPU for 2 to 8 %.
MEASURE_CODEC = "ZSTD(3)"
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
# Sketches of quantiles and distinct counts: sparse arrays.
SKETCH_CODEC = "ZSTD(3)"
