"""The Selects behind `get.performance_summary`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal_column, not_, select, text

from chimera_metrics.analytics.metrics.catalog import METRICS
from chimera_metrics.analytics.metrics.filters import Filter, filters_of
from chimera_metrics.analytics.questions.aggregate import aggregate
from chimera_metrics.analytics.questions.question import Question
from chimera_metrics.analytics.row_counts import UNSIZED, Sizes
from chimera_metrics.analytics.sql.source import SETTINGS, Source, rows_of
from chimera_metrics.analytics.window import FIRST, Window, previous
from chimera_metrics.models import FACT_TABLES

GROUP = ("model", "quant", "dataset")
MEASURES = (
    "latency_p50_ms",
    "latency_p95_ms",
    "latency_p99_ms",
    "tokens_per_sec",
    "cost_per_1k",
    "memory_peak_mb",
)
"""The six measures of a benchmark run; `METRICS["bench." + measure].better` says which way hurts."""

MAX_GROUPS = 500
RUNS_A_SIDE = 200


@dataclass(frozen=True, slots=True)
class PerformanceSummary:
    """`groups` cover this window and the one before, `runs` this window and the history; `llm` and `ui` this one."""

    window: Window
    previous_window: Window
    groups: Select[Any]
    runs: Select[Any]
    llm: Question
    ui: Question


def history(window: Window) -> Window:
    """All the time up to the window's end."""
    return replace(window, since=FIRST)


def performance_summary(
    *,
    window: Window,
    model: str | None = None,
    dataset: str | None = None,
    whole_history: bool = True,
    sizes: Sizes = UNSIZED,
) -> PerformanceSummary:
    """Each model, quant and dataset against the previous window of the same length, and its runs for the test.

    model, dataset: only these; `model` also narrows llm. whole_history: whether `runs` go back to the first run there
    is; else to the beginning of the previous window, which spares reading all of a table of very many runs.
    groups: `model`, `quant`, `dataset`, `runs`, the mean of each of `MEASURES`; the same of the previous window as
    `runs_before` and `<measure>_before`. A group that ran in one window only has 0 runs in the other.
    runs: single runs for the regression test, by group in the order of time: `model`, `quant`, `dataset`, `before` (1
    before the window), `ts`, `commit_sha`, `MEASURES`; of each group at most the newest 200 before the window and the
    newest 200 in it.
    llm: by source and model. ui: by event type.
    Undefined when: a group has no runs, or none with the measure, in a window; its mean there is None.
    """
    earlier = previous(window)
    both = Window(earlier.since, window.until, window.timezone, window.now)
    table = FACT_TABLES["bench_runs"]
    stated = {"model": model, "dataset": dataset}
    given = [{"column": name, "value": value} for name, value in stated.items() if value is not None]
    filters = filters_of(table, given)
    source = rows_of(table, history(window) if whole_history else both, filters, {*GROUP, *MEASURES, "commit_sha"})
    # Of the columns only those asked for are read, so groups leave the commit out.
    means = rows_of(table, both, filters, {*GROUP, *MEASURES})
    return PerformanceSummary(
        window=window,
        previous_window=earlier,
        groups=_groups(means, means.time >= window.since),
        runs=_runs(source, source.time < window.since),
        llm=_llm(window, [one for one in filters if one.column == "model"], sizes),
        ui=aggregate(["ui.events", "ui.latency_p95_ms"], window=window, group_by=["event_type"], sizes=sizes),
    )


def _groups(source: Source, current: ColumnElement[bool]) -> Select[Any]:
    rows = source.rows.c
    keys = [rows[name] for name in GROUP]

    def means(condition: ColumnElement[bool], suffix: str) -> list[ColumnElement[Any]]:
        return [
            func.countIf(condition).label(f"runs{suffix}"),
            *(func.avgOrNullIf(rows[name], condition).label(f"{name}{suffix}") for name in MEASURES),
        ]

    return (
        source.select(*(key.label(key.name) for key in keys), *means(current, ""), *means(not_(current), "_before"))
        .group_by(*keys)
        .order_by(*map(literal_column, GROUP))
        .limit(MAX_GROUPS)
        .execution_options(settings=SETTINGS)
    )


def _runs(source: Source, before: ColumnElement[bool]) -> Select[Any]:
    rows = source.rows.c
    newest = (
        source.select(
            *(rows[name].label(name) for name in GROUP),
            before.label("before"),
            source.time.label("ts"),
            *(rows[name].label(name) for name in ("commit_sha", *MEASURES)),
        )
        .order_by(source.time.desc())
        .suffix_with(text(f"LIMIT {RUNS_A_SIDE} BY {', '.join(GROUP)}, before"))
        .subquery("runs")
    )
    return select(*newest.c).order_by(*map(literal_column, (*GROUP, "ts"))).execution_options(settings=SETTINGS)


def _llm(window: Window, filters: Sequence[Filter], sizes: Sizes) -> Question:
    names = ("calls", "error_rate", "latency_p95_ms", "tokens_in", "tokens_out", "cost_usd")
    metrics = [METRICS[f"llm.{name}"].name for name in names]
    return aggregate(metrics, window=window, group_by=["source", "model"], filters=filters, sizes=sizes)
