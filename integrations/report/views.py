"""The views of the page, and the whole of a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chimera_metrics.integrations.report.benchmarks import benchmarks
from chimera_metrics.integrations.report.data import data
from chimera_metrics.integrations.report.glance import glance, moved
from chimera_metrics.integrations.report.parts import Planned
from chimera_metrics.integrations.report.relations import anomalies, correlations, drivers
from chimera_metrics.integrations.report.scope import Scope
from chimera_metrics.integrations.report.trends import forecasts, trends

_LEAST_DAYS = 30


@dataclass(frozen=True, slots=True)
class View:
    """A view of the page: its title, and the sections of a scope."""

    title: str
    planned: Callable[[Scope], list[Planned]]


VIEWS: Mapping[str, View] = {
    "overview": View("Overview", lambda scope: [*glance(scope), *trends(scope)[:2], *moved(scope)]),
    "trend": View("Trends", lambda scope: [*trends(scope), *forecasts(scope)]),
    "benchmarks": View("Benchmarks", benchmarks),
    "correlations": View("Correlations", correlations),
    "drivers": View("Anomalies and drivers", lambda scope: [*anomalies(scope), *drivers(scope)]),
    "data": View("Data", data),
}


def whole(scope: Scope) -> list[tuple[str, list[Planned]]]:
    """A report: every view once. Trends have at least a month, or they would say nothing."""
    return [
        ("At a glance", [*glance(scope), *moved(scope)]),
        ("Trends", trends(scope, _LEAST_DAYS)),
        ("Benchmarks", benchmarks(scope, _LEAST_DAYS)),
        ("Correlation", correlations(scope, _LEAST_DAYS)),
        ("Anomalies and drivers", [*anomalies(scope), *drivers(scope)]),
        ("What will come", forecasts(scope)),
        ("Data and health", data(scope)),
    ]
