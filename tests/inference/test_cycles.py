"""Cycles: found when they repeat, taken out, and said."""

from __future__ import annotations

import numpy as np
import pytest

from bench.noise import SHAPES, unit_noise
from chimera_metrics.analytics.inference import change_points, cycle, trend
from chimera_metrics.analytics.inference.cycles import PERIODS, remove_cycles
from chimera_metrics.analytics.inference.series import Floats

WEEK = [9.0, 9.0, 9.0, 9.0, 9.0, 4.0, 4.0]


def with_week(seed: int, n: int, residual: float = 1.0) -> Floats:
    """Weekdays around 20, weekends around 9."""
    values: Floats = 20.0 * SHAPES[7][np.arange(n) % 7] + residual * np.random.default_rng(seed).standard_normal(n)
    return values


def test_a_pure_week_is_all_of_the_variance_and_leaves_one_level() -> None:
    found = cycle([*WEEK] * 4, 7)
    assert (found.found, found.period, found.n) == (True, 7, 28)
    assert found.share_of_variance == pytest.approx(1.0)
    assert found.adjusted == pytest.approx([53.0 / 7.0] * 28)
    assert found.effects == pytest.approx([value / (53.0 / 7.0) for value in WEEK])
    assert found.kind == "multiplied"


def test_what_falls_below_zero_is_added() -> None:
    found = cycle([value - 6.0 for value in WEEK] * 4, 7)
    assert found.kind == "added"
    assert found.effects == pytest.approx([10.0 / 7.0] * 5 + [-25.0 / 7.0] * 2)
    assert sum(found.effects) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("period", PERIODS)
def test_the_effects_put_back_give_the_values(period: int) -> None:
    rng = np.random.default_rng(period)
    y = 40.0 * SHAPES[period][np.arange(5 * period) % period] + rng.standard_normal(5 * period)
    for values in (y, y - 60.0):
        found = cycle(list(values), period)
        effects = np.array(found.effects)[np.arange(len(values)) % period]
        adjusted = np.array(found.adjusted, dtype=np.float64)
        assert found.found
        again = adjusted * effects if found.kind == "multiplied" else adjusted + effects
        assert again == pytest.approx(values)


def test_a_step_stays_in_the_adjusted_series() -> None:
    y = with_week(3, 42)
    y[21:] += 8.0
    adjusted = np.array(cycle(list(y), 7).adjusted, dtype=np.float64)
    assert adjusted[21:].mean() - adjusted[:21].mean() == pytest.approx(8.0, abs=0.8)
    assert adjusted[:21].std() < 1.6


def test_growth_makes_the_cycle_a_factor() -> None:
    growth = np.exp(np.linspace(0.0, 1.5, 84)) * np.exp(0.05 * np.random.default_rng(4).standard_normal(84))
    found = cycle(list(SHAPES[7][np.arange(84) % 7] * growth), 7)
    assert found.kind == "multiplied"
    assert np.array(found.effects) == pytest.approx(SHAPES[7] / SHAPES[7].mean(), abs=0.08)


def test_gaps_keep_their_places() -> None:
    values: list[float | None] = list(with_week(5, 49))
    whole = cycle(values, 7)
    for place in (3, 10, 11, 30):
        values[place] = None
    holes = cycle(values, 7)
    assert [place for place, value in enumerate(holes.adjusted) if value is None] == [3, 10, 11, 30]
    assert holes.n == 45
    pairs = [(a, b) for a, b in zip(holes.adjusted, whole.adjusted, strict=True) if a is not None and b is not None]
    assert max(abs(a - b) for a, b in pairs) < 1.5


def test_days_that_never_have_values_have_no_effect() -> None:
    values: list[float | None] = [None if i % 7 > 4 else float(10 + 3 * (i % 7)) for i in range(42)]
    found = cycle(values, 7)
    assert found.found
    assert found.effects[5:] == (1.0, 1.0)


def test_three_periods_are_needed_and_fewer_have_a_caution() -> None:
    short = cycle([*WEEK] * 2, 7)
    assert not short.found
    assert short.caution is not None
    assert "weekly cycle" in short.caution
    assert short.reason is not None
    assert short.reason.code == "too_few"
    assert short.adjusted == tuple(WEEK * 2)
    assert cycle([*WEEK] * 3, 7).caution is None


def test_a_period_without_a_table_is_refused_where_it_would_be_judged() -> None:
    from chimera_metrics.analytics.inference import anomalies, change_points, trend

    for judge in (change_points, trend, anomalies):
        with pytest.raises(ValueError, match=r"7 .daily values., 12 .monthly. or 24 .hourly."):
            judge([1.0, 2.0, 3.0] * 20, period=5)


@pytest.mark.parametrize("name", ["normal", "t3", "lognormal", "AR(1) 0.6", "Poisson 2", "70 % zeros"])
def test_noise_seldom_shows_a_cycle(name: str) -> None:
    y = unit_noise(np.random.default_rng(6), name, 400, 42)
    assert remove_cycles(y, 7).found.mean() <= 0.05 + 4.0 * (0.05 * 0.95 / 400) ** 0.5


@pytest.mark.parametrize("period", [7, 12])
def test_long_tails_are_not_tried_twice(period: int) -> None:
    """As values and as logarithms: at most 5 % of 2,000 series, two standard errors allowed."""
    y = unit_noise(np.random.default_rng(5), "lognormal", 2000, 60)
    assert remove_cycles(y, period).found.mean() <= 0.05 + 2.0 * (0.05 * 0.95 / 2000) ** 0.5


@pytest.mark.parametrize("period", PERIODS)
def test_cycles_are_seen_from_three_periods_on(period: int) -> None:
    rng = np.random.default_rng(7)
    n = 3 * period
    first = rng.integers(0, period, size=(200, 1))
    y = SHAPES[period][(np.arange(n) + first) % period] / 0.05 + unit_noise(rng, "normal", 200, n)
    assert remove_cycles(y, period).found.mean() >= 0.98


def test_one_series_gives_what_many_give() -> None:
    y = np.stack([with_week(seed, 35) for seed in range(6)])
    together = remove_cycles(y, 7)
    for row, values, found in zip(y, together.values, together.found, strict=True):
        alone = cycle(list(row), 7)
        assert alone.found == found
        assert np.array(alone.adjusted, dtype=np.float64) == pytest.approx(values)


@pytest.mark.parametrize(("period", "n"), [(24, 168), (12, 60)])
def test_days_of_hours_and_years_of_months_hide_neither_climb_nor_step(period: int, n: int) -> None:
    """Ten series each whose cycle swings by 60 %, residual 5 %: a climb of 3 sd, then a step of 4 sd in the middle."""
    rng, t = np.random.default_rng(26), np.arange(n)
    swing = 100.0 * (1.0 + 0.6 * np.sin(2.0 * np.pi * t / period))
    residual = rng.standard_normal((2, 10, n))
    climbs = swing * (1.0 + 0.05 * (residual[0] + 3.0 * t / n))
    steps = swing * (1.0 + 0.05 * (residual[1] + 4.0 * (t >= n // 2)))
    assert sum(trend(list(y), period=period).direction == "rising" for y in climbs) >= 9
    found = [change_points(list(y), period=period).changes for y in steps]
    assert sum(any(abs(one.index - n // 2) <= 1 for one in changes) for changes in found) >= 9
    assert sum(trend(list(y)).direction == "rising" for y in climbs) <= 2  # the cycle hides it when left in
