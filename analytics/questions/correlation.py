"""Two metrics, of any two tables, side by side in time."""

from __future__ import annotations

from chimera_metrics.analytics.metrics.filters import filters_of
from chimera_metrics.analytics.metrics.language import approximations
from chimera_metrics.analytics.questions.asked import CorrelationArguments
from chimera_metrics.analytics.questions.by_name import by_name
from chimera_metrics.analytics.questions.question import Question, ResultColumn, clock_filters
from chimera_metrics.analytics.questions.series import numeric_metric, value_columns, values_of
from chimera_metrics.analytics.row_counts import UNSIZED, Sizes
from chimera_metrics.analytics.sql.blocks import Keys, align, block
from chimera_metrics.analytics.sql.buckets import MAX_POINTS, buckets, granularity_of
from chimera_metrics.analytics.sql.source import SETTINGS, source_of
from chimera_metrics.analytics.window import Window
from chimera_metrics.models import FACT_TABLES


@by_name(CorrelationArguments)
def correlation(
    asked: CorrelationArguments,
    *,
    window: Window,
    exact: bool = False,
    max_points: int = MAX_POINTS,
    sizes: Sizes = UNSIZED,
) -> Question:
    """Two metrics by bucket in one statement: columns `ts`, `x`, `y`, and what each rests on, `x_n` and `y_n`.

    Each side reads its own source, rollup or rows; metrics of one table under the same filters share one pass.
    `Question.fill` adds the empty buckets and marks those that are partial, which inference must leave out.
    Undefined when: a side has nothing in a bucket; it is None there (0 for count, sum and uniq, after `fill`).
    Example: correlation("bench.latency_p95_ms", "ui.latency_mean_ms", window=w) gives a row for each day.
    """
    first, second = numeric_metric(asked.x), numeric_metric(asked.y)
    by = granularity_of(asked.granularity, bucketed=True)
    buckets(window, by, max_points)
    keys = Keys(window, by)
    values = [*values_of(first, "x", "x_n"), *values_of(second, "y", "y_n")]
    sides = [(first, filters_of(FACT_TABLES[first.table], asked.x_filters), values[:2])]
    sides.append((second, filters_of(FACT_TABLES[second.table], asked.y_filters), values[2:]))
    shared = first.table == second.table and sides[0][1] == sides[1][1]
    parts = [([first, second], sides[0][1], values)] if shared else [([m], f, v) for m, f, v in sides]
    sources = [
        source_of(metrics, window, granularity=by, filters=narrowed, exact=exact, max_points=max_points, sizes=sizes)
        for metrics, narrowed, _ in parts
    ]
    blocks = [block(source, keys, part[2]) for source, part in zip(sources, parts, strict=True)]
    return Question(
        select=align(blocks, values).execution_options(settings=SETTINGS),
        source=", ".join(dict.fromkeys(source.name for source in sources)),
        columns=(
            ResultColumn("ts", "time", None, "Start of the bucket, UTC."),
            *value_columns(first, "x", "x_n"),
            *value_columns(second, "y", "y_n"),
        ),
        window=window,
        granularity=by,
        approximations=approximations([first, second], exact, window, sizes),
        max_points=max_points,
        clock=clock_filters((*sides[0][1], *sides[1][1])),
    )
