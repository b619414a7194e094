"""One table of poor data over all seven operations: reasons, every number finite, JSON all the way down."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import orjson
import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.results import Result
from tests.analytics.rows import bench, llm, ui
from tests.questions.conftest import NOW, Fill

LATENCIES: dict[str, list[float | None]] = {
    "no rows": [],
    "one row": [5.0],
    "constant": [5.0] * 20,
    "ties": [5.0, 6.0, 6.0, 5.0, 5.0, 5.0, 6.0, 5.0, 6.0, 6.0] * 2,
    "all null": [None] * 20,
    "all zero": [0.0] * 20,
}
OPERATIONS: dict[str, Callable[[ClickHouseClient], Result]] = {
    "aggregate": lambda c: c.aggregate(["ui.latency_p95_ms", "ui.error_rate", "ui.sessions"], granularity="day"),
    "correlate": lambda c: c.correlate("bench.latency_p95_ms", "ui.latency_mean_ms", max_lag=2),
    "correlate counts": lambda c: c.correlate("llm.calls", "ui.events", method="kendall"),
    "trend": lambda c: c.trend("ui.latency_p95_ms"),
    "trend by group": lambda c: c.trend("bench.latency_p95_ms", group_by="model"),
    "correlation data": lambda c: c.get_correlation_data(days=30),
    "trend data": lambda c: c.get_trend_data("llm.calls"),
    "compare": lambda c: c.compare(["llm.latency_mean_ms", "llm.latency_p95_ms", "llm.calls"], group_by="model"),
    "performance": lambda c: c.get_performance_summary(days=10),
    "quality": lambda c: c.get_quality_metrics(days=30),
}
REASONS = {
    "no rows": ("no_data", "no_data"),
    "one row": ("too_few", "too_few"),
    "constant": ("constant", "constant"),
    "ties": (None, None),
    "all null": ("no_data", "no_data"),
    "all zero": ("constant", "constant"),
}


@pytest.mark.parametrize("case", LATENCIES)
def test_poor_data_gives_reasons_and_no_number_that_is_not_one(client: ClickHouseClient, fill: Fill, case: str) -> None:
    values = LATENCIES[case]
    times = [NOW - timedelta(days=1 + i) for i in range(len(values))]
    if values:
        fill("bench_runs", [bench(ts, i, value) for i, (ts, value) in enumerate(zip(times, values, strict=True))])
        fill(
            "ui_events", [ui(ts, i, latency_ms=value) for i, (ts, value) in enumerate(zip(times, values, strict=True))]
        )
        fill("llm_events", [llm(ts, value) for ts, value in zip(times, values, strict=True)])
    answers = {name: ask(client) for name, ask in OPERATIONS.items()}
    for name, answer in answers.items():
        assert all(math.isfinite(number) for number in numbers(answer)), name
        assert orjson.loads(orjson.dumps(answer)) == answer, name
    correlation, trend = answers["correlate"], answers["trend"]
    series = trend.series[0] if trend.series else trend  # a table without rows has no series
    expected = REASONS[case]
    assert tuple(one.reason and one.reason.code for one in (correlation, series)) == expected
    assert (correlation.coefficient is None) == (expected[0] is not None)
    assert answers["correlation data"].confidence.score == 0.0 or case == "ties"


def numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for item in value.values():
            yield from numbers(item)
    elif isinstance(value, list):
        for item in value:
            yield from numbers(item)
    elif isinstance(value, int | float):
        yield float(value)
