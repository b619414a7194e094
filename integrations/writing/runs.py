"""Benchmark runs, which are sent again and count once: the last received wins, in the batch and in the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import func, select, tuple_

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.validation.column_path import ArrowBatch
from chimera_metrics.integrations.validation.row_path import Batch
from chimera_metrics.models import RUN_IDENTITY, BenchRun

_TABLE = "bench_runs"
_KEYS_PER_QUERY = 1000
C = TypeVar("C", Batch, ArrowBatch)


def last_of_each(clean: C) -> C:
    """The batch with the last copy of each run only: copies in one block would carry the same version, and the engine
    would choose by the day that they carry."""
    if clean.table != _TABLE:
        return clean
    keys = _keys(clean)
    last = {key: index for index, key in enumerate(keys)}
    if len(last) == len(keys):
        return clean
    chosen = sorted(last.values())
    if isinstance(clean, ArrowBatch):
        return replace(clean, data=clean.data.take(chosen), days=clean.days.take(chosen))
    return replace(
        clean,
        data=[[column[index] for index in chosen] for column in clean.data],
        days=[clean.days[index] for index in chosen],
        kept=[clean.kept[index] for index in chosen],
    )


def known(executor: Executor, clean: Batch | ArrowBatch) -> int:
    """Runs of the batch that the store has already."""
    if clean.table != _TABLE:
        return 0
    keys, found = _keys(clean), 0
    for start in range(0, len(keys), _KEYS_PER_QUERY):
        columns = tuple_(*(getattr(BenchRun, name) for name in RUN_IDENTITY))
        condition = columns.in_(keys[start : start + _KEYS_PER_QUERY])
        found += int(executor.scalar(select(func.count()).select_from(BenchRun).where(condition)))
    return found


def _keys(clean: Batch | ArrowBatch) -> list[tuple[Any, ...]]:
    if isinstance(clean, ArrowBatch):
        from chimera_metrics.integrations.writing import bulk

        columns: Sequence[Sequence[Any]] = bulk.columns(_TABLE, clean.data.select(RUN_IDENTITY))
    else:
        columns = [clean.data[clean.columns.index(name)] for name in RUN_IDENTITY]
    return list(zip(*columns, strict=True))
