"""Pictures say what the result says; that they are legible was judged by eye."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chimera_metrics.integrations.charts import (
    Form,
    anomalies_chart,
    compare_chart,
    correlation_chart,
    drivers_chart,
    forecast,
    forecast_chart,
    performance_chart,
    style,
    trend,
    trend_chart,
)
from chimera_metrics.integrations.results import records

Draw = Callable[[Mapping[str, Any], Form], bytes]
WINDOW = {"since": "2026-05-11T00:00:00Z", "until": "2026-06-10T12:00:00Z", "timezone": "UTC"}
NO_DATA = {"code": "no_data", "text": "There are no values of the metric in this window."}
TIMES = [(datetime(2026, 5, 12, tzinfo=UTC) + timedelta(days=i)).isoformat() for i in range(30)]


def table(rows: list[list[Any]]) -> dict[str, Any]:
    return {"columns": ["ts", "value", "n", "partial"], "rows": rows}


def series(group: str | None = None, **more: Any) -> dict[str, Any]:
    """Ten days at 100, twenty at 150 with one at 300, a gap, and today."""
    values = [None if i == 5 else 300.0 if i == 20 else 150.0 if i >= 10 else 100.0 for i in range(30)]
    points = table([[ts, v, 3, i == 29] for i, (ts, v) in enumerate(zip(TIMES, values, strict=True))])
    change = {"ts": TIMES[10], "before": 100.0, "after": 150.0, "p_value": 0.001, "commit_sha": "5d8a17f4c2" + "0" * 30}
    return {
        "group": group, "points": points, "n": 28, "slope_per_day": 2.5, "slope_low": -1.25, "slope_high": 6.0,
        "p_value": 0.2, "p_adjusted": 0.2, "direction": "unclear", "change_pct": 50.0, "change_points": [change],
        "anomalies": [{"ts": TIMES[20], "value": 300.0, "score": 9.0}], "between_steps": None,
        "reason": None, "notes": [],
    } | more  # fmt: skip


def empty(group: str | None = None) -> dict[str, Any]:
    none = dict.fromkeys(("slope_per_day", "slope_low", "slope_high", "p_value", "p_adjusted", "change_pct"))
    points = table([[ts, None, 0, False] for ts in TIMES])
    return series(group) | none | {"n": 0, "points": points, "change_points": [], "anomalies": [], "reason": NO_DATA}


def trend_of(*every: dict[str, Any], group_by: str | None = None) -> dict[str, Any]:
    return {
        "metric": "ui.latency_p95_ms", "unit": "ms", "granularity": "day", "window": WINDOW,
        "group_by": [group_by] if group_by else [],
        "filters": ["event_type = error"], "series": list(every), "reason": None if every else NO_DATA,
    }  # fmt: skip


def correlation(**more: Any) -> dict[str, Any]:
    rows = [[ts, 400.0 + i, 200.0 + i * i % 70] for i, ts in enumerate(TIMES)]
    points = {"columns": ["ts", "x", "y"], "rows": rows}
    return {
        "coefficient": 0.5123, "p_value": 0.0004, "ci_low": 0.1, "ci_high": 0.8, "n": 30, "n_effective": 12.0,
        "method": "pearson", "x": {"metric": "bench.latency_p95_ms", "unit": "ms"},
        "y": {"metric": "ui.latency_mean_ms", "unit": "ms"}, "lags": [], "best_lag": None,
        "best_lag_p_adjusted": None, "points": points, "reason": None, "granularity": "day", "window": WINDOW,
    } | more  # fmt: skip


def group(model: str, regressed: bool = False, before: int = 8) -> dict[str, Any]:
    measures = dict.fromkeys(
        ("latency_p50_ms", "latency_p95_ms", "latency_p99_ms", "tokens_per_sec", "cost_per_1k", "memory_peak_mb"), 100.0
    )
    change = dict.fromkeys(measures, 25.0 if before else None) | {"memory_peak_mb": None}
    found = {"measure": "latency_p95_ms", "before": 80.0, "after": 100.0, "commit_sha": "5d8a17f4c2" + "0" * 30}
    named = {"model": model, "quant": "q4", "dataset": "chat", "runs": 8, "runs_before": before}
    return named | measures | {"change_pct": change, "regressions": [found] if regressed else [], "reason": None}


def summary(*groups: dict[str, Any]) -> dict[str, Any]:
    return {"groups": list(groups), "window": WINDOW, "previous_window": WINDOW}


def outlook(**more: Any) -> dict[str, Any]:
    """Thirty days known, and three ahead."""
    ahead = [f"2026-06-{day}T00:00:00Z" for day in (11, 12, 13)]
    rows = [[ts, 150.0, 140.0, 160.0, 120.0, 190.0] for ts in ahead]
    return {
        "metric": "llm.cost_usd", "unit": "USD", "granularity": "day", "horizon": 3, "window": WINDOW, "n": 28,
        "filters": ["model = opus"], "forecast": {"columns": [], "rows": rows}, "points": records(series()["points"]),
        "total": {"value": 450.0, "low_80": 430.0, "high_80": 470.0, "low_95": None, "high_95": None}, "reason": None,
        "backtest": {"cases": 24, "mase": 0.8, "mase_naive": 1.1, "coverage_80": 0.8, "coverage_95": 0.95},
    } | more  # fmt: skip


def odd(**more: Any) -> dict[str, Any]:
    mark = {"metric": "llm.calls", "group": "opus", "ts": TIMES[29], "value": 150.0, "expected": 300.0, "low": 280.0,
            "high": 320.0, "p_adjusted": 0.001, "worse": None}  # fmt: skip
    panel = {"metric": "llm.calls", "unit": "calls", "group": "opus", "points": records(series()["points"])}
    return {
        "granularity": "hour", "last": 24, "anomalies": [mark], "judged": 960, "not_judged": [{}], "window": WINDOW,
        "series": [panel],
    } | more  # fmt: skip


def rate() -> dict[str, Any]:
    """Half of the calls fail, and one day all of them."""
    rows = [[ts, 1.0 if i == 3 else 0.5, 4, False] for i, ts in enumerate(TIMES)]
    return series(points=table(rows), change_points=[], anomalies=[], slope_per_day=0.01, slope_low=-0.005,
                  slope_high=0.02)  # fmt: skip


LAGS = [{"lag": lag, "coefficient": None if lag == 3 else 0.1 * lag, "p_value": 0.1, "n": 20} for lag in range(-3, 4)]
NOTHING = dict.fromkeys(("coefficient", "p_value", "ci_low", "ci_high", "n_effective"))
PICTURES: dict[str, tuple[Draw, dict[str, Any], list[str]]] = {
    "trend": (
        trend_chart,
        trend_of(series()),
        ["ui.latency_p95_ms (ms) by day, event_type = error",
         "step: 100 → 150 ms on 2026-05-22 (p = 0.001), n = 28",
         "100 → 150", "5d8a17f4c2", "anomaly", "not over yet", "change of level"],
    ),
    "trend that rises": (
        trend_chart,
        trend_of(series(direction="rising", change_points=[], anomalies=[])),
        ["rising: 2.5 ms a day (95 %: −1.25 to 6), p = 0.2, n = 28", "trend (Theil–Sen)"],
    ),
    "trend that is only a step": (
        trend_chart,
        trend_of(series(direction="rising", between_steps={"slope_per_day": 0.1, "p_value": 0.6})),
        ["step: 100 → 150 ms on 2026-05-22 (p = 0.001); apart from it no trend, n = 28"],
    ),
    "trend that is unclear": (
        trend_chart,
        trend_of(series(change_points=[])),
        ["unclear: level 150 ms; a trend lies between −1.25 and 6 ms a day, n = 28", "level (median)"],
    ),
    "trend of groups": (
        trend_chart,
        trend_of(*(series(f"model {i}") for i in range(8)), group_by="model"),
        ["model 5", "2026-05-11 to 2026-06-10, UTC, 6 of 8 groups"],
    ),
    "trend of nothing": (trend_chart, trend_of(), [NO_DATA["text"]]),
    "trend of gaps": (trend_chart, trend_of(empty()), [NO_DATA["text"]]),
    "trend of one point": (
        trend_chart,
        trend_of(empty() | {"points": table([[TIMES[0], 100.0, 3, False]])}),
        ["value"],
    ),
    "forecast": (
        forecast_chart,
        outlook(),
        ["llm.cost_usd (USD), the next 3 days, model = opus", "total 450 USD (80 %: 430 to 470)", "forecast", "95 %",
         "mean error in 24 backtests 0.8 of a week's change", "1.1); n = 28", "not over yet"],
    ),
    "forecast of one bucket": (
        forecast_chart,
        outlook(forecast={"rows": outlook()["forecast"]["rows"][:1]}, total=None),
        ["24 backtests"],
    ),
    "forecast of nothing": (
        forecast_chart, outlook(forecast={"rows": []}, backtest=None, reason=NO_DATA), [NO_DATA["text"]]
    ),
    "odd buckets": (
        anomalies_chart,
        odd(),
        ["What was odd in the newest 24 hours", "960 buckets judged, 1 odd, 1 series not judged", "expected, 95 %",
         "llm.calls (calls), opus: 150 where 300 was expected"],
    ),
    "nothing odd": (
        anomalies_chart,
        odd(anomalies=[], series=[], last=1, granularity="day"),
        ["None of 960 buckets is odd.", "What was odd in the newest day"],
    ),
    "trend of a rate": (
        trend_chart,
        trend_of(rate()) | {"unit": "share"},
        ["ui.latency_p95_ms (%) by day",
         "unclear: level 50 %; a trend lies between −0.5 and 2 percentage points a day, n = 28"],
    ),
    "correlation": (
        correlation_chart,
        correlation(),
        ["ui.latency_mean_ms against bench.latency_p95_ms, by day",
         "r = 0.51 (95 %: 0.10 to 0.80), p &lt; 0.001, n = 30, ",
         "12 independent pairs", "bench.latency_p95_ms (ms)", "newest: 2026-06-10"],
    ),
    "correlation with lags": (
        correlation_chart,
        correlation(lags=LAGS, best_lag=2, best_lag_p_adjusted=0.01),
        ["lag 2 stands out (p = 0.01, corrected)", "lag in days (positive: y follows x)"],
    ),
    "correlation of nothing": (
        correlation_chart,
        correlation(points={"columns": ["ts", "x", "y"], "rows": []}, reason=NO_DATA, **NOTHING),
        [NO_DATA["text"]],
    ),
    "performance": (
        performance_chart,
        summary(group("a", regressed=True), group("new", before=0), group("b")),
        ["Worse: a q4 chat, since commit 5d8a17f4c2.", "+25 %", "p95 latency (ms)", "peak memory (MB)", "regression"],
    ),
    "performance of nothing": (performance_chart, summary(), ["No runs.", "Nothing got significantly worse."]),
}  # fmt: skip


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_says_what_the_result_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    draw, result, texts = PICTURES[name]
    monkeypatch.setitem(style._RC, "svg.fonttype", "none")  # words as words, so that they can be found
    svg = draw(result, "svg").decode()
    flat = " ".join(svg.split())
    for text in texts:
        assert text in flat


@pytest.mark.parametrize("name", ["trend", "trend of groups", "correlation with lags", "performance"])
def test_a_png_is_800_pixels_wide_and_light(name: str) -> None:
    draw, result, _ = PICTURES[name]
    picture = draw(result, "png")
    assert picture.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", picture[16:24])
    assert (width, 400 <= height <= 1200) == (800, True)
    assert len(picture) < 200_000


def test_a_group_of_two_columns_stands_with_both_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(style._RC, "svg.fonttype", "none")
    two = [series() | {"group": {"model": model, "source": "council"}} for model in ("opus", "haiku")]
    svg = trend_chart(trend_of(*two) | {"group_by": ["model", "source"]}, "svg").decode()
    assert "haiku, council" in svg
    assert "by day and model and source" in svg


def test_the_same_result_gives_the_same_picture() -> None:
    assert trend_chart(trend_of(series()), "svg") == trend_chart(trend_of(series()), "svg")


def test_values_between_gaps_have_a_marker_among_many_points(monkeypatch: pytest.MonkeyPatch) -> None:
    hours = [(datetime(2026, 5, 12, tzinfo=UTC) + timedelta(hours=i)).isoformat() for i in range(168)]
    points = table([[ts, None if i in (2, 4, 99, 101) else 0.5, 1, False] for i, ts in enumerate(hours)])
    marked: list[float] = []
    monkeypatch.setattr(trend, "_isolated", lambda axes, times, drawn: marked.extend(trend.isolated(drawn)))
    trend_chart(trend_of(series(points=points, change_points=[], anomalies=[])))
    assert marked == [3, 100]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-4.308e-06, "−0.0000043"),
        (0.00041, "0.00041"),
        (12345.6, "12,346"),
        (1158.4, "1,158"),
        (999.4, "999.4"),
        (0.0, "0"),
    ],
)
def test_small_numbers_are_written_in_full(value: float, text: str) -> None:
    assert style.number(value) == text


def test_a_comparison_says_both_sides_with_their_unit_and_what_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(style._RC, "svg.fonttype", "none")
    base = {"group": None, "low": None, "high": None, "verdict": "unclear", "change_pct": None}
    every = [
        base | {"metric": "llm.error_rate", "a": 0.2, "b": 0.375, "change_pct": 87.5},
        base | {"metric": "llm.latency_p95_ms", "a": 1833.0, "b": 21306.0, "change_pct": 1062.4},
        base | {"metric": "llm.calls", "a": None, "b": 3.0},
    ]
    svg = compare_chart({"comparisons": every, "window": WINDOW, "baseline_window": WINDOW}, "svg").decode()
    for text in ("20 → 37.5 %", "1,833 → 21,306 ms (+1,062 %)", "– → 3 calls: no change in %"):
        assert text in svg


def test_the_drivers_of_a_rate_are_in_percent_and_the_metric_is_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(style._RC, "svg.fonttype", "none")
    change = {"before": 0.12, "after": 0.13, "change": 0.01, "low": -0.01, "high": 0.03, "p_value": 0.5}
    result = {"metric": "llm.error_rate", "unit": "share", "change": change, "drivers": [], "rest": 0.01,
              "looked_at": 5, "reason": NO_DATA, "window": WINDOW, "baseline_window": WINDOW}  # fmt: skip
    svg = drivers_chart(result, "svg").decode()
    assert "change 1 percentage points (95 %: −1 to 3, p = 0.5)" in " ".join(svg.split())
    assert "llm.error_rate (%)" in svg
    assert svg.count("#d9d9d9") == 0


def test_a_rate_is_drawn_in_percent_and_not_over_100() -> None:
    axes = style.new_figure(200).subplots()
    trend._heights(axes, [{"value": 0.0}, {"value": 100.0}], "%")
    assert axes.get_ylim() == (0.0, 104.0)


def test_values_of_thousands_have_commas() -> None:
    axes = style.new_figure(200).subplots()
    trend._heights(axes, [{"value": 0.0}, {"value": 50_000.0}], "ms")
    assert axes.yaxis.get_major_formatter()(40_000.0) == "40,000"


def test_a_forecast_marks_values_between_gaps_among_many_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value with gaps on both sides has no line: without a marker nobody sees it."""
    hours = [(datetime(2026, 5, 12, tzinfo=UTC) + timedelta(hours=i)).isoformat() for i in range(168)]
    known = [{"ts": ts, "value": None if i in (2, 4, 99, 101) else 0.5, "partial": False} for i, ts in enumerate(hours)]
    marked: list[int] = []

    def isolated(values: list[float]) -> list[int]:
        marked.extend(trend.isolated(values))
        return marked

    monkeypatch.setattr(forecast, "isolated", isolated)
    monkeypatch.setattr(forecast, "_SHOWN_CYCLES", 100)
    forecast_chart(outlook(points=known))
    assert marked == [3, 100]


