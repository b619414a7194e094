# ruff: noqa: E501  # a metric is one row of a table
"""What can be asked: dimensions, measures and named metrics of the seven tables, in one declarative place.

Tools, validation, suggestions, docs and `describe` derive from it. A metric's definition is written in the metric
language (metrics.py), so that it can be checked, and asked with other filters, by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from clickhouse_sqlalchemy import types as ch

from chimera_metrics.analytics.expressions import NESTED, is_number, plain, type_name
from chimera_metrics.analytics.tables import columns_of, time_column
from chimera_metrics.models import FACT_TABLES
from chimera_metrics.models.ddl import FixedString

Better = Literal["higher", "lower", "neutral"]
ABANDONMENT = "abandonment(ui_events)"
"""The one definition outside the metric language: it judges sessions, not rows."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """A column to group and filter by; `few` when its values are few enough for a series each."""

    table: str
    column: str
    meaning: str
    few: bool


@dataclass(frozen=True, slots=True)
class Measure:
    """A column of numbers to aggregate."""

    table: str
    column: str
    unit: str | None
    meaning: str
    nullable: bool


@dataclass(frozen=True, slots=True)
class NamedMetric:
    """A metric with a name. `among`: the values of the rated column that count at all, when not all do."""

    name: str
    definition: str
    better: Better
    meaning: str
    unit: str | None = None
    among: tuple[str, ...] = ()


def _metric(
    name: str, definition: str, better: Better, meaning: str, unit: str | None = None, among: tuple[str, ...] = ()
) -> NamedMetric:
    return NamedMetric(name, definition, better, meaning, unit, among)


# fmt: off
_METRICS = (
    _metric("bench.runs", "count(bench_runs)", "neutral", "Benchmark runs, each counted once.", "runs"),
    _metric("bench.latency_p50_ms", "avg(bench_runs.latency_p50_ms)", "lower", "Mean over runs of the median latency."),
    _metric("bench.latency_p95_ms", "avg(bench_runs.latency_p95_ms)", "lower", "Mean over runs of the 95th percentile of the latency."),
    _metric("bench.latency_p99_ms", "avg(bench_runs.latency_p99_ms)", "lower", "Mean over runs of the 99th percentile of the latency."),
    _metric("bench.tokens_per_sec", "avg(bench_runs.tokens_per_sec)", "higher", "Mean over runs of the tokens generated a second."),
    _metric("bench.cost_per_1k", "avg(bench_runs.cost_per_1k)", "lower", "Mean over runs of the cost of a thousand tokens."),
    _metric("bench.memory_peak_mb", "avg(bench_runs.memory_peak_mb)", "lower", "Mean over runs of the highest memory use."),
    _metric("llm.calls", "count(llm_events)", "neutral", "Calls of language models.", "calls"),
    _metric("llm.error_rate", "rate(llm_events.status != success)", "lower", "Share of calls whose status is not success."),
    _metric("llm.latency_mean_ms", "avg(llm_events.latency_ms)", "lower", "Mean latency of calls."),
    _metric("llm.latency_p50_ms", "p50(llm_events.latency_ms)", "lower", "Median latency of calls."),
    _metric("llm.latency_p95_ms", "p95(llm_events.latency_ms)", "lower", "95th percentile of the latency of calls."),
    _metric("llm.latency_p99_ms", "p99(llm_events.latency_ms)", "lower", "99th percentile of the latency of calls."),
    _metric("llm.tokens_in", "sum(llm_events.tokens_in)", "neutral", "Tokens sent."),
    _metric("llm.tokens_out", "sum(llm_events.tokens_out)", "neutral", "Tokens received."),
    _metric("llm.cost_usd", "sum(llm_events.cost_usd)", "lower", "Cost of all calls."),
    _metric("llm.cost_per_call_usd", "avg(llm_events.cost_usd)", "lower", "Mean cost of a call."),
    _metric("ui.events", "count(ui_events)", "neutral", "Events of the user interface.", "events"),
    _metric("ui.sessions", "uniq(ui_events.session_id)", "neutral", "Sessions that had an event.", "sessions"),
    _metric("ui.error_rate", "rate(ui_events.event_type = error)", "lower", "Share of events that are of type error."),
    _metric("ui.abandonment_rate", ABANDONMENT, "lower", "Share of sessions whose last event is an error, or that have a single event.", "share"),
    _metric("ui.latency_mean_ms", "avg(ui_events.latency_ms)", "lower", "Mean latency of the user interface."),
    _metric("ui.latency_p50_ms", "p50(ui_events.latency_ms)", "lower", "Median latency of the user interface."),
    _metric("ui.latency_p95_ms", "p95(ui_events.latency_ms)", "lower", "95th percentile of the latency of the user interface."),
    _metric("ui.latency_p99_ms", "p99(ui_events.latency_ms)", "lower", "99th percentile of the latency of the user interface."),
    _metric("episodes.count", "count(episodes)", "neutral", "Rows of episodes, one for each point of an episode's life.", "rows"),
    _metric("episodes.confidence", "avg(episodes.confidence_score)", "higher", "Mean confidence of the Council, 0 to 1."),
    _metric("episodes.correlation_strength", "avg(episodes.correlation_strength)", "neutral", "Mean correlation that episodes rest on, -1 to 1."),
    _metric("episodes.published_rate", "rate(episodes.status = published)", "higher", "Share of rows of episodes that are published."),
    _metric("episodes.tokens", "sum(episodes.tokens_total)", "neutral", "Tokens used in writing."),
    _metric("episodes.cost_usd", "sum(episodes.cost_total)", "lower", "Cost of writing."),
    _metric("deploy.count", "count(deployments)", "neutral", "Rows of deployments, one for each point of a deployment's life.", "rows"),
    _metric("deploy.success_rate", "rate(deployments.status = ready)", "higher", "Share of finished deployments (ready or error) that are ready.", among=("ready", "error")),
    _metric("deploy.duration_p50_ms", "p50(deployments.duration_ms)", "lower", "Median time from start to ready or error."),
    _metric("deploy.duration_p95_ms", "p95(deployments.duration_ms)", "lower", "95th percentile of the time from start to ready or error."),
    _metric("pipeline.runs", "count(watcher_runs)", "neutral", "Checks by the Watcher.", "checks"),
    _metric("pipeline.valid_rate", "rate(watcher_runs.status = valid)", "higher", "Share of checks that found everything valid."),
    _metric("pipeline.lag_mean_seconds", "avg(watcher_runs.lag_seconds)", "lower", "Mean age of the newest row found."),
    _metric("pipeline.lag_max_seconds", "max(watcher_runs.lag_seconds)", "lower", "Highest age of the newest row found."),
    _metric("sessions.count", "count(session_stats)", "neutral", "Sessions summed up.", "sessions"),
    _metric("sessions.latency_mean_ms", "avg(session_stats.avg_latency_ms)", "lower", "Mean over sessions of their mean latency."),
    _metric("sessions.error_rate", "avg(session_stats.error_rate)", "lower", "Mean over sessions of their share of errors, 0 to 1.", "share"),
    _metric("sessions.abandonment_rate", "avg(session_stats.abandonment_rate)", "lower", "Share of sessions abandoned, 0 to 1.", "share"),
    _metric("sessions.duration_mean_s", "avg(session_stats.duration_seconds)", "neutral", "Mean time from first to last event."),
)
# fmt: on

METRICS: dict[str, NamedMetric] = {metric.name: metric for metric in _METRICS}
"""The named metrics."""


def _is_few(type_: object) -> bool:
    inner = plain(type_)
    few = isinstance(type_, ch.LowCardinality) or isinstance(inner, FixedString | ch.Enum)
    return few or type_name(inner) == "booleans"


DIMENSIONS: dict[tuple[str, str], Dimension] = {
    (table.name, column.name): Dimension(table.name, column.name, column.info["meaning"], _is_few(column.type))
    for table in FACT_TABLES.values()
    for column in columns_of(table).values()
    if column.name != time_column(table)
    and (not is_number(column.type) or column.name in ("episode_num", "schema_version"))
    and type_name(column.type) not in NESTED
    and column.name not in ("metadata", "error_msg", "title", "url", "file_path")
}
"""The dimensions by table and column: words, ids and commits. Free text is none, nor are lists, maps and objects."""

MEASURES: dict[tuple[str, str], Measure] = {
    (table.name, column.name): Measure(
        table.name, column.name, column.info["unit"], column.info["meaning"], bool(column.nullable)
    )
    for table in FACT_TABLES.values()
    for column in columns_of(table).values()
    if is_number(column.type) and (table.name, column.name) not in DIMENSIONS
}
"""The measures by table and column."""
