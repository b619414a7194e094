"""The Selects behind `get.correlation_data` and `get.quality_metrics`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, case, func, literal_column, select

from chimera_metrics.analytics.expressions import ONE, ZERO, Parametric, constant
from chimera_metrics.analytics.metrics.aggregates import share
from chimera_metrics.analytics.metrics.language import metric_of
from chimera_metrics.analytics.questions.question import Question, ResultColumn
from chimera_metrics.analytics.questions.series import value_columns
from chimera_metrics.analytics.row_counts import UNSIZED, Sizes
from chimera_metrics.analytics.sql.blocks import Keys, Value, align, block, join_blocks
from chimera_metrics.analytics.sql.buckets import MAX_POINTS, buckets, granularity_of
from chimera_metrics.analytics.sql.source import SETTINGS, rows_of, source_of
from chimera_metrics.analytics.window import Window
from chimera_metrics.models import FACT_TABLES

LOW_CONFIDENCE = 0.6
_POINTS = {
    "hearts_latency_p95_ms": "bench.latency_p95_ms",
    "hearts_cost_per_1k": "bench.cost_per_1k",
    "packs_latency_ms": "ui.latency_mean_ms",
    "packs_error_rate": "ui.error_rate",
    "packs_abandonment_rate": "ui.abandonment_rate",
}
_QUALITY = (
    {"llm_calls": "llm.calls", "llm_error_rate": "llm.error_rate", "llm_cost_usd": "llm.cost_usd"},
    {
        "ui_events": "ui.events",
        "ui_sessions": "ui.sessions",
        "ui_error_rate": "ui.error_rate",
        "ui_latency_p95_ms": "ui.latency_p95_ms",
    },
    # Sessions are judged by their rows; the others come from a rollup.
    {"ui_abandonment_rate": "ui.abandonment_rate"},
    {
        "pipeline_watcher_runs": "pipeline.runs",
        "pipeline_valid_rate": "pipeline.valid_rate",
        "pipeline_lag_max_seconds": "pipeline.lag_max_seconds",
        "pipeline_last_run": "max(watcher_runs.ts)",
    },
)
_MIX = ("model", "quant", "dataset")


@dataclass(frozen=True, slots=True)
class CorrelationData:
    """`points` of both sources in time, the `mix` of what ran in each bucket, and the `newest` row of each source."""

    points: Question
    mix: Question
    newest: Select[Any]


def correlation_data(*, window: Window, granularity: str = "day", max_points: int = MAX_POINTS) -> CorrelationData:
    """Benchmarks beside user interactions, bucket by bucket.

    points: `ts`, the five measures of the contract, and the bucket's `hearts_rows` (runs, each once) and `packs_rows`
    (ui events); those of the window are their sums.
    mix: `ts`, `model`, `quant`, `dataset`, `runs`, `latency_p95_ms`, for the caution that the mix changed and for r
    within model, quant and dataset.
    newest: one row, `hearts` and `packs`, the newest row of each source of any time, None without rows.
    Undefined when: a source has nothing in a bucket; its measures are None there.
    """
    by = granularity_of(granularity, bucketed=True)
    buckets(window, by, max_points)
    keys = Keys(window, by)
    values = [Value(label, metric_of(name), as_float=True) for label, name in _POINTS.items()]
    hearts_rows = Value("hearts_rows", metric_of("bench.runs"), counted=True)
    packs_rows = Value("packs_rows", metric_of("ui.events"), counted=True)
    parts = [[*values[:2], hearts_rows], [*values[2:4], packs_rows], [values[4]]]
    sources = [
        source_of([value.metric for value in part], window, granularity=by, max_points=max_points) for part in parts
    ]
    blocks = [block(source, keys, part) for source, part in zip(sources, parts, strict=True)]
    points = Question(
        select=align(blocks, [*values, hearts_rows, packs_rows]).execution_options(settings=SETTINGS),
        source=", ".join(dict.fromkeys(source.name for source in sources)),
        columns=(
            ResultColumn("ts", "time", None, "Start of the bucket, UTC."),
            *(value_columns(value.metric, value.label, "")[0] for value in values),
            ResultColumn("hearts_rows", "count", "runs", "Benchmark runs, each once.", "zero"),
            ResultColumn("packs_rows", "count", "events", "Rows of ui_events.", "zero"),
        ),
        window=window,
        granularity=by,
        max_points=max_points,
    )
    return CorrelationData(points, _mix(keys, max_points), _newest())


def quality_metrics(*, window: Window, sizes: Sizes = UNSIZED) -> Question:
    """One row of everything that `get.quality_metrics` reports: columns `<section>_<field>`.

    An episode is one (run_id, series, episode_num) and a deployment one (run_id, episode_run_id), each in its last
    state in the window, so that one reported as draft and again as published counts, and costs, once. A success
    rate is ready / (ready + error): what still builds has not failed. `episodes_by_status` is a map.
    Undefined when: a section has no rows; its counts and sums are 0, everything else None.
    """
    parts = [
        _episodes(window),
        _deployments(window),
        *(_metrics(window, named, sizes) for named in _QUALITY),
    ]
    labels = [column.name for part in parts for column in part.selected_columns]
    return Question(
        select=join_blocks(parts, (), labels).execution_options(settings=SETTINGS),
        source="episodes, deployments, llm_events, ui_events, watcher_runs",
        columns=tuple(ResultColumn(label, "metric", None, "") for label in labels),
        window=window,
    )


def _mix(keys: Keys, max_points: int) -> Question:
    metric, runs = metric_of("bench.latency_p95_ms"), metric_of("bench.runs")
    by = Keys(keys.window, keys.granularity, _MIX)
    source = rows_of(FACT_TABLES["bench_runs"], keys.window, columns={*_MIX, *metric.columns})
    values = [Value("runs", runs), Value("latency_p95_ms", metric, as_float=True)]
    return Question(
        select=block(source, by, values).order_by(*map(literal_column, by.names)).execution_options(settings=SETTINGS),
        source=source.name,
        columns=(
            ResultColumn("ts", "time", None, "Start of the bucket, UTC."),
            *(ResultColumn(name, "group", None, name) for name in _MIX),
            ResultColumn("runs", "metric", runs.unit, runs.meaning, "zero"),
            ResultColumn("latency_p95_ms", "metric", metric.unit, metric.meaning),
        ),
        window=keys.window,
        granularity=keys.granularity,
        max_points=max_points,
    )


def _newest() -> Select[Any]:
    """From the partitions' own records: no row is read. A row that a later one replaced counts as well.

    As scalars, and without OrNull: a join or that combinator has the engine read every row.
    """
    newest = []
    for label, name in (("hearts", "bench_runs"), ("packs", "ui_events")):
        table = FACT_TABLES[name]
        moment = case((func.count() > ZERO, func.max(table.c.ts)))
        newest.append(select(moment).scalar_subquery().label(label))
    return select(*newest).execution_options(settings=SETTINGS)


def _metrics(window: Window, named: dict[str, str], sizes: Sizes) -> Select[Any]:
    values = [Value(label, metric_of(name)) for label, name in named.items()]
    source = source_of([value.metric for value in values], window, sizes=sizes)
    return block(source, Keys(window), values)


def _latest(table: str, window: Window, identity: Iterable[str], columns: Iterable[str]) -> Any:
    """What each `identity` last said in the window; a column that the last row leaves null keeps what was known."""
    source = rows_of(FACT_TABLES[table], window)
    rows = source.rows.c
    last = (func.argMax(rows[name], source.time).label(name) for name in columns)
    return source.select(*last).group_by(*(rows[name] for name in identity)).subquery(f"latest_{table}")


def _episodes(window: Window) -> Select[Any]:
    columns = ("status", "confidence_score", "correlation_strength", "cost_total")
    latest = _latest("episodes", window, ("run_id", "series", "episode_num"), columns)
    low = latest.c.confidence_score < literal_column(str(LOW_CONFIDENCE))
    return select(
        func.count().label("episodes_count"),
        func.sumMap(func.map(latest.c.status, func.toUInt64(ONE))).label("episodes_by_status"),
        func.avgOrNull(latest.c.confidence_score).label("episodes_confidence_mean"),
        func.countIf(low).label("episodes_low_confidence_count"),
        func.avgOrNull(latest.c.correlation_strength).label("episodes_correlation_strength_mean"),
        func.ifNull(func.sum(latest.c.cost_total), ZERO).label("episodes_cost_usd"),
    )


def _deployments(window: Window) -> Select[Any]:
    latest = _latest("deployments", window, ("run_id", "episode_run_id"), ("status", "duration_ms"))
    ready = func.countIf(latest.c.status == constant("ready"))
    finished = func.countIf(latest.c.status.in_([constant("ready"), constant("error")]))
    return select(
        func.count().label("deployments_count"),
        share(ready, finished).label("deployments_success_rate"),
        Parametric("quantileExactInclusiveOrNull", (0.5,), latest.c.duration_ms).label("deployments_duration_p50_ms"),
    )
