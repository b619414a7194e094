"""The declarative base."""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

import chimera_metrics.models.joins  # noqa: F401  # mends them, whoever joins

DATABASE = "chimera_metrics"

# Blocks whose tokens a table remembers. A retry within this many inserts is dropped by the engine; beyond it
# the ledger decides (docs/reliability.md).
DEDUPLICATION_WINDOW = 10_000


class Base(DeclarativeBase):
    """Base of all models; `Base.metadata` is the whole schema."""

    metadata = MetaData()
