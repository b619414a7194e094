"""`compare`: sides that are counted by eye, their verdicts, and what cannot be said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from chimera_metrics.analytics.errors import QuestionError
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from tests.analytics.rows import bench, commit, llm, ui
from tests.questions.conftest import NOW, Fill

MORNING = NOW.replace(hour=8)
WOBBLE = [0.0, 3.0, -2.0, 1.0, -3.0, 2.0, 0.5, -1.5]
# Of Wednesday 3 June and the days after.
WEEKDAYS = [10, 11, 9, 4, 4, 10, 12]


def ago(days: int) -> datetime:
    return MORNING - timedelta(days=days)


def calls(days: range, each: Callable[[int], int], ms: Callable[[int], float], **more: Any) -> list[dict[str, Any]]:
    """Calls by days ago: how many, and with which latency."""
    return [llm(ago(day) + timedelta(minutes=i), ms(day) + 0.1 * i, **more) for day in days for i in range(each(day))]


def by_weekday(day: int) -> int:
    return WEEKDAYS[-day % 7]


def test_slower_calls_are_worse_and_as_many_are_the_same(client: ClickHouseClient, fill: Fill) -> None:
    """70 calls a week with weekends at 4 a day; 100 ms before and 150 ms since."""
    fill("llm_events", calls(range(1, 15), by_weekday, lambda day: (150 if day <= 7 else 100) + WOBBLE[day % 8]))
    answer = client.compare(["llm.latency_mean_ms", "llm.calls", "llm.latency_p50_ms"])
    slower, count, median = answer.comparisons
    assert (slower.verdict, count.verdict, median.verdict) == ("worse", "same", "worse")
    assert slower.change == pytest.approx(50.0, abs=2.0)
    assert slower.low < slower.change < slower.high
    assert slower.p_adjusted < 0.01
    assert (count.a, count.b, count.n_a, count.n_b, count.group) == (60, 60, 60, 60, None)
    assert answer.baseline_window.since == "2026-05-27T00:00:00Z"
    assert (answer.window.since, answer.window.until) == ("2026-06-03T00:00:00Z", "2026-06-10T00:00:00Z")
    assert answer.source == "llm_events"  # a median of so few is exact
    assert client.compare("llm.calls").source == "llm_events_hourly"


def test_today_so_far_is_left_out(client: ClickHouseClient, fill: Fill) -> None:
    rows = calls(range(1, 15), by_weekday, lambda day: 100.0 + WOBBLE[day % 8])
    fill("llm_events", [*rows, *(llm(MORNING, 1e6) for _ in range(30))])
    [one] = client.compare("llm.latency_mean_ms").comparisons
    assert one.b < 200.0


def test_a_group_that_went_silent_is_0_and_a_new_one_has_no_before(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", calls(range(1, 22), lambda _: 6, lambda day: 100 + WOBBLE[day % 8], model="steady"))
    fill("llm_events", calls(range(8, 22), lambda day: 5 + day % 3, lambda _: 100.0, model="gone"))
    fill("llm_events", calls(range(1, 7), lambda day: 5 + day % 3, lambda _: 100.0, model="new"))
    answer = client.compare("llm.calls", group_by="model")
    found = {one.group: one for one in answer.comparisons}
    assert (found["gone"].b, found["gone"].change_pct, found["gone"].p_adjusted < 0.01) == (0, -100.0, True)
    new = found["new"]
    assert (new.a, new.b, new.n_b, new.change, new.verdict) == (None, 36, 36, None, "unclear")
    assert (new.reason.code, new.reason.text) == (
        "no_data", "Side a has no values of llm.calls here, so there is nothing to compare."
    )  # fmt: skip
    assert found["steady"].verdict == "same"
    assert "llm.calls of gone changed clearly; whether that is better, the catalog does not say." in answer.notes
    assert [one.group for one in client.compare("llm.error_rate", group_by="model").comparisons if one.a == 0.0] == [
        "steady", "gone"
    ]  # fmt: skip


def test_days_without_their_pair_are_left_out_and_said(client: ClickHouseClient, fill: Fill) -> None:
    """The new model has 4 of the 7 days before, and all 7 since."""
    fill("llm_events", calls(range(1, 22), lambda _: 6, lambda day: 100 + WOBBLE[day % 8], model="steady"))
    fill("llm_events", calls(range(1, 12), lambda day: 5 + day % 3, lambda _: 100.0, model="new"))
    answer = client.compare(["llm.calls", "llm.latency_mean_ms"], group_by="model")
    left_out = "Days with a value on one side only are left out, also of a and b: "
    [said] = [note for note in answer.notes if note.startswith(left_out)]
    assert sorted(said.removeprefix(left_out).removesuffix(".").split(" and ")) == [
        "3 of llm.calls of new", "3 of llm.latency_mean_ms of new"
    ]  # fmt: skip


def test_what_changed_without_a_better_is_named_by_group(client: ClickHouseClient, fill: Fill) -> None:
    for model in ("gpt", "opus"):
        fill("llm_events", calls(range(8, 22), lambda day: 5 + day % 3, lambda _: 100.0, model=model))
    fill("llm_events", calls(range(1, 22), lambda _: 6, lambda _: 100.0, model="steady"))
    [note] = [one for one in client.compare("llm.calls", group_by="model").notes if "changed clearly" in one]
    assert note.startswith(("llm.calls of gpt and opus changed", "llm.calls of opus and gpt changed"))


def test_two_groups_pair_on_the_same_days(client: ClickHouseClient, fill: Fill) -> None:
    """Both are slow on the same days; haiku is 20 ms faster on each."""
    for model, ms in (("opus", 120.0), ("haiku", 100.0)):
        rows = calls(range(1, 15), lambda _: 5, lambda day: 30.0 * WOBBLE[day % 8], model=model)
        fill("llm_events", [row | {"latency_ms": row["latency_ms"] + ms} for row in rows])
    sides: dict[str, Any] = {
        f"{side}_filters": [{"column": "model", "value": model}] for side, model in (("a", "opus"), ("b", "haiku"))
    }
    answer = client.compare(["llm.latency_mean_ms"], days=14, **sides)
    [one] = answer.comparisons
    assert (one.change, one.verdict) == (pytest.approx(-20.0), "better")
    assert one.high - one.low < 1.0
    assert answer.window == answer.baseline_window


def test_runs_from_a_commit_on_against_those_before(client: ClickHouseClient, fill: Fill) -> None:
    """Four runs a day; from the second run of the tenth day on with commit 2, and 40 ms slower."""
    runs = []
    for i in range(4 * 20):
        since = i >= 4 * 10 + 1
        ms = (140 if since else 100) + WOBBLE[i % 8]
        runs.append(
            bench(ago(20 - i // 4) + timedelta(hours=i % 4), i, ms, commit_sha=commit(0xAB << 152 if since else 1))
        )
    fill("bench_runs", runs)
    answer = client.compare(["bench.latency_p95_ms", "bench.runs"], days=25, commit="ab00")
    slower, count = answer.comparisons
    assert (slower.n_a, slower.n_b, slower.verdict) == (41, 39, "worse")
    assert slower.low < 40.0 < slower.high
    assert (count.a, count.b) == (4.0, 4.0)
    assert answer.window.since == "2026-05-31T09:00:00Z" == answer.baseline_window.until
    assert any("per day" in note for note in answer.notes)


def test_a_commit_of_a_few_days_ago_is_compared_over_the_weekdays_since(client: ClickHouseClient, fill: Fill) -> None:
    """Weekends take 60 ms rather than 100; the commit of last Saturday changes nothing."""
    days = {day: ago(day) for day in range(32, 0, -1)}
    runs = [
        bench(at, day, (60 if at.weekday() >= 5 else 100) + WOBBLE[day % 8], commit_sha=commit(2 if day <= 4 else 1))
        for day, at in days.items()
    ]
    fill("bench_runs", runs)
    answer = client.compare(["bench.latency_p95_ms"], days=35, commit=commit(2))
    [found] = answer.comparisons
    assert (days[4].weekday(), found.n_a, found.n_b) == (5, 16, 4)
    assert abs(found.change) < 3.0
    assert found.verdict != "better"
    assert "One side is under a week: both are compared over the weekdays that both have." in answer.notes


def test_a_baseline_of_ones_own(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", calls(range(1, 40), by_weekday, lambda day: (90 if day > 30 else 120) + WOBBLE[day % 8]))
    given: dict[str, Any] = {"baseline_since": "2026-05-02", "baseline_until": "2026-05-10"}
    [one] = client.compare("llm.latency_mean_ms", **given).comparisons
    assert (one.verdict, one.change > 25.0) == ("worse", True)


def test_rates_sessions_and_extremes(client: ClickHouseClient, fill: Fill) -> None:
    rows = []
    for day in range(1, 15):
        for i in range(20):
            broken = i < (8 if day <= 7 else 2) + day % 2
            rows.append(ui(ago(day), 100 * day + i, "error" if broken else "query_submit", 10.0 + i))
    fill("ui_events", rows)
    metrics = ["ui.error_rate", "ui.sessions", "ui.abandonment_rate", "max(ui_events.latency_ms)"]
    rate, sessions, abandoned, highest = client.compare(metrics).comparisons
    assert (rate.a, rate.b, rate.verdict) == (pytest.approx(17 / 140), pytest.approx(60 / 140), "worse")
    assert (sessions.a, sessions.b, sessions.change) == (140, 140, 0)
    assert (abandoned.a, abandoned.b, abandoned.verdict) == (1.0, 1.0, "same")
    assert (highest.a, highest.b, highest.low, highest.reason.code) == (29.0, 29.0, None, "not_estimated")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"commit": "ab", "a_filters": {"column": "model", "value": "x"}}, "one thing at a time"),
        ({"a_filters": {"column": "model", "value": "x"}}, "give both"),
        ({"baseline_until": "2026-06-01"}, "needs `baseline_since`"),
        ({"baseline_since": "2026-06-01", "baseline_until": "2026-06-09"}, "end it where the window begins"),
        ({"commit": "xyz"}, "hexadecimal digits"),
        ({"commit": "abc"}, "No row of bench_runs"),
        ({"group_by": "run_id"}, "can be split by"),
    ],
)
def test_a_mistake_is_a_sentence(client: ClickHouseClient, given: dict[str, Any], words: str) -> None:
    with pytest.raises(QuestionError, match=words):
        client.compare("llm.latency_mean_ms", **given)


def test_three_days_that_change_alike_are_judged_by_their_signs_alone(client: ClickHouseClient, fill: Fill) -> None:
    """10.1 ms more on each day, of which the means are rounded, and twice as many calls."""
    base = {1: 17.3, 2: 23.9, 3: 31.7}
    rows = [llm(ago(day + 7), base[day]) for day in base for _ in range(3 * day)]
    fill("llm_events", [*rows, *(llm(ago(day), base[day] + 10.1) for day in base for _ in range(6 * day))])
    answer = client.compare(["llm.latency_mean_ms", "llm.calls"], days=3)
    assert [(one.p_adjusted, one.low, one.high, one.verdict, one.reason.code) for one in answer.comparisons] == [
        (0.25, None, None, "unclear", "too_few")
    ] * 2


def test_no_rows_and_no_whole_day_are_reasons(client: ClickHouseClient, fill: Fill) -> None:
    [nothing] = client.compare("llm.latency_mean_ms").comparisons
    assert (nothing.reason.code, nothing.verdict, nothing.a) == ("no_data", "unclear", None)
    fill("llm_events", [llm(MORNING, 5.0)])
    [today] = client.compare("llm.latency_mean_ms", days=0).comparisons
    assert (today.reason.code, today.verdict) == ("no_data", "unclear")


NO_WHOLE_DAY = "No whole day is over in {}, and whole days are compared; take a longer window."


@pytest.mark.parametrize("given", [{}, {"group_by": "model"}])
def test_a_window_without_a_whole_day_has_values_but_no_day(
    client: ClickHouseClient, fill: Fill, given: dict[str, Any]
) -> None:
    """Calls every 15 minutes, and a window from yesterday afternoon on."""
    fill("llm_events", [llm(NOW - timedelta(minutes=15 * i + 1), 5.0, model="opus") for i in range(4 * 24 * 10)])
    for hours in (20, 35):
        answer = client.compare(["llm.calls", "llm.latency_mean_ms"], hours=hours, **given)
        assert [(one.reason.text, one.verdict) for one in answer.comparisons] == [
            (NO_WHOLE_DAY.format("this window"), "unclear")
        ] * 2
    baseline: dict[str, Any] = {"baseline_since": NOW - timedelta(days=5), "baseline_until": NOW - timedelta(days=4.6)}
    [one] = client.compare("llm.calls", days=3, **baseline, **given).comparisons
    assert one.reason.text == NO_WHOLE_DAY.format("the baseline")


def test_the_picture_shows_every_verdict(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", calls(range(1, 15), by_weekday, lambda day: (150 if day <= 7 else 100) + WOBBLE[day % 8]))
    answer = client.compare(["llm.latency_mean_ms", "llm.calls", "llm.error_rate"], chart=True)
    assert answer.images[0].startswith(b"\x89PNG")
