"""`interval: true`: the ends beside rates, means and quantiles, against SciPy, NumPy and by counting."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import anyio
import numpy as np
import pytest
from scipy import stats

from chimera_metrics.integrations.async_client import AsyncClickHouseClient
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.questions.intervals import shared
from chimera_metrics.integrations.results import Result
from tests.analytics.conftest import at
from tests.analytics.rows import bench, llm, session, ui, watcher
from tests.questions.conftest import Fill

WILSON = {"method": "wilson"}
Values = Sequence[float] | np.ndarray[Any, Any]
MS = "llm_events.latency_ms"


def named(answer: Result) -> list[dict[str, Any]]:
    """The rows by the names of their columns."""
    return [dict(zip([column.name for column in answer.columns], row, strict=True)) for row in answer.rows]


def parts(row: dict[str, Any], label: str) -> tuple[Any, Any, Any]:
    return row[f"{label}_n"], row[f"{label}_low"], row[f"{label}_high"]


def order_statistics(values: Values, q: float) -> tuple[float | None, float | None]:
    """The bounds of the quantile by counting through all ranks, smallest first."""
    ordered, n = np.sort(values), len(values)
    below = stats.binom.cdf(np.arange(-1, n), n, q)  # P(B < rank) of rank 0 to n
    low = max((rank for rank in range(1, n + 1) if below[rank] <= 0.025), default=0)
    high = min((rank for rank in range(1, n + 1) if 1.0 - below[rank] <= 0.025), default=0)
    return (float(ordered[low - 1]) if low else None, float(ordered[high - 1]) if high else None)


def samples(sizes: Sequence[int], seed: int = 5) -> dict[str, np.ndarray[Any, Any]]:
    """Skewed whole milliseconds with ties, by model: as many as each size says."""
    rng = np.random.default_rng(seed)
    return {f"m{n}": np.ceil(rng.lognormal(3.0, 0.8, n)) for n in sizes}


def calls(by_model: dict[str, Any], day: int = 8) -> Iterator[dict[str, Any]]:
    for model, values in by_model.items():
        for value in values:
            yield llm(at(day), None if value is None else float(value), model=model)


def test_a_rate_has_wilson_s_interval(client: ClickHouseClient, fill: Fill) -> None:
    failed = {"opus": (3, 40), "haiku": (0, 7), "sonnet": (5, 5)}
    for model, (k, n) in failed.items():
        fill("llm_events", [llm(at(8), model=model, status="failure" if i < k else "success") for i in range(n)])
    answer = client.aggregate(["llm.error_rate"], group_by=["model"], days=3, interval=True)
    assert answer.source == "llm_events_hourly"
    for row in named(answer):
        k, n = failed[row["model"]]
        theirs = stats.binomtest(k, n).proportion_ci(**WILSON)
        assert parts(row, "error_rate") == (
            n,
            pytest.approx(theirs.low, abs=1e-7),
            pytest.approx(theirs.high, abs=1e-7),
        )


def test_a_rate_of_one_call_has_both_ends_and_no_note(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", [llm(at(1)), llm(at(8), status="failure")])
    answer = client.aggregate(["llm.error_rate"], days=3, interval=True)
    assert parts(named(answer)[0], "error_rate") == (1, pytest.approx(0.2065493, abs=1e-7), 1.0)
    assert answer.notes == []


def test_a_rate_among_some_rows_and_one_of_sessions_rest_on_those(client: ClickHouseClient, fill: Fill) -> None:
    fill("ui_events", [ui(at(8), n, "error" if n < 2 else "query_submit") for n in range(9)])
    fill("ui_events", [ui(at(8, 13), n) for n in range(2, 9)])  # seven of the nine sessions go on
    [row] = named(client.aggregate(["ui.abandonment_rate", "ui.error_rate"], days=3, interval=True))
    for label, k, n in (("abandonment_rate", 2, 9), ("error_rate", 2, 16)):
        theirs = stats.binomtest(k, n).proportion_ci(**WILSON)
        assert parts(row, label) == (n, pytest.approx(theirs.low, abs=1e-7), pytest.approx(theirs.high, abs=1e-7))


SIZES = (1, 2, 5, 6, 10, 29, 71, 72, 150, 367, 368)


@pytest.mark.parametrize("percent", [50, 90, 95, 99])
def test_the_ends_of_a_quantile_are_the_values_that_counting_finds(
    client: ClickHouseClient, fill: Fill, percent: int
) -> None:
    by_model = samples(SIZES)
    fill("llm_events", list(calls(by_model)))
    answer = client.aggregate([f"p{percent}({MS})"], group_by=["model"], days=3, interval=True)
    assert len(answer.rows) == len(SIZES)
    for row in named(answer):
        values = by_model[row["model"]]
        ends = order_statistics(values, percent / 100)
        assert parts(row, f"p{percent}_latency_ms") == (len(values), *ends), row["model"]
        assert row[f"p{percent}_latency_ms"] == pytest.approx(np.quantile(values, percent / 100), rel=1e-6)
    need = {50: 6, 90: 36, 95: 72, 99: 368}[percent]
    assert answer.notes[0] == (
        f"p{percent}_latency_ms_low or p{percent}_latency_ms_high is null where there are too few values; "
        f"each needs {need} values."
    )


def test_with_very_many_sizes_the_ends_lie_a_little_farther_out(
    client: ClickHouseClient, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chimera_metrics.integrations.questions.intervals.MOST_LEVELS", 10)
    by_model = {f"m{n}": np.arange(1.0, n + 1.0) for n in range(60, 120)}  # each value is its own rank
    fill("llm_events", list(calls(by_model)))
    answer = client.aggregate([f"p50({MS})"], group_by=["model"], days=3, interval=True)
    moved = []
    for row in named(answer):
        _, low, high = parts(row, "p50_latency_ms")
        exact = order_statistics(by_model[row["model"]], 0.5)
        assert exact[0] is not None
        assert exact[1] is not None
        assert exact[0] - 2 <= low <= exact[0] < exact[1] <= high <= exact[1] + 2
        moved.append((low, high) != exact)
    assert len(moved) == 60
    assert any(moved)


def test_levels_are_read_themselves_until_there_are_too_many() -> None:
    few = {0.1 + 0.003 * i for i in range(100)}
    assert shared(few, 0.5, 100) == {level: level for level in few}
    many = {0.95 - 0.9 / n for n in range(1, 2001)}
    found = shared(many, 0.95, 100)
    assert len(set(found.values())) <= 100
    for level, read in found.items():
        assert 0.0 <= read <= level + 1e-12
        assert read == 0.0 or 0.95 - read <= (0.95 - level) * (1 + 1 / 8)
    upwards = shared({0.95 + 0.05 / n for n in range(1, 2001)}, 0.95, 100)
    assert all(level - 1e-12 <= read <= 1.0 for level, read in upwards.items())


def test_a_mean_has_the_interval_of_its_values(client: ClickHouseClient, fill: Fill) -> None:
    symmetric, skewed = [10.5, 20.25, 30.0, 39.75, 49.5], [31.0] * 12 + [70.0, 120.0]
    fill("llm_events", list(calls({"symmetric": [*symmetric, None], "skewed": skewed, "one": [7.0]})))
    answer = client.aggregate([f"avg({MS})"], group_by=["model"], days=3, interval=True)
    rows = {row["model"]: parts(row, "avg_latency_ms") for row in named(answer)}
    student = {
        name: stats.t.interval(0.95, len(values) - 1, loc=np.mean(values), scale=stats.sem(values))
        for name, values in (("symmetric", symmetric), ("skewed", skewed))
    }
    assert rows["symmetric"] == (5, *(pytest.approx(end, rel=1e-12) for end in student["symmetric"]))
    assert rows["one"] == (1, None, None)
    # Skewed upwards: Hall's upper end is farther out, Student's lower one stays.
    n, low, high = rows["skewed"]
    assert (n, low) == (14, pytest.approx(student["skewed"][0], rel=1e-12))
    assert high == pytest.approx(hall(skewed), rel=1e-9)
    assert high > student["skewed"][1] + 10.0
    assert answer.source == "llm_events"
    assert (
        answer.notes[0]
        == "avg_latency_ms_low or avg_latency_ms_high is null where there are too few values; each needs 2 values."
    )


def hall(values: Sequence[float]) -> float:
    """The upper end by Hall's transformation, from SciPy's moments: mean - s / sqrt(n) g^-1(-t)."""
    n, s = len(values), np.std(values, ddof=1)
    g = float(stats.skew(values, bias=False)) / math.sqrt(n)
    t = -float(stats.t.ppf(0.975, n - 1))
    return float(np.mean(values) - s / math.sqrt(n) * 3.0 / g * (np.cbrt(1.0 + g * (t - g / 6.0)) - 1.0))


def test_values_far_from_zero_have_student_s_interval(client: ClickHouseClient, fill: Fill) -> None:
    # The engine's own skewness of these is rounding: 1.6e5 and more.
    values = [1_000_000_000 + i % 7 for i in range(50)]
    fill("llm_events", [llm(at(8), tokens_in=value) for value in values])
    [row] = named(client.aggregate(["avg(llm_events.tokens_in)"], days=3, interval=True))
    theirs = stats.t.interval(0.95, 49, loc=np.mean(values), scale=stats.sem(values))
    assert parts(row, "avg_tokens_in") == (50, pytest.approx(theirs[0], abs=1e-5), pytest.approx(theirs[1], abs=1e-5))


def test_a_mean_cost_has_ends_like_itself(client: ClickHouseClient, fill: Fill) -> None:
    costs = ["0.000100", "0.000300", "0.000200", "0.000400"]
    fill("llm_events", [llm(at(8), cost_usd=cost) for cost in costs])
    answer = client.aggregate(["llm.cost_per_call_usd"], days=3, interval=True)
    theirs = stats.t.interval(0.95, 3, loc=0.00025, scale=stats.sem([float(cost) for cost in costs]))
    [[mean, n, low, high]] = answer.rows
    assert (mean, n) == (pytest.approx(0.00025), 4)
    assert (low, high) == (pytest.approx(theirs[0]), pytest.approx(theirs[1]))
    assert {type(value) for value in (mean, low, high)} == {float}
    assert [column.unit for column in answer.columns] == ["USD", "values", "USD", "USD"]


def test_a_run_counts_once(client: ClickHouseClient, fill: Fill) -> None:
    values = [100.0 + n * n for n in range(12)]
    fill("bench_runs", [bench(at(7), n, 5_000.0) for n in range(12)])
    fill("bench_runs", [bench(at(8), n, value) for n, value in enumerate(values)])
    metrics = ["bench.latency_p95_ms", "p50(bench_runs.latency_p95_ms)"]
    [row] = named(client.aggregate(metrics, days=3, interval=True))
    assert parts(row, "p50_latency_p95_ms") == (12, *order_statistics(values, 0.5))
    n, low, high = parts(row, "latency_p95_ms")
    assert (n, row["latency_p95_ms"]) == (12, pytest.approx(np.mean(values)))
    assert low < row["latency_p95_ms"] < high < 1_000


def test_counts_sums_and_the_like_have_none_and_a_note_says_so(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", list(calls({"opus": [1.0, 2.0]})))
    metrics = ["llm.calls", "llm.cost_usd", f"max({MS})", f"stddev({MS})", "uniq(llm_events.run_id)"]
    answer = client.aggregate(metrics, days=3, interval=True)
    labels = ["calls", "cost_usd", "max_latency_ms", "stddev_latency_ms", "uniq_run_id"]
    assert [column.name for column in answer.columns] == labels
    assert answer.notes == [f"{', '.join(labels)} have no interval; rates, means and quantiles have."]


def test_empty_buckets_have_n_0_and_today_is_partial(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", [llm(at(day), float(value)) for day in (7, 9) for value in range(1, 11)])
    fill("llm_events", [llm(at(10, 9), 5.0)])
    metrics = [f"p50({MS})", "llm.error_rate"]
    answer = client.aggregate(metrics, granularity="day", days=3, interval=True)
    high = pytest.approx(stats.binomtest(0, 10).proportion_ci(**WILSON).high)
    one = pytest.approx(stats.binomtest(0, 1).proportion_ci(**WILSON).high)
    assert [row[1:] for row in answer.rows] == [
        [5.5, 10, 2.0, 9.0, 0.0, 10, 0.0, high, False],
        [None, 0, None, None, None, 0, None, None, False],
        [5.5, 10, 2.0, 9.0, 0.0, 10, 0.0, high, False],
        [5.0, 1, None, None, 0.0, 1, 0.0, one, True],
    ]


def test_nothing_at_all_has_no_ends(client: ClickHouseClient) -> None:
    [row] = client.aggregate([f"p95({MS})", "llm.error_rate", f"avg({MS})"], days=3, interval=True).rows
    assert row == [None, 0, None, None] * 3


ORDERS: list[dict[str, Any]] = [
    {"group_by": ["model"], "limit": 2},
    {"group_by": ["model"], "limit": 2, "order_by": "llm.calls", "descending": True},
    {"group_by": ["model"], "limit": 2, "order_by": "model"},
    {"group_by": ["model"], "limit": 2, "granularity": "day"},
    {"group_by": ["model"], "limit": 2, "granularity": "day", "order_by": f"p50({MS})", "descending": True},
    {"group_by": ["model"], "granularity": "day", "filters": [{"column": "latency_ms", "op": ">", "value": "15"}]},
    {"granularity": "hour", "order_by": "ts", "descending": True},
]


@pytest.mark.parametrize("asked", ORDERS, ids=map(str, range(len(ORDERS))))
def test_the_ends_belong_to_the_rows_whatever_the_order_and_limit(
    client: ClickHouseClient, fill: Fill, asked: dict[str, Any]
) -> None:
    days = {7: samples((12, 40, 90), seed=1), 8: samples((12, 40, 90), seed=2)}
    for day, by_model in days.items():
        fill("llm_events", list(calls(by_model, day)))
    metrics = [f"p50({MS})", "llm.calls"]
    plain = named(client.aggregate(metrics, days=3, **asked))
    rows = named(client.aggregate(metrics, days=3, interval=True, **asked))
    assert [{name: row[name] for name in plain[0]} for row in rows] == plain
    for row in rows:
        models = [row["model"]] if "model" in row else list(days[7])
        chosen = [day for day in days if "ts" not in row or row["ts"].startswith(f"2026-06-{day:02}")]
        values = [value for day in chosen for model in models for value in days[day][model]]
        if "filters" in asked:
            values = [value for value in values if value > 15]
        if row["p50_latency_ms_n"]:
            assert parts(row, "p50_latency_ms") == (len(values), *order_statistics(values, 0.5)), row


def test_quantiles_are_exact_and_from_the_rows_in_windows_of_any_size(
    client: ClickHouseClient, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_model = samples((400,))
    fill("llm_events", list(calls(by_model)))
    monkeypatch.setattr("chimera_metrics.analytics.row_counts.FEW", 3)
    for exact in (False, True):
        answer = client.aggregate(["llm.latency_p99_ms"], days=3, interval=True, exact=exact)
        assert (answer.source, answer.notes) == ("llm_events", [])
        [[value, n, low, high]] = answer.rows
        assert (n, low, high) == (400, *order_statistics(by_model["m400"], 0.99))
        assert value == pytest.approx(np.quantile(by_model["m400"], 0.99), rel=1e-6)
    assert answer.rows_read == 800  # once for n, once for the values that n asks for


def test_a_dry_run_counts_both_statements(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", list(calls(samples((40,)))))
    for metric, statements in (("llm.latency_p95_ms", 2), ("llm.latency_mean_ms", 1)):
        answer = client.aggregate([metric], days=3, interval=True, dry_run=True)
        assert (answer.rows, answer.rows_read) == ([], 0)
        assert answer.estimate["rows"] == 40 * statements
        assert [column.type for column in answer.columns] == [None] * 4


def test_the_sql_is_what_query_takes(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", list(calls(samples((40,)))))
    answer = client.aggregate([f"avg({MS})", "llm.error_rate"], group_by=["model"], days=3, interval=True)
    [row] = client.query(answer.sql, answer.parameters).rows
    assert row[:2] == ["m40", pytest.approx(answer.rows[0][1])]


def test_a_metric_whose_name_is_that_of_another_s_n_gets_its_own(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", [llm(at(8), model="a"), llm(at(8), model="a_n")])
    for order in (("a", "a_n"), ("a_n", "a")):
        metrics = [f"rate(llm_events.model = {name})" for name in order]
        answer = client.aggregate(metrics, days=3, interval=True)
        assert len({column.name for column in answer.columns}) == 8
        assert [answer.rows[0][place] for place in (0, 1, 4, 5)] == [0.5, 2, 0.5, 2]


def test_intervals_of_simulated_calls_hold_the_true_values(client: ClickHouseClient, fill: Fill) -> None:
    rng = np.random.default_rng(11)
    fill(
        "llm_events",
        [
            llm(at(8), float(value), model=f"m{number}", status="failure" if rng.random() < 0.1 else "success")
            for number in range(300)
            for value in rng.lognormal(0.0, 1.0, 40)
        ],
    )
    metrics = [f"p50({MS})", f"avg({MS})", "llm.error_rate"]
    rows = named(client.aggregate(metrics, group_by=["model"], days=3, limit=300, interval=True))
    truth = {"p50_latency_ms": 1.0, "avg_latency_ms": math.exp(0.5), "error_rate": 0.1}
    held = {
        label: np.mean([parts(r, label)[1] <= true <= parts(r, label)[2] for r in rows])
        for label, true in truth.items()
    }
    # Four standard errors of 300 below 95 %, and below the 93 % that a mean of so skewed values is known to reach.
    assert held["p50_latency_ms"] >= 0.90
    assert held["error_rate"] >= 0.90
    assert held["avg_latency_ms"] >= 0.87


def test_the_async_client_takes_it_too(client: ClickHouseClient, fill: Fill) -> None:
    fill("llm_events", list(calls(samples((40,)))))

    async def ask() -> Result:
        async with AsyncClickHouseClient(client.settings, client.muse) as other:
            found: Result = await other.aggregate([f"p50({MS})"], days=3, interval=True)
            return found

    assert anyio.run(ask).rows == client.aggregate([f"p50({MS})"], days=3, interval=True).rows


def test_an_interval_of_a_mean_stays_where_its_values_can_be(client: ClickHouseClient, fill: Fill) -> None:
    """By Student's t 1, 1 and 90 ms have a mean from -97 on, and shares of 1, 1 and 0.9 one up to 1.11."""
    fill("llm_events", [llm(at(8), ms, tokens_in=int(ms)) for ms in (1.0, 1.0, 90.0)])
    means = [f"avg({MS})", "avg(llm_events.tokens_in)"]
    [row] = named(client.aggregate(means, days=3, interval=True))
    assert row["avg_latency_ms_low"] == row["avg_tokens_in_low"] == 0.0
    assert row["avg_latency_ms_high"] > 90.0
    fill("session_stats", [session(at(8), i, share) for i, share in enumerate((1.0, 1.0, 0.9))])
    [row] = named(client.aggregate(["sessions.error_rate"], days=3, interval=True))
    assert 0.7 < row["error_rate_low"] < row["error_rate"] < row["error_rate_high"] == 1.0


def test_an_interval_of_a_mean_that_can_be_negative_is_not_cut(client: ClickHouseClient, fill: Fill) -> None:
    fill("watcher_runs", [watcher(at(8), lag_seconds=lag) for lag in (1.0, 1.0, 90.0)])
    [row] = named(client.aggregate(["pipeline.lag_mean_seconds"], days=3, interval=True))
    assert row["lag_mean_seconds_low"] < -90.0
