"""Every Select of the room, by the name of the file that shows its SQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.sql.expression import ClauseElement

from chimera_metrics.analytics import (
    AGGREGATES,
    METRICS,
    aggregate,
    anomalies,
    compare,
    correlation,
    correlation_data,
    drivers,
    estimate,
    forecast,
    overview,
    performance_summary,
    quality_metrics,
    series,
    top_words,
    trend,
    window_of,
)
from chimera_metrics.analytics.questions.compare import first_row_of_commit

NOW = datetime(2026, 6, 10, 12, 34, 56, tzinfo=UTC)
WEEK = window_of(now=NOW, days=7)
AUTUMN_IN_BERLIN = window_of(now=NOW.replace(month=11), days=30, timezone="Europe/Berlin")
MONTH_IN_BERLIN = window_of(now=NOW, days=30, timezone="Europe/Berlin")
LLAMA = {"column": "model", "op": "=", "value": "llama"}
MODEL = {"column": "model", "op": "in", "values": ["opus", "haiku"]}


def _metrics() -> Iterator[tuple[str, ClauseElement]]:
    for name in METRICS:
        yield f"metric.{name}", aggregate([name], window=WEEK).select
    for agg in AGGREGATES:
        text = "rate(llm_events.status = failure)" if agg == "rate" else f"{agg}(llm_events.latency_ms)"
        yield f"aggregate.{agg}.default", aggregate([text], window=WEEK).select
        yield f"aggregate.{agg}.exact", aggregate([text], window=WEEK, exact=True).select
    for text in (
        "p50(llm_events.cost_usd)",
        "sum(session_stats.events_count)",
        "max(ui_events.ts)",
        "count(llm_events)",
    ):
        yield f"language.{text.replace('(', '.').rstrip(')')}", aggregate([text], window=WEEK).select


def _ratios() -> Iterator[tuple[str, ClauseElement]]:
    cost = "llm.cost_usd / llm.calls"
    yield "ratio.rollup", aggregate([cost], window=WEEK, group_by=["model"]).select
    yield "ratio.rows", aggregate(["sum(bench_runs.cost_per_1k) / bench.runs"], window=WEEK).select
    yield "ratio.series", series("p99(llm_events.latency_ms) / p50(llm_events.latency_ms)", window=WEEK).select
    yield "ratio.compare", compare([cost], window=WEEK).second.by_day.select


def _aggregates() -> Iterator[tuple[str, ClauseElement]]:
    asked: dict[str, dict[str, Any]] = {
        "by_model": {"metrics": ["llm.calls", "llm.error_rate"], "group_by": ["model"], "limit": 5},
        "by_day_of_berlin": {"metrics": ["llm.cost_usd"], "granularity": "day", "window": MONTH_IN_BERLIN},
        "by_day_of_berlin_in_autumn": {"metrics": ["llm.calls"], "granularity": "day", "window": AUTUMN_IN_BERLIN},
        "by_week": {"metrics": ["bench.latency_p95_ms"], "granularity": "week"},
        "by_month_of_berlin": {"metrics": ["ui.events"], "granularity": "month", "window": MONTH_IN_BERLIN},
        "by_hour": {"metrics": ["ui.events"], "granularity": "hour"},
        "by_minute": {"metrics": ["ui.events"], "granularity": "minute", "window": window_of(now=NOW, days=0)},
        "by_day_and_model": {"metrics": ["llm.calls"], "granularity": "day", "group_by": ["model"]},
        "by_day_and_model_ordered": {
            "metrics": ["llm.calls", "llm.cost_usd"],
            "granularity": "day",
            "group_by": ["model"],
            "order_by": "llm.cost_usd",
            "descending": True,
        },
        "filtered": {"metrics": ["llm.calls"], "filters": [MODEL, {"column": "latency_ms", "op": ">", "value": "9.5"}]},
        "sessions_and_rows": {"metrics": ["ui.abandonment_rate", "ui.events"], "group_by": ["commit_sha"]},
        "runs_by_commit": {"metrics": ["bench.runs"], "group_by": ["commit_sha"], "filters": [MODEL]},
        "rates_with_intervals": {"metrics": ["llm.error_rate"], "interval": True},
        "sessions_with_intervals": {"metrics": ["ui.abandonment_rate", "ui.error_rate"], "interval": True},
        "means_with_intervals": {
            "metrics": ["llm.latency_mean_ms", "llm.cost_per_call_usd", "llm.calls"],
            "group_by": ["model"],
            "interval": True,
        },
        "quantiles_with_intervals": {
            "metrics": ["llm.latency_p50_ms", "llm.latency_p95_ms"],
            "granularity": "day",
            "group_by": ["model"],
            "order_by": "llm.latency_p95_ms",
            "interval": True,
        },
        "by_hour_of_day": {"metrics": ["llm.calls"], "group_by": ["hour_of_day"]},
        "by_hour_of_day_in_berlin": {
            "metrics": ["llm.calls"],
            "group_by": ["hour_of_day"],
            "filters": [{"column": "day_of_week", "op": "in", "values": ["saturday", "sunday"]}],
            "window": AUTUMN_IN_BERLIN,
        },
        "runs_by_weekday_in_kolkata": {
            "metrics": ["bench.runs"],
            "group_by": ["day_of_week"],
            "filters": [{"column": "hour_of_day", "op": "<", "value": 9}],
            "window": window_of(now=NOW, days=7, timezone="Asia/Kolkata"),
        },
        "quantile_of_runs_with_interval": {"metrics": ["p50(bench_runs.latency_p95_ms)"], "interval": True},
    }
    for name, given in asked.items():
        question = aggregate(**{"window": WEEK, **given})
        yield f"question.{name}", question.select
        if question.groups is not None:
            yield f"question.{name}.groups", question.groups
        if question.bounds is not None:
            levels = {metric.label: [0.15, 0.85] for metric in question.intervals}
            yield f"question.{name}.bounds", question.bounds(levels)
    yield "estimate", estimate(aggregate(["ui.events"], window=WEEK, exact=True))


def _others() -> Iterator[tuple[str, ClauseElement]]:
    yield "series", series("ui.latency_p95_ms", window=WEEK).select
    yield "series.by_group", series("llm.cost_usd", window=WEEK, group_by="model").select
    yield "series.sessions", series("ui.abandonment_rate", window=WEEK).select
    bench = trend("bench.latency_p95_ms", window=WEEK, group_by="model")
    yield "trend.bench", bench.series.select
    if bench.commits is not None:
        yield "trend.bench.commits", bench.commits
    compared: dict[str, dict[str, Any]] = {
        "weeks": {"metrics": ["llm.calls", "llm.error_rate", "llm.latency_mean_ms"]},
        "by_model": {"metrics": ["llm.latency_p95_ms", "llm.calls"], "group_by": ["model"]},
        "sessions": {"metrics": ["ui.abandonment_rate", "ui.sessions"]},
        "groups": {"metrics": ["bench.latency_p95_ms"], "a_filters": [MODEL], "b_filters": [LLAMA]},
    }
    for name, given in compared.items():
        asked = compare(window=WEEK, **given)
        for label, side in (("a", asked.first), ("b", asked.second)):
            yield f"compare.{name}.{label}", side.by_day.select
        if asked.together is not None:
            yield f"compare.{name}.together", asked.together
        if asked.second.whole is not None:
            yield f"compare.{name}.whole", asked.second.whole.select
    in_berlin = compare("llm.calls", window=AUTUMN_IN_BERLIN, group_by=["day_of_week"])
    if in_berlin.together is not None:
        yield "compare.by_weekday_of_berlin.together", in_berlin.together
    yield "compare.commit", first_row_of_commit("bench_runs", "3f2a91c", WEEK)
    for name, moved in {"rollup": "llm.error_rate", "sums": "llm.cost_usd", "runs": "bench.latency_p95_ms"}.items():
        driven = drivers(moved, window=WEEK)
        parts = {"cells": driven.cells, "spread": driven.spread, "commits": driven.commits, "words": driven.words}
        yield from ((f"drivers.{name}.{part}", one) for part, one in parts.items() if one is not None)
    rare = {"model": ["opus", "haiku"], "operation": ["chat"]}
    yield "drivers.folded", drivers("llm.error_rate", window=WEEK).folded(rare)
    yield "correlation", correlation("bench.latency_p95_ms", "ui.latency_mean_ms", window=WEEK, y_filters=[]).select
    yield "correlation.one_table", correlation("ui.error_rate", "ui.events", window=WEEK).select
    yield "forecast", forecast("llm.cost_usd", window=MONTH_IN_BERLIN, horizon=7, filters=[MODEL]).series.select
    watching = anomalies(["llm.calls", "llm.error_rate", "ui.abandonment_rate"], window=WEEK)
    yield "anomalies.llm_events", watching.questions[0].select
    yield "anomalies.sessions", watching.questions[1].select
    yield "anomalies.by_group", anomalies(["llm.cost_usd"], window=WEEK, group_by="model").questions[0].select
    data = correlation_data(window=WEEK)
    yield "correlation_data.points", data.points.select
    yield "correlation_data.mix", data.mix.select
    yield "correlation_data.newest", data.newest
    summary = performance_summary(window=WEEK, model="opus", dataset="chat")
    yield "performance_summary.groups", summary.groups
    yield "performance_summary.runs", summary.runs
    yield "performance_summary.llm", summary.llm.select
    yield "performance_summary.ui", summary.ui.select
    yield "quality_metrics", quality_metrics(window=WEEK).select
    yield "describe.overview", overview()
    for table in ("bench_runs", "ui_events"):
        words = top_words(table, since=WEEK.since)
        if words is not None:
            yield f"describe.top_words.{table}", words


SELECTS: dict[str, ClauseElement] = dict([*_metrics(), *_ratios(), *_aggregates(), *_others()])
