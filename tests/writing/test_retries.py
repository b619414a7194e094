"""Errors and what is done about them: by the table, and on a wire that breaks at each phase of an insert."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from chimera_metrics.integrations.clickhouse.retries import (
    CODES,
    RetryPolicy,
    pause_s,
    policy_of,
    read_policy_of,
    repeat,
)
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import (
    AccessRefused,
    InvalidInput,
    MemoryExceeded,
    MuseError,
    PoolExhausted,
    SchemaMismatch,
    StatementFailed,
    StatementTimeout,
    StoreBusy,
    Unreachable,
)
from chimera_metrics.integrations.evolution import runner
from tests.conftest import PASSWORD
from tests.support.native_wire.faults import INSERT_PHASES
from tests.support.wire_process import Wire
from tests.writing.rows import adds_up, counts, make_rows


@pytest.mark.parametrize(
    ("error", "policy"),
    [
        (StatementFailed("Too many partitions for single INSERT block (more than 100).", 252), RetryPolicy.SPLIT),
        (StatementFailed("Too many parts (3001). Merges are processing significantly slower.", 252), RetryPolicy.RETRY),
        (MemoryExceeded("more"), RetryPolicy.SPLIT),
        (StatementTimeout("slow"), RetryPolicy.RETRY),
        (Unreachable("gone"), RetryPolicy.RETRY),
        (StatementFailed("disk full", 243), RetryPolicy.STOP),
        (StoreBusy("in use"), RetryPolicy.REFUSE),
        (PoolExhausted("in use"), RetryPolicy.REFUSE),
        (AccessRefused("password"), RetryPolicy.REFUSE),
        (SchemaMismatch("old"), RetryPolicy.REFUSE),
        (InvalidInput("wrong"), RetryPolicy.REFUSE),
        *((StatementFailed("said so", code), policy) for code, policy in CODES.items()),
    ],
    ids=lambda value: f"{value.kind}-{getattr(value, 'code', '')}" if isinstance(value, MuseError) else None,
)
def test_each_error_has_its_policy(error: MuseError, policy: RetryPolicy) -> None:
    assert policy_of(error) is policy


def test_a_read_is_repeated_when_the_network_fails_and_not_when_it_asks_too_much() -> None:
    assert read_policy_of(Unreachable("gone")) is RetryPolicy.RETRY
    assert read_policy_of(StatementTimeout("slow")) is read_policy_of(MemoryExceeded("more")) is RetryPolicy.REFUSE


def test_pauses_double_are_bounded_and_differ() -> None:
    assert [pause_s(attempt, lambda: 1.0) for attempt in range(6)] == [0.2, 0.4, 0.8, 1.6, 3.0, 3.0]
    assert len({pause_s(1) for _ in range(20)}) > 10


@pytest.mark.parametrize("attempts", [0, 1, 4])
def test_the_setting_says_how_often_a_statement_is_tried_again(attempts: int) -> None:
    tries: list[float] = []

    def fail() -> None:
        raise Unreachable("gone")

    with pytest.raises(Unreachable):
        repeat(fail, attempts, tries.append)
    assert len(tries) == attempts


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Wire, ClickHouseSettings]]:
    with Wire() as made:
        address = made.start(path=tmp_path_factory.mktemp("faulty"), user="muse", password=PASSWORD)
        settings = ClickHouseSettings(
            host=address.host, port=address.port, username="muse", password=PASSWORD, secure=False
        )
        runner.upgrade(settings)
        yield made, settings


@pytest.mark.parametrize("table", ["llm_events", "insert_ledger"])
@pytest.mark.parametrize("action", ["cut", "refuse", "restart"])
def test_a_fault_at_any_phase_of_an_insert_is_retried_under_its_token(
    wire: tuple[Wire, ClickHouseSettings], action: str, table: str
) -> None:
    made, settings = wire
    with ClickHouseClient(settings) as client:
        before = counts(client, "llm_events")
        for index, phase in enumerate(INSERT_PHASES):
            made.arm(phase, action, table=f"INTO `{table}`")
            answer = client.insert_llm_events(make_rows("llm_events", 10, hash((action, table, index)), days=2))
            made.disarm()
            assert (answer["inserted"], answer["quarantined"]) == (10, 0), phase
        gained = 10 * len(INSERT_PHASES)
        assert counts(client, "llm_events") == (before[0] + gained, before[1] + gained)


@pytest.mark.parametrize("phase", ["after_engine_insert"])
def test_a_server_killed_in_an_insert_has_the_rows_once_when_it_is_back(
    wire: tuple[Wire, ClickHouseSettings], phase: str
) -> None:
    made, settings = wire
    with ClickHouseClient(settings.model_copy(update={"retry_attempts": 8})) as client:
        before = counts(client, "ui_events")
        made.arm(phase, "kill", table="INTO `ui_events`")

        def revive() -> None:
            while made.running:
                time.sleep(0.02)
            made.reap()
            made.again()

        reviver = threading.Thread(target=revive)
        reviver.start()
        answer = client.insert_ui_events(make_rows("ui_events", 30, hash(phase), days=3))
        reviver.join()
        assert (answer["inserted"], adds_up(answer)) == (30, True)
        assert counts(client, "ui_events") == (before[0] + 30, before[1] + 30)


def test_a_read_survives_a_cut(wire: tuple[Wire, ClickHouseSettings]) -> None:
    made, settings = wire
    with ClickHouseClient(settings) as client:
        assert client.execute_query("SELECT 1 AS one") == [{"one": 1}]
        made.arm("before_result_block", "cut")
        assert client.execute_query("SELECT 2 AS two") == [{"two": 2}]
        made.arm("query_received", "cut")
        assert client.query("SELECT 3")["rows"] == [[3]]


def test_a_stall_longer_than_the_timeout_is_retried(wire: tuple[Wire, ClickHouseSettings]) -> None:
    made, settings = wire
    with ClickHouseClient(settings.model_copy(update={"timeout": 5})) as client:
        client.executor.scalar("SELECT 1")
        driver = client.executor.engine.raw_connection()
        driver.driver_connection.client.connection.send_receive_timeout = 1  # type: ignore[union-attr]
        driver.driver_connection.client.connection.socket.settimeout(1)  # type: ignore[union-attr]
        driver.close()
        made.arm("after_engine_insert", "stall", table="INTO `episodes`")
        answer = client.insert_episodes(make_rows("episodes", 4, 77))
        assert answer["inserted"] == 4
        assert counts(client, "episodes")[0] == 4
    made.disarm()
