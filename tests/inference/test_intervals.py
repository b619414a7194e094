"""Intervals of rates, quantiles and means against SciPy, by eye, and by how often they hold the true value."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from bench.noise import noise
from chimera_metrics.analytics.inference.intervals import (
    fewest_values,
    mean_interval,
    mean_interval_of,
    quantile_interval,
    quantile_ranks,
    wilson,
)


@pytest.mark.parametrize(("successes", "n"), [(0, 20), (1, 3), (8, 10), (20, 20), (437, 100_000)])
def test_wilson_is_scipys(successes: int, n: int) -> None:
    theirs = stats.binomtest(successes, n).proportion_ci(method="wilson")
    ours = wilson(successes, n)
    assert (ours.low, ours.high) == pytest.approx((float(theirs.low), float(theirs.high)), abs=1e-12)
    assert ours.n == n


def test_a_rate_of_none_or_all_has_an_end_that_is_exact() -> None:
    assert wilson(0, 7).low == 0.0
    assert wilson(7, 7).high == 1.0


def test_a_rate_of_nothing_has_no_interval_but_a_reason() -> None:
    found = wilson(0, 0)
    assert (found.low, found.high) == (None, None)
    assert found.reason is not None
    assert found.reason.code == "no_data"
    with pytest.raises(ValueError, match="11 of 10"):
        wilson(11, 10)


@pytest.mark.parametrize(("n", "q"), [(10, 0.5), (100, 0.5), (200, 0.95), (1000, 0.99), (30, 0.25)])
def test_quantile_ranks_are_scipys(n: int, q: float) -> None:
    ours = quantile_ranks(n, q)
    theirs = stats.quantile_test(np.arange(1, n + 1), p=q).confidence_interval()  # the values are their own ranks
    for rank, bound in ((ours.low, float(theirs.low)), (ours.high, float(theirs.high))):
        assert rank is not None
        assert rank == bound
    assert ours.low is not None
    assert ours.high is not None
    exact = stats.binom.cdf(ours.high - 1, n, q) - stats.binom.cdf(ours.low - 1, n, q)
    assert ours.coverage == pytest.approx(float(exact), abs=1e-12)


def test_the_median_of_ten_lies_between_the_second_and_ninth() -> None:
    # P(B < 2) = 11/1024 = 0.0107, P(B < 3) = 56/1024 = 0.0547: the second is the last under 0.025.
    found = quantile_ranks(10, 0.5)
    assert (found.low, found.high) == (2, 9)
    assert (found.low_level, found.high_level) == (0.15, 0.85)
    assert quantile_interval([float(i) for i in range(10, 0, -1)], 0.5).low == 2.0


def test_an_extreme_quantile_of_few_values_has_a_bound_on_one_side_and_says_how_many_it_takes() -> None:
    found = quantile_ranks(50, 0.95)
    assert (found.low, found.high, found.high_level) == (44, None, None)
    assert found.reason is not None
    assert "at least 72" in found.reason.text  # 0.95 ** 72 = 0.0249
    assert quantile_ranks(72, 0.95).high == 72
    assert quantile_ranks(71, 0.95).high is None
    assert quantile_ranks(5, 0.5).low is None


@pytest.mark.parametrize(("q", "need"), [(0.5, 6), (0.9, 36), (0.95, 72), (0.99, 368), (0.05, 72)])
def test_from_so_many_values_on_a_quantile_has_both_bounds(q: float, need: int) -> None:
    assert fewest_values(q) == need
    assert None not in (quantile_ranks(need, q).low, quantile_ranks(need, q).high)
    assert None in (quantile_ranks(need - 1, q).low, quantile_ranks(need - 1, q).high)


def test_quantile_ranks_of_ten_million_values_are_those_of_the_normal_distribution() -> None:
    found = quantile_ranks(10_000_000, 0.95)
    assert found.low is not None
    assert found.high is not None
    reach = 1.959964 * math.sqrt(10_000_000 * 0.95 * 0.05)
    assert found.high - found.low == pytest.approx(2.0 * reach, abs=3.0)


def test_quantile_intervals_hold_the_true_quantile_in_skewed_noise() -> None:
    rng = np.random.default_rng(3)
    held = []
    for row in noise(rng, "lognormal", 1500, 100):
        found = quantile_interval(list(row), 0.9)
        assert found.low is not None
        assert found.high is not None
        held.append(found.low <= math.exp(1.2815515655446004) <= found.high)
    assert np.mean(held) >= 0.95 - 4.0 * (0.05 * 0.95 / 1500) ** 0.5


def test_a_mean_without_skewness_has_students_interval() -> None:
    theirs = stats.t.interval(0.95, 4, loc=3.0, scale=stats.sem([1, 2, 3, 4, 5]))
    ours = mean_interval([1.0, 2.0, None, 3.0, 4.0, 5.0])
    assert (ours.low, ours.high) == pytest.approx((float(theirs[0]), float(theirs[1])))
    of_moments = mean_interval_of(3.0, math.sqrt(2.5), 5)
    assert (of_moments.low, of_moments.high) == pytest.approx((ours.low, ours.high))
    assert ours.n == 5


def test_a_skewed_mean_is_held_more_often_than_by_students_interval() -> None:
    rng = np.random.default_rng(4)
    ours: list[bool] = []
    students: list[bool] = []
    for row in noise(rng, "lognormal", 2000, 20):
        found, plain = mean_interval(list(row)), mean_interval_of(float(row.mean()), float(row.std(ddof=1)), 20)
        for held, one in ((ours, found), (students, plain)):
            assert one.low is not None
            assert one.high is not None
            held.append(one.low <= math.exp(0.5) <= one.high)
    assert np.mean(ours) >= 0.91
    assert np.mean(students) <= 0.885


def test_a_normal_mean_is_held_in_95_of_100() -> None:
    rng = np.random.default_rng(5)
    held = []
    for row in noise(rng, "normal", 2000, 10):
        found = mean_interval(list(row))
        assert found.low is not None
        assert found.high is not None
        held.append(found.low <= 0.0 <= found.high)
    assert 0.94 <= np.mean(held) <= 0.975


@pytest.mark.parametrize("values", [[], [1.0], [None], [float("nan"), 2.0]])
def test_under_two_values_a_mean_has_no_interval(values: list[float | None]) -> None:
    found = mean_interval(values)
    assert (found.low, found.high) == (None, None)
    assert found.reason is not None


def test_equal_and_huge_values_have_intervals_within_the_range_of_numbers() -> None:
    assert (mean_interval([5.0] * 9).low, mean_interval([5.0] * 9).high) == (5.0, 5.0)
    found = mean_interval([1e308, -1e308, 1e308])
    assert all(bound is None or math.isfinite(bound) for bound in (found.low, found.high))
    assert (found.high is not None) or (found.reason is not None)
