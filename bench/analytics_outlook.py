"""`query.forecast` and `query.anomalies` of 40 metrics beside the aggregates that they read: for `bench.analytics`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping

from chimera_metrics.analytics import metric_of
from chimera_metrics.analytics.metrics.catalog import METRICS
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient

LOOKED_AT = [name for name in METRICS if not name.startswith("sessions.")] + ["p90(llm_events.latency_ms)"]
"""The named metrics of the tables that are filled, and one more."""
DAYS = 90
HOURS_OF_DAYS = 14
MOST = 1.5
Both = Mapping[str, tuple[Callable[[], object], Callable[[], object]]]


def outlook(client: ClickHouseClient, repeats: int) -> list[str]:
    """The lines of a table: milliseconds of each tool and of its aggregates, from call to result, in turn."""
    lines = ["| tool | p50, ms | aggregates, ms | ratio | |", "| --- | ---: | ---: | ---: | --- |"]
    for name, ways in _calls(client).items():
        took: tuple[list[float], list[float]] = ([], [])
        for repeat in range(repeats + 1):
            for way in (0, 1) if repeat % 2 else (1, 0):  # who comes second finds the caches warm: they take turns
                started = time.perf_counter()
                ways[way]()
                if repeat:  # the first call loads libraries and caches
                    took[way].append((time.perf_counter() - started) * 1000)
        own, read = map(statistics.median, took)
        said = "holds" if own <= MOST * read else f"above {MOST}"
        lines.append(f"| {name} | {own:.0f} | {read:.0f} | {own / read:.2f} | {said} |")
    return lines


def _calls(client: ClickHouseClient) -> Both:
    """Each tool, and the aggregates that it reads."""
    parts = list(_parts())

    def anomalies(by: str, days: int) -> tuple[Callable[[], object], Callable[[], object]]:
        return (
            lambda: client.anomalies(LOOKED_AT, granularity=by, days=days),  # type: ignore[arg-type]
            lambda: [client.aggregate(part, granularity=by, days=days) for part in parts],  # type: ignore[arg-type]
        )

    many = len(LOOKED_AT)
    return {
        f"query.forecast, {many} metrics one by one, {DAYS} days": (
            lambda: [client.forecast(one, days=DAYS) for one in LOOKED_AT],
            lambda: [client.aggregate(one, granularity="day", days=DAYS) for one in LOOKED_AT],
        ),
        f"query.anomalies, {many} metrics, {DAYS} days": anomalies("day", DAYS),
        f"query.anomalies, {many} metrics, hours of {HOURS_OF_DAYS} days": anomalies("hour", HOURS_OF_DAYS),
    }


def _parts() -> Iterator[list[str]]:
    """The metrics of each table, those of sessions apart, as `query.anomalies` reads them."""
    parts: dict[tuple[str, bool], list[str]] = {}
    for name in LOOKED_AT:
        metric = metric_of(name)
        parts.setdefault((metric.table, metric.per_session), []).append(name)
    yield from parts.values()