def test_a_group_without_a_whole_bucket_leaves_the_others_their_dates() -> None:
    today = table([[TIMES[29], 1.0, 1, True]])
    young = series("young", points=today, n=0, change_points=[], anomalies=[], slope_per_day=None, reason=NO_DATA)
    assert trend_chart(trend_of(series("old"), young, group_by="model")).startswith(b"\x89PNG")


def test_five_groups_leave_no_empty_panel_and_every_column_its_dates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows of three, the sixth hidden: dates stand under the fourth and fifth and the third, once each."""
    monkeypatch.setitem(style._RC, "svg.fonttype", "none")
    svg = trend_chart(trend_of(*(series(f"model {i}") for i in range(5)), group_by="model"), "svg").decode()
    assert [place for place in range(1, 8) if f'id="axes_{place}"' in svg] == [1, 2, 3, 4, 5]
    assert svg.count("Jun") == 3 * trend_chart(trend_of(series()), "svg").decode().count("Jun") > 0


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [([390.0, 550.0], 367.6, 585.84), ([0.0, 4e-6], 0.0, 4.896e-6), ([-2.0, 2.0], -2.56, 2.896)],
)
def test_the_axis_is_that_of_the_values_and_of_costs_not_below_zero(
    values: list[float], low: float, high: float
) -> None:
    """14 % of the spread is free below, and 22 % above for words; a steep interval of the slope changes nothing."""
    axes = style.new_figure(200).subplots()
    axes.plot([0, 1], [-1e4, 1e4])
    trend._heights(axes, [{"value": value} for value in [*values, None]])
    assert list(axes.get_ylim()) == pytest.approx([low, high])
