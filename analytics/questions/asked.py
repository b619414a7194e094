"""What each question is asked with, said once: name, type, default and meaning of every argument.

The tools take these by their schema, the methods of the client by their signature, and `analytics` as they are.
"""

# Its annotations are read, so they are no text.

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from datetime import date
from functools import partial
from typing import Annotated, Any, Literal

from chimera_metrics.analytics.metrics.filters import Filter
from chimera_metrics.analytics.metrics.language import Metric
from chimera_metrics.analytics.sql.buckets import Granularity

AMetric = str | Metric
Metrics = str | Metric | Sequence[str | Metric]
Columns = str | Sequence[str]
Filters = str | Mapping[str, Any] | Sequence[str | Mapping[str, Any] | Filter]
Moment = str | date


@dataclass(frozen=True, slots=True)
class Argument:
    """What an argument means.

    least: the smallest number that it takes. most: how many names, where not any number of them is taken. usual: what
    stands for nothing, where readers are told so. settled: no Select depends on it as it stands, since it says in words
    which window is meant, or what becomes of the answer.
    """

    meaning: str
    least: int | None = None
    most: int | None = None
    usual: int | None = None
    settled: bool = False


METRIC = Argument("Such as llm.error_rate")
LENGTH = Argument("Length of a bucket")
MEETS_ALL = Argument("Rows must meet all")
_around = partial(Argument, settled=True)
DAYS = _around("Whole days back", least=0)
DAYS_OF_A_WEEK, DAYS_OF_A_MONTH = replace(DAYS, usual=7), replace(DAYS, usual=30)
HOURS = _around("Or whole hours", least=0)
SINCE = _around("Or from: ISO 8601")
UNTIL = _around("Up to, exclusive")
BASELINE_UNTIL = _around("Its end, exclusive")
CHART = _around("Add a PNG")
AT_MOST_TWO = Argument("At most two")


