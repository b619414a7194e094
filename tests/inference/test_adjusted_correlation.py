"""Correlation beside what is left without cycle and trend; lags judged by ranks; p-values that few pairs allow."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from bench.noise import ar1, noise
from chimera_metrics.analytics.inference import Correlation, correlate
from chimera_metrics.analytics.inference.adjustment import effects, left_over
from chimera_metrics.analytics.inference.coefficients import fisher_interval, p_values, smallest_p
from chimera_metrics.analytics.inference.series import Floats
from tests.inference.test_levels import most

WEEK = np.array([1.0, 1.05, 1.05, 1.02, 0.95, 0.45, 0.4])
PAIRS = 200


def weekly(rng: np.random.Generator, n: int) -> Floats:
    return np.asarray(20.0 * WEEK[np.arange(n) % 7] + rng.standard_normal(n))


def growing_week(rng: np.random.Generator, n: int) -> Floats:
    level = (20.0 + 20.0 * np.arange(n) / n) * WEEK[np.arange(n) % 7]
    return np.asarray(level * np.exp(0.05 * rng.standard_normal(n)))


def climbing(rng: np.random.Generator, n: int) -> Floats:
    return rng.standard_normal(n) + 3.0 * np.arange(n) / n


def adjusted_p(found: Correlation) -> float:
    assert found.adjusted is not None
    return 1.0 if found.adjusted.p_value is None else found.adjusted.p_value


@pytest.mark.parametrize("series", [weekly, growing_week, climbing])
def test_independent_series_that_share_a_calendar_do_not_correlate_without_it(
    series: Callable[[np.random.Generator, int], Floats],
) -> None:
    rng = np.random.default_rng(61)
    found = [correlate(list(series(rng, 42)), list(series(rng, 42)), period=7) for _ in range(PAIRS)]
    assert np.mean([adjusted_p(one) < 0.05 for one in found]) <= most(0.065, PAIRS)
    fooled = [one for one in found if one.p_value is not None and one.p_value < 0.05 <= adjusted_p(one)]
    assert len(fooled) >= 0.25 * PAIRS
    assert all(any("may share no more than that" in text for text in one.cautions) for one in fooled)


def test_what_was_taken_out_is_named() -> None:
    rng = np.random.default_rng(62)
    found = correlate(list(weekly(rng, 42)), list(weekly(rng, 42)), period=7)
    assert found.coefficient is not None
    assert found.coefficient > 0.8
    assert found.adjusted is not None
    assert found.adjusted.removed == ("the weekly cycle", "the trend")
    assert abs(found.adjusted.coefficient or 0.0) < 0.5
    assert found.cautions[-1].startswith("Without the weekly cycle and the trend the coefficient is ")
    assert correlate(list(weekly(rng, 42)), list(weekly(rng, 42))).adjusted is not None


def test_under_three_weeks_a_caution_says_that_the_cycle_cannot_be_taken_out() -> None:
    rng = np.random.default_rng(63)
    found = correlate(list(weekly(rng, 20)), list(weekly(rng, 20)), period=7)
    assert found.adjusted is not None
    assert found.adjusted.removed == ("the trend",)
    assert "20 pairs are too few to take out the weekly cycle" in found.cautions[-1]


def test_series_that_move_together_do_so_without_the_calendar_too() -> None:
    rng = np.random.default_rng(64)
    seen = []
    for _ in range(100):
        x = rng.standard_normal(42)
        y = 0.7 * x + 0.51**0.5 * rng.standard_normal(42)
        week = 20.0 * WEEK[np.arange(42) % 7]
        found = correlate(list(x + week), list(y + week), period=7)
        seen.append(adjusted_p(found) < 0.05)
    assert np.mean(seen) >= 0.95


def test_a_trend_that_hides_a_correlation_is_named() -> None:
    rng = np.random.default_rng(65)
    x = rng.standard_normal(40)
    climb = 4.0 * np.arange(40) / 40.0
    found = correlate(list(x + climb), list(-x + climb))
    assert found.adjusted is not None
    assert found.adjusted.coefficient == pytest.approx(-1.0, abs=0.1)
    assert found.cautions[-1].startswith("The trend may hide it: without, the coefficient is -")


def test_the_adjusted_coefficient_is_the_partial_correlation_worked_by_the_recursion() -> None:
    rng = np.random.default_rng(66)
    t = np.arange(30.0)
    x, y = rng.standard_normal(30) + 0.1 * t, rng.standard_normal(30) + 0.05 * t
    r = np.corrcoef([x, y, t])
    partial = (r[0, 1] - r[0, 2] * r[1, 2]) / ((1.0 - r[0, 2] ** 2) * (1.0 - r[1, 2] ** 2)) ** 0.5
    found = correlate(list(x), list(y))
    assert found.adjusted is not None
    assert found.adjusted.coefficient == pytest.approx(partial, abs=1e-12)


def test_kendalls_adjusted_coefficient_is_a_tau_too() -> None:
    """Noise without a cycle or a trend: the tau-b of what is left is about that of the pairs, and never Pearson's r."""
    rng = np.random.default_rng(68)
    x = rng.standard_normal(200)
    y = 0.8 * x + 0.6 * rng.standard_normal(200)
    found = correlate(list(x), list(y), method="kendall", period=7)
    assert found.adjusted is not None
    assert found.adjusted.coefficient is not None
    assert found.adjusted.coefficient == pytest.approx(float(stats.kendalltau(x, y).statistic), abs=0.06)
    assert found.adjusted.coefficient < float(stats.spearmanr(x, y).statistic) - 0.1


