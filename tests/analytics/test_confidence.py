"""Confidence: the worked example of the docstring, the ends of the recency line, and what is undefined."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chimera_metrics.analytics import confidence
from chimera_metrics.analytics.questions.confidence import recency
from tests.analytics.conftest import NOW

HOUR_OLD = NOW - timedelta(hours=1)


def test_the_smallest_of_the_three_counts() -> None:
    found = confidence(
        days_with_both=6, days=7, coefficient=-0.9, p_value=0.01, newest_hearts=HOUR_OLD, newest_packs=HOUR_OLD, now=NOW
    )
    assert (found.completeness, found.strength, found.recency) == (6 / 7, 0.9, 1.0)
    assert found.score == 6 / 7


def test_the_older_source_counts() -> None:
    old = NOW - timedelta(days=4)
    found = confidence(
        days_with_both=7, days=7, coefficient=1.0, p_value=0.0, newest_hearts=old, newest_packs=HOUR_OLD, now=NOW
    )
    assert found.score == found.recency == 0.75


@pytest.mark.parametrize(("days", "expected"), [(-1, 1.0), (0, 1.0), (1, 1.0), (2.5, 0.875), (7, 0.5), (400, 0.5)])
def test_recency_falls_in_a_line_from_a_day_to_a_week(days: float, expected: float) -> None:
    assert recency(days * 86_400) == pytest.approx(expected)


def test_what_is_undefined_scores_0() -> None:
    found = confidence(
        days_with_both=0, days=0, coefficient=None, p_value=None, newest_hearts=None, newest_packs=HOUR_OLD, now=NOW
    )
    assert (found.score, found.completeness, found.strength, found.recency) == (0.0, None, None, None)


@pytest.mark.parametrize(("p_value", "strength"), [(0.0499, 0.9), (0.05, 0.0), (0.8, 0.0), (None, 0.0)])
def test_an_r_that_is_not_significant_has_no_strength(p_value: float | None, strength: float) -> None:
    found = confidence(
        days_with_both=7,
        days=7,
        coefficient=0.9,
        p_value=p_value,
        newest_hearts=HOUR_OLD,
        newest_packs=HOUR_OLD,
        now=NOW,
    )
    assert (found.strength, found.score) == (strength, strength)