class AskedWith:
    """Arguments of a question."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class AggregateArguments(AskedWith):
    """Metrics of one table, by group and bucket."""

    metrics: Annotated[str | Metric | Sequence[str | Metric], Argument("Of one table")]
    group_by: Annotated[str | Sequence[str], Argument("Columns; hour_of_day, day_of_week")] = ()
    granularity: Annotated[Granularity, LENGTH] = "none"
    days: Annotated[int | None, DAYS] = None
    since: Annotated[Moment | None, SINCE] = None
    until: Annotated[Moment | None, UNTIL] = None
    filters: Annotated[Filters, MEETS_ALL] = ()
    order_by: Annotated[str | None, Argument("ts, column or metric")] = None
    descending: Annotated[bool, Argument("Highest first")] = False
    limit: Annotated[int, Argument("Groups", least=1)] = 100
    exact: Annotated[bool, Argument("Not from sketches")] = False
    dry_run: Annotated[bool, _around("Estimate cost")] = False
    interval: Annotated[bool, Argument("Add 95 % intervals")] = False
    _: KW_ONLY
    hours: Annotated[int | None, HOURS] = None


@dataclass(frozen=True, slots=True)
class CorrelationArguments(AskedWith):
    """How closely two metrics move together over the last 30 days, and at which lag."""

    x: Annotated[str | Metric, METRIC]
    y: Annotated[str | Metric, METRIC]
    x_filters: Annotated[Filters, MEETS_ALL] = ()
    y_filters: Annotated[Filters, MEETS_ALL] = ()
    granularity: Annotated[Granularity, LENGTH] = "day"
    days: Annotated[int | None, DAYS] = None
    since: Annotated[Moment | None, SINCE] = None
    until: Annotated[Moment | None, UNTIL] = None
    method: Annotated[Literal["pearson", "spearman", "kendall"], _around("Coefficient")] = "pearson"
    max_lag: Annotated[int, _around("Buckets, at most 60", least=0)] = 0
    chart: Annotated[bool, CHART] = False
    _: KW_ONLY
    hours: Annotated[int | None, HOURS] = None


@dataclass(frozen=True, slots=True)
class TrendArguments(AskedWith):
    """Where a metric went over the last 30 days, where its level changed, and which points stand out."""

    metric: Annotated[str | Metric, METRIC]
    granularity: Annotated[Granularity, LENGTH] = "day"
    days: Annotated[int | None, DAYS] = None
    since: Annotated[Moment | None, SINCE] = None
    until: Annotated[Moment | None, UNTIL] = None
    group_by: Annotated[str | Sequence[str] | None, AT_MOST_TWO] = None
    filters: Annotated[Filters, MEETS_ALL] = ()
    chart: Annotated[bool, CHART] = False
    _: KW_ONLY
    hours: Annotated[int | None, HOURS] = None


@dataclass(frozen=True, slots=True)
class CompareArguments(AskedWith):
    """Whether metrics of the last 7 whole days got better or worse than the same weekdays before.

    Or than the days from `baseline_since` to `baseline_until`; or whether the rows that meet `b_filters` differ
    from those that meet `a_filters`; or, with `commit`, the last 28 days since its first row from those before.
    """

    metrics: Annotated[str | Metric | Sequence[str | Metric], Argument(f"Metrics of one table. {METRIC.meaning}")]
    days: Annotated[int | None, DAYS] = None
    since: Annotated[Moment | None, SINCE] = None
    until: Annotated[Moment | None, UNTIL] = None
    baseline_since: Annotated[Moment | None, _around("Start of a; default whole weeks earlier")] = None
    baseline_until: Annotated[Moment | None, BASELINE_UNTIL] = None
    a_filters: Annotated[Filters, Argument("Group a, as filters; needs b_filters")] = ()
    b_filters: Annotated[Filters, Argument("Group b")] = ()
    commit: Annotated[str | None, _around("Before it against from it on; 28 days")] = None
    filters: Annotated[Filters, MEETS_ALL] = ()
    group_by: Annotated[str | Sequence[str], Argument("Columns of few values")] = ()
    chart: Annotated[bool, CHART] = False
    _: KW_ONLY
    hours: Annotated[int | None, HOURS] = None


@dataclass(frozen=True, slots=True)
class DriversArguments(AskedWith):
    """Why a metric moved between the last 7 whole days and the same weekdays before, or a baseline of yours.

    Looked for by `dimensions` (all of few values unless named) and, with `depth` 2, their pairs. Contributions and
    `rest` add up to the change; that nothing stands out is an answer, with a reason.
    """

    metric: Annotated[str | Metric, METRIC]
    days: Annotated[int | None, DAYS] = None
    since: Annotated[Moment | None, SINCE] = None
    until: Annotated[Moment | None, UNTIL] = None
    baseline_since: Annotated[Moment | None, _around("Start of the window before; default whole weeks earlier")] = None
    baseline_until: Annotated[Moment | None, BASELINE_UNTIL] = None
    dimensions: Annotated[str | Sequence[str], Argument("Columns of few values; default all")] = ()
    depth: Annotated[int, _around("1: words, 2: and their pairs", least=1)] = 2
    filters: Annotated[Filters, MEETS_ALL] = ()
    limit: Annotated[int, _around("Drivers at most, up to 20", least=1)] = 5
    chart: Annotated[bool, CHART] = False
    _: KW_ONLY
    hours: Annotated[int | None, HOURS] = None


@dataclass(frozen=True, slots=True)
class ForecastArguments(AskedWith):
    """What a metric will be in the next buckets, with 80 and 95 % intervals; the total of a count or sum.

    horizon: buckets ahead, by default a day of hours, a week of days or a year of months, else 7.
    """

    metric: Annotated[str | Metric, METRIC]
    horizon: Annotated[int | None, Argument("Buckets ahead; by default a cycle, else 7", least=1)] = None
    granularity: Annotated[Granularity, LENGTH] = "day"
    days: Annotated[int | None, DAYS] = None
    since: Annotated[Moment | None, SINCE] = None
    until: Annotated[Moment | None, UNTIL] = None
    filters: Annotated[Filters, MEETS_ALL] = ()
    chart: Annotated[bool, CHART] = False
    _: KW_ONLY
    hours: Annotated[int | None, HOURS] = None


@dataclass(frozen=True, slots=True)
class AnomaliesArguments(AskedWith):
    """Which of the newest buckets of many metrics and groups are odd, rarest first; what could not be judged.

    metrics: of any tables, by default the catalog's leading ones. last: newest buckets judged, by default 24 hours.
    """

    metrics: Annotated[
        str | Metric | Sequence[str | Metric], Argument("Of any tables; the leading ones if left out")
    ] = ()
    group_by: Annotated[str | Sequence[str] | None, Argument("One column of few values", most=1)] = None
    granularity: Annotated[Granularity, LENGTH] = "hour"
    days: Annotated[int | None, DAYS] = None
    since: Annotated[Moment | None, SINCE] = None
    until: Annotated[Moment | None, UNTIL] = None
    last: Annotated[int | None, Argument("Newest buckets to judge; a day of hours", least=1)] = None
    filters: Annotated[Filters, MEETS_ALL] = ()
    chart: Annotated[bool, CHART] = False
    _: KW_ONLY
    hours: Annotated[int | None, HOURS] = None


@dataclass(frozen=True, slots=True)
class TrendDataArguments(AskedWith):
    """Where a metric went over the last 30 days: a trend, with fewer arguments."""

    metric: Annotated[str | Metric, METRIC]
    days: Annotated[int | None, DAYS_OF_A_MONTH] = None
    granularity: Annotated[Granularity, LENGTH] = "day"
    group_by: Annotated[str | Sequence[str] | None, AT_MOST_TWO] = None
    chart: Annotated[bool, CHART] = False
    _: KW_ONLY
    hours: Annotated[int | None, HOURS] = None


@dataclass(frozen=True, slots=True)
class CorrelationDataArguments(AskedWith):
    """Benchmarks beside user interactions, their correlation, and how far to trust it."""

    days: Annotated[int | None, DAYS_OF_A_WEEK] = None
    granularity: Annotated[Granularity, LENGTH] = "day"
    _: KW_ONLY
    hours: Annotated[int | None, HOURS] = None


@dataclass(frozen=True, slots=True)
class PerformanceArguments(AskedWith):
    """Each model, quant and dataset against the window before, with what got worse and the first bad commit."""

    days: Annotated[int | None, DAYS_OF_A_WEEK] = None
    model: Annotated[str | None, Argument("Only this model")] = None
    dataset: Annotated[str | None, Argument("Only this dataset")] = None
    chart: Annotated[bool, CHART] = False
    _: KW_ONLY
    hours: Annotated[int | None, HOURS] = None


@dataclass(frozen=True, slots=True)
class QualityArguments(AskedWith):
    """One page on episodes, deployments, models, the interface and the pipeline."""

    days: Annotated[int | None, DAYS_OF_A_WEEK] = None
    _: KW_ONLY
    hours: Annotated[int | None, HOURS] = None
