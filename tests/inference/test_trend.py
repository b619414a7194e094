"""Trend: slope against SciPy, interval and p-value of one mind, direction, gaps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.honesty_trend import p_values
from bench.noise import ar1, laid_over, unit_noise
from chimera_metrics.analytics.inference import change_points, trend, trends
from chimera_metrics.analytics.inference.critical_values import critical_value, p_value
from chimera_metrics.analytics.inference.series import Floats
from chimera_metrics.analytics.inference.slope_between_steps import slope_between_steps
from chimera_metrics.analytics.inference.trend import sen_slope


def noisy(seed: int, n: int, slope: float = 0.0) -> Floats:
    return 100.0 + slope * np.arange(n) + np.random.default_rng(seed).standard_normal(n)


@pytest.mark.parametrize("n", [8, 30, 101, 300])
def test_the_slope_is_scipys_theil_sen(n: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(n)
    y = rng.integers(0, 20, n).astype(float)
    t = np.sort(rng.choice(10 * n, n, replace=False)).astype(float)
    assert trend(list(y), list(t)).slope_per_day == pytest.approx(stats.theilslopes(y, t).slope, abs=1e-12)


def test_a_thousand_points_use_some_distances_and_stay_close_to_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    y, t = noisy(1, 1000, 0.01), np.arange(1000.0)
    assert sen_slope(y[None], t)[0] == pytest.approx(stats.theilslopes(y, t).slope, abs=2e-4)


@pytest.mark.parametrize("seed", range(40))
def test_the_interval_leaves_out_zero_exactly_when_p_is_under_5_percent(seed: int) -> None:
    found = trend(list(noisy(seed, 12 + seed, 0.06)))
    assert found.p_value is not None
    assert found.slope_low is not None
    assert found.slope_high is not None
    assert found.slope_per_day is not None
    assert (found.slope_low > 0.0 or found.slope_high < 0.0) == (found.p_value < 0.05)
    assert found.slope_low <= found.slope_per_day <= found.slope_high


def test_p_value_and_critical_value_are_inverse() -> None:
    rho = np.linspace(0.0, 0.95, 20)
    for n in (8, 30, 47, 400, 5000):
        for level in (0.2, 0.05, 0.01, 0.001):
            p = p_value("trend", critical_value("trend", level, rho, n), rho, n)
            assert p == pytest.approx(np.full(20, level), rel=1e-6)


def test_p_values_fall_with_the_statistic_far_beyond_the_table() -> None:
    p = p_value("trend", np.linspace(0.0, 60.0, 400), np.zeros(400), 30)
    assert (np.diff(p) <= 0.0).all()
    assert p[0] == 1.0
    assert p[-1] == 1e-9


def test_a_line_rises_and_its_change_is_counted_from_its_start() -> None:
    found = trend([float(v) for v in range(1, 11)])
    assert (found.slope_per_day, found.direction) == (1.0, "rising")
    assert found.change_pct == pytest.approx(900.0)
    assert found.p_value is not None
    assert found.p_value < 0.001


def test_falling_rising_steady_unclear() -> None:
    assert trend(list(noisy(1, 30, -0.3))).direction == "falling"
    assert trend(list(noisy(1, 30, 0.3))).direction == "rising"
    assert trend(list(noisy(2, 60))).direction == "steady"  # sd of 1 % of the mean: the interval fits in 5 %
    assert trend(list(noisy(2, 30) - 100.0)).direction == "unclear"


def test_gaps_are_left_out_and_times_count() -> None:
    y: list[float | None] = [2.0 * i for i in range(40)]
    for i in (5, 6, 20, 21, 22):
        y[i] = None
    y[30] = float("nan")
    found = trend(y)
    assert (found.n, found.slope_per_day) == (34, 2.0)
    weekly = trend([2.0 * i for i in range(12)], [7.0 * i for i in range(12)])
    assert weekly.slope_per_day == pytest.approx(2.0 / 7.0)


def test_one_wild_point_does_not_make_or_hide_a_trend() -> None:
    y = noisy(4, 30, 0.15)
    wild = y.copy()
    wild[28] -= 1000.0
    assert trend(list(y)).direction == trend(list(wild)).direction == "rising"


def test_twenty_groups_of_noise_are_judged_together() -> None:
    rng = np.random.default_rng(12)
    plain = adjusted = 0
    for _ in range(40):
        found = trends([list(row) for row in rng.standard_normal((20, 30))])
        plain += any(one.p_value is not None and one.p_value < 0.05 for one in found)
        adjusted += any(one.direction in ("rising", "falling") for one in found)
    assert plain > 15
    assert adjusted <= 6


def test_a_clear_trend_stands_out_among_groups() -> None:
    rng = np.random.default_rng(13)
    groups = [list(row) for row in rng.standard_normal((9, 30))] + [list(noisy(1, 30, 0.5))]
    assert trends(groups)[-1].direction == "rising"


def test_seven_points_have_a_slope_and_a_reason() -> None:
    found = trend([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
    assert (found.slope_per_day, found.p_value, found.direction) == (1.0, None, "unclear")
    assert found.reason is not None
    assert found.reason.code == "too_few"


def test_times_must_fit() -> None:
    with pytest.raises(ValueError, match="one time per value"):
        trend([1.0, 2.0], [0.0])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(-40, 40), min_size=8, max_size=40).filter(lambda v: len(set(v)) > 3),
    st.sampled_from([0.25, 1.0, 1024.0]),
    st.integers(-500, 500),
)
def test_shift_scale_and_turning_over_carry_through(values: list[int], scale: float, shift: int) -> None:
    y = [float(v) for v in values]
    plain, moved, turned = trend(y), trend([scale * (v + shift) for v in y]), trend([-v for v in y])
    assert plain.slope_per_day is not None
    assert plain.p_value is not None
    assert moved.slope_per_day == pytest.approx(scale * plain.slope_per_day, abs=1e-9)
    assert moved.p_value == pytest.approx(plain.p_value, rel=1e-6)
    assert turned.slope_per_day == pytest.approx(-plain.slope_per_day, abs=1e-9)
    assert turned.p_value == pytest.approx(plain.p_value, rel=1e-6)


def test_the_interval_leaves_out_zero_where_the_median_slope_is_zero() -> None:
    found = trend([0.0] * 20 + [3.0, 0.0, 0.0, 4.0, 0.0, 5.0, 0.0, 0.0, 6.0, 7.0])
    assert found.p_value is not None
    assert found.p_value < 0.05
    assert found.slope_low is not None
    assert found.slope_low > 0.0
    assert found.slope_per_day is not None
    assert found.slope_per_day > 0.0
    assert found.direction == "rising"


@pytest.mark.parametrize("name", ["70 % zeros", "Poisson 2", "lognormal"])
def test_interval_and_p_value_agree_whatever_the_noise(name: str) -> None:
    for y in unit_noise(np.random.default_rng(21), name, 60, 25):
        found = trend(list(y))
        assert found.p_value is not None
        assert found.slope_low is not None
        assert found.slope_high is not None
        assert found.slope_per_day is not None
        assert (found.slope_low > 0.0 or found.slope_high < 0.0) == (found.p_value < 0.05)
        assert found.slope_low <= found.slope_per_day <= found.slope_high


def test_a_trend_that_may_be_drift_says_so() -> None:
    cautioned = alarms = 0
    for y in ar1(np.random.default_rng(22), 0.9, 250, 60):
        found = trend(list(y))
        alarms += found.direction in ("rising", "falling")
        cautioned += any("random walks" in caution for caution in found.cautions)
    assert alarms >= 8
    assert cautioned >= 0.8 * alarms
    assert trend(list(noisy(4, 60, 0.3))).cautions == ()


def test_steps_explain_a_trend_and_a_climb_between_them_is_told() -> None:
    rng, t = np.random.default_rng(23), np.arange(60)
    explained, told = [], []
    for y in unit_noise(rng, "normal", 40, 60) + 8.0 * (t >= 30):
        explained.append(trend(list(y), steps=change_points(list(y))))
    for y in unit_noise(rng, "normal", 40, 60) + 8.0 * (t >= 30) + 6.0 * t / 60.0:
        told.append(trend(list(y), steps=change_points(list(y))))
    assert np.mean([one.direction == "rising" for one in explained]) >= 0.9
    assert np.mean([one.explained_by_steps for one in explained]) >= 0.85
    assert np.mean([not one.explained_by_steps for one in told]) >= 0.85
    slopes = [one.between_steps.slope_per_day for one in told if one.between_steps is not None]
    assert np.mean(slopes) == pytest.approx(0.1, abs=0.03)


def test_the_slope_between_steps_is_that_of_the_pieces() -> None:
    found = slope_between_steps(np.array([1.0, 2.0, 3.0, 4.0, 11.0, 12.0, 13.0, 14.0]), np.arange(8.0), [4])
    assert found is not None
    assert found.slope_per_day == pytest.approx(1.0)
    assert found.p_value < 1e-9
    assert slope_between_steps(np.array([1.0, 2.0, 9.0]), np.arange(3.0), [2]) is None


def test_a_climb_is_seen_through_a_week_and_the_slope_is_in_the_series_units() -> None:
    rng, t = np.random.default_rng(24), np.arange(42)
    series = 40.0 + laid_over(rng, 7, 0.05, 40, 42) + unit_noise(rng, "normal", 40, 42) + 4.0 * t / 42.0
    with_week = [trend(list(y), period=7) for y in series]
    assert np.mean([one.direction == "rising" for one in with_week]) >= 0.9
    assert np.mean([trend(list(y)).direction == "rising" for y in series]) <= 0.2
    slopes = [one.slope_per_day for one in with_week if one.slope_per_day is not None]
    assert np.mean(slopes) == pytest.approx(4.0 / 42.0, rel=0.1)
    assert all(one.cycle is not None and one.cycle.found for one in with_week)


@pytest.mark.parametrize("residual", [0.0, 0.05])
@pytest.mark.parametrize("name", ["normal", "lognormal", "AR(1) 0.6"])
def test_the_level_holds_with_and_without_a_week(name: str, residual: float) -> None:
    rng = np.random.default_rng(25)
    y = unit_noise(rng, name, 1000, 60) + laid_over(rng, 7, residual, 1000, 60)
    assert (p_values(y, 7)[0] < 0.05).mean() <= 0.058 + 3.0 * (0.058 * 0.942 / 1000) ** 0.5


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_growth_by_a_percentage_is_not_left_as_unclear_without_a_word(sign: float) -> None:
    """15 % a week over twelve weeks: a line through it leaves a bend, which looks like slow noise. scipy's tau is 1."""
    values = [sign * 150.0 * 1.15**week for week in range(12)]
    found = trend(values)
    assert found.p_value is not None
    assert found.p_value > 0.05
    move, tau = ("rise", "1.00") if sign > 0 else ("fall", "-1.00")
    assert found.cautions[-1].startswith(f"The values {move} nearly throughout (Kendall's tau {tau}), but along a bend")


def test_noise_and_clear_climbs_are_not_called_bent() -> None:
    rng = np.random.default_rng(4)
    for slope in (0.0, 1.0):
        for _ in range(100):
            found = trend(list(slope * np.arange(30.0) + rng.standard_normal(30)))
            assert not any("nearly throughout" in caution for caution in found.cautions)


@pytest.mark.parametrize("n", [6, 30])
def test_what_is_never_negative_falls_by_100_percent_at_most(n: int) -> None:
    """Of a bend, the line that starts near the median ends below 0; a value below 0 may well."""
    fading = [1000.0 * 0.5**k for k in range(n)]
    assert trend(fading).change_pct == -100.0
    below = trend([*fading[:-1], -1.0]).change_pct
    assert below is not None
    assert below < -100.0


@pytest.mark.filterwarnings("error")
def test_values_at_the_end_of_the_range_of_numbers_have_a_trend_without_a_warning() -> None:
    assert trend([1e308 * (-1) ** k for k in range(20)]).direction == "unclear"
