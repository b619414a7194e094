"""Limits, cancellation, the pool and errors, on both engines."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from chimera_metrics.integrations.clickhouse import dbapi
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.explaining import explain
from chimera_metrics.integrations.clickhouse.statements import Cancellation, Limits, Traced
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import (
    MemoryExceeded,
    MuseError,
    PoolExhausted,
    StatementCancelled,
    StatementFailed,
    StatementTimeout,
)
from chimera_metrics.models import UiEvent

ENDLESS = "SELECT count() FROM numbers(100000000000) WHERE sipHash64(number) = 1"


def _but(settings: ClickHouseSettings, **changes: object) -> ClickHouseSettings:
    return settings.model_copy(update=changes)


def _only_the_look_runs(executor: Executor, part: str) -> bool:
    """Whether, within seconds, no statement with these words runs but the one that looks for them."""
    deadline = time.monotonic() + 5
    while executor.scalar(f"SELECT count() FROM system.processes WHERE query LIKE '%{part}%'") > 1:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_a_statement_ends_at_its_timeout(executor: Executor) -> None:
    started = time.monotonic()
    with pytest.raises(StatementTimeout, match=r"stopped after 0\.5 s"):
        executor.read(ENDLESS, executor.limits(timeout_s=0.5))
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("asked", [1e-9, 4e-7, 1e-4])
def test_however_little_time_is_asked_for_it_is_a_limit(executor: Executor, asked: float) -> None:
    # The engine keeps microseconds, and 0 of them would mean any length of time.
    started = time.monotonic()
    with pytest.raises(StatementTimeout, match=r"stopped after 0\.001 s"):
        executor.read(ENDLESS, executor.limits(timeout_s=asked))
    assert time.monotonic() - started < 3


def test_ch_timeout_bounds_every_statement(settings: ClickHouseSettings) -> None:
    executor = Executor(_but(settings, timeout=0.5))
    with pytest.raises(StatementTimeout, match=r"0\.5 s.*CH_TIMEOUT"):
        executor.read(ENDLESS, executor.limits(timeout_s=20))
    executor.close()


def test_ch_max_memory_mb_bounds_a_statement(settings: ClickHouseSettings) -> None:
    executor = Executor(_but(settings, max_memory_mb=64))
    with pytest.raises(MemoryExceeded, match="64 MB"):
        executor.read("SELECT groupArray(number) FROM numbers(100000000)")
    executor.close()


def test_reading_stops_at_the_row_limit_without_reading_the_rest(executor: Executor) -> None:
    answer = executor.read("SELECT number FROM numbers(1000000000000)", executor.limits(rows=3))
    assert answer.rows == [(0,), (1,), (2,)]
    assert answer.truncated
    assert answer.rows_read < 1_000_000


def test_a_result_of_exactly_the_limit_is_whole(executor: Executor) -> None:
    answer = executor.read("SELECT number FROM numbers(3)", executor.limits(rows=3))
    assert (len(answer.rows), answer.truncated) == (3, False)


def test_the_row_limit_holds_for_the_answer_only_not_for_subqueries(executor: Executor) -> None:
    inner = "SELECT number FROM numbers(1000)"
    answer = executor.read(f"SELECT count() FROM ({inner}) WHERE number IN ({inner})", executor.limits(rows=1))
    assert answer.rows == [(1000,)]


def test_cancelling_stops_the_statement_on_the_engine(settings: ClickHouseSettings) -> None:
    executor = Executor(settings)
    cancellation = Cancellation()
    threading.Timer(0.3, cancellation.cancel).start()
    started = time.monotonic()
    with pytest.raises(StatementCancelled):
        executor.read(ENDLESS, cancellation=cancellation)
    assert time.monotonic() - started < 5
    assert _only_the_look_runs(executor, "sipHash64")
    executor.close()


def test_what_is_cancelled_before_it_starts_never_runs(executor: Executor) -> None:
    cancellation = Cancellation()
    cancellation.cancel()
    with pytest.raises(StatementCancelled):
        executor.read("SELECT 1", cancellation=cancellation)


def test_leaving_a_stream_early_stops_it(executor: Executor) -> None:
    with executor.open("SELECT number FROM numbers(100000000000)") as running:
        next(running.blocks())
    assert _only_the_look_runs(executor, "numbers(100000000000)")


def test_the_caller_beyond_the_pool_waits_and_then_gets_a_sentence(settings: ClickHouseSettings) -> None:
    executor = Executor(_but(settings, connection_pool_size=10, timeout=10))
    with ThreadPoolExecutor(11) as threads:
        sleeping = [threads.submit(executor.read, "SELECT sleep(2)") for _ in range(10)]
        while executor.engine.pool.checkedout() < 10:  # type: ignore[attr-defined]
            time.sleep(0.01)
        started = time.monotonic()
        assert executor.scalar("SELECT 1") == 1
        waited = time.monotonic() - started
        for future in sleeping:
            future.result()
    assert waited > 0.2
    executor.close()
    executor = Executor(_but(settings, connection_pool_size=10, timeout=2))
    with contextlib.ExitStack() as held:
        for _ in range(10):
            held.enter_context(executor.open("SELECT number FROM numbers(1000000000000)"))
        with pytest.raises(PoolExhausted, match=r"All 10 connections.*CH_CONNECTION_POOL_SIZE"):
            executor.scalar("SELECT 1")
    executor.close()


def test_every_read_refuses_to_write(executor: Executor) -> None:
    for statement in (
        "INSERT INTO episodes (series) VALUES ('x')",
        "DROP TABLE episodes",
        "SET readonly = 0",
        "SELECT 1 SETTINGS max_execution_time = 0",
    ):
        with pytest.raises(MuseError):
            executor.read(statement)


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            "SELECT nope FROM episodes",
            r"^Unknown column nope\. episodes has: .*commit_sha\. If it is text, .*'nope'.*\.$",
        ),
        (
            "SELECT * FROM nope",
            r"^There is no table nope\. `describe` lists the tables\.$",
        ),
        ("SELECT ((1", r"Syntax error.*Correct the SQL\.$"),
        ("SELECT toUInt8('x')", r"Cannot parse.*\.$"),
    ],
)
def test_an_engine_error_is_one_sentence_with_a_next_step(executor: Executor, statement: str, sentence: str) -> None:
    with pytest.raises(StatementFailed, match=sentence) as caught:
        executor.read(statement)
    assert "\n" not in str(caught.value)
    assert "version" not in str(caught.value)
    assert len(str(caught.value)) < 500


UNFINISHED = r"state that is not finished \(AggregateFunction\(sum, UInt8\)\).*uniqMerge.*query\.aggregate\.$"
UNREADABLE = [
    ("SELECT sumState(1)", "Unknown type AggregateFunction(sum, UInt8)", UNFINISHED),
    (
        "SELECT CAST([1, 2], 'QBit(Float32, 2)')",
        "Unknown type QBit(Float32, 2)",
        r"cast it to another, such as by toStr",
    ),
]


@pytest.mark.parametrize("function", ["toUInt8", "toFloat64"])
def test_an_error_that_quotes_a_long_value_is_a_short_sentence(executor: Executor, function: str) -> None:
    began = time.process_time()
    with pytest.raises(StatementFailed, match="lorem ipsum") as raised:
        executor.read(f"SELECT {function}(repeat('lorem ipsum ', 1000000))")
    assert len(str(raised.value)) < 2_500
    assert time.process_time() - began < 3.0  # 12 MB went through thirty patterns


@pytest.mark.parametrize(("statement", "said", "sentence"), UNREADABLE, ids=["state", "type"])
def test_a_type_that_is_not_read_is_a_sentence(
    embedded: ClickHouseSettings, statement: str, said: str, sentence: str
) -> None:
    with ClickHouseClient(embedded) as client, pytest.raises(StatementFailed, match=sentence):
        client.query(statement)
    of_a_server = explain(dbapi.DataError(f"A value does not fit its column: Code: 50. {said}", 50), Limits(1), "here")
    assert re.search(sentence, str(of_a_server))


def test_a_full_disk_has_a_next_step() -> None:
    full = dbapi.DataError("Cannot reserve 1.00 MiB, not enough space", 243)
    assert str(explain(full, Limits(1), "node:9440")) == (
        "Cannot reserve 1.00 MiB, not enough space. The disk of node:9440 is full: make room there, and try again; "
        "`muse retention apply` shows which days could go."
    )


def test_what_a_cluster_has_beside_the_tables_is_made_by_upgrade() -> None:
    for name in ("muse_claims", "muse_shards"):
        gone = dbapi.DataError(f"Unknown table expression identifier '{name}'", 60)
        assert str(explain(gone, Limits(1), "node")) == f"The store has no table {name} yet. Run `muse upgrade`."


SETTINGS = [
    ("max_threads = 'abc'", "max_threads"),
    ("max_threads = -1", "max_threads"),
    ("max_block_size = 0", "max_block_size"),
    ("max_threads = 2, join_algorithm = 'nope'", "join_algorithm"),
    ("totals_mode = 'x'", "totals_mode"),
    ("max_threads = 100000", "max_threads"),
]


@pytest.mark.parametrize(("clause", "name"), SETTINGS, ids=[clause for clause, _ in SETTINGS])
def test_a_mistake_in_a_settings_clause_names_the_setting(client: ClickHouseClient, clause: str, name: str) -> None:
    started = time.monotonic()
    with pytest.raises(StatementFailed, match=rf"^The setting {name} does not take .*leave it out"):
        client.query(f"SELECT 1 SETTINGS {clause}")
    assert time.monotonic() - started < 5  # not after it was tried again
    assert client.query("SELECT 1 SETTINGS max_threads = 2").rows == [[1]]


def test_a_mistake_elsewhere_is_not_laid_to_the_settings(client: ClickHouseClient) -> None:
    with pytest.raises(StatementFailed, match="Cannot parse"):
        client.query("SELECT toUInt8('x') SETTINGS max_threads = 2")


def test_the_tracer_sees_each_statement_with_its_id_and_outcome(settings: ClickHouseSettings) -> None:
    seen: list[Traced] = []
    executor = Executor(settings, tracer=seen.append)
    answer = executor.read(select(func.count()).select_from(UiEvent))
    with pytest.raises(StatementFailed):
        executor.read("SELECT nope")
    assert [(event.kind, event.error is None) for event in seen] == [("read", True), ("read", False)]
    assert seen[0].query_id == answer.query_id
    assert seen[0].statement == "SELECT count(*) AS count_1 \nFROM ui_events"
    executor.close()


def test_many_threads_read_at_once(executor: Executor) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: executor.scalar(f"SELECT {n}"), range(200)))
    assert answers == list(range(200))
