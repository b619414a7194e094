"""Which rows of a block go to which shard: said here, not by the servers, so that a retry sends each row where it went.

The number of shards stands in `muse_shards`; a claim keeps the number under which its batch was begun, and whoever goes
on with the batch goes by that. So when shards are added between an attempt and its retry, each shard gets the same rows
under the same token as before.

A row whose id is given goes by that id, as the Distributed tables have it: the events of a session, and all copies of a
run, lie on one shard. A row whose id is made here, a new one in each attempt, goes by its place in the batch.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from clickhouse_sqlalchemy import engines

from chimera_metrics.integrations.clickhouse.error_codes import ErrorCode
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.shards import COUNTS, id_of
from chimera_metrics.integrations.errors import SchemaMismatch, StatementFailed
from chimera_metrics.integrations.validation.row_path import Batch
from chimera_metrics.integrations.writing.blocks import InsertBlock
from chimera_metrics.models import FACT_TABLES

# New shards get rows within that time; until then rows go where they went.
_KNOWN_S = 60.0


class ShardCounts:
    """Over how many shards the rows of each table are spread."""

    def __init__(self, executor: Executor, clock: Callable[[], float] = time.monotonic) -> None:
        self._executor = executor
        self._clock = clock
        self._known: tuple[float, int, int] | None = None
        self._lock = threading.Lock()

    def of(self, table: str) -> int | None:
        """The number for a batch that begins now; None where there are no shards.

        Rows that replace one another stay on the shards that there were in the beginning: a copy of a run on a shard
        that came later would not meet the one before it.
        """
        if not self._executor.settings.on_shards:
            return None
        first, now = self._read()
        return first if _replaces(table) else now

    def _read(self) -> tuple[int, int]:
        with self._lock:
            if self._known is not None and self._known[0] > self._clock():
                return self._known[1:]
        try:
            [(first, now)] = self._executor.read(f"SELECT argMin(shards, at), argMax(shards, at) FROM {COUNTS}").rows
        except StatementFailed as error:
            if error.code != ErrorCode.UNKNOWN_TABLE:
                raise
            first = now = 0
        if not first:
            settings = self._executor.settings
            raise SchemaMismatch(
                f"{settings.database} on {settings.where} does not say over how many shards its rows are spread; run "
                "`muse upgrade`."
            )
        with self._lock:
            self._known = (self._clock() + _KNOWN_S, int(first), int(now))
        return int(first), int(now)


def spread(block: InsertBlock, count: int, token: str) -> Iterator[tuple[int, Sequence[int]]]:
    """Each shard that gets rows of the block, by its number from 1 on, with the places of those rows in the batch."""
    yield from _grouped(block.places, _numbers(block, block.places, token), count)


def by_id(ids: Sequence[Any], count: int) -> Iterator[tuple[int, Sequence[int]]]:
    """Each shard with the places of its rows, by their ids alone: for rows that have them already."""
    yield from _grouped(range(len(ids)), map(_hashed, ids), count)


def _grouped(places: Iterable[int], numbers: Iterable[int], count: int) -> Iterator[tuple[int, Sequence[int]]]:
    found: dict[int, list[int]] = {}
    for place, number in zip(places, numbers, strict=True):
        found.setdefault(number % count + 1, []).append(place)
    yield from sorted(found.items())


def _numbers(block: InsertBlock, places: Sequence[int], token: str) -> Iterator[int]:
    batch = block.batch
    name = id_of(batch.table)
    if not FACT_TABLES[batch.table].columns[name].info["required"]:
        # Not always the first shard, to which all batches of one row would go.
        start = int(token[:12], 16)
        return (start + int(place) for place in places)
    values: Any = (
        batch.data[batch.columns.index(name)] if isinstance(batch, Batch) else batch.data.column(name).to_pylist()
    )
    return (_hashed(values[place]) for place in places)


def _hashed(value: UUID | bytes) -> int:
    """What the engine's cityHash64 makes of an id: it hashes the two halves, each with its last byte first."""
    from clickhouse_cityhash.cityhash import CityHash64

    uuid = value if isinstance(value, bytes) else value.bytes
    hashed: int = CityHash64(uuid[7::-1] + uuid[:7:-1])
    return hashed


def _replaces(table: str) -> bool:
    return isinstance(FACT_TABLES[table].engine, engines.ReplacingMergeTree)  # type: ignore[attr-defined]