def test_nothing_is_left_of_a_straight_line() -> None:
    line = [float(i) for i in range(20)]
    found = correlate(line, [2.0 * v + (i % 3) for i, v in enumerate(line)])
    assert found.adjusted is not None
    assert found.adjusted.coefficient is None
    assert found.adjusted.reason is not None
    assert found.adjusted.reason.text == "Without the trend nothing is left of x."
    both = correlate(line, line)
    assert both.adjusted is not None
    assert both.adjusted.p_value is None


def test_a_cycle_that_multiplies_is_taken_out_of_the_logarithms() -> None:
    t = np.arange(42)
    y = np.exp(0.02 * t) * WEEK[t % 7]
    out = effects(t, 7)
    assert out is not None
    assert left_over(y, out) is None
    added = left_over(9.0 + WEEK[t % 7] + 0.3 * np.random.default_rng(6).standard_normal(42), out)
    assert added is not None
    assert added[1] == 7  # six weekdays and the line


def test_positions_decide_the_place_in_the_week() -> None:
    rng = np.random.default_rng(67)
    days = [day for day in range(56) if day % 5]
    x, y = (20.0 * WEEK[np.array(days) % 7] + rng.standard_normal(len(days)) for _ in range(2))
    found = correlate(list(x), list(y), period=7, positions=days)
    assert adjusted_p(found) > 0.05


def zeros(rng: np.random.Generator, n: int) -> Floats:
    return np.where(rng.random(n) < 0.7, 0.0, rng.exponential(size=n))


def spikes(rng: np.random.Generator, n: int) -> Floats:
    return np.asarray(rng.standard_normal(n) + np.where(rng.random(n) < 0.05, 20.0, 0.0))


def lognormal(rng: np.random.Generator, n: int) -> Floats:
    return np.asarray(noise(rng, "lognormal", 1, n)[0])


@pytest.mark.parametrize("series", [zeros, spikes, lognormal])
@pytest.mark.parametrize("n", [14, 40])
def test_independent_heavy_tailed_series_seldom_have_a_best_lag(
    series: Callable[[np.random.Generator, int], Floats], n: int
) -> None:
    rng = np.random.default_rng(68)
    found = [correlate(list(series(rng, n)), list(series(rng, n)), max_lag=min(7, n // 3)) for _ in range(120)]
    assert np.mean([one.best_lag is not None for one in found]) <= most(0.060, 120)


def test_a_lag_between_heavy_tailed_series_is_found() -> None:
    rng = np.random.default_rng(69)
    found = []
    for _ in range(30):
        x = lognormal(rng, 42)
        y = np.roll(x, 3) * np.exp(0.3 * rng.standard_normal(42))
        found.append(correlate(list(x), list(y), max_lag=7, period=7).best_lag)
    assert found.count(3) >= 28


def test_a_lag_that_the_week_alone_makes_is_not_named() -> None:
    rng = np.random.default_rng(70)
    found = correlate(list(weekly(rng, 42)), list(weekly(rng, 42)), max_lag=7, period=7)
    assert found.best_lag is None
    assert found.lags[7].coefficient is not None
    assert found.lags[7].coefficient > 0.8
    assert found.lags[7].adjusted_p_value is not None
    assert found.lags[7].adjusted_p_value > 0.01


def test_four_independent_pairs_in_the_same_order_are_no_proof() -> None:
    # 2 of the 4! orders follow x exactly.
    assert p_values("spearman", np.array([1.0]), np.array([4.0]))[0] == pytest.approx(2.0 / 24.0)
    low, high = fisher_interval("spearman", 1.0, 4.0) or (9.0, 9.0)
    assert low < 0.0
    assert high == 1.0
    assert smallest_p(np.array([5.0, 0.5])) == pytest.approx([2.0 / 120.0, 1.0])


def test_a_perfect_correlation_of_slow_series_has_the_smallest_p_that_its_pairs_allow() -> None:
    rng = np.random.default_rng(71)
    x = np.cumsum(ar1(rng, 0.5, 1, 40)[0])
    found = correlate(list(x), list(x), method="spearman")
    assert found.n_effective is not None
    assert found.p_value is not None
    assert found.p_value >= float(smallest_p(np.array([found.n_effective]))[0])
    assert found.ci_low is not None
    assert found.ci_low < 1.0


def test_thirty_pairs_in_one_order_keep_an_interval_near_one() -> None:
    low, high = fisher_interval("pearson", -1.0, 30.0) or (0.0, 0.0)
    assert low == -1.0
    assert high == pytest.approx(-0.99, abs=0.02)
