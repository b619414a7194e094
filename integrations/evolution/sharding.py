"""What a cluster with shards has besides the tables of the models, and what `muse upgrade` does when shards were added.

`muse_shards` tells over how many shards rows were spread, and since when: the writer goes by it, not by the servers'
configuration, so a batch that was begun before shards were added is finished where it was begun (see
writing/spreading.py).
"""

from __future__ import annotations

from collections import Counter

from sqlalchemy import Connection, exc

from chimera_metrics.integrations.clickhouse import shards, store_form
from chimera_metrics.integrations.clickhouse.cluster import HERE, Cluster
from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import SchemaMismatch, SettingsError
from chimera_metrics.integrations.evolution.canonical import read
from chimera_metrics.integrations.evolution.version import rows


def statements(settings: ClickHouseSettings) -> list[str]:
    """What makes the two tables; none where rows are not spread over shards."""
    if not settings.on_shards:
        return []
    return [
        f"CREATE TABLE IF NOT EXISTS {shards.COUNTS} (at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC'), shards UInt32) "
        "ENGINE = MergeTree ORDER BY at COMMENT 'Over how many shards rows are spread, and since when.'",
        # Made again each time: a newer version of the servers knows more of its parts.
        f"CREATE OR REPLACE TABLE {shards.PARTS} AS system.parts "
        f"ENGINE = Distributed('{settings.cluster}', 'system', 'parts')",
    ]


def counting(settings: ClickHouseSettings) -> str:
    """What notes over how many shards rows are spread from now on, where that is news."""
    known = f"SELECT argMax(shards, at) FROM {shards.COUNTS}"
    return (
        f"INSERT INTO {shards.COUNTS} (shards) SELECT uniqExact(shard_num) AS now FROM system.clusters "
        f"WHERE cluster = {quote(str(settings.cluster))} HAVING now > ({known})"
    )


def offline(settings: ClickHouseSettings) -> list[str]:
    """What `--sql` prints before the steps."""
    return [*statements(settings), counting(settings)] if settings.on_shards else []


def prepare(connection: Connection, settings: ClickHouseSettings) -> None:
    """Makes what shards need, puts every table on servers that came since, and only then spreads rows over them."""
    if not settings.on_shards:
        return
    for statement in statements(settings):
        _run(connection, statement)
    _refuse_fewer(connection, settings)
    _put_on_new_servers(connection, settings)
    _level(connection, settings)
    _run(connection, counting(settings))
    _run(connection, f"SYSTEM SYNC REPLICA {shards.COUNTS}")


def refuse_other_form(connection: Connection, settings: ClickHouseSettings) -> None:
    """Raises SchemaMismatch for tables that are not of the form that CH_CLUSTER and CH_SHARDED say."""
    found = rows(connection, store_form.question(settings.database))
    if (wrong := store_form.misfit(settings, found)) is not None:
        raise SchemaMismatch(wrong.sentence(settings))


def _refuse_fewer(connection: Connection, settings: ClickHouseSettings) -> None:
    [(known, now)] = rows(
        connection,
        f"SELECT (SELECT max(shards) FROM {shards.COUNTS}), (SELECT uniqExact(shard_num) FROM system.clusters "
        f"WHERE cluster = {quote(str(settings.cluster))})",
    )
    if int(now) < int(known):
        raise SettingsError(
            f"The cluster {settings.cluster} has {now} shards by the configuration of {settings.where}, but rows lie "
            f"on {known}: name them all in <remote_servers> of every server. To have fewer shards, `muse copy` the "
            "store into a new database."
        )


def _put_on_new_servers(connection: Connection, settings: ClickHouseSettings) -> None:
    """Runs the CREATE of every table again that some server of the cluster lacks."""
    name, where = quote(str(settings.cluster)), f"database = {quote(settings.database)}"
    try:
        there = Counter(
            str(table)
            for (table,) in rows(
                connection, f"SELECT name FROM clusterAllReplicas({name}, system, tables) WHERE {where}"
            )
        )
    except exc.DBAPIError:
        return  # a server is away: the first step that needs it says which
    [(servers,)] = rows(connection, f"SELECT count() FROM system.clusters WHERE cluster = {name}")
    made = rows(connection, f"{HERE}SELECT name, engine, create_table_query FROM system.tables WHERE {where}")
    # What reads a table comes after it.
    order = {"Distributed": 1, "MaterializedView": 2}
    for table, _, create in sorted(made, key=lambda row: order.get(str(row[1]), 0)):
        if there[str(table)] < int(servers):
            _run(connection, str(create))


def _level(connection: Connection, settings: ClickHouseSettings) -> None:
    """A run that was killed between a change on the shards and the same above them: makes what is above again."""
    cluster = Cluster.of(settings)
    assert cluster is not None  # noqa: S101  # only a cluster has shards
    for form in read(connection, settings.database).values():
        if form.above:
            _run(connection, f"SYSTEM FLUSH DISTRIBUTED {form.name}")
            above = shards.above(form.name, cluster, f" COMMENT {quote(form.comment)}")
            _run(connection, above.replace("CREATE", "CREATE OR REPLACE", 1))


def apart(connection: Connection, settings: ClickHouseSettings) -> list[str]:
    """A sentence for each table that reads all shards and is not as theirs are."""
    return [
        f"{form.name} has {form.above} above its shards: run `muse upgrade`, which makes it again"
        for form in read(connection, settings.database).values()
        if form.above
    ]


def _run(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement.replace("%", "%%"))
