"""Series begin with the first row of their table or group: what came before it is no series of zeros."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from tests.analytics.conftest import at
from tests.analytics.rows import bench, llm, ui
from tests.questions.conftest import NOW, Fill


def young(days: int) -> list[dict[str, Any]]:
    """Some hundred calls a day since `days` ago, Poisson; 21 May 2026 for 20."""
    rng = np.random.default_rng(3)
    midnight = NOW.replace(hour=0) - timedelta(days=days)
    return [
        llm(midnight + timedelta(days=day, minutes=14 * minute % 1440), 10.0)
        for day in range(days)
        for minute in range(rng.poisson(100))
    ]


def test_a_steady_store_of_20_days_does_not_rise_over_30(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", young(20))
    answer = client.trend("llm.calls", days=30)
    [series] = answer.series
    assert series.points.records()[0].ts == "2026-05-21"
    assert series.n == 20
    assert series.change_points == []
    assert series.p_value > 0.05
    assert answer.notes[0] == "llm.calls begins on 2026-05-21, its first row."
    assert client.get_trend_data("llm.calls", days=30).series == answer.series


def test_days_without_calls_after_the_first_are_zeros(client: ClickHouseClient, fill: Fill) -> None:
    """A row before the window: every empty day in it is a day without calls."""
    fill("llm_events", [llm(at(1)), llm(at(9))])
    answer = client.trend("llm.calls", days=4)
    assert [point.value for point in answer.series[0].points.records()] == [0.0, 0.0, 0.0, 1.0, 0.0]
    assert not any("begins" in note for note in answer.notes)


def test_filters_choose_among_rows_that_there_are(client: ClickHouseClient, fill: Fill) -> None:
    """The first failure is on the 9th, and the 7th and 8th had none."""
    fill("llm_events", [llm(at(7)), llm(at(8)), llm(at(9), status="failure")])
    answer = client.trend("llm.calls", days=5, filters=[{"column": "status", "value": "failure"}])
    points = answer.series[0].points.records()
    assert [(p.ts[:10], p.value) for p in points] == [
        ("2026-06-07", 0.0), ("2026-06-08", 0.0), ("2026-06-09", 1.0), ("2026-06-10", 0.0)
    ]  # fmt: skip
    assert answer.notes[:2] == [
        "llm.calls begins on 2026-06-07, its first row.",
        "The first row with status = failure is from 2026-06-09; the days before it count as 0. Begin the window "
        "there, with `since`, to leave them out.",
    ]


def test_a_filter_whose_first_row_is_older_than_the_window_is_not_noted(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", [llm(at(1), status="failure"), llm(at(2)), llm(at(9), status="failure")])
    for metric in ("llm.calls", "llm.latency_mean_ms"):
        answer = client.trend(metric, days=5, filters=[{"column": "status", "value": "failure"}])
        assert not any("first row with" in note for note in answer.notes)


def test_an_aggregate_by_day_notes_the_first_row_of_its_filters(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", [llm(at(1), status="failure"), llm(at(4)), llm(at(9), status="failure")])
    counted = client.aggregate(["llm.calls"], days=8, granularity="day", filters={"status": "success"})
    assert "The first row with status = success is from 2026-06-04; the days before it count as 0." in " ".join(
        counted.notes
    )


def test_each_group_begins_with_its_own_first_row(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", [llm(at(1), model="old"), llm(at(9), model="old"), llm(at(8), model="new")])
    answer = client.trend("llm.calls", days=4, group_by="model")
    found = {one.group: [point.value for point in one.points.records()] for one in answer.series}
    assert found == {"old": [0.0, 0.0, 0.0, 1.0, 0.0], "new": [1.0, 0.0, 0.0]}
    assert answer.notes[0] == "A group begins within the window: new on 2026-06-08; its first row."


def test_a_group_as_old_as_its_table_is_not_named_beside_it(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", [llm(at(7), model="old"), llm(at(9), model="old"), llm(at(8), model="new")])
    assert client.trend("llm.calls", days=4, group_by="model").notes[:2] == [
        "llm.calls begins on 2026-06-07, its first row.",
        "A group begins within the window: new on 2026-06-08; its first row.",
    ]


def test_an_aggregate_by_day_and_group_begins_so_too(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", [llm(at(8), model="old"), llm(at(9), model="new")])
    answer = client.aggregate(["llm.calls", "llm.cost_usd"], granularity="day", group_by=["model"], days=5)
    assert [(row[0][8:10], row[1], row[2]) for row in answer.rows] == [
        ("08", "old", 1), ("09", "old", 0), ("09", "new", 1), ("10", "old", 0), ("10", "new", 0)
    ]  # fmt: skip
    assert "llm.calls and llm.cost_usd begin on 2026-06-08, the first row of llm_events." in answer.notes


def test_a_side_of_a_correlation_is_unknown_until_its_table_begins(client: ClickHouseClient, fill: Fill) -> None:
    """Calls since the 1st, events since the 6th: five whole days have both."""
    fill("llm_events", [llm(at(1)), *(llm(at(day, hour)) for day in range(6, 10) for hour in range(day))])
    fill("ui_events", [ui(at(day, hour)) for day in range(6, 10) for hour in range(day)])
    answer = client.correlate("llm.calls", "ui.events", days=9)
    assert [point.ts[8:10] for point in answer.points.records()] == ["06", "07", "08", "09"]
    assert answer.n == 4
    assert answer.cautions == [one for one in answer.cautions if "count as 0" not in one]
    assert answer.notes[0] == "ui.events begins on 2026-06-06, its first row."


def test_a_table_without_rows_has_no_series(client: ClickHouseClient) -> None:
    answer = client.trend("llm.calls", days=30)
    assert answer.series == []
    assert answer.reason == {"code": "no_data", "text": "There are no rows of llm_events here."}
    assert client.aggregate(["llm.calls"], granularity="day", days=3).rows == []


def test_a_benchmark_groups_begin_within_the_hour(client: ClickHouseClient, fill: Fill) -> None:
    fill("bench_runs", [bench(at(9, 3, 30), 1, 100.0), bench(at(10, 5), 2, 100.0, quant="q8")])
    answer = client.trend("bench.runs", granularity="hour", days=2, group_by="quant")
    assert {one.group: one.points.records()[0].ts for one in answer.series} == {
        "q4": "2026-06-09T03:00:00Z",
        "q8": "2026-06-10T05:00:00Z",
    }
    assert answer.notes[0] == "bench.runs begins on 2026-06-09T03:30:00Z, its first row."


def test_the_week_in_which_a_table_begins_is_partial(client: ClickHouseClient, fill: Fill) -> None:
    """Forty calls a day since Saturday, 7 March: two days of the first week, and fourteen whole weeks on."""
    begun = NOW.replace(month=3, day=7, hour=0)
    fill("llm_events", [llm(begun + timedelta(days=day, minutes=36 * n)) for day in range(95) for n in range(40)])
    answer = client.trend("llm.calls", granularity="week", days=120)
    [series] = answer.series
    assert [(p.ts[:10], p.value, p.partial) for p in series.points.records()][:2] == [
        ("2026-03-02", 80.0, True), ("2026-03-09", 280.0, False)
    ]  # fmt: skip
    assert (series.n, series.anomalies, series.reason.code) == (13, [], "constant")
    partial = "2026-03-02 and 2026-06-08 are partial: shown, but left out of all inference."
    assert answer.notes == ["llm.calls begins on 2026-03-07, its first row.", partial]


def test_the_month_in_which_a_group_begins_is_partial_for_it_alone(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", [llm(at(day).replace(month=month), model="old") for month in (1, 2, 3, 4, 5) for day in (1, 20)])
    fill("llm_events", [llm(at(20).replace(month=month), model="new") for month in (3, 4, 5)])
    series = client.trend("llm.calls", granularity="month", days=200, group_by="model").series
    partial = {one.group: [p.ts[5:7] for p in one.points.records() if p.partial] for one in series}
    assert partial == {"old": ["06"], "new": ["03", "06"]}
