"""Verify finds each planted fault, with the one check that is for it, and nothing on clean data."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, literal

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import MuseSettings
from chimera_metrics.integrations.errors import Unreachable
from chimera_metrics.integrations.operations.verify import verify
from chimera_metrics.integrations.writing.claims import Claim
from chimera_metrics.integrations.writing.ledger import claim_files
from tests.operations.conftest import DAYS, day, sessions


def bad(client: ClickHouseClient, days: int | None = None) -> dict[str, str]:
    return {check["name"]: check["level"] for check in verify(client, days)["checks"] if check["level"] != "ok"}


def run(statement: str) -> Callable[[ClickHouseClient], Any]:
    return lambda client: client.executor.command(statement, {"mutations_sync": 2})


def test_clean_data_has_a_line_for_each_check_and_no_fault(full: ClickHouseClient) -> None:
    found = verify(full)
    assert found["holds"]
    figures = {check["name"]: check["figure"] for check in found["checks"]}
    assert figures["rows: ui_events"].startswith(
        f"120 on {DAYS} days from {day(0).date()} to {day(19).date()}, 6 a day"
    )
    assert figures["duplicates"] == "none among 223 rows"
    assert figures["rollup: llm_events_hourly"] == "40 hours equal to the rows of llm_events"
    assert figures["rollup: ui_events_hourly"] == "60 hours equal to the rows of ui_events"
    assert figures["sessions"] == "40 sessions equal to their events"
    assert figures["ledger"] == "223 rows acknowledged, all stored"
    assert figures["quarantine"] == "empty"
    assert figures["days of UTC"].startswith("223 of 223 rows in ")
    assert bad(full, days=5) == {}


TOMORROW = f"toDateTime64('{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d %H:%M:%S}', 3, 'UTC')"
FAULTS: dict[str, tuple[set[str], Callable[[ClickHouseClient], Any]]] = {
    # Name of the fault: the checks that must turn, and how it is planted.
    "a day is missing": (
        # What came from its rows is missing something too, and rows that were acknowledged are gone.
        {"rows: ui_events", "rollup: ui_events_hourly", "ledger"},
        run(f"ALTER TABLE ui_events DROP PARTITION '{day(10).date()}'"),
    ),
    "a row twice": (
        {"duplicates"},
        run("INSERT INTO deployments SELECT * FROM deployments"),
    ),
    "a row in the future": ({"future"}, run(f"INSERT INTO deployments (ts, status) VALUES ({TOMORROW}, 'ready')")),
    "a negative measure": (
        {"ranges"},
        run("INSERT INTO deployments (ts, status, duration_ms) VALUES (now(), 'ready', -1)"),
    ),
    "a number that is none": (
        {"ranges"},
        run("INSERT INTO deployments (ts, status, duration_ms) VALUES (now(), 'ready', nan)"),
    ),
    "a commit that is none": (
        {"ranges"},
        run("INSERT INTO episodes (series, episode_num, title, commit_sha) VALUES ('s', 1, 't', 'abc')"),
    ),
    "metadata that is no JSON": (
        {"ranges"},
        run(f"ALTER TABLE ui_events UPDATE metadata = 'x' WHERE toDate(ts) = '{day(3).date()}'"),
    ),
    "a rollup that lost an hour": (
        {"rollup: llm_events_hourly"},
        run(f"ALTER TABLE llm_events_hourly DROP PARTITION '{day(7).date()}'"),
    ),
    "a rollup that counts twice": (
        {"rollup: ui_events_hourly"},
        run("INSERT INTO ui_events_hourly SELECT * FROM ui_events_hourly"),
    ),
    "a rollup whose sum is off": (
        {"rollup: llm_events_hourly"},
        run("ALTER TABLE llm_events_hourly UPDATE latency_sum_ms = latency_sum_ms + 0.01 WHERE status = 'failure'"),
    ),
    "a rollup of days that are gone": (
        {"rollup: llm_events_hourly"},
        run(
            "INSERT INTO llm_events_hourly (hour, source, model, operation, status, events) "
            "VALUES ('2020-01-01 00:00:00', 's', 'm', 'o', 'success', 1)"
        ),
    ),
    "a session that is off": (
        {"sessions"},
        run(f"ALTER TABLE session_stats UPDATE events_count = 4 WHERE session_id = '{sessions(5)[0]}'"),
    ),
    "a column that is no model's": ({"drift"}, run("ALTER TABLE episodes ADD COLUMN mood String")),
    "a setting that is off": (
        {"drift"},
        run("ALTER TABLE ui_events MODIFY SETTING non_replicated_deduplication_window = 0"),
    ),
    "a row that is lost": ({"ledger"}, run("TRUNCATE TABLE episodes")),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_it_finds(full: ClickHouseClient, fault: str) -> None:
    expected, plant = FAULTS[fault]
    plant(full)
    found = verify(full)
    assert not found["holds"]
    assert {check["name"] for check in found["checks"] if check["level"] == "error"} == expected
    assert all(check["advice"] for check in found["checks"] if check["level"] != "ok")


def test_equal_events_are_a_warning_because_both_may_have_happened(full: ClickHouseClient) -> None:
    event = {"ts": day(19, 15), "session_id": sessions(500)[0], "event_type": "overlay_open"}
    full.insert_ui_events([event, event])
    assert bad(full) == {"equal events": "warning"}


def test_rows_that_the_ledger_does_not_know_are_told_and_no_fault(full: ClickHouseClient) -> None:
    full.executor.command("INSERT INTO deployments (status) VALUES ('ready')")
    found = {check["name"]: check["figure"] for check in verify(full)["checks"]}
    assert "1 of deployments" in found["ledger"]


def test_a_run_sent_again_balances(full: ClickHouseClient) -> None:
    again = {"ts": day(2), "run_id": "00000000-0000-4000-8000-000000000001", "model": "m", "quant": "q", "dataset": "d"}
    full.insert_bench_runs([{**again, "latency_p95_ms": 1.0}])
    full.insert_bench_runs([{**again, "latency_p95_ms": 2.0}])
    assert bad(full) == {}


def test_a_batch_that_waits_is_a_warning_and_one_that_is_stored_too_is_a_fault(
    full: ClickHouseClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise Unreachable("The store does not answer.")

    with monkeypatch.context() as broken:
        broken.setattr(full.executor, "insert", refuse)
        assert full.insert_deployments([{"ts": day(8), "status": "ready"}])["quarantined"] == 1
    [kept] = full.quarantine.batches()
    assert bad(full) == {"quarantine": "warning"}
    content = kept.path.read_bytes()
    full.replay(kept)
    assert bad(full) == {}
    kept.path.write_bytes(content)
    assert bad(full) == {"quarantine": "error"}


def test_a_caller_that_went_away_is_told(full: ClickHouseClient) -> None:
    full.executor.command(
        "INSERT INTO insert_ledger (acknowledged_at, table_name, idempotency_key, answer) "
        "VALUES (now() - INTERVAL 2 HOUR, 'episodes', 'k', '{\"claim\": {}}')"
    )
    assert bad(full) == {"unfinished batches": "warning"}


def test_a_replay_that_found_all_its_runs_received_since_is_finished(full: ClickHouseClient) -> None:
    full.executor.command(
        "INSERT INTO insert_ledger (acknowledged_at, table_name, idempotency_key, answer) "
        "SELECT now() - INTERVAL 2 HOUR, 'bench_runs', 'k', "
        'arrayJoin([\'{"claim": {}}\', \'{"received": 3, "duplicates": 3}\'])'
    )
    assert bad(full) == {}


def test_so_is_one_whose_claim_is_a_file(full: ClickHouseClient) -> None:
    files = claim_files(full.settings)
    assert files is not None
    now = datetime.now(UTC)
    files.make("begun just now", "episodes", Claim("0" * 64, uuid4(), now, now, 0))
    assert bad(full) == {}
    files.make("begun long ago", "episodes", Claim("0" * 64, uuid4(), now - timedelta(hours=2), now, 0))
    assert bad(full) == {"unfinished batches": "warning"}


def test_on_both_engines(client: ClickHouseClient) -> None:
    assert bad(client) == {}


def test_days_that_the_engine_puts_elsewhere_are_found(full: ClickHouseClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that takes Regina's days for those of Tokyo, as one with other rules for a zone does."""

    def elsewhere(moment: Any, *_: Any) -> Any:
        return func.toTimeZone(func.toStartOfDay(moment, literal("Asia/Tokyo")), literal("UTC"))

    full.muse = MuseSettings(timezone="America/Regina")
    assert bad(full) == {}
    monkeypatch.setattr("chimera_metrics.analytics.sql.blocks.bucket_start", elsewhere)
    assert bad(full) == {"days of America/Regina": "error"}
