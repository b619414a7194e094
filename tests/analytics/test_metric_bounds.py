"""Between which values a metric lies."""

from __future__ import annotations

import pytest

from chimera_metrics.analytics.metrics.bounds import Bounds, bounds_of, within
from chimera_metrics.analytics.metrics.catalog import METRICS
from chimera_metrics.analytics.metrics.language import metric_of


@pytest.mark.parametrize(
    ("metric", "bounds"),
    [
        ("llm.error_rate", (0.0, 1.0)),
        ("ui.abandonment_rate", (0.0, 1.0)),
        ("sessions.abandonment_rate", (0.0, 1.0)),
        ("p95(session_stats.error_rate)", (0.0, 1.0)),
        ("episodes.correlation_strength", (-1.0, 1.0)),
        ("sum(episodes.correlation_strength)", (None, None)),
        ("sum(episodes.confidence_score)", (0.0, None)),
        ("stddev(episodes.correlation_strength)", (0.0, None)),
        ("llm.cost_usd", (0.0, None)),
        ("llm.cost_usd / llm.calls", (0.0, None)),
        ("sum(episodes.correlation_strength) / episodes.count", (None, None)),
        ("avg(llm_events.tokens_in)", (0.0, None)),
        ("ui.sessions", (0.0, None)),
        ("pipeline.lag_mean_seconds", (None, None)),
        ("max(llm_events.ts)", (None, None)),
    ],
)
def test_bounds(metric: str, bounds: Bounds) -> None:
    assert bounds_of(metric_of(metric)) == bounds


def test_every_share_of_the_catalog_ends_at_1() -> None:
    shares = [metric_of(name) for name in METRICS if metric_of(name).unit == "share"]
    assert len(shares) > 5
    assert {bounds_of(metric) for metric in shares} == {(0.0, 1.0)}


def test_a_bound_gives_way_to_a_value_that_was_seen_beyond_it() -> None:
    assert within(-3.0, (0.0, 1.0), 0.5) == 0.0
    assert within(3.0, (0.0, 1.0), 2.0) == 2.0
    assert within(3.0, (0.0, None), 2.0) == 3.0
