"""A clean batch as blocks: each goes in by one INSERT, under the batch's token.

The engine knows a block again by its token and its partition, so what a partition receives under one token must
always be the same rows; how many partitions travel together does not matter. A block therefore holds whole days, at
most 90 of them (an INSERT may span 100 partitions), and a day too large for one block is cut into slices,
each under a token of its own. By that rule a block can also be split in two without counting anything twice.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.validation.column_path import ArrowBatch
from chimera_metrics.integrations.validation.row_path import Batch

DAYS_PER_BLOCK = 90
ROWS_PER_BLOCK = 200_000

Clean = Batch | ArrowBatch


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows of one day among the rows in the order of their days: from `start` up to `stop`."""

    start: int
    stop: int
    slice: int
    """Which slice of its day; 0 for a day that is whole."""


@dataclass(frozen=True, slots=True)
class InsertBlock:
    """What one INSERT carries."""

    batch: Clean
    order: Any
    """The batch's rows in the order of their days, None where they are in it already."""
    stretches: tuple[Stretch, ...]

    @property
    def token_suffix(self) -> str:
        return f"-{self.stretches[0].slice}"

    @property
    def rows(self) -> int:
        return self.stretches[-1].stop - self.stretches[0].start

    def halves(self) -> tuple[InsertBlock, InsertBlock] | None:
        """The block's days in two blocks, or None for a single day."""
        middle = len(self.stretches) // 2
        if middle == 0:
            return None
        return (
            InsertBlock(self.batch, self.order, self.stretches[:middle]),
            InsertBlock(self.batch, self.order, self.stretches[middle:]),
        )

    @property
    def places(self) -> Sequence[int]:
        """Where its rows stand in the batch."""
        start, stop = self.stretches[0].start, self.stretches[-1].stop
        return range(start, stop) if self.order is None else self.order[start:stop]

    def send(self, executor: Executor, settings: dict[str, Any], places: Sequence[int] | None = None) -> None:
        """Hands the rows to the engine, or those of some places in the batch."""
        start, stop = self.stretches[0].start, self.stretches[-1].stop
        batch, ordered = self.batch, self.order is None and places is None
        chosen_places = self.places if places is None else places
        if isinstance(batch, ArrowBatch):
            from chimera_metrics.integrations.writing.bulk import insert_arrow

            chosen = batch.data.slice(start, stop - start) if ordered else batch.data.take(chosen_places)
            insert_arrow(executor, batch.table, chosen, settings)
            return
        if ordered:
            data = batch.data if stop - start == batch.rows else [column[start:stop] for column in batch.data]
        else:
            data = [[column[index] for index in chosen_places] for column in batch.data]
        executor.insert(batch.table, batch.columns, data, settings, batch.types)


def blocks(batch: Clean) -> list[InsertBlock]:
    """The batch by day. The same batch always gives the same blocks."""
    order, runs = _arrow_runs(batch.days) if isinstance(batch, ArrowBatch) else _runs(batch.days)
    return [InsertBlock(batch, order, tuple(stretches)) for stretches in _grouped(runs)]


def day_count(found: Sequence[InsertBlock]) -> int:
    """Blocks as the engine counts them: one a partition."""
    return sum(len(block.stretches) for block in found)


def _runs(days: Sequence[int]) -> tuple[list[int] | None, list[tuple[int, int]]]:
    """The order by day, and each day's first and last place in it."""
    order: list[int] | None = None
    if any(map(int.__gt__, days, itertools.islice(days, 1, None))):
        order = sorted(range(len(days)), key=days.__getitem__)
        days = [days[index] for index in order]
    runs, start = [], 0
    for _, group in itertools.groupby(days):
        stop = start + sum(1 for _ in group)
        runs.append((start, stop))
        start = stop
    return order, runs


def _arrow_runs(array: Any) -> tuple[Any, list[tuple[int, int]]]:
    import numpy as np

    days = array.to_numpy()
    order = None
    if len(days) and bool((days[1:] < days[:-1]).any()):
        order = np.argsort(days, kind="stable")
        days = days[order]
    edges = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(days)]
    return order, list(itertools.pairwise(edges)) if len(days) else []


def _grouped(runs: Sequence[tuple[int, int]]) -> Iterator[list[Stretch]]:
    found: list[Stretch] = []
    for start, stop in runs:
        if stop - start > ROWS_PER_BLOCK:
            for number, first in enumerate(range(start, stop, ROWS_PER_BLOCK)):
                yield [Stretch(first, min(first + ROWS_PER_BLOCK, stop), number)]
            continue
        # Only neighbours travel together: a block is one piece of the order.
        apart = bool(found) and found[-1].stop != start
        if found and (apart or len(found) == DAYS_PER_BLOCK or stop - found[0].start > ROWS_PER_BLOCK):
            yield found
            found = []
        found.append(Stretch(start, stop, 0))
    if found:
        yield found
