"""The analytic tools through the in-memory client: one call, one assertion on the whole answer."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import mcp
import pytest
from mcp_types import CallToolResult, ImageContent, TextContent

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import Settings
from chimera_metrics.integrations.questions import asking
from tests.analytics.rows import bench, llm, ui
from tests.questions.conftest import NOW
from tests.server.conftest import converse

Call = Callable[..., CallToolResult]
YESTERDAY = NOW - timedelta(days=1)
DAYS_7 = {"since": "2026-06-03T00:00:00Z", "until": "2026-06-10T12:00:00Z", "timezone": "UTC"}
DAYS_2 = {"since": "2026-06-08T00:00:00Z", "until": "2026-06-10T12:00:00Z", "timezone": "UTC"}
LEFT_OUT = "2026-06-10 is partial: left out of the points and of all inference."
GAP = {"code": "too_few", "text": "A trend needs at least 4 points; there is 1."}


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "clock", lambda: NOW)


@pytest.fixture(autouse=True)
def _rows(store: Settings) -> None:
    """Yesterday: two calls, one failed; one event; one run."""
    with ClickHouseClient(store.clickhouse, store.muse) as client:
        client.insert("llm_events", [llm(YESTERDAY, 100.0, cost_usd="0.5"), llm(YESTERDAY, 300.0, status="failure")])
        client.insert("ui_events", [ui(YESTERDAY, 1, "error", 20.0)])
        client.insert("bench_runs", [bench(YESTERDAY, 1, 400.0)])


def whole(result: CallToolResult) -> dict[str, Any]:
    """The answer, which is the same as text and as structured content."""
    assert not result.is_error, result.content
    answer = dict(result.structured_content or {})
    assert isinstance(result.content[0], TextContent)
    assert json.loads(result.content[0].text) == answer
    return answer


def test_query_aggregate(call: Call) -> None:
    answer = whole(call("query.aggregate", metrics=["llm.calls", "llm.error_rate"], group_by=["model"], days=2))
    for name in ("elapsed_ms", "rows_read", "bytes_read", "query_id"):
        answer.pop(name)
    assert answer == {
        "columns": [
            {"name": "model", "type": "LowCardinality(String)"},
            {"name": "calls", "type": "UInt64", "unit": "calls"},
            {"name": "error_rate", "type": "Nullable(Float64)", "unit": "share"},
        ],
        "rows": [["opus", 2, 0.5]],
        "row_count": 1,
        "window": DAYS_2,
        "source": "llm_events_hourly",
    }


def test_query_aggregate_with_intervals(call: Call) -> None:
    metrics = ["llm.error_rate", "llm.latency_mean_ms", "llm.latency_p50_ms", "llm.calls"]
    answer = whole(call("query.aggregate", metrics=metrics, days=2, interval=True))
    # 1 of 2 by Wilson; 100 and 300: 200 +- 12.706 * 141.42 / sqrt(2); of two values none bounds a median.
    assert answer["rows"] == [
        [
            *(0.5, 2, pytest.approx(0.0945312), pytest.approx(0.9054688)),
            *(200.0, 2, pytest.approx(0.0, abs=0.01), pytest.approx(1470.62, abs=0.01)),
            *(200.0, 2, None, None),
            2,
        ]
    ]
    assert [column["name"] for column in answer["columns"]][8:] == [
        "latency_p50_ms",
        "latency_p50_ms_n",
        "latency_p50_ms_low",
        "latency_p50_ms_high",
        "calls",
    ]
    assert answer["notes"] == [
        "calls has no interval; rates, means and quantiles have.",
        "latency_p50_ms_low or latency_p50_ms_high is null where there are too few values; each needs 6 values.",
    ]
    assert answer["source"] == "llm_events"


def test_query_correlation(call: Call) -> None:
    answer = whole(call("query.correlation", x="llm.latency_mean_ms", y="ui.latency_mean_ms", days=2, max_lag=1))
    none = dict.fromkeys(("coefficient", "p_value", "ci_low", "ci_high", "n_effective"))
    assert answer == none | {
        "n": 1,
        "method": "pearson",
        "x": {"metric": "llm.latency_mean_ms", "unit": "ms"},
        "y": {"metric": "ui.latency_mean_ms", "unit": "ms"},
        "lags": [{"lag": lag, "coefficient": None, "p_value": None, "n": int(lag == 0)} for lag in (-1, 0, 1)],
        "points": {"columns": ["ts", "x", "y"], "rows": [["2026-06-09", 200.0, 20.0]]},
        "reason": {"code": "too_few", "text": "A correlation needs at least 4 points; there is 1."},
        "notes": [begins("llm.latency_mean_ms"), begins("ui.latency_mean_ms"), LEFT_OUT],
        "granularity": "day",
        "source": "llm_events_hourly, ui_events_hourly",
        "window": DAYS_2,
    }


def begins(metric: str) -> str:
    return f"{metric} begins on 2026-06-09, its first row."


def trend(metric: str, unit: str, better: str, value: float, n: int, **more: Any) -> dict[str, Any]:
    none = ("slope_per_day", "slope_low", "slope_high", "p_value", "p_adjusted", "change_pct")
    points = {"columns": ["ts", "value", "n"], "rows": [["2026-06-09", value, n]]}
    later = [f"{what} needs at least 10 points; there is 1." for what in ("Finding a change of level", "Finding anomalies")]  # fmt: skip  # noqa: E501
    series = dict.fromkeys(none) | {
        "group": None, "points": points, "n": 1, "direction": "unclear", "change_points": [], "anomalies": [],
        "reason": GAP, "notes": later,
    }  # fmt: skip
    return {
        "metric": metric, "unit": unit, "better": better, "granularity": "day",
        "series": [series], "notes": [begins(metric)], "window": DAYS_2,
    } | more  # fmt: skip


def test_query_trend(call: Call) -> None:
    filters = [{"column": "model", "op": "=", "value": "opus"}]
    answer = whole(call("query.trend", metric="llm.latency_mean_ms", days=2, filters=filters))
    expected = trend("llm.latency_mean_ms", "ms", "lower", 200.0, 2, source="llm_events_hourly")
    assert answer == expected | {"filters": ["model = opus"]}


def test_query_compare(call: Call) -> None:
    """One call yesterday and none before: the table begins within the window."""
    answer = whole(call("query.compare", metrics=["llm.calls"], filters=[{"column": "model", "value": "opus"}]))
    [one] = answer.pop("comparisons")
    assert one.pop("reason")["code"] == "no_data"
    none = dict.fromkeys(("group", "a", "change", "change_pct", "low", "high", "p_adjusted"))
    assert one == none | {"metric": "llm.calls", "b": 2.0, "verdict": "unclear", "n_a": 0, "n_b": 2}
    assert answer["source"] == "llm_events_hourly"
    assert answer["baseline_window"]["until"] == answer["window"]["since"]
    both = call("query.compare", metrics=["llm.calls"], a_filters=[{"column": "model", "value": "opus"}])
    assert "give both" in str(both.content[0])


def test_query_forecast(call: Call) -> None:
    answer = whole(call("query.forecast", metric="llm.latency_mean_ms", days=2))
    text = "A forecast of 7 buckets needs at least 21 points; there is 1."
    assert answer["reason"] == {"code": "too_few", "text": text}
    assert answer["forecast"] == {"columns": ["ts", "value", "low_80", "high_80", "low_95", "high_95"], "rows": []}
    named = ("total", "method", "backtest")
    assert {name: answer[name] for name in named} == dict.fromkeys(named)
    assert (answer["n"], answer["horizon"], answer["unit"]) == (1, 7, "ms")


def test_query_anomalies(call: Call) -> None:
    answer = whole(call("query.anomalies", metrics=["llm.latency_mean_ms"], granularity="day", days=2))
    text = "It takes 21 buckets before the newest to know what to expect; there are 0."
    reason = {"code": "too_few", "text": text}
    assert answer["not_judged"] == [{"metric": "llm.latency_mean_ms", "group": None, "reason": reason}]
    assert (answer["anomalies"], answer["judged"], answer["last"]) == ([], 0, 1)


def test_get_trend_data(call: Call) -> None:
    answer = whole(call("get.trend_data", metric="bench.latency_p95_ms", days=2))
    assert answer == trend("bench.latency_p95_ms", "ms", "lower", 400.0, 1, source="bench_runs")


def test_get_correlation_data(call: Call) -> None:
    answer = whole(call("get.correlation_data"))
    points = answer.pop("points")
    pairs = answer.pop("pairs")
    assert [(pair["n"], pair["reason"]["code"]) for pair in pairs] == [(1, "too_few")] * 3 + [(0, "no_data")] * 3
    assert points == {
        "columns": [
            *("ts", "hearts_latency_p95_ms", "hearts_cost_per_1k"),
            *("packs_latency_ms", "packs_error_rate", "packs_abandonment_rate"),
        ],
        "rows": [["2026-06-09", 400.0, None, 20.0, 1.0, 1.0]],
    }
    none = dict.fromkeys(("correlation", "p_value", "ci_low", "ci_high", "n_effective"))
    few = {
        "code": "too_few",
        "text": "A correlation within groups, judged by days, needs at least 4 points; there are 0.",
    }
    assert answer == none | {
        "n": 1,
        "reason": {"code": "too_few", "text": "A correlation needs at least 4 points; there is 1."},
        "within": dict.fromkeys(("coefficient", "p_value", "ci_low", "ci_high"))
        | {"n": 0, "groups": 0, "days": 0, "reason": few},
        "hearts_rows": 1,
        "packs_rows": 1,
        "confidence": {"score": 0.0, "completeness": 0.1428571429, "strength": None, "recency": 1.0},
        "notes": [LEFT_OUT, "6 of 7 days lack a value and are left out of the points."],
        "source": "bench_runs, ui_events_hourly, ui_events",
        "window": DAYS_7,
    }


def test_get_performance_summary(call: Call) -> None:
    answer = whole(call("get.performance_summary", model="llama"))
    measures = ("latency_p50_ms", "latency_p95_ms", "latency_p99_ms", "tokens_per_sec", "cost_per_1k", "memory_peak_mb")
    assert answer == {
        "groups": [
            {"model": "llama", "quant": "q4", "dataset": "chat", "runs": 1, "runs_before": 0}
            | dict.fromkeys(measures)
            | {
                "latency_p95_ms": 400.0,
                "change_pct": {},
                "regressions": [],
            }
        ],
        "llm": [],
        "ui": [{"event_type": "error", "events": 1, "latency_p95_ms": 20.0}],
        "comparisons": [],
        "notes": ["1 of 1 groups has too few runs to be judged."],
        "source": "bench_runs, llm_events, ui_events",
        "window": DAYS_7,
        "previous_window": {"since": "2026-05-27T00:00:00Z", "until": "2026-06-03T00:00:00Z", "timezone": "UTC"},
    }


def test_get_quality_metrics(call: Call) -> None:
    none = dict.fromkeys(("valid_rate", "lag_max_seconds", "last_run"))
    answer = whole(call("get.quality_metrics"))
    assert {line["name"] for line in answer["freshness"]["checks"]} == {
        "hearts freshness",
        "packs freshness",
        "watcher",
    }
    sections = {name: answer[name] for name in ("episodes", "deployments", "llm", "ui", "pipeline")}
    assert sections == {
        "episodes": {
            "count": 0,
            "by_status": {},
            "confidence_mean": None,
            "low_confidence_count": 0,
            "correlation_strength_mean": None,
            "cost_usd": 0.0,
        },
        "deployments": {"count": 0, "success_rate": None, "duration_p50_ms": None},
        "llm": {"calls": 2, "error_rate": 0.5, "cost_usd": 0.5},
        "ui": {"events": 1, "sessions": 1, "error_rate": 1.0, "latency_p95_ms": 20.0, "abandonment_rate": 1.0},
        "pipeline": {"watcher_runs": 0} | none,
    }
    assert answer["window"] == DAYS_7


CHARTS: list[tuple[str, dict[str, Any]]] = [
    ("query.trend", {"metric": "llm.calls"}),
    ("query.correlation", {"x": "llm.calls", "y": "ui.events"}),
    ("query.forecast", {"metric": "llm.calls"}),
    ("query.anomalies", {"metrics": ["llm.calls"]}),
    ("get.performance_summary", {}),
]


def call_all(store: Settings, calls: Sequence[tuple[str, dict[str, Any]]]) -> list[CallToolResult]:
    """The results of several calls on one server."""

    async def session(client: mcp.Client) -> list[CallToolResult]:
        return [await client.call_tool(tool, arguments) for tool, arguments in calls]

    found: list[CallToolResult] = converse(store, session)
    return found


def test_a_chart_comes_as_a_picture_beside_the_json(store: Settings) -> None:
    for result in call_all(store, [(tool, arguments | {"chart": True}) for tool, arguments in CHARTS]):
        text, picture = result.content
        assert isinstance(text, TextContent)
        assert isinstance(picture, ImageContent)
        assert picture.mime_type == "image/png"
        assert b64decode(picture.data).startswith(b"\x89PNG")


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("query.aggregate", {"metrics": ["llm.callz"]}, "Unknown metric 'llm.callz'. Did you mean 'llm.calls'?"),
    ("query.aggregate", {"metricz": "llm.calls"}, "Unknown argument metricz. Did you mean metrics?"),
    ("query.aggregate", {"metrics": ["llm.calls"], "column": "model"}, "column belongs inside filters"),
    (
        "query.aggregate",
        {"metrics": ["llm.calls"], "granularity": "fortnight"},
        "granularity is 'fortnight', but takes 'none'",
    ),
    ("query.trend", {"metric": "ui.events", "since": "2026-07-01"}, "which is not in the past"),
    (
        "query.trend",
        {"metric": "ui.events", "since": "2026-06-02", "until": "2026-06-01"},
        "The window runs backwards",
    ),
    ("query.trend", {"metric": "ui.events", "granularity": "minute"}, "points, more than 2,000; use 'hour'"),
    (
        "query.forecast",
        {"metric": "ui.events", "horizon": 0},
        "horizon is 0: input should be greater than or equal to 1",
    ),
    ("query.correlation", {"x": "ui.events"}, "query.correlation needs y; it takes"),
    ("get.performance_summary", {"days": "many"}, "days is 'many': input should be a valid integer"),
    ("get.quality_metrics", {"days": -1}, "days is -1: input should be greater than or equal to 0."),
]


def test_a_mistake_in_the_call_is_one_sentence(store: Settings) -> None:
    results = call_all(store, [(tool, arguments) for tool, arguments, _ in WRONG])
    for result, (_, _, sentence) in zip(results, WRONG, strict=True):
        assert result.is_error, sentence
        [content] = result.content
        assert isinstance(content, TextContent)
        assert sentence in content.text
        assert "\n" not in content.text
