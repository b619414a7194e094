"""The wire as clients see it: handshake, statements, inserts, settings, cancelling, parallel clients."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver.errors import ServerException
from sqlalchemy import create_engine, text

from tests.support.wire_process import Address, Wire
from tests.support_tests.conftest import Connect
from tests.support_tests.processes import gone_after, in_background, wait_until_running

ENDLESS = "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(number)"


# -- handshake


def test_the_handshake_names_the_server(client: Any) -> None:
    [(version,)] = client.execute("SELECT version()")
    info = client.connection.server_info
    assert (info.name, info.timezone) == ("ClickHouse", "UTC")
    assert version.startswith(".".join(map(str, info.version_tuple())) + ".")


@pytest.mark.parametrize(("user", "password"), [("default", "wrong"), ("default", ""), ("nobody", "secret")])
def test_a_wrong_password_is_code_516(connect: Connect, user: str, password: str) -> None:
    with pytest.raises(ServerException, match="Authentication failed") as caught:
        connect(user=user, password=password).execute("SELECT 1")

    assert caught.value.code == 516


def test_the_database_of_the_handshake_is_used(client: Any, connect: Connect) -> None:
    client.execute("CREATE DATABASE IF NOT EXISTS other")

    assert connect(database="other").execute("SELECT currentDatabase()") == [("other",)]
    with pytest.raises(ServerException) as caught:
        connect(database="nowhere").execute("SELECT 1")
    assert caught.value.code == 81


def test_it_can_pose_as_an_old_server(own_wire: Wire, tmp_path: Path, connect: Connect) -> None:
    old = connect(own_wire.start(path=tmp_path / "store", version="18.16.1", revision=54448, password="secret"))

    assert old.execute("SELECT 1") == [(1,)]
    assert old.execute("SELECT version() AS v, 'version()'") == [("18.16.1", "version()")]
    assert old.connection.server_info.version_tuple() == (18, 16, 1)
    assert old.connection.server_info.used_revision == 54448


def test_ping_answers(client: Any) -> None:
    client.execute("SELECT 1")
    assert client.connection.ping()


def test_sqlalchemy_reaches_it(address: Address) -> None:
    engine = create_engine(f"clickhouse+native://default:secret@{address.host}:{address.port}/default")
    try:
        with engine.connect() as connection:
            assert connection.execute(text("SELECT 1")).scalar() == 1
    finally:
        engine.dispose()


# -- statements


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELEC 1", 62),
        ("SELECT 1; SELECT 2", 62),
        ("SELECT * FROM nowhere", 60),
        ("SELECT nothing", 47),
        ("SELECT throwIf(number = 3) FROM numbers(10)", 395),
        ("SELECT 1 INTO OUTFILE 'x'", 358),
        ("DROP TABLE nowhere", 60),
    ],
)
def test_an_exception_keeps_its_code_and_the_connection_goes_on(client: Any, sql: str, code: int) -> None:
    with pytest.raises(ServerException, match=r"DB::Exception") as caught:
        client.execute(sql)

    assert caught.value.code == code
    assert "native wire" not in caught.value.message
    assert client.execute("SELECT 1") == [(1,)]


def test_statements_that_are_not_streamed_answer_too(client: Any, table: str) -> None:
    assert (table,) in client.execute("SHOW TABLES")
    assert client.execute(f"EXISTS TABLE {table}") == [(1,)]
    assert [row[:2] for row in client.execute(f"DESCRIBE TABLE {table}")] == [("a", "UInt64"), ("s", "String")]
    assert client.execute("SHOW TABLES LIKE 'no such'", with_column_types=True) == ([], [("name", "String")])
    assert client.execute("EXPLAIN SELECT 1")[0][0]


def test_a_format_clause_is_the_clients_business(client: Any) -> None:
    assert client.execute("SELECT 'FORMAT CSV' AS x -- end\n FORMAT JSON;") == [("FORMAT CSV",)]


def test_bound_parameters_reach_the_engine(connect: Connect) -> None:
    values = {"s": "it's a\ttab\\ and\nmore", "n": 7, "l": ["a", "b"]}
    client = connect(settings={"server_side_params": True})

    assert client.execute("SELECT {s:String}, {n:UInt8}, {l:Array(String)}", values) == [tuple(values.values())]
    assert client.execute("SELECT toDateTime(0, 'UTC'), {n:UInt8} WHERE {n:UInt8} = 8", {"n": 7}) == []


def test_reading_reports_progress(client: Any) -> None:
    client.execute("SELECT sum(number) FROM numbers(100000)")

    assert client.last_query.progress.rows == 100_000
    assert client.last_query.profile_info.rows == 1


# -- inserts


def test_ten_thousand_rows_arrive(client: Any, table: str) -> None:
    rows = [(n, f"row {n}") for n in range(10_000)]

    assert client.execute(f"INSERT INTO {table} (a, s) VALUES", rows) == len(rows)
    assert client.execute(f"SELECT a, s FROM {table} ORDER BY a") == rows
    assert client.last_query.progress.rows == len(rows)


def test_an_insert_arrives_in_several_blocks(connect: Connect, table: str) -> None:
    client = connect(settings={"insert_block_size": 100})
    client.execute(f"INSERT INTO {table} VALUES", ((n, "x") for n in range(1050)))

    assert client.execute(f"SELECT count(), uniqExact(a) FROM {table}") == [(1050, 1050)]


def test_inserts_written_out_in_sql(client: Any, table: str) -> None:
    client.execute(f"INSERT INTO {table} VALUES (1, 'VALUES'), (2, ';')")
    client.execute(f"INSERT INTO {table} (a) SELECT number FROM numbers(3)")

    assert client.execute(f"SELECT sum(a) FROM {table}") == [(6,)]
    assert client.last_query.progress.rows == 5


def test_columns_that_the_insert_leaves_out(client: Any) -> None:
    client.execute(
        "CREATE OR REPLACE TABLE `odd name` (`a b` UInt8, d UInt8 DEFAULT 5, m UInt8 MATERIALIZED d + 1) "
        "ENGINE = MergeTree ORDER BY d"
    )
    client.execute("INSERT INTO `odd name` (`a b`) VALUES", [(1,)])
    client.execute("INSERT INTO `odd name` VALUES", [(2, 3)])
    client.execute("INSERT INTO default.`odd name` (* EXCEPT (d)) VALUES", [(4,)])

    assert client.execute("SELECT `a b`, d, m FROM `odd name` ORDER BY 1") == [(1, 5, 6), (2, 3, 4), (4, 5, 6)]


@pytest.mark.parametrize(("into", "code"), [("nowhere (a)", 60), ("{table} (nothing)", 16)])
def test_an_insert_is_refused_before_its_rows(client: Any, table: str, into: str, code: int) -> None:
    with pytest.raises(ServerException) as caught:
        client.execute(f"INSERT INTO {into.format(table=table)} VALUES", [(1,)])

    assert caught.value.code == code


# chDB's `send_insert` reports success for these and stores nothing, so the wire must not insert through it.
@pytest.mark.parametrize("revision", [54448, 54459])
def test_an_insert_that_the_engine_refuses_keeps_its_code(connect: Connect, revision: int) -> None:
    client = connect(client_revision=revision)
    client.execute("CREATE OR REPLACE TABLE checked (a UInt8, CONSTRAINT c CHECK a < 5) ENGINE = MergeTree ORDER BY a")
    with pytest.raises(ServerException) as caught:
        client.execute("INSERT INTO checked VALUES", [(1,), (9,)])

    assert caught.value.code == 469
    assert client.execute("SELECT count() FROM checked") == [(0,)]


def test_an_insert_token_reaches_the_engine(client: Any) -> None:
    client.execute(
        "CREATE OR REPLACE TABLE once (a UInt8) ENGINE = MergeTree ORDER BY a "
        "SETTINGS non_replicated_deduplication_window = 100"
    )
    for token in ("one", "one", "two"):
        client.execute("INSERT INTO once VALUES", [(1,)], settings={"insert_deduplication_token": token})

    client.execute("INSERT INTO once SETTINGS insert_deduplication_token = 'one' VALUES", [(1,)])

    assert client.execute("SELECT count() FROM once") == [(2,)]


# -- settings


def test_settings_hold_for_one_statement(client: Any) -> None:
    query = "SELECT getSetting('max_threads'), getSetting('max_block_size')"
    before = client.execute(query)

    assert client.execute(query, settings={"max_threads": 3, "max_block_size": 77}) == [(3, 77)]
    assert client.execute(query) == before


def test_a_set_statement_stays_and_is_restored(client: Any) -> None:
    client.execute("SET max_block_size = 50")

    assert client.execute("SELECT getSetting('max_block_size')", settings={"max_block_size": 60}) == [(60,)]
    assert client.execute("SELECT getSetting('max_block_size')") == [(50,)]


def test_a_read_only_statement_does_not_bind_the_next(client: Any, table: str) -> None:
    with pytest.raises(ServerException) as caught:
        client.execute(f"DROP TABLE {table}", settings={"readonly": 1, "max_threads": 1})

    assert caught.value.code == 164
    client.execute(f"DROP TABLE {table}")


def test_a_read_only_statement_keeps_the_database(client: Any) -> None:
    client.execute("USE system")
    assert client.execute("SELECT currentDatabase()", settings={"readonly": 1}) == [("system",)]


def test_an_unknown_setting_fails_only_when_it_is_important(client: Any, connect: Connect) -> None:
    settings = {"no_such_setting": 1, "max_threads": 3}

    assert client.execute("SELECT getSetting('max_threads')", settings=settings) == [(3,)]
    with pytest.raises(ServerException) as caught:
        connect(settings_is_important=True).execute("SELECT 1", settings=settings)
    assert caught.value.code == 115


@pytest.mark.parametrize(
    ("settings", "code"),
    [({"max_execution_time": 0.2}, 159), ({"max_rows_to_read": 1000}, 158)],
)
def test_limits_end_a_statement(client: Any, settings: dict[str, Any], code: int) -> None:
    started = time.monotonic()
    with pytest.raises(ServerException) as caught:
        client.execute(ENDLESS, settings=settings)

    assert caught.value.code == code
    assert time.monotonic() - started < 2


def test_a_limit_of_result_rows_ends_a_statement(client: Any) -> None:
    with pytest.raises(ServerException) as caught:
        client.execute("SELECT number FROM numbers(100000)", settings={"max_result_rows": 1000})

    assert caught.value.code == 396


# -- streaming, cancelling, killing


def test_a_big_result_streams(client: Any) -> None:
    rows = client.execute_iter("SELECT number, toString(number) FROM numbers(500000)")

    assert sum(number for number, _ in rows) == sum(range(500_000))


def test_a_cancelled_statement_vanishes(client: Any, connect: Connect) -> None:
    reading = connect()
    rows = reading.execute_iter("SELECT number AS to_cancel FROM numbers(10000000000)", chunk_size=1000)
    next(rows)
    reading.cancel()

    assert gone_after(client, "to_cancel")
    assert reading.execute("SELECT 1") == [(1,)]


@pytest.mark.parametrize("what", ["count()", "number"])
def test_a_client_that_leaves_takes_its_statement_along(client: Any, connect: Connect, what: str) -> None:
    leaving = connect()
    leaving.connection.force_connect()
    leaving.connection.send_query(f"SELECT {what} AS left_alone FROM numbers(1000000000000) WHERE NOT ignore(number)")
    leaving.connection.send_external_tables(None)
    wait_until_running(client, "left_alone")
    leaving.disconnect()

    assert gone_after(client, "left_alone")


def test_clients_that_leave_at_once_take_their_statements_along(client: Any, connect: Connect) -> None:
    """While the engine is still opening the stream: ending that then waits for all of its rows."""
    for _ in range(40):
        leaving = connect()
        leaving.connection.force_connect()
        leaving.connection.send_query(
            "SELECT number AS left_early FROM numbers(1000000000000) WHERE NOT ignore(number)"
        )
        leaving.connection.send_external_tables(None)
        leaving.disconnect()

    assert gone_after(client, "left_early", 10)


def test_kill_query_from_another_connection(client: Any, connect: Connect) -> None:
    thread, outcome = in_background(connect(), ENDLESS, query_id="the one to kill")
    wait_until_running(client, "numbers(1000000000000)")
    running = client.execute("SELECT elapsed > 0 FROM system.processes WHERE query_id = 'the one to kill'")
    client.execute("KILL QUERY WHERE query_id = 'the one to kill'")
    thread.join(2)

    assert running == [(1,)]
    assert not thread.is_alive()
    assert outcome[0].code == 394


def test_clients_work_in_parallel(client: Any, connect: Connect, table: str) -> None:
    jobs = [in_background(connect(), f"INSERT INTO {table} VALUES", params=[(n, "x")] * 200) for n in range(6)]
    sleepers = [in_background(connect(), "SELECT sleep(0.5)") for _ in range(4)]
    started = time.monotonic()
    for thread, _ in jobs + sleepers:
        thread.join(5)

    assert time.monotonic() - started < 4 * 0.5
    assert client.execute(f"SELECT count() FROM {table}") == [(1200,)]
