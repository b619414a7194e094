"""Runs of a quarantined batch that the store has received since: the last received wins, not the last replayed."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import compress
from typing import Any

from sqlalchemy import func, select, tuple_

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.validation.row_path import Batch
from chimera_metrics.models import RUN_IDENTITY, BenchRun

_TABLE = BenchRun.__tablename__
_KEYS_PER_QUERY = 1000


def received_after(executor: Executor, batch: Batch, moment: datetime) -> set[tuple[Any, ...]]:
    """The runs of the batch of which the store has a version that it received after that moment of our clock."""
    if batch.table != _TABLE:
        return set()
    columns = [getattr(BenchRun, name) for name in RUN_IDENTITY]
    since = moment + _ahead(executor)
    keys, found = _keys(batch), set()
    for start in range(0, len(keys), _KEYS_PER_QUERY):
        named = tuple_(*columns).in_(keys[start : start + _KEYS_PER_QUERY])
        found.update(executor.read(select(*columns).where(named, BenchRun.received_at > since)).rows)
    return found


def _ahead(executor: Executor) -> timedelta:
    """By how much the store's clock is ahead of ours: an embedded one is ours, a server's need not agree with it."""
    if executor.settings.embedded:
        return timedelta()
    before = datetime.now(UTC)
    theirs: datetime = executor.scalar(select(func.now64(6, "UTC")))
    return theirs - before - (datetime.now(UTC) - before) / 2


def without(batch: Batch, keys: Set[tuple[Any, ...]]) -> Batch:
    """The batch without those runs."""
    if not keys:
        return batch
    keep = [key not in keys for key in _keys(batch)]
    return replace(
        batch,
        data=[list(compress(column, keep)) for column in batch.data],
        days=list(compress(batch.days, keep)),
        kept=list(compress(batch.kept, keep)),
    )


def _keys(batch: Batch) -> list[tuple[Any, ...]]:
    return list(zip(*(batch.data[batch.columns.index(name)] for name in RUN_IDENTITY), strict=True))
