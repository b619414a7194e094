"""A cluster that could not keep the tables whole is refused; a step that some server lacks says which."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, exc

from chimera_metrics.integrations.clickhouse.error_codes import ErrorCode, code_of
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import AccessRefused, MuseError, SettingsError, StatementFailed
from chimera_metrics.integrations.evolution import adopt, cluster_fitness, engines, runner
from chimera_metrics.integrations.evolution.cluster_fitness import refuse_unfit, unfinished
from chimera_metrics.integrations.evolution.engines import migration_engine
from tests.support.wire_process import Wire

_SHARD = "<shard><replica><host>127.0.0.1</host><port>9000</port></replica></shard>"
CONFIG = f"""<clickhouse><macros><shard>1</shard></macros>
<remote_servers><one>{_SHARD}</one><two>{_SHARD}{_SHARD}</two></remote_servers></clickhouse>"""
# The engine's words, when a server of the cluster was stopped.
LATE = (
    "Distributed DDL task /clickhouse/task_queue/ddl/query-0000000007 is not finished on 1 of 2 hosts (0 of them are "
    "currently executing the task, 1 are inactive). They are going to execute the query in background"
)


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Wire, ClickHouseSettings]]:
    config = tmp_path_factory.mktemp("config") / "config.xml"
    config.write_text(CONFIG)
    with Wire() as made:
        at = made.start(path=tmp_path_factory.mktemp("fitness"), config_file=config)
        yield made, ClickHouseSettings(host=at.host, port=at.port, secure=False, database="default", cluster="one")


@pytest.fixture
def engine(wire: tuple[Wire, ClickHouseSettings]) -> Iterator[Engine]:
    made = migration_engine(wire[1])
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def posing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Wire, ClickHouseSettings]]:
    """A server that poses as a cluster, and answers ON CLUSTER with a row for each server that is done."""
    with Wire() as made:
        at = made.start(path=tmp_path_factory.mktemp("posing"), alone=True)
        yield made, ClickHouseSettings(host=at.host, port=at.port, secure=False, database="default", cluster="one")


def test_a_step_is_waited_for_on_every_server_and_the_last_ones_error_is_heard(
    posing: tuple[Wire, ClickHouseSettings],
) -> None:
    made, settings = posing
    engine = migration_engine(settings)
    make = "CREATE TABLE {} (a Int8) ENGINE = MergeTree ORDER BY a"
    with engine.connect() as connection:
        connection.exec_driver_sql(make.format("whole"))
        made.arm("before_end_of_stream", "refuse", table="late", code=159, words=LATE)
        with pytest.raises(exc.DBAPIError) as caught:
            connection.exec_driver_sql(make.format("late"))
    assert code_of(caught.value) == ErrorCode.TIMEOUT_EXCEEDED
    engine.dispose()


@pytest.mark.parametrize(
    ("cluster", "sentence"),
    [
        ("moose", r"CH_CLUSTER holds 'moose', but .* knows no such cluster: set it to one of .*one, two"),
        ("two", r"The cluster two has 2 shards, .*set CH_CLUSTER to a cluster of one shard"),
        ("one", r"has no macro replica, .*add <macros> to the configuration of every server"),
    ],
)
def test_a_cluster_that_is_not_fit_is_one_sentence(
    wire: tuple[Wire, ClickHouseSettings], engine: Engine, cluster: str, sentence: str
) -> None:
    with engine.connect() as connection, pytest.raises(SettingsError, match=sentence):
        refuse_unfit(connection, wire[1].model_copy(update={"cluster": cluster}))


def test_a_migration_that_a_server_lacks_says_which_and_what_to_do(
    wire: tuple[Wire, ClickHouseSettings], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, settings = wire
    monkeypatch.setattr(engines, "refuse_unfit", lambda *_: None)  # it lacks a macro
    monkeypatch.setattr(cluster_fitness, "_missing", lambda *_: ["a2:9000", "replica r2"])
    made.arm("query_received", "refuse", table="CREATE DATABASE", code=159, words=LATE)
    with pytest.raises(MuseError, match=r"taken this step; what lacks it: a2:9000, replica r2\..*run the same command"):
        runner.upgrade(settings.model_copy(update={"database": "late"}))


@pytest.mark.parametrize(
    ("cluster", "sentence"),
    [("moose", "CH_CLUSTER holds 'moose', but .* knows no such cluster"), ("one", "has no macro replica")],
)
def test_no_database_is_asked_for_on_a_cluster_that_is_not_fit(
    wire: tuple[Wire, ClickHouseSettings], cluster: str, sentence: str
) -> None:
    """The engine's own words on `ON CLUSTER` would be taken for a matter of rights."""
    fresh = wire[1].model_copy(update={"database": "fresh", "cluster": cluster})
    for act in (runner.upgrade, adopt.plan):
        with pytest.raises(SettingsError, match=sentence):
            act(fresh)


@pytest.mark.parametrize(
    ("code", "words", "kind", "sentence"),
    [
        (
            392,
            "Replicated DDL queries are disabled",
            SettingsError,
            "add <distributed_ddl> to the configuration of every",
        ),
        (225, "There is no ZooKeeper configuration", StatementFailed, "name it in the servers' <zookeeper>"),
        (497, "Not enough privileges", AccessRefused, "The account default could not create the database"),
        (
            1001,
            "Some other fault",
            StatementFailed,
            "Some other fault. Put that right, and run the same command again.",
        ),
    ],
)
def test_why_a_database_could_not_be_made(
    wire: tuple[Wire, ClickHouseSettings],
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    words: str,
    kind: type[MuseError],
    sentence: str,
) -> None:
    monkeypatch.setattr(engines, "refuse_unfit", lambda *_: None)
    wire[0].arm("query_received", "refuse", table="CREATE DATABASE", code=code, words=words)
    with pytest.raises(kind) as caught:
        engines.ensure_database(wire[1].model_copy(update={"database": "fresh"}))
    wire[0].disarm()
    assert sentence in caught.value.sentence


def test_without_a_name_the_sentence_stands_all_the_same(wire: tuple[Wire, ClickHouseSettings], engine: Engine) -> None:
    made, settings = wire
    made.arm("query_received", "refuse", table="SELECT 41", code=341, words="Mutation is not finished")
    with engine.connect() as connection, pytest.raises(exc.DBAPIError) as caught:
        connection.exec_driver_sql("SELECT 41")
    found = unfinished(caught.value, engine, settings)
    assert isinstance(found, StatementFailed)
    assert "one that is down, see `muse status`" in found.sentence
    assert unfinished(caught.value, engine, settings.model_copy(update={"cluster": None})) is None


def test_the_engine_has_what_is_asked_for(wire: tuple[Wire, ClickHouseSettings], engine: Engine) -> None:
    asked: list[str] = []
    original = cluster_fitness._rows

    def note(connection: object, statement: str) -> list[tuple[str, str]]:
        asked.append(statement)
        return []

    cluster_fitness._rows = note
    try:
        cluster_fitness._missing(engine, wire[1])
    finally:
        cluster_fitness._rows = original
    assert len(asked) == 2
    with engine.connect() as connection:
        for statement in asked:
            assert len(connection.exec_driver_sql(f"DESCRIBE ({statement})".replace("%", "%%")).fetchall()) == 2
