"""Partitions from the source to the target, each in a step that a kill at any moment leaves undone or done.

Their rows go into a staging table, which no view watches, and are compared there with what was read. Then they take the
place of the target's partitions, and the rollups of the days are made from them.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime

from chimera_metrics.integrations.clickhouse.cluster import SHARDED, here
from chimera_metrics.integrations.clickhouse.dbapi import Block
from chimera_metrics.integrations.clickhouse.literals import quote, quote_name
from chimera_metrics.integrations.clickhouse.shards import EACH_ITS_OWN, id_of
from chimera_metrics.integrations.errors import StatementFailed
from chimera_metrics.integrations.operations.copying.book import Book, CopyRefused, Entry
from chimera_metrics.integrations.operations.copying.side import COPIED, Content, Side, Table
from chimera_metrics.integrations.operations.verify_scope import ACKNOWLEDGES
from chimera_metrics.integrations.writing.rebuilding import empty_copy
from chimera_metrics.integrations.writing.spreading import ShardCounts, by_id
from chimera_metrics.models import FACT_TABLES, VIEWS
from chimera_metrics.models.base import DEDUPLICATION_WINDOW

Advance = Callable[[int], None]

_ROWS_AT_ONCE = 100_000
_REPLICATED = re.compile(r"^(?:Replicated|Shared)(\w*MergeTree)\('[^']*', '[^']*'(?:, )?")
STAGING = "muse_copy_"
"""How the names of staging tables begin."""
# Every row is stored, equal ones too; the comparison that follows finds a row too many or too few.
_INSERT = {"async_insert": 0, "insert_deduplicate": 0}


class Mover:
    """Copies partitions from one side to the other."""

    def __init__(self, source: Side, target: Side, book: Book, held: Callable[[], None]) -> None:
        self._source = source
        self._target = target
        self._book = book
        self._held = held
        self._shards = ShardCounts(target.executor)

    def move(self, table: Table, fingerprints: Mapping[str, str], advance: Advance) -> int:
        """Copies some partitions, each with its fingerprint, as they are now; answers their rows."""
        with staged(self._target, table) as staging:
            read = self._fill(table, fingerprints, staging, advance)
            came = self._target.staged_contents(table, staging)
            if sum(came.values(), Content()) != read:
                raise StatementFailed(
                    f"{table.name}: what came to the target ({sum(came.values(), Content()).rows:,} rows) is not what "
                    f"was read ({read.rows:,} rows), though nothing failed; run the same command again."
                )
            if table.name == "insert_ledger":
                self._forget_tokens(staging)
            before = self.require_own(table, fingerprints)
            self._held()
            steps = {
                id_: Entry("begun", fingerprint, came.get(id_, Content()), before[id_])
                for id_, fingerprint in fingerprints.items()
            }
            self._book.write(table.name, steps)
            replace(self._target, table.name, [id_ for id_ in steps if id_ in came], staging)
        replace(self._target, table.name, [id_ for id_ in steps if id_ not in came], None)
        fill_rollups(self._target, table.name, list(steps))
        self._book.write(table.name, {id_: dataclasses.replace(step, state="done") for id_, step in steps.items()})
        return read.rows

    def drop(self, table: Table, partitions: Sequence[str]) -> None:
        """Removes partitions that the source no longer has, as its retention does."""
        before = self.require_own(table, partitions)
        self._held()
        steps = {id_: Entry("begun", "", Content(), before[id_]) for id_ in partitions}
        self._book.write(table.name, steps)
        replace(self._target, table.name, partitions, None)
        for view in VIEWS:
            if view.source == table.name:
                replace(self._target, view.target, partitions, None)
        self._book.write(table.name, {id_: dataclasses.replace(step, state="gone") for id_, step in steps.items()})

    def require_own(self, table: Table, partitions: Collection[str]) -> dict[str, Content]:
        """What the target's partitions hold; raises CopyRefused if that is not what this copy put there."""
        found = {id_: content for id_, (content, _) in self._target.contents(table, partitions).items()}
        for id_, content in found.items():
            if not self._book.put(table.name, id_, content):
                raise CopyRefused(
                    f"The target, {self._target.where}, holds rows of {table.name} (partition {id_}) that this copy "
                    "did not put there, and a copy overwrites nothing; name an empty place with --to."
                )
        return {id_: found.get(id_, Content()) for id_ in partitions}

    def _fill(self, table: Table, partitions: Collection[str], staging: str, advance: Advance) -> Content:
        names, types = [column.name for column in table.columns], [column.type for column in table.columns]
        total = Content()
        for block in gathered(self._source.blocks(table, partitions)):
            *data, hashes = block
            self._insert(table.name, staging, names, data, types)
            total += Content(len(hashes), sum(hashes))
            advance(len(hashes))
        return total

    def _insert(
        self, table: str, staging: str, names: Sequence[str], data: Sequence[Sequence[object]], types: Sequence[str]
    ) -> None:
        insert = self._target.executor.insert
        count = self._shards.of(table) if table in FACT_TABLES else None
        if count is None:
            insert(staging, names, data, _INSERT, types)
            return
        for shard, places in by_id(data[names.index(id_of(table))], count):
            chosen = [[column[place] for place in places] for column in data]
            insert(staging, names, chosen, {**_INSERT, "insert_shard_id": shard}, types)

    def _forget_tokens(self, staging: str) -> None:
        """Says in the ledger that the target's engine does not know the blocks of batches begun at the source.

        Such a batch, sent to the target, is refused with a sentence then, and not stored a second time.
        """
        answer = json.dumps({"days": DEDUPLICATION_WINDOW})
        self._target.executor.command(
            f"INSERT INTO {staging} SELECT max(at), table_name, concat({quote(COPIED)}, table_name, ' ', id), "
            f"repeat('0', 64), generateUUIDv4(), 0, 0, 0, 0, 0, {quote(answer)} FROM ("
            f"SELECT _partition_id AS id, table_name, idempotency_key, max(acknowledged_at) AS at FROM {staging} "
            f"GROUP BY id, table_name, idempotency_key HAVING countIf({ACKNOWLEDGES}) = 0) GROUP BY id, table_name",
            _INSERT,
        )


