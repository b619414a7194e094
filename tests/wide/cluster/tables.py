"""Every table with its replicated engine on a real Keeper: made, read, compared with its model, dropped, adopted."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlalchemy import Connection

from chimera_metrics.integrations.clickhouse.cluster import Cluster, clustered
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.integrations.evolution import replicate, runner
from chimera_metrics.integrations.evolution.canonical import TableForm, differences, read
from chimera_metrics.integrations.evolution.engines import migration_connection
from chimera_metrics.models import FACT_TABLES
from tests.wide.cluster.chdb_servers import CLUSTER
from tests.writing.rows import make_rows

REPLICATED = "replicated"
Finding = tuple[str, str]
"""A table, and what is wrong with it: '' for nothing."""


def made_and_dropped(settings: ClickHouseSettings) -> Iterator[Finding]:
    """Of each table and view, with the engine that it has on a cluster."""
    runner.upgrade(settings)
    with migration_connection(settings) as connection:
        wanted = read(connection, settings.database)
        connection.exec_driver_sql(f"CREATE DATABASE {REPLICATED}")
    views = [form for form in wanted.values() if form.kind == "materialized"]
    tables = [form for form in wanted.values() if form.kind != "materialized"]
    with migration_connection(settings.model_copy(update={"database": REPLICATED})) as connection:
        for form in (*tables, *views):
            connection.exec_driver_sql(_of_this_server(form).replace("%", "%%"))
        stands = read(connection, REPLICATED)
        places = _places(connection)
        for form in (*tables, *views):
            yield form.name, "; ".join(_faults(connection, form, stands[form.name], places))
        for form in (*views, *tables):
            connection.exec_driver_sql(f"DROP TABLE {form.name} SYNC")
        yield "places in Keeper", ", ".join(_places(connection).values())


def _of_this_server(form: TableForm) -> str:
    return clustered(form.ddl, Cluster(CLUSTER, REPLICATED)).replace(f" ON CLUSTER '{CLUSTER}'", "")


def _faults(connection: Connection, form: TableForm, stands: TableForm, places: dict[str, str]) -> Iterator[str]:
    yield from differences(stands, form)
    if form.kind == "materialized":
        return
    if places.get(form.name) not in {f"/clickhouse/{at}/{REPLICATED}/{form.name}" for at in ("tables/1", "books")}:
        yield f"its place in Keeper is {places.get(form.name)}"
    if connection.exec_driver_sql(f"SELECT count() FROM {form.name}").scalar_one() != 0:
        yield "it is not empty"


def _places(connection: Connection) -> dict[str, str]:
    asked = f"SELECT table, zookeeper_path FROM system.replicas WHERE database = '{REPLICATED}'"
    return {str(table): str(path) for table, path in connection.exec_driver_sql(asked)}


def adopted(settings: ClickHouseSettings) -> Iterator[Finding]:
    """Of each table of a single server, filled, which becomes replicated in place."""
    settings = settings.model_copy(update={"database": "adopted"})
    runner.upgrade(settings)
    with ClickHouseClient(settings) as client:
        for table in FACT_TABLES:
            getattr(client, f"insert_{table}")(make_rows(table, 500, 7, days=3))
    with migration_connection(settings) as connection:
        names = [name for name, form in read(connection, settings.database).items() if form.kind == "table"]
        before = {name: replicate.content(connection, name) for name in names}
        yield "listed", "" if replicate.alone(connection, settings.database, names) == sorted(names) else "not all"
        # As a run leaves them that was killed after its first statement, and after its second.
        connection.exec_driver_sql("DETACH TABLE episodes")
        connection.exec_driver_sql("DETACH TABLE deployments")
        connection.exec_driver_sql("ATTACH TABLE deployments AS REPLICATED")
        for name in replicate.alone(connection, settings.database, names):
            after = replicate.convert(connection, settings, name)
            yield name, "" if after == before[name] else f"{after} is not {before[name]}"
        left = replicate.alone(connection, settings.database, names)
        yield "left", ", ".join(left)
    yield "drift", "; ".join(runner.check(settings))


def rows_of(settings: ClickHouseSettings) -> int:
    """How many rows the adopted facts hold."""
    with migration_connection(settings.model_copy(update={"database": "adopted"})) as connection:
        return sum(replicate.content(connection, table).rows for table in FACT_TABLES)


def refused(act: Callable[[], object], words: str, kind: type[MuseError] = MuseError) -> str:
    """What is wrong with how something was refused: '' where the sentence holds these words."""
    try:
        act()
    except kind as error:
        return "" if words in error.sentence else error.sentence
    return "it was not refused"
