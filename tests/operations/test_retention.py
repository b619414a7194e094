"""Retention removes whole partitions, when told to; rollups, sessions and ledger agree afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.operations import retention
from chimera_metrics.integrations.operations.verify import verify
from tests.operations.conftest import day, fill, midnight


def count(client: ClickHouseClient, table: str) -> int:
    return int(client.executor.scalar(f"SELECT count() FROM {table}"))


def planned(client: ClickHouseClient, table: str) -> retention.Plan:
    return next(plan for plan in retention.plan(client) if plan.rule.table == table)


def test_nothing_goes_by_itself_and_a_plan_removes_nothing(full: ClickHouseClient) -> None:
    assert {table: rule.keep_days for table, rule in retention.rules(full).items() if rule.keep_days} == {
        "insert_ledger": 90,
        "watch_turns": 90,
    }
    rule = retention.set_rule(full, "ui_events", 5, who="ada")
    assert retention.rules(full)["ui_events"] == rule
    found = planned(full, "ui_events")
    assert (found.rows, found.stands, found.before) == (90, 120, (midnight() - timedelta(days=5)).date())
    assert {part.table for part in found.partitions} == {"ui_events", "ui_events_hourly"}
    assert count(full, "ui_events") == 120


def test_afterwards_rollups_sessions_and_ledger_tell_the_truth(full: ClickHouseClient) -> None:
    retention.set_rule(full, "ui_events", 5)
    retention.set_rule(full, "llm_events", 3)
    retention.apply(full, retention.plan(full))
    assert (count(full, "ui_events"), count(full, "llm_events")) == (30, 6)
    assert full.executor.scalar("SELECT sum(events) FROM ui_events_hourly") == 30
    found = verify(full)
    assert found["holds"], found
    figures = {check["name"]: check["figure"] for check in found["checks"]}
    assert figures["ledger"] == "99 rows acknowledged, all stored"
    assert figures["sessions"] == "10 sessions equal to their events; 30 without events"
    # A second run has nothing to do, and the books stay as they are.
    retention.apply(full, retention.plan(full))
    assert verify(full)["holds"]


def test_what_went_does_not_come_back_with_the_same_batch(full: ClickHouseClient) -> None:
    retention.set_rule(full, "ui_events", 5)
    retention.apply(full, retention.plan(full))
    fill(full)
    assert count(full, "ui_events") == 30


def test_killed_between_the_note_and_the_rows_the_next_run_ends_it(
    full: ClickHouseClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    retention.set_rule(full, "ui_events", 5)
    plans = retention.plan(full)
    monkeypatch.setattr(full.executor, "command", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        retention.apply(full, plans)
    monkeypatch.undo()
    assert count(full, "ui_events") == 120
    retention.apply(full, retention.plan(full))
    found = verify(full)
    assert found["holds"], found
    assert "rows that it does not know" not in str(found)


def test_a_superseded_run_does_not_come_back_to_life(full: ClickHouseClient) -> None:
    key = {"run_id": "11111111-1111-4111-8111-111111111111", "model": "m", "quant": "q", "dataset": "d"}
    full.insert_bench_runs([{**key, "ts": day(19), "latency_p95_ms": 1.0}])
    # Corrected: it ran long ago. The copy of yesterday is superseded.
    full.insert_bench_runs([{**key, "ts": day(1), "latency_p95_ms": 2.0}])
    assert count(full, "bench_runs") == 21
    retention.set_rule(full, "bench_runs", 5)
    retention.apply(full, retention.plan(full))
    assert count(full, "bench_runs") == 5
    assert verify(full)["holds"]


def test_months_of_the_ledger_go_only_when_their_last_day_is_old(full: ClickHouseClient) -> None:
    full.executor.command(
        "INSERT INTO insert_ledger (acknowledged_at, table_name, idempotency_key, answer) VALUES "
        "('2020-01-31 12:00:00', 'episodes', 'k', '{}')"
    )
    today = midnight().date()
    found = next(plan for plan in retention.plan(full, today) if plan.rule.table == "insert_ledger")
    assert [(part.id, str(part.last)) for part in found.partitions] == [("202001", "2020-01-31")]
    early = retention.plan(full, found.partitions[0].last + timedelta(days=90))
    assert not next(plan for plan in early if plan.rule.table == "insert_ledger").partitions


@pytest.mark.parametrize(
    ("table", "keep", "sentence"), [("nope", 5, "Unknown table 'nope'"), ("episodes", 0, "--keep-all")]
)
def test_a_mistake_is_a_sentence(full: ClickHouseClient, table: str, keep: int, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        retention.set_rule(full, table, keep)


def test_on_both_engines(client: ClickHouseClient) -> None:
    client.insert_episodes([{"ts": "2020-01-01T00:00:00Z", "series": "s", "episode_num": 1, "title": "t"}])
    retention.set_rule(client, "episodes", 30)
    retention.apply(client, retention.plan(client))
    assert count(client, "episodes") == 0
    retention.set_rule(client, "episodes", None)
    assert verify(client)["holds"]
