"""The committed samples hold what samples/README.md promises."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

SAMPLES = Path(__file__).parents[2] / "samples"
FILES = (
    "bench_runs.jsonl",
    "deployments.jsonl",
    "episodes.jsonl",
    "llm_events.jsonl",
    "session_stats.csv",
    "ui_events.csv",
    "watcher_runs.jsonl",
)
START, END = datetime(2026, 5, 26, 12, tzinfo=UTC), datetime(2026, 6, 30, 12, tzinfo=UTC)
REGRESSION_FROM = datetime(2026, 6, 23, 13, 40, tzinfo=UTC)
REGRESSED = ("llama-3.1-8b-instruct", "q4_k_m", "banter-chat")
# Moving the newest row to now cuts the days at any hour.
EVERY_HOUR = range(-12, 12)

Row = dict[str, Any]


def read(name: str) -> list[Row]:
    with (SAMPLES / name).open(encoding="utf-8", newline="") as file:
        if name.endswith(".jsonl"):
            return [json.loads(line) for line in file]
        return [{column: text or None for column, text in row.items()} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def runs() -> list[Row]:
    return read("bench_runs.jsonl")


@pytest.fixture(scope="module")
def events() -> list[Row]:
    return read("ui_events.csv")


def time_of(row: Row, shift_hours: float = 0) -> datetime:
    return datetime.fromisoformat(row.get("ts") or row["hour"]) + timedelta(hours=shift_hours)


def daily_means(rows: list[Row], column: str, shift_hours: float = 0) -> dict[date, float]:
    days: dict[date, list[float]] = {}
    for row in rows:
        if row[column] is not None:
            days.setdefault(time_of(row, shift_hours).date(), []).append(float(row[column]))
    return {day: float(np.mean(values)) for day, values in days.items()}


def regressed(runs: list[Row]) -> tuple[list[Row], list[Row]]:
    group = [row for row in runs if (row["model"], row["quant"], row["dataset"]) == REGRESSED]
    return [r for r in group if time_of(r) < REGRESSION_FROM], [r for r in group if time_of(r) >= REGRESSION_FROM]


def test_the_script_writes_the_committed_bytes_twice(tmp_path: Path) -> None:
    for out in (tmp_path / "once", tmp_path / "twice"):
        out.mkdir()
        subprocess.run([sys.executable, SAMPLES / "make_samples.py", "--out", out], check=True, capture_output=True)
        assert sorted(path.name for path in out.iterdir()) == list(FILES)
        for name in FILES:
            assert (out / name).read_bytes() == (SAMPLES / name).read_bytes(), name


def test_each_file_has_its_number_of_rows() -> None:
    assert [len(read(name)) for name in FILES] == [31, 2, 3, 60, 176, 1243, 70]


def test_they_span_35_days_and_every_day_has_events(events: list[Row]) -> None:
    times = [time_of(row) for name in FILES if name != "session_stats.csv" for row in read(name)]
    assert (min(times), max(times)) == (START, END)
    for shift in EVERY_HOUR:
        assert len({time_of(row, shift).date() for row in events}) in (35, 36)
        assert max(Counter(time_of(row, shift).date() for row in events).values()) < 100


def test_runs_are_of_many_models_commits_and_days(runs: list[Row]) -> None:
    assert [len({row[c] for row in runs}) for c in ("model", "quant", "dataset", "run_id")] == [4, 3, 3, 31]
    commits = {row["commit_sha"] for row in runs if row["commit_sha"]}
    assert len(commits) == 7
    assert all(re.fullmatch("[0-9a-f]{40}", commit) for commit in commits)
    assert len({time_of(row).date() for row in runs}) == 29
    assert all(row["latency_p50_ms"] < row["latency_p95_ms"] < (row["latency_p99_ms"] or 9e9) for row in runs)


def test_the_regression_is_planted_in_one_group_from_one_commit_on(runs: list[Row]) -> None:
    before, after = (np.array([r["latency_p95_ms"] for r in half]) for half in regressed(runs))
    assert (len(before), len(after)) == (8, 8)
    assert np.median(before) == pytest.approx(426.6, abs=0.1)
    assert np.median(after) == pytest.approx(538.4, abs=0.1)
    assert max(before.std(ddof=1) / before.mean(), after.std(ddof=1) / after.mean()) < 0.045
    assert max(before) < min(after)
    assert regressed(runs)[1][0]["commit_sha"] == "5d8a17f4c2e06b93a1f75d04e8c6293b7f10ad6e"


def test_a_window_of_seven_days_holds_the_runs_after_and_only_those(runs: list[Row]) -> None:
    before, after = regressed(runs)
    for shift in EVERY_HOUR:
        midnight = (END + timedelta(hours=shift)).replace(hour=0)
        since = midnight - timedelta(days=7)
        assert all(time_of(row, shift) >= since for row in after)
        assert all(time_of(row, shift) < since for row in before)
        assert sum(time_of(row, shift) >= since - timedelta(days=7) for row in before) >= 4


def test_daily_latencies_correlate_whatever_the_hour(runs: list[Row], events: list[Row]) -> None:
    def r(shift: float, days: int) -> tuple[float, int]:
        hearts, packs = daily_means(runs, "latency_p95_ms", shift), daily_means(events, "latency_ms", shift)
        today = (END + timedelta(hours=shift)).date()
        common = [d for d in hearts if d in packs and today - timedelta(days=days) <= d < today]
        x, y = [hearts[d] for d in common], [packs[d] for d in common]
        return float(np.corrcoef(x, y)[0, 1]), len(common)

    assert all(0.5 < r(shift, 30)[0] < 0.7 and r(shift, 30)[1] >= 22 for shift in EVERY_HOUR)
    assert all(r(shift, 7)[0] > 0.3 and r(shift, 7)[1] >= 6 for shift in EVERY_HOUR)
    hearts, packs = daily_means(runs, "latency_p95_ms"), daily_means(events, "latency_ms")
    assert np.corrcoef([hearts[d] for d in hearts], [packs[d] for d in hearts])[0, 1] == pytest.approx(0.594, abs=0.001)


def test_session_stats_are_what_the_events_come_to(events: list[Row]) -> None:
    sessions: dict[str, list[Row]] = {}
    for event in events:
        sessions.setdefault(event["session_id"], []).append(event)
    stats = read("session_stats.csv")
    assert {row["session_id"] for row in stats} == sessions.keys()
    assert {1, 25} <= {len(found) for found in sessions.values()} <= set(range(1, 26))
    for row in stats:
        found = sorted(sessions[row["session_id"]], key=time_of)
        latencies = [float(e["latency_ms"]) for e in found if e["latency_ms"]]
        assert time_of(row) == time_of(found[0]).replace(minute=0, second=0, microsecond=0)
        assert int(row["events_count"]) == len(found)
        if latencies:
            assert float(row["avg_latency_ms"]) == pytest.approx(np.mean(latencies), rel=1e-12)
        else:
            assert row["avg_latency_ms"] is None
        assert float(row["error_rate"]) == sum(e["event_type"] == "error" for e in found) / len(found)
        assert int(row["abandonment_rate"]) == (len(found) == 1 or found[-1]["event_type"] == "error")
        assert float(row["duration_seconds"]) == (time_of(found[-1]) - time_of(found[0])).total_seconds()


def test_events_have_nulls_browsers_and_things_to_mask(events: list[Row]) -> None:
    assert [sum(row[c] is None for row in events) for c in ("latency_ms", "commit_sha", "user_agent")] == [212, 34, 13]
    assert len({row["user_agent"] for row in events}) == 11
    texts = [row["metadata"] for row in events]
    assert all(isinstance(json.loads(text), dict) for text in texts)
    addresses = r"\b(?:\d{1,3}\.){3}\d{1,3}\b|2001:db8:"
    found = [sum(bool(re.search(p, t)) for t in texts) for p in (r"@example\.", addresses, "Bearer ey|sk-proj-|ghp_")]
    assert found == [3, 3, 3]


def test_calls_fail_and_time_out_and_money_has_six_decimals(runs: list[Row]) -> None:
    calls = read("llm_events.jsonl")
    assert Counter(row["status"] for row in calls) == {"success": 48, "failure": 8, "timeout": 4}
    assert {row["source"] for row in calls} == {"banterhearts", "banterpacks", "council"}
    assert all((row["error_msg"] is None) == (row["status"] == "success") for row in calls)
    money = [row["cost_usd"] for row in calls if row["cost_usd"]] + [str(row["cost_per_1k"]) for row in runs]
    assert all(re.fullmatch(r"\d+\.\d{1,6}", text) for text in money)


def test_episodes_deployments_and_checks_fit_together() -> None:
    episodes, deployments = read("episodes.jsonl"), read("deployments.jsonl")
    assert [row["status"] for row in episodes] == ["failed", "published", "draft"]
    assert [row["episode_run_id"] for row in deployments] == [row["run_id"] for row in episodes[:2]]
    assert [row["status"] for row in deployments] == ["error", "ready"]
    checks = Counter(row["status"] for row in read("watcher_runs.jsonl"))
    assert checks == {"valid": 54, "degraded": 10, "missing_hearts": 5, "error": 1}
