"""The analytic methods of `ClickHouseClient`: typed arguments, one call each; the work is loaded when asked for."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import is_dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar

from chimera_metrics.analytics import (
    AnomaliesArguments,
    CompareArguments,
    CorrelationArguments,
    CorrelationDataArguments,
    DriversArguments,
    ForecastArguments,
    PerformanceArguments,
    QualityArguments,
    QuestionError,
    TrendArguments,
    TrendDataArguments,
)
from chimera_metrics.analytics.questions.asked import AskedWith
from chimera_metrics.analytics.questions.by_name import given, show, taken
from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.integrations.questions.asked import ExportedAggregate
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

P = ParamSpec("P")
A = TypeVar("A", bound=AskedWith)
R = TypeVar("R", bound=Result)
_SELF = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
_METHODS: dict[type[AskedWith], Callable[[Any, Any, Cancellation | None], Result]] = {}


def asks(
    arguments: Callable[P, A],
) -> Callable[[Callable[[Any, A, Cancellation | None], R]], Callable[Concatenate[Any, P], R]]:
    """A method that takes the arguments of a question one by one, for one that takes them as an object.

    Its docstring is that of their class, which is the one that editors show.
    """

    def made(method: Callable[[Any, A, Cancellation | None], R]) -> Callable[Concatenate[Any, P], R]:
        @functools.wraps(method)
        def ask(self: Any, /, *args: P.args, **named: P.kwargs) -> R:
            return method(self, arguments(*args, **named), None)

        ask.__doc__ = arguments.__doc__
        show(ask, [_SELF, *(parameter for parameter, _ in taken(arguments))])
        kinds: Any = arguments  # a class is what makes its objects
        _METHODS.update(dict.fromkeys(filter(is_dataclass, kinds.__mro__), method))
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

    @asks(ExportedAggregate)
    def aggregate(self, asked: ExportedAggregate, cancellation: Cancellation | None = None) -> AggregateResult:
        from chimera_metrics.integrations.questions.aggregate import aggregate

        return aggregate(self, asked, cancellation)

    @asks(CorrelationArguments)
    def correlate(self, asked: CorrelationArguments, cancellation: Cancellation | None = None) -> CorrelationResult:
        from chimera_metrics.integrations.questions.correlate import correlate

        return correlate(self, asked, cancellation)

    @asks(TrendArguments)
    def trend(self, asked: TrendArguments, cancellation: Cancellation | None = None) -> TrendResult:
        from chimera_metrics.integrations.questions.trend import trend

        return trend(self, asked, cancellation)

    @asks(CompareArguments)
    def compare(self, asked: CompareArguments, cancellation: Cancellation | None = None) -> CompareResult:
        from chimera_metrics.integrations.questions.compare import compare

        return compare(self, asked, cancellation)

    @asks(DriversArguments)
    def drivers(self, asked: DriversArguments, cancellation: Cancellation | None = None) -> DriversResult:
        from chimera_metrics.integrations.questions.drivers import drivers

        return drivers(self, asked, cancellation)

    @asks(ForecastArguments)
    def forecast(self, asked: ForecastArguments, cancellation: Cancellation | None = None) -> ForecastResult:
        from chimera_metrics.integrations.questions.forecast import forecast

        return forecast(self, asked, cancellation)

    @asks(AnomaliesArguments)
    def anomalies(self, asked: AnomaliesArguments, cancellation: Cancellation | None = None) -> AnomaliesResult:
        from chimera_metrics.integrations.questions.anomalies import anomalies

        return anomalies(self, asked, cancellation)

    @asks(TrendDataArguments)
    def get_trend_data(self, asked: TrendDataArguments, cancellation: Cancellation | None = None) -> TrendResult:
        from chimera_metrics.integrations.questions.trend import trend

        return trend(self, TrendArguments(**given(asked)), cancellation)

    @asks(CorrelationDataArguments)
    def get_correlation_data(
        self, asked: CorrelationDataArguments, cancellation: Cancellation | None = None
    ) -> CorrelationDataResult:
        from chimera_metrics.integrations.questions.correlation_data import correlation_data

        return correlation_data(self, asked, cancellation)

    @asks(PerformanceArguments)
    def get_performance_summary(
        self, asked: PerformanceArguments, cancellation: Cancellation | None = None
    ) -> PerformanceResult:
        from chimera_metrics.integrations.questions.performance import performance_summary

        return performance_summary(self, asked, cancellation)

    @asks(QualityArguments)
    def get_quality_metrics(self, asked: QualityArguments, cancellation: Cancellation | None = None) -> QualityResult:
        from chimera_metrics.integrations.questions.quality import quality_metrics

        return quality_metrics(self, asked, cancellation)
