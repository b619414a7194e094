"""The analytic methods of `ClickHouseClient`: typed arguments, one call each; the work is loaded when asked for."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, TypeVar

from chimera_metrics.analytics import CompareArguments, QuestionError
from chimera_metrics.analytics.questions.asked import AskedWith
from chimera_metrics.analytics.questions.by_name import show, taken
from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.integrations.results import (
    AggregateResult,
    AnomaliesResult,
    CompareResult,
    CorrelationDataResult,
    CorrelationResult,
    DriversResult,
    ForecastResult,
    PerformanceResult,
    QualityResult,
    Result,
    TrendResult,
)

if TYPE_CHECKING:
    from chimera_metrics.analytics.metrics.language import Metric
    from chimera_metrics.analytics.sql.buckets import Granularity
    from chimera_metrics.integrations.answers.exporting import Export

Moment = str | date
Filters = Mapping[str, Any] | Sequence[Mapping[str, Any]]


P = ParamSpec("P")
A = TypeVar("A", bound=AskedWith)
R = TypeVar("R", bound=Result)
_SELF = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
_METHODS: dict[type[AskedWith], Callable[[Any, Any, Cancellation | None], Result]] = {}


def asks(
    arguments: Callable[P, A],
) -> Callable[[Callable[[Any, A, Cancellation | None], R]], Callable[Concatenate[Any, P], R]]:
    """A method that takes the arguments of a question one by one, for one that takes them as an object."""

    def made(method: Callable[[Any, A, Cancellation | None], R]) -> Callable[Concatenate[Any, P], R]:
        @functools.wraps(method)
        def ask(self: Any, /, *args: P.args, **named: P.kwargs) -> R:
            return method(self, arguments(*args, **named), None)

        show(ask, [_SELF, *(parameter for parameter, _ in taken(arguments))])
        _METHODS[arguments] = method  # type: ignore[index]  # a class is what makes its objects
        return ask

    return made


class Questions(Access):
    """What the client can be asked beside SQL. Windows: `days`, `hours`, or `since` and `until`; zone `MUSE_TIMEZONE`.

    A mistake in the question is a QuestionError (a ValueError) with the correction. What is undefined is None beside a
    `reason`. With `chart` the result's `images` hold a PNG.
    """

    def ask(self, asked: AskedWith, cancellation: Cancellation | None = None) -> Result:
        """The question whose arguments these are, such as `CompareArguments`; another thread may cancel it."""
        if type(asked) not in _METHODS:
            known = ", ".join(kind.__name__ for kind in _METHODS)
            raise QuestionError(f"`asked` is {type(asked).__name__}; it takes {known}.")
        return _METHODS[type(asked)](self, asked, cancellation)

    def aggregate(
        self,
        metrics: str | Metric | Sequence[str | Metric],
        group_by: str | Sequence[str] = (),
        granularity: Granularity = "none",
        days: int | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
        filters: Filters = (),
        order_by: str | None = None,
        descending: bool = False,
        limit: int = 100,
        exact: bool = False,
        dry_run: bool = False,
        interval: bool = False,
        cancellation: Cancellation | None = None,
        export: Export | None = None,
        *,
        hours: int | None = None,
    ) -> AggregateResult:
        """Metrics of one table by group and bucket, of the last 7 days by default, from a rollup where one answers.

        With `interval` rates, means and quantiles have `<metric>_n`, and `<metric>_low` and `<metric>_high`, the ends
        of their 95 % interval. With `export` all rows go to its file, and the answer shows the first.
        """
        from chimera_metrics.integrations.questions.aggregate import aggregate

        return aggregate(
            self, metrics, group_by=group_by, granularity=granularity, days=days, since=since, until=until,
            filters=filters, order_by=order_by, descending=descending, limit=limit, exact=exact, dry_run=dry_run,
            interval=interval, hours=hours, cancellation=cancellation, export=export,
        )  # fmt: skip

    def correlate(
        self,
        x: str | Metric,
        y: str | Metric,
        x_filters: Filters = (),
        y_filters: Filters = (),
        granularity: Granularity = "day",
        days: int | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
        method: Literal["pearson", "spearman", "kendall"] = "pearson",
        max_lag: int = 0,
        chart: bool = False,
        cancellation: Cancellation | None = None,
        *,
        hours: int | None = None,
    ) -> CorrelationResult:
        """How closely two metrics move together over the last 30 days, and at which lag."""
        from chimera_metrics.integrations.questions.correlate import correlate

        return correlate(
            self, x, y, x_filters=x_filters, y_filters=y_filters, granularity=granularity, days=days, since=since,
            until=until, method=method, max_lag=max_lag, chart=chart, hours=hours, cancellation=cancellation,
        )  # fmt: skip

    def trend(
        self,
        metric: str | Metric,
        granularity: Granularity = "day",
        days: int | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
        group_by: str | Sequence[str] | None = None,
        filters: Filters = (),
        chart: bool = False,
        cancellation: Cancellation | None = None,
        *,
        hours: int | None = None,
    ) -> TrendResult:
        """Where a metric went over the last 30 days, where its level changed, and which points stand out."""
        from chimera_metrics.integrations.questions.trend import trend

        return trend(
            self, metric, granularity=granularity, days=days, since=since, until=until, group_by=group_by,
            filters=filters, chart=chart, hours=hours, cancellation=cancellation,
        )  # fmt: skip

    @asks(CompareArguments)
    def compare(self, asked: CompareArguments, cancellation: Cancellation | None = None) -> CompareResult:
        """Whether metrics of the last 7 whole days got better or worse than the same weekdays before.

        Or than the days from `baseline_since` to `baseline_until`; or whether the rows that meet `b_filters` differ
        from those that meet `a_filters`; or, with `commit`, the last 28 days since its first row from those before.
        """
        from chimera_metrics.integrations.questions.compare import compare

        return compare(self, asked, cancellation)

    def drivers(
        self,
        metric: str | Metric,
        days: int | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
        baseline_since: Moment | None = None,
        baseline_until: Moment | None = None,
        dimensions: str | Sequence[str] = (),
        depth: int = 2,
        filters: Filters = (),
        limit: int = 5,
        chart: bool = False,
        cancellation: Cancellation | None = None,
        *,
        hours: int | None = None,
    ) -> DriversResult:
        """Why a metric moved between the last 7 whole days and the same weekdays before, or a baseline of yours.

        Looked for by `dimensions` (all of few values unless named) and, with `depth` 2, their pairs. Contributions and
        `rest` add up to the change; that nothing stands out is an answer, with a reason.
        """
        from chimera_metrics.integrations.questions.drivers import drivers

        return drivers(
            self, metric, days=days, since=since, until=until, baseline_since=baseline_since,
            baseline_until=baseline_until, dimensions=dimensions, depth=depth, filters=filters, limit=limit,
            chart=chart, hours=hours, cancellation=cancellation,
        )  # fmt: skip

    def forecast(
        self,
        metric: str | Metric,
        horizon: int | None = None,
        granularity: Granularity = "day",
        days: int | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
        filters: Filters = (),
        chart: bool = False,
        cancellation: Cancellation | None = None,
        *,
        hours: int | None = None,
    ) -> ForecastResult:
        """What a metric will be in the next buckets, with 80 and 95 % intervals; the total of a count or sum.

        horizon: buckets ahead, by default a day of hours, a week of days or a year of months, else 7.
        """
        from chimera_metrics.integrations.questions.forecast import forecast

        return forecast(
            self, metric, horizon=horizon, granularity=granularity, days=days, since=since, until=until,
            filters=filters, chart=chart, hours=hours, cancellation=cancellation,
        )  # fmt: skip

    def anomalies(
        self,
        metrics: str | Metric | Sequence[str | Metric] = (),
        group_by: str | Sequence[str] | None = None,
        granularity: Granularity = "hour",
        days: int | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
        last: int | None = None,
        filters: Filters = (),
        chart: bool = False,
        cancellation: Cancellation | None = None,
        *,
        hours: int | None = None,
    ) -> AnomaliesResult:
        """Which of the newest buckets of many metrics and groups are odd, rarest first; what could not be judged.

        metrics: of any tables, by default the catalog's leading ones. last: newest buckets judged, by default 24 hours.
        """
        from chimera_metrics.integrations.questions.anomalies import anomalies

        return anomalies(
            self, metrics, group_by=group_by, granularity=granularity, days=days, since=since, until=until, last=last,
            filters=filters, chart=chart, hours=hours, cancellation=cancellation,
        )  # fmt: skip

    def get_trend_data(
        self,
        metric: str | Metric,
        days: int | None = None,
        granularity: Granularity = "day",
        group_by: str | Sequence[str] | None = None,
        chart: bool = False,
        cancellation: Cancellation | None = None,
        *,
        hours: int | None = None,
    ) -> TrendResult:
        """As `trend`, with fewer arguments."""
        return self.trend(
            metric, granularity, days=days, group_by=group_by, chart=chart, hours=hours, cancellation=cancellation
        )  # fmt: skip

    def get_correlation_data(
        self,
        days: int | None = None,
        granularity: Granularity = "day",
        cancellation: Cancellation | None = None,
        *,
        hours: int | None = None,
    ) -> CorrelationDataResult:
        """Benchmarks beside user interactions, their correlation, and how far to trust it."""
        from chimera_metrics.integrations.questions.correlation_data import correlation_data

        return correlation_data(self, days=days, granularity=granularity, hours=hours, cancellation=cancellation)

    def get_performance_summary(
        self,
        days: int | None = None,
        model: str | None = None,
        dataset: str | None = None,
        chart: bool = False,
        cancellation: Cancellation | None = None,
        *,
        hours: int | None = None,
    ) -> PerformanceResult:
        """Each model, quant and dataset against the window before, with what got worse and the first bad commit."""
        from chimera_metrics.integrations.questions.performance import performance_summary

        return performance_summary(
            self, days=days, model=model, dataset=dataset, chart=chart, hours=hours, cancellation=cancellation
        )

    def get_quality_metrics(
        self, days: int | None = None, cancellation: Cancellation | None = None, *, hours: int | None = None
    ) -> QualityResult:
        """One page on episodes, deployments, models, the interface and the pipeline."""
        from chimera_metrics.integrations.questions.quality import quality_metrics

        return quality_metrics(self, days=days, hours=hours, cancellation=cancellation)
