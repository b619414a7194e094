"""The declarative base, and the types that every table shares."""

from __future__ import annotations

from clickhouse_sqlalchemy import types as ch
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from models.ddl import FixedString

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


# Codecs, each chosen by measurement (docs/storage.md).
TIME_CODEC = "Delta, ZSTD(1)"
TEXT_CODEC = "ZSTD(3)"
NUMBER_CODEC = "ZSTD(1)"
