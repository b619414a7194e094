"""`drivers` end to end: a planted cause comes first, contributions add up, and what cannot be said is said."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import orjson
import pytest

from chimera_metrics.analytics.errors import QuestionError
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from tests.analytics.rows import bench, commit, llm
from tests.questions.conftest import NOW, Fill

MODELS, SOURCES = ("opus", "haiku", "sonnet"), ("council", "watcher")


def ago(days: int) -> datetime:
    return NOW.replace(hour=6) - timedelta(days=days)


def calls(
    days: int = 35, *, slow: str = "", failing: str = "", silent: str = "", seed: int = 1
) -> list[dict[str, Any]]:
    """240 calls a day, 100 at weekends, of three models and two sources; in the last 7 days one is slow, fails or is
    silent."""
    rng = np.random.default_rng(seed)
    rows = []
    for day in range(days, 0, -1):
        for i in range(int((240 if ago(day).weekday() < 5 else 100) * (1 + 0.03 * rng.standard_normal()))):
            model, source = MODELS[int(rng.integers(3))], SOURCES[int(rng.integers(2))]
            if day <= 7 and source == silent:
                continue
            ms = 100.0 * math.exp(0.3 * rng.standard_normal()) * (1.6 if day <= 7 and model == slow else 1.0)
            failed = rng.random() < (0.3 if day <= 7 and model == failing else 0.05)
            status = "failure" if failed else "success"
            rows.append(llm(ago(day) + timedelta(minutes=i % 600), ms, model=model, source=source, status=status))
    return rows


def check(answer: Any) -> None:
    """Contributions and rest are the change, and the answer is small."""
    added = sum(one.contribution for one in answer.drivers) + answer.rest
    assert added == pytest.approx(answer.change.change, abs=1e-9)
    assert answer.change.after - answer.change.before == pytest.approx(answer.change.change, abs=1e-9)
    said = {name: value for name, value in answer.items() if name != "sql"}
    assert len(orjson.dumps(said, default=str)) <= 3_000


def test_the_model_that_fails_is_named_from_the_rollup(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", calls(failing="haiku"))
    answer = client.drivers("llm.error_rate", chart=True)
    [one] = answer.drivers
    assert (one.where, one.kind, answer.reason) == ({"model": "haiku"}, "rate", None)
    assert (answer.source, answer.looked_at > 5) == ("llm_events_hourly", True)
    assert answer.change.low < answer.change.change < answer.change.high
    assert one.share_pct == pytest.approx(100.0, abs=25.0)
    assert (one.before < 0.08, one.after > 0.25, one.commit_sha) == (True, True, None)
    assert answer.images[0].startswith(b"\x89PNG")
    check(answer)


def test_the_model_that_is_slow_drives_mean_sum_and_percentile(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", calls(slow="opus"))
    for metric in ("llm.latency_mean_ms", "sum(llm_events.latency_ms)", "llm.latency_p95_ms"):
        answer = client.drivers(metric)
        assert answer.drivers[0].where == {"model": "opus"}, metric
        check(answer)
    assert "rate(llm_events.latency_ms > " in answer.metric
    assert any("share of values above" in note for note in answer.notes)
    assert answer.change.before == pytest.approx(0.05, abs=0.01)


def test_a_silent_source_drives_the_count(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", calls(silent="watcher"))
    answer = client.drivers("llm.calls", dimensions=["source", "model"])
    [one] = answer.drivers
    assert (one.where, one.kind, one.after) == ({"source": "watcher"}, "volume", 0.0)
    check(answer)


def quiet_weekends(days: int = 70) -> list[dict[str, Any]]:
    """About 60 calls of 200 ms a day, 12 of 100 ms at weekends; nothing changes."""
    rng, rows = np.random.default_rng(4), []
    for day in range(days, 0, -1):
        usual, ms = (60, 200.0) if ago(day).weekday() < 5 else (12, 100.0)
        for i in range(int(rng.poisson(usual))):
            model = MODELS[int(rng.integers(3))]
            took = ms * math.exp(0.2 * rng.standard_normal())
            rows.append(llm(ago(day) + timedelta(minutes=i % 600), took, model=model, source="council"))
    return rows


@pytest.mark.parametrize(
    ("metric", "window"),
    [
        ("llm.calls", (4, 20)),
        ("llm.calls", (7, 17)),
        ("llm.latency_mean_ms", (4, 20)),
        ("llm.latency_mean_ms", (10, 24)),
    ],
)
def test_weekends_on_one_side_alone_are_no_change(
    client: ClickHouseClient, fill: Fill, metric: str, window: tuple[int, int]
) -> None:
    """The change is that of the interval beside it, which holds none, whatever weekdays the baseline has."""
    fill("llm_events", quiet_weekends())
    until = NOW.replace(hour=0)
    newer, older = ((until - timedelta(days=days)).isoformat() for days in window)
    answer = client.drivers(metric, since=newer, until=until.isoformat(), baseline_since=older, baseline_until=newer)
    check(answer)
    change = answer.change
    assert change.low <= change.change <= change.high
    assert change.low <= 0.0 <= change.high
    assert answer.drivers == []
    assert [note for note in answer.notes if "eekday" in note]


def test_nothing_stands_out_is_an_answer(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", calls(seed=3))
    answer = client.drivers("llm.error_rate", chart=True)
    assert (answer.drivers, answer.reason.code) == ([], "nothing_stands_out")
    assert answer.rest == answer.change.change
    check(answer)


@pytest.mark.parametrize("given", [{"hours": 20}, {"days": 0}])
def test_a_window_without_a_whole_day_is_refused(client: ClickHouseClient, given: dict[str, Any]) -> None:
    with pytest.raises(QuestionError, match="No whole day is over in this window"):
        client.drivers("llm.calls", **given)


def test_under_three_weeks_of_history_are_too_few(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", calls(25, failing="haiku"))
    answer = client.drivers("llm.error_rate")
    assert (answer.reason.code, answer.drivers) == ("too_few", [])
    assert answer.change.change is not None


def test_a_driver_that_begins_with_a_commit_names_it(client: ClickHouseClient, fill: Fill) -> None:
    """60 runs a day; from four days ago on commit 3 runs, and is 40 % slower on one dataset."""
    rng = np.random.default_rng(5)
    runs = []
    for day in range(35, 0, -1):
        for i in range(60):
            dataset = ("chat", "code", "math")[i % 3]
            ms = 200.0 * math.exp(0.15 * rng.standard_normal()) * (1.4 if day <= 4 and dataset == "code" else 1.0)
            sha = commit(3 if day <= 4 else 2 if day <= 20 else 1)
            runs.append(bench(ago(day) + timedelta(minutes=i), 100 * day + i, ms, dataset=dataset, commit_sha=sha))
    fill("bench_runs", runs)
    [one] = client.drivers("bench.latency_p95_ms").drivers
    assert (one.where, one.kind, one.commit_sha) == ({"dataset": "code"}, "rate", commit(3))


def test_an_empty_store_has_reasons(client: ClickHouseClient) -> None:
    answer = client.drivers("llm.error_rate", chart=True)
    assert (answer.reason.code, answer.drivers, answer.change.change) == ("no_data", [], None)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"metric": "max(llm_events.latency_ms)"}, "does not add up from parts"),
        ({"metric": "ui.sessions"}, "does not add up from parts"),
        ({"metric": "ui.abandonment_rate"}, "does not add up from parts"),
        ({"metric": "llm.calls", "dimensions": "run_id"}, "can be looked for by"),
        ({"metric": "llm.calls", "depth": 3}, "must be 1 to 2"),
        ({"metric": "llm.calls", "baseline_until": "2026-06-01"}, "needs `baseline_since`"),
        ({"metric": "llm.latency_p95_ms"}, "no values of llm.latency_p95_ms in the baseline"),
    ],
)
def test_a_mistake_is_a_sentence(client: ClickHouseClient, given: dict[str, Any], words: str) -> None:
    with pytest.raises(QuestionError, match=words):
        client.drivers(**given)


def many_words(days: int = 45) -> list[dict[str, Any]]:
    """120 calls a day of 12 models and 30 operations, the first ones most often; since a week ago most of the second
    operation fail."""
    rng = np.random.default_rng(4)
    rows = []
    for day in range(days, 0, -1):
        for i in range(120):
            model, operation = (min(int(rng.geometric(p)) - 1, most) for p, most in ((0.3, 11), (0.15, 29)))
            failed = rng.random() < (0.9 if day <= 7 and operation == 1 else 0.05)
            status = "failure" if failed else "success"
            made = llm(ago(day) + timedelta(minutes=i), 50.0, model=f"m{model}", status=status)
            rows.append(made | {"operation": f"o{operation}"})
    return rows


@pytest.mark.parametrize(("most", "others"), [(2_300, True), (200_000, False)])
def test_where_cells_are_too_many_rare_words_count_together(
    client: ClickHouseClient, fill: Fill, monkeypatch: pytest.MonkeyPatch, most: int, others: bool
) -> None:
    monkeypatch.setattr("chimera_metrics.integrations.questions.drivers.MAX_CELLS", most)
    fill("llm_events", many_words())
    answer = client.drivers("llm.error_rate", dimensions=["model", "operation"])
    assert answer.drivers[0].where == {"operation": "o1"}
    assert any(f"more than {most:,} cells" in note for note in answer.notes) is others
    assert any("the others count together" in note for note in answer.notes) is others
    whole = client.aggregate("llm.error_rate", since=answer.window.since, until=answer.window.until)
    assert answer.change.after == pytest.approx(whole.rows[0][0])
    check(answer)


def test_a_dimension_goes_where_too_few_words_would_fit(
    client: ClickHouseClient, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chimera_metrics.integrations.questions.drivers.MAX_CELLS", 1_000)
    fill("llm_events", many_words())
    answer = client.drivers("llm.error_rate", dimensions=["operation", "hour_of_day", "model"])
    assert any("operation" in note and "left out" in note for note in answer.notes)
    assert all("operation" not in one.where for one in answer.drivers)
    check(answer)


def test_hours_that_have_no_room_are_left_out(
    client: ClickHouseClient, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chimera_metrics.integrations.questions.drivers.MAX_CELLS", 6_000)
    hours = [ago(day) + timedelta(hours=hour) for day in range(1, 36) for hour in range(24)]
    fill("llm_events", [llm(hour, 50.0, model=f"m{model}") for hour in hours for model in range(12)])
    answer = client.drivers("llm.calls", dimensions=["hour_of_day", "model"])
    assert any("hour_of_day is left out" in note for note in answer.notes)
