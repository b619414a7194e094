"""What the engine cannot change in place: a new table is filled beside the old one, and the two change names.

Materialized views follow the name, so they go on with the new table. Killed before the exchange, the copy starts again
from nothing and the old table is untouched; killed after it, the new table stands and only the old one is left to drop.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from alembic.operations import Operations
from sqlalchemy import Connection

from chimera_metrics.integrations.clickhouse.literals import quote, quote_name
from chimera_metrics.integrations.errors import SchemaMismatch, StatementFailed
from chimera_metrics.integrations.evolution import losses
from chimera_metrics.integrations.evolution.canonical import TableForm, same_primary_key
from chimera_metrics.integrations.evolution.carrying import create_if_missing, stands, wanted
from chimera_metrics.integrations.evolution.impl import ClickHouseImpl
from chimera_metrics.integrations.evolution.keys import appended
from chimera_metrics.integrations.evolution.operation import ClickHouseOp, name_of, operation
from chimera_metrics.integrations.evolution.types import converts_in_place

# A copy is exact: materialized values are copied, versions are not merged, equal blocks are not taken for retries,
# and a monthly partition may become thirty daily ones.
_COPY_SETTINGS = (
    "SETTINGS insert_allow_materialized_columns = 1, optimize_on_insert = 0, insert_deduplicate = 0, "
    "max_partitions_per_insert_block = 0, final = 0"
)
_ROUNDS = 3
_FIXED_SETTINGS = {"index_granularity", "index_granularity_bytes", "enable_mixed_granularity_parts", "storage_policy"}
_NAMES = re.compile(r"\w+")


@operation("rebuild_table", order=30)
class RebuildTable(ClickHouseOp):
    def __init__(self, ddl: str, copy: Mapping[str, str], was: RebuildTable | None = None, why: str = "") -> None:
        self.ddl = ddl
        self.copy = dict(copy)
        self._was = was
        self._why = why

    @classmethod
    def rebuild_table(cls, operations: Operations, ddl: str, copy: Mapping[str, str]) -> None:
        """Makes what the engine cannot change in place: a new table, the rows copied, the two exchanged.

        `ddl` is the `CREATE TABLE` wanted, `copy` the columns to copy with the expression over the old table for each.
        """
        operations.invoke(cls(ddl, copy))

    @classmethod
    def between(cls, have: TableForm, want: TableForm, why: str) -> RebuildTable:
        back = cls(have.ddl, _copied(want, have), why=why)
        return cls(want.ddl, _copied(have, want), was=back, why=why)

    def run(self, impl: ClickHouseImpl) -> None:
        name = name_of(self.ddl)
        beside = f"{name}__new"
        if impl.as_sql:
            _print(impl, self, name, beside)
            return
        have = stands(impl, name)
        if have is None:
            raise SchemaMismatch(
                f"{name} does not exist, so it cannot be rebuilt. Run `muse adopt` to see what stands."
            )
        want = wanted(impl, [self.ddl], name)
        assert impl.connection is not None  # noqa: S101
        assert want is not None  # noqa: S101  # it has just been created
        # Strictly: a primary key that was named and is not wanted is a difference here.
        if have != want:
            count = _counting(have, want)
            _copy(impl, self, name, beside, count)
            impl.run(f"EXCHANGE TABLES {quote_name(name)} AND {quote_name(beside)}")
        if stands(impl, beside) is not None:
            _drop_old(impl, name, beside, have if have.engine != want.engine else want)

    def reverse(self) -> RebuildTable:
        was = self._was
        if was is None:
            raise ValueError(f"{name_of(self.ddl)}: what the table was is not known")
        return RebuildTable(was.ddl, was.copy, self, self._why)

    def losses(self, impl: ClickHouseImpl) -> Iterator[str]:
        name = name_of(self.ddl)
        have, want = stands(impl, name), None
        if have is not None:
            want = wanted(impl, [self.ddl], name)
        if have is None or want is None or have == want:
            return
        for column, old in have.columns.items():
            if column not in self.copy:
                yield from losses.of_column(impl, have, column)
            elif column in want.columns and self.copy[column] != f"`{column}`":
                yield from losses.of_type(impl, have, old, want.columns[column].type, copied=True)
        yield from losses.of_merging(impl, have, want)
        if want.ttl != have.ttl:
            yield from losses.of_ttl(impl, name, want.ttl)
        for column, new in want.columns.items():
            if column in have.columns and new.ttl != have.columns[column].ttl:
                yield from losses.of_ttl(impl, name, new.ttl, column=column)

    def remarks(self) -> list[str]:
        why = f" ({self._why})" if self._why else ""
        return [f"Not possible in place{why}: a new table is filled and exchanged. Stop what writes there."]


def _copied(have: TableForm, want: TableForm) -> dict[str, str]:
    """The columns to copy, with an expression over the old table that fails rather than lose a value."""
    copied: dict[str, str] = {}
    for name, new in want.columns.items():
        old = have.columns.get(name)
        if old is None or not old.stored or not new.stored:
            continue
        same = old.type == new.type or converts_in_place(old.type, new.type)
        copied[name] = f"`{name}`" if same else f"accurateCast(`{name}`, {quote(new.type)})"
    return copied


def not_in_place(have: TableForm, want: TableForm) -> Iterator[str]:
    """What the engine refuses to change, or would change at the risk of leaving the table unreadable."""
    for key, label in (("engine", "engine"), ("partition_key", "partition key"), ("sampling_key", "sampling key")):
        if getattr(have, key) != getattr(want, key):
            yield f"{label}: {getattr(have, key) or 'none'} -> {getattr(want, key) or 'none'}"
    if have.order_key != want.order_key and not appended(have, want):
        yield f"order key: {have.order_key or 'none'} -> {want.order_key or 'none'}"
    elif have.primary_key != want.primary_key and not same_primary_key(have, want):
        yield f"primary key: {have.primary_key or 'none'} -> {want.primary_key or 'none'}"
    for name in sorted(_FIXED_SETTINGS):
        if have.settings.get(name) != want.settings.get(name):
            yield f"setting {name}: {have.settings.get(name)} -> {want.settings.get(name)}"
    bound = _bound(have)
    for name, old in have.columns.items():
        new = want.columns.get(name)
        if new is None and name in bound:
            yield f"column {name}, which a key needs, goes"
        elif new is not None and old.type != new.type and (name in bound or not converts_in_place(old.type, new.type)):
            yield f"type of {name}: {old.type} -> {new.type}"


def _bound(form: TableForm) -> set[str]:
    """Columns whose type the engine does not change: those of keys, of the engine, of indexes and projections."""
    texts = [form.partition_key, form.order_key, form.primary_key, form.sampling_key, form.engine.partition("(")[2]]
    return set(_NAMES.findall(" ".join([*texts, *form.indexes.values(), *form.projections.values()])))


def _copy(impl: ClickHouseImpl, op: RebuildTable, name: str, beside: str, count: str | None) -> None:
    connection = impl.connection
    assert connection is not None  # noqa: S101
    names = ", ".join(quote_name(column) for column in op.copy)
    for _ in range(_ROUNDS):
        impl.run(f"DROP TABLE IF EXISTS {quote_name(beside)} SYNC")
        impl.run(_renamed(op.ddl, beside))
        for (part,) in connection.exec_driver_sql(f"SELECT DISTINCT _partition_id FROM {quote_name(name)}").fetchall():
            impl.run(
                f"INSERT INTO {quote_name(beside)} ({names}) SELECT {', '.join(op.copy.values())} "
                f"FROM {quote_name(name)} WHERE _partition_id = {quote(part)} {_COPY_SETTINGS}"
            )
        # The copy is counted first: rows that arrive meanwhile make the two differ.
        if count is None or _count(connection, count, beside) == _count(connection, count, name):
            if impl.settings.cluster is not None:
                impl.run(f"SYSTEM SYNC REPLICA {quote_name(beside)}")
            return
    raise StatementFailed(
        f"{name} could not be rebuilt: rows kept arriving while it was copied. Nothing was changed in it. "
        "Stop what writes there for a moment and run the same command again."
    )


def _drop_old(impl: ClickHouseImpl, name: str, beside: str, form: TableForm) -> None:
    connection = impl.connection
    assert connection is not None  # noqa: S101
    count = _counting(form, form) if form.engine == "MergeTree" else None
    if count is not None and _count(connection, count, beside) > _count(connection, count, name):
        raise SchemaMismatch(
            f"{name} has been rebuilt, but rows arrived in the old table in the last moment. It is kept as {beside}: "
            f"copy what {name} lacks, drop {beside}, and run the same command again."
        )
    impl.run(f"DROP TABLE IF EXISTS {quote_name(beside)} SYNC")


def _counting(have: TableForm, want: TableForm) -> str | None:
    """How rows are counted so that a complete copy counts the same; None where merges make that impossible."""
    if have.engine == want.engine == "MergeTree":
        return "SELECT count() FROM {}"
    if have.engine == want.engine and have.order_key == want.order_key:
        return "SELECT count() FROM {} FINAL"
    return None


def _count(connection: Connection, statement: str, table: str) -> int:
    return int(connection.exec_driver_sql(statement.format(quote_name(table))).scalar_one())


def _renamed(ddl: str, name: str) -> str:
    create = create_if_missing(ddl)
    old = name_of(ddl)
    head, _, rest = create.partition(old)
    return f"{head}{name}{rest}"


def _print(impl: ClickHouseImpl, op: RebuildTable, name: str, beside: str) -> None:
    impl.remark(f"{name} is rewritten: let nothing write there until the end of these five statements.")
    impl.run(f"DROP TABLE IF EXISTS {quote_name(beside)} SYNC")
    impl.run(_renamed(op.ddl, beside))
    names = ", ".join(quote_name(column) for column in op.copy)
    impl.run(
        f"INSERT INTO {quote_name(beside)} ({names}) SELECT {', '.join(op.copy.values())} "
        f"FROM {quote_name(name)} {_COPY_SETTINGS}"
    )
    impl.run(f"EXCHANGE TABLES {quote_name(name)} AND {quote_name(beside)}")
    impl.run(f"DROP TABLE {quote_name(beside)} SYNC")