def fill_rollups(target: Side, table: str, partitions: Sequence[str]) -> None:
    """Makes the rollups of some days from the rows that the target holds of them."""
    for view in VIEWS:
        if view.source != table:
            continue
        listed = ", ".join(map(quote, partitions))
        head, _, keys = view.query.strip().rpartition("\nGROUP BY")
        made = f"{STAGING}{view.target}"
        drop = beside(target, view.target, f"DROP TABLE IF EXISTS {made} SYNC")
        execute = target.executor.command
        execute(drop)
        execute(like(target, view.target, made))
        settings = {**_INSERT, **(EACH_ITS_OWN if target.settings.on_shards else {})}
        execute(f"INSERT INTO {made} {head}\nWHERE _partition_id IN ({listed})\nGROUP BY{keys}", settings)
        filled = {str(id_) for (id_,) in target.rows(f"SELECT DISTINCT _partition_id FROM {made}")}
        replace(target, view.target, [id_ for id_ in partitions if id_ in filled], made)
        replace(target, view.target, [id_ for id_ in partitions if id_ not in filled], None)
        execute(drop)


def gathered(blocks: Iterator[Block]) -> Iterator[Block]:
    """Blocks of a size at which an insert is worth its while."""
    waiting: Block = []
    for block in blocks:
        if not waiting:
            waiting = [list(column) for column in block]
        else:
            for kept, column in zip(waiting, block, strict=True):
                kept.extend(column)  # type: ignore[attr-defined]  # made a list above
        if len(waiting[0]) >= _ROWS_AT_ONCE:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


@contextmanager
def staged(target: Side, table: Table) -> Iterator[str]:
    """An empty table like `table` that takes computed columns too. It goes in the end; after an error, by `sweep`."""
    name = f"{STAGING}{table.name}"
    execute = target.executor.command
    drop = beside(target, table.name, f"DROP TABLE IF EXISTS {name} SYNC")
    execute(drop)
    execute(like(target, table.name, name))
    for column in table.columns:
        if column.computed:
            change = f"ALTER TABLE {name} MODIFY COLUMN {quote_name(column.name)} REMOVE MATERIALIZED"
            execute(beside(target, table.name, change))
    yield name
    execute(drop)


def like(target: Side, table: str, name: str) -> str:
    """What makes an empty table like another, that is on no replica; on shards one that stands on each."""
    if _is_spread(target, table):
        return empty_copy(target.executor, table, name)
    create = f"CREATE TABLE {name} AS {quote_name(table)} ENGINE = {plain_engine(target, table)}"
    return here(create, target.settings)


def beside(target: Side, table: str, statement: str) -> str:
    """A statement on a table that `like` made beside another, or on partitions that go from there to the other."""
    return statement if _is_spread(target, table) else here(statement, target.settings)


def _is_spread(target: Side, table: str) -> bool:
    return target.settings.on_shards and table in SHARDED


def plain_engine(target: Side, table: str) -> str:
    """A table's engine with its keys and settings, for a table beside it that is on no replica."""
    full = target.value(
        f"SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = {quote(table)}"
    )
    return _REPLICATED.sub(r"\1(", str(full))


def replace(target: Side, table: str, partitions: Sequence[str], staging: str | None) -> None:
    """Puts what `staging` holds in the place of these partitions, each in one step; nothing for None."""
    from_ = f"REPLACE PARTITION ID {{}} FROM {staging}" if staging else "DROP PARTITION ID {}"
    if partitions and staging and _is_spread(target, table):
        target.executor.command(f"SYSTEM SYNC REPLICA {staging}")
    if partitions:
        changes = ", ".join(from_.format(quote(id_)) for id_ in partitions)
        # A shard may hold no row of a day.
        settings = {"allow_replace_partition_from_empty_source": 1} if target.settings.on_shards else {}
        target.executor.command(beside(target, table, f"ALTER TABLE {quote_name(table)} {changes}"), settings)


def sweep(target: Side) -> None:
    """Removes the staging tables that a killed copy left."""
    for (name,) in target.rows(
        f"SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, {quote(STAGING)})"
    ):
        target.executor.command(f"DROP TABLE IF EXISTS {quote_name(name)} SYNC")


def day_of(partition: str) -> date:
    """The day of a partition that is one."""
    return datetime.strptime(partition, "%Y%m%d").date()  # a day has no zone
