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
Filters = Mapping[str, Any] | Sequence[Mapping[str, Any] | Filter]
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


_METRIC = "Such as llm.error_rate"
LENGTH = Argument("Length of a bucket")
MEETS_ALL = Argument("Rows must meet all")
_around = partial(Argument, settled=True)
_DAYS = _around("Whole days back", least=0)
Days = Annotated[int | None, _DAYS]
DaysOfAWeek = Annotated[int | None, replace(_DAYS, usual=7)]
Hours = Annotated[int | None, _around("Or whole hours", least=0)]
Since = Annotated[Moment | None, _around("Or from: ISO 8601")]
Until = Annotated[Moment | None, _around("Up to, exclusive")]
BaselineUntil = Annotated[Moment | None, _around("Its end, exclusive")]
Chart = Annotated[bool, _around("Add a PNG")]
OneMetric = Annotated[AMetric, Argument(_METRIC)]
AtMostTwo = Annotated[Columns | None, Argument("At most two")]
Buckets = Annotated[Granularity, LENGTH]
Narrowed = Annotated[Filters, MEETS_ALL]


class AskedWith:
    """Arguments of a question."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class AggregateArguments(AskedWith):
    """Metrics of one table, by group and bucket."""

    metrics: Annotated[Metrics, Argument("Of one table")]
    group_by: Annotated[Columns, Argument("Columns; hour_of_day, day_of_week")] = ()
    granularity: Annotated[Granularity, LENGTH] = "none"
    days: Days = None
    since: Since = None
    until: Until = None
    filters: Narrowed = ()
    order_by: Annotated[str | None, Argument("ts, column or metric")] = None
    descending: Annotated[bool, Argument("Highest first")] = False
    limit: Annotated[int, Argument("Groups", least=1)] = 100
    exact: Annotated[bool, Argument("Not from sketches")] = False
    dry_run: Annotated[bool, _around("Estimate cost")] = False
    interval: Annotated[bool, Argument("Add 95 % intervals")] = False
    _: KW_ONLY
    hours: Hours = None


@dataclass(frozen=True, slots=True)
class CorrelationArguments(AskedWith):
    """How closely two metrics move together, and at which lag."""

    x: OneMetric
    y: OneMetric
    x_filters: Narrowed = ()
    y_filters: Narrowed = ()
    granularity: Buckets = "day"
    days: Days = None
    since: Since = None
    until: Until = None
    method: Annotated[Literal["pearson", "spearman", "kendall"], _around("Coefficient")] = "pearson"
    max_lag: Annotated[int, _around("Buckets, at most 60", least=0)] = 0
    chart: Chart = False
    _: KW_ONLY
    hours: Hours = None


@dataclass(frozen=True, slots=True)
class TrendArguments(AskedWith):
    """Where a metric went."""

    metric: OneMetric
    granularity: Buckets = "day"
    days: Days = None
    since: Since = None
    until: Until = None
    group_by: AtMostTwo = None
    filters: Narrowed = ()
    chart: Chart = False
    _: KW_ONLY
    hours: Hours = None


@dataclass(frozen=True, slots=True)
class CompareArguments(AskedWith):
    """Whether metrics got better or worse."""

    metrics: Annotated[Metrics, Argument(f"Metrics of one table. {_METRIC}")]
    days: Days = None
    since: Since = None
    until: Until = None
    baseline_since: Annotated[Moment | None, _around("Start of a; default whole weeks earlier")] = None
    baseline_until: BaselineUntil = None
    a_filters: Annotated[Filters, Argument("Group a, as filters; needs b_filters")] = ()
    b_filters: Annotated[Filters, Argument("Group b")] = ()
    commit: Annotated[str | None, _around("Before it against from it on; 28 days")] = None
    filters: Narrowed = ()
    group_by: Annotated[Columns, Argument("Columns of few values")] = ()
    chart: Chart = False
    _: KW_ONLY
    hours: Hours = None


@dataclass(frozen=True, slots=True)
class DriversArguments(AskedWith):
    """Why a metric moved."""

    metric: OneMetric
    days: Days = None
    since: Since = None
    until: Until = None
    baseline_since: Annotated[Moment | None, _around("Start of the window before; default whole weeks earlier")] = None
    baseline_until: BaselineUntil = None
    dimensions: Annotated[Columns, Argument("Columns of few values; default all")] = ()
    depth: Annotated[int, _around("1: words, 2: and their pairs", least=1)] = 2
    filters: Narrowed = ()
    limit: Annotated[int, _around("Drivers at most, up to 20", least=1)] = 5
    chart: Chart = False
    _: KW_ONLY
    hours: Hours = None


@dataclass(frozen=True, slots=True)
class ForecastArguments(AskedWith):
    """What a metric will be next."""

    metric: OneMetric
    horizon: Annotated[int | None, Argument("Buckets ahead; by default a cycle, else 7", least=1)] = None
    granularity: Buckets = "day"
    days: Days = None
    since: Since = None
    until: Until = None
    filters: Narrowed = ()
    chart: Chart = False
    _: KW_ONLY
    hours: Hours = None


@dataclass(frozen=True, slots=True)
class AnomaliesArguments(AskedWith):
    """Which of the newest buckets are odd."""

    metrics: Annotated[Metrics, Argument("Of any tables; the leading ones if left out")] = ()
    group_by: Annotated[Columns | None, Argument("One column of few values", most=1)] = None
    granularity: Buckets = "hour"
    days: Days = None
    since: Since = None
    until: Until = None
    last: Annotated[int | None, Argument("Newest buckets to judge; a day of hours", least=1)] = None
    filters: Narrowed = ()
    chart: Chart = False
    _: KW_ONLY
    hours: Hours = None


@dataclass(frozen=True, slots=True)
class TrendDataArguments(AskedWith):
    """Where a metric went, in short."""

    metric: OneMetric
    days: Annotated[int | None, replace(_DAYS, usual=30)] = None
    granularity: Buckets = "day"
    group_by: AtMostTwo = None
    chart: Chart = False
    _: KW_ONLY
    hours: Hours = None


@dataclass(frozen=True, slots=True)
class CorrelationDataArguments(AskedWith):
    """Benchmarks beside user interactions."""

    days: DaysOfAWeek = None
    granularity: Buckets = "day"
    _: KW_ONLY
    hours: Hours = None


@dataclass(frozen=True, slots=True)
class PerformanceArguments(AskedWith):
    """Benchmarks against those of the window before."""

    days: DaysOfAWeek = None
    model: Annotated[str | None, Argument("Only this model")] = None
    dataset: Annotated[str | None, Argument("Only this dataset")] = None
    chart: Chart = False
    _: KW_ONLY
    hours: Hours = None


@dataclass(frozen=True, slots=True)
class QualityArguments(AskedWith):
    """One page on everything."""

    days: DaysOfAWeek = None
    _: KW_ONLY
    hours: Hours = None
