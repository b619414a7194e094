"""Health turns the right line red for each planted fault, and no other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chimera_metrics.analytics.window import zone_of
from chimera_metrics.integrations.clickhouse.statements import Traced
from chimera_metrics.integrations.clickhouse.store import open_store
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings
from chimera_metrics.integrations.operations.guards import guards
from chimera_metrics.integrations.operations.health import Thresholds, health, probe
from chimera_metrics.integrations.operations.verify import verify
from chimera_metrics.integrations.questions.freshness import summary
from chimera_metrics.models import FACT_TABLES

NEW = "ab" * 20


def levels(client: ClickHouseClient, thresholds: Thresholds | None = None) -> dict[str, str]:
    """The lines that are not well."""
    return {check["name"]: check["level"] for check in health(client, thresholds)["checks"] if check["level"] != "ok"}


def seen(client: ClickHouseClient, minutes: float, **commits: str) -> None:
    """The Watcher saw a commit so long ago."""
    moment = datetime.now(UTC) - timedelta(minutes=minutes)
    client.insert_watcher_runs([{"ts": moment, "status": "valid", **commits}])


def test_a_healthy_store_has_a_line_for_each_question(full: ClickHouseClient) -> None:
    found = health(full)
    assert found["healthy"]
    names = [check["name"] for check in found["checks"]]
    assert names == [
        *("connection", "latency", "version", "schema", *FACT_TABLES),
        *("hearts freshness", "packs freshness", "watcher", "parts", "detached parts", "disk", "dedup window"),
        *("time zone", "watches", "backup"),
        *("guard",) * 3,
    ]
    assert all(check["figure"] for check in found["checks"])
    # Events ended yesterday: older than 90 minutes, which is worth saying and no fault of the store.
    assert levels(full) == {"packs freshness": "warning"}


@pytest.mark.parametrize("zone", ["America/Winnipeg", "America/Havana", "America/Vancouver", "Europe/Berlin"])
def test_the_engines_rules_for_the_zone_are_compared_with_ours(full: ClickHouseClient, zone: str) -> None:
    """Winnipeg, Havana: rules of late 2026. Either side may be updated next, so both are asked here on their own."""
    moments = [datetime.now(UTC) + timedelta(days=7 * week) for week in range(-100, 50)]
    stamps = ", ".join(str(int(moment.timestamp())) for moment in moments)
    [[theirs]] = full.query(f"SELECT arrayMap(x -> timeZoneOffset(toDateTime(x, '{zone}')), [{stamps}])").rows
    ours = [moment.astimezone(zone_of(zone)).utcoffset() for moment in moments]
    same = [timedelta(seconds=seconds) for seconds in theirs] == ours
    full.muse = MuseSettings(timezone=zone)
    for checks in (health(full).checks, verify(full).checks):
        [line] = [check for check in checks if check.name == "time zone"]
        assert (line.level == "ok") == same
        assert line.figure.startswith(zone)
        assert bool(line.advice) != same


def test_it_asks_two_statements_after_the_probe_whatever_the_store(full: ClickHouseClient) -> None:
    traces: list[Traced] = []
    with ClickHouseClient(full.settings, tracer=traces.append) as client:
        client.health()
    assert [trace.statement[:9] for trace in traces] == ["SELECT 1", "SELECT 1", "WITH\n(SEL", "SELECT (S"]


FAULTS: list[tuple[str, str, Callable[[ClickHouseClient], Any]]] = [
    (
        "schema",
        "error",
        lambda c: c.executor.command("ALTER TABLE alembic_version UPDATE version_num = '0001' WHERE 1"),
    ),
    (
        "dedup window",
        "error",
        lambda c: c.executor.command("ALTER TABLE llm_events MODIFY SETTING non_replicated_deduplication_window = 0"),
    ),
    ("detached parts", "error", lambda c: c.executor.command("ALTER TABLE episodes DETACH PARTITION ALL")),
    ("hearts freshness", "error", lambda c: seen(c, 6, hearts_commit=NEW)),
    ("packs freshness", "error", lambda c: seen(c, 91, packs_commit=NEW)),
    (
        "deployments",
        "error",
        lambda c: c.insert_deployments([{"ts": datetime.now(UTC) + timedelta(days=1), "status": "ready"}]),
    ),
    ("watcher", "warning", lambda c: c.insert_watcher_runs([{"ts": datetime.now(UTC), "status": "missing_hearts"}])),
]


@pytest.mark.parametrize(("line", "level", "plant"), FAULTS, ids=[name for name, _, _ in FAULTS])
def test_a_planted_fault_turns_its_line(
    full: ClickHouseClient, line: str, level: str, plant: Callable[[ClickHouseClient], Any]
) -> None:
    full.insert_ui_events([{"session_id": "123e4567-e89b-12d3-a456-426614174000", "event_type": "overlay_open"}])
    assert levels(full) == {}
    plant(full)
    found = health(full)
    bad = {check["name"]: check for check in found["checks"] if check["level"] != "ok"}
    assert {name: check["level"] for name, check in bad.items()} == {line: level}
    assert bad[line]["advice"]
    assert found["healthy"] is (level != "error")


@pytest.mark.parametrize(
    ("line", "thresholds", "level"),
    [
        ("latency", Thresholds(latency_warning_ms=0), "warning"),
        ("parts", Thresholds(parts_error=1), "error"),
        ("parts", Thresholds(parts_warning=1), "warning"),
        ("parts", Thresholds(partitions_warning=10), "warning"),
        ("disk", Thresholds(free_error=1.1), "error"),
        ("disk", Thresholds(free_warning=1.1), "warning"),
    ],
)
def test_a_figure_over_its_threshold_turns_its_line(
    full: ClickHouseClient, line: str, thresholds: Thresholds, level: str
) -> None:
    assert levels(full, thresholds) == {"packs freshness": "warning", line: level}


def test_a_commit_within_its_time_is_no_fault_and_its_rows_settle_it(full: ClickHouseClient) -> None:
    seen(full, 4, hearts_commit=NEW)
    assert levels(full) == {"packs freshness": "warning"}
    seen(full, 60, hearts_commit="cd" * 20)  # an older commit, by now forgotten
    assert levels(full) == {"packs freshness": "warning"}


def test_the_limits_are_settings(full: ClickHouseClient) -> None:
    seen(full, 4, hearts_commit=NEW, packs_commit=NEW)
    muse = MuseSettings(hearts_within_minutes=3, packs_within_minutes=2)
    with ClickHouseClient(full.settings, muse) as client:
        assert levels(client) == {"hearts freshness": "error", "packs freshness": "error"}
    run = {"run_id": "123e4567-e89b-12d3-a456-426614174000", "model": "m", "quant": "q", "dataset": "d"}
    full.insert_bench_runs([{**run, "commit_sha": NEW}])
    with ClickHouseClient(full.settings, muse) as client:
        assert levels(client) == {"packs freshness": "error"}
        assert summary(client)["fresh"] is False


def test_no_answer_is_one_red_line_with_a_sentence() -> None:
    client = ClickHouseClient(ClickHouseSettings(host="127.0.0.1", port=1))
    found = health(client)
    assert not found["healthy"]
    [line] = found["checks"]
    assert line["name"] == "connection"
    assert "Check CH_HOST, CH_PORT and the network." in line["advice"]
    answer = probe(client)
    assert (answer["ready"], answer["latency_ms"]) == (False, None)
    assert "CH_HOST" in answer["advice"]


def test_the_probe_answers_in_its_time_though_the_store_is_busy(full: ClickHouseClient) -> None:
    answer = probe(full)
    assert answer["ready"]
    assert answer["latency_ms"] < 2000
    other = full.settings.model_copy(update={"path": f"{full.settings.path}-other"})
    with open_store(other.store_path).lease({}):
        # This process runs a statement on another store, and the engine has one at a time.
        started = datetime.now(UTC)
        busy = probe(full, timeout_s=0.3)
        assert datetime.now(UTC) - started < timedelta(seconds=2)
    assert not busy["ready"]
    assert "gave no answer within 0.3 s" in busy["advice"]
    open_store(other.store_path).close()


def test_a_guard_that_nobody_enforces_is_red(full: ClickHouseClient, monkeypatch: pytest.MonkeyPatch) -> None:
    weak = {"guard": "session readonly = 1", "enforced_by": "nobody", "advice": "Make it a readonly account."}
    monkeypatch.setattr(
        "chimera_metrics.integrations.operations.guards.guards", lambda client: [*guards(client)[:1], weak]
    )
    assert levels(full)["guard"] == "error"


def test_on_both_engines(client: ClickHouseClient) -> None:
    found = health(client)
    assert found["healthy"], [check for check in found["checks"] if check["level"] == "error"]
