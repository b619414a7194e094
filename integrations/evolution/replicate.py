"""A single server's tables become a cluster's, in place: no row is copied on that server, the others fetch theirs.

The engine writes a table's definition anew (`ATTACH TABLE … AS REPLICATED`) and its parts into Keeper (`SYSTEM RESTORE
REPLICA`). Killed anywhere, the next run goes on: what is detached is attached, what has no place in Keeper gets it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from chimera_metrics.integrations.clickhouse.cluster import VERSION_TABLE, Cluster, clustered, here
from chimera_metrics.integrations.clickhouse.literals import quote, quote_name
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import SchemaMismatch, StatementFailed
from chimera_metrics.integrations.evolution.canonical import TableForm, read
from chimera_metrics.integrations.evolution.version import rows
from chimera_metrics.models.base import DEDUPLICATION_WINDOW

_WINDOW = f"non_replicated_deduplication_window = {DEDUPLICATION_WINDOW}"


@dataclass(frozen=True, slots=True)
class Content:
    """What a table holds: rows, and a sum over the hashes of all of them, whatever their order."""

    rows: int
    checksum: int


def alone(connection: Connection, database: str, ours: Collection[str]) -> list[str]:
    """Tables of ours that stand on this server only: plain ones, those that a killed run left detached, and those that
    it left without their place in Keeper."""
    listed, where = ", ".join(map(quote, sorted(ours))), f"database = {quote(database)}"
    of_table = f"{where} AND table IN ({listed})"
    statements = (
        f"SELECT name FROM system.tables WHERE {where} AND name IN ({listed}) AND endsWith(engine, 'MergeTree') "
        "AND NOT startsWith(engine, 'Replicated') AND NOT startsWith(engine, 'Shared')",
        f"SELECT table FROM system.detached_tables WHERE {of_table}",
        f"SELECT table FROM system.replicas WHERE {of_table} AND is_readonly AND total_replicas = 0",
    )
    return sorted({str(name) for statement in statements for (name,) in rows(connection, statement)})


def convert(connection: Connection, settings: ClickHouseSettings, table: str) -> Content:
    """Makes a table of this server replicated, and answers what it holds, which is what it held."""
    name = quote_name(table)
    stands = read(connection, settings.database, only=table)
    before = None
    if stands:
        before = content(connection, table)
        # A definition that is replicated already only lacks its place in Keeper.
        replicated = bool(rows(connection, f"SELECT 1 FROM system.replicas WHERE {_is(settings, table)}"))
        if not replicated:
            _run(connection, f"DETACH TABLE {name}")
    if not stands or not replicated:
        _run(connection, f"ATTACH TABLE {name} AS REPLICATED")
    _run(connection, here(f"SYSTEM RESTORE REPLICA {name}", settings))
    after = content(connection, table)
    if before is not None and before != after:
        raise StatementFailed(
            f"{table} holds {after.rows:,} rows as a replicated table and held {before.rows:,} before, or other ones: "
            "something wrote to it meanwhile. Stop what writes there, compare it with your backup, and run this again."
        )
    return after


def lacking(connection: Connection, settings: ClickHouseSettings, ours: Collection[str]) -> list[str]:
    """Replicated tables of ours of which some server of the cluster has no replica, by what Keeper knows: a run was
    killed before it had made them there, or the server came later."""
    servers = f"SELECT count() FROM system.clusters WHERE cluster = {quote(str(settings.cluster))}"
    found = rows(
        connection,
        f"SELECT table FROM system.replicas WHERE database = {quote(settings.database)} "
        f"AND table IN ({', '.join(map(quote, sorted(ours)))}) AND total_replicas BETWEEN 1 AND ({servers}) - 1",
    )
    return sorted(str(name) for (name,) in found)


def spread(connection: Connection, settings: ClickHouseSettings, ours: Collection[str]) -> int:
    """Makes the replicated tables of ours on every other server of the cluster, and the views that write into them;
    answers how many tables. The version table comes last: while it lacks a replica, the rest may not be there."""
    schema = read(connection, settings.database)
    tables = sorted(name for name in schema.keys() & set(ours) if schema[name].kind == "table")
    for table in tables:
        if table != VERSION_TABLE:
            _make_on_others(connection, settings, schema[table])
    for form in schema.values():
        if form.kind == "materialized" and form.target in tables:
            _run(connection, form.ddl)
    if VERSION_TABLE in tables:
        _make_on_others(connection, settings, schema[VERSION_TABLE])
    return len(tables)


def _make_on_others(connection: Connection, settings: ClickHouseSettings, form: TableForm) -> None:
    for statement in on_others(connection, settings, form.name, form.ddl):
        _run(connection, statement)
    _run(connection, _remembering(settings, form.name))


def _remembering(settings: ClickHouseSettings, table: str) -> str:
    """Gives the replica of this server, which was a plain table, the memory of blocks that the others are made with."""
    cluster = Cluster.of(settings)
    assert cluster is not None  # noqa: S101  # only a cluster's tables are spread
    changed = clustered(f"ALTER TABLE {quote_name(table)} MODIFY SETTING {_WINDOW}", cluster)
    return here(changed.replace(cluster.everywhere, "", 1), settings)


def on_others(connection: Connection, settings: ClickHouseSettings, table: str, ddl: str) -> Iterator[str]:
    """What makes the table on the cluster's other servers: at the place in Keeper that it has here."""
    found = rows(connection, f"SELECT zookeeper_path FROM system.replicas WHERE {_is(settings, table)}")
    if not found:
        raise SchemaMismatch(f"{table} is not replicated yet, so the other servers cannot join it; run `muse adopt`.")
    cluster = Cluster.of(settings)
    assert cluster is not None  # noqa: S101  # only a cluster's tables are spread
    own = cluster.engine(table, "").partition("('")[2].partition("'")[0]
    yield clustered(ddl, cluster).replace(own, str(found[0][0]), 1)
    yield f"SYSTEM SYNC REPLICA {quote_name(table)}"


def content(connection: Connection, table: str) -> Content:
    """Rows and checksum, of the merged rows where the engine merges."""
    [(engine,)] = rows(
        connection, f"SELECT engine FROM system.tables WHERE database = currentDatabase() AND name = {quote(table)}"
    )
    final = "" if engine in {"MergeTree", "ReplicatedMergeTree"} else " FINAL"
    summed = "sum(sipHash64(formatRow('RowBinary', *)))"
    [(count, checksum)] = rows(connection, f"SELECT count(), {summed} FROM {quote_name(table)}{final}")
    return Content(int(count), int(checksum or 0))


def _is(settings: ClickHouseSettings, table: str) -> str:
    return f"database = {quote(settings.database)} AND table = {quote(table)}"


def _run(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement.replace("%", "%%"))
