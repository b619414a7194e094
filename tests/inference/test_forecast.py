"""Forecasts: what they say, what they never say, and how wide their intervals are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.noise import WEEK, ar1
from chimera_metrics.analytics.inference import Forecast, forecast
from chimera_metrics.analytics.inference.forecast import Total
from chimera_metrics.analytics.inference.gaps import filled_gaps
from chimera_metrics.analytics.inference.series import Floats
from chimera_metrics.analytics.inference.smearing import mean_total
from chimera_metrics.analytics.inference.smoothing import candidates, cycle_effects

Values = list[float]


def weekly(n: int, residual: float = 0.05, seed: int = 1) -> Values:
    """Weekends at under half of the weekdays' level, 100."""
    noise = np.random.default_rng(seed).standard_normal(n)
    return list(100.0 * WEEK[np.arange(n) % 7] * (1.0 + residual * noise))


def total_of(found: Forecast) -> Total:
    assert found.total is not None
    return found.total


def test_next_week_looks_like_the_weeks_before() -> None:
    found = forecast(weekly(56), period=7)
    assert found.values == pytest.approx(100.0 * WEEK, rel=0.06)
    assert found.cycle is not None
    assert (found.cycle.found, found.beats_last_cycle, found.cautions) == (True, True, ())
    total = total_of(found)
    assert total.low_80 < 100.0 * WEEK.sum() < total.high_80
    assert total.value == pytest.approx(sum(found.values))


def test_a_forecast_begins_where_the_series_ends() -> None:
    """53 days end on the fourth day of the cycle."""
    found = forecast(weekly(53), 3, period=7)
    assert found.values == pytest.approx(100.0 * WEEK[[4, 5, 6]], rel=0.08)


def test_a_random_walk_is_no_better_than_its_last_value() -> None:
    walk = list(np.random.default_rng(3).standard_normal(60).cumsum() + 50.0)
    found = forecast(walk, 7)
    assert found.values == pytest.approx([walk[-1]] * 7, abs=1.5)
    assert not found.beats_last_cycle
    assert found.cautions[0].startswith("In backtests nothing was clearly better than the last value once more")


def test_the_last_cycle_once_more_is_the_last_candidate() -> None:
    """1, 2, 3 and 4, 5, 6: the four after it are 4, 5, 6, 4."""
    assert list(candidates(np.arange(1.0, 7.0), 3, 4)[-1]) == [4.0, 5.0, 6.0, 4.0]


@pytest.mark.parametrize("days", [4, 5, 6, 8])
@pytest.mark.parametrize("before", [0.0, 5.0])
def test_days_before_a_count_began_do_not_make_it_certain(days: int, before: float) -> None:
    """55 equal days, then Poisson of 27: the exact backtests among the equal ones say nothing of the days to come."""
    counted = np.random.default_rng(days).poisson(27.0, days)
    found = forecast([before] * 55 + list(map(float, counted)), 7, period=7)
    assert all(high > low for low, high in zip(found.intervals[0].low, found.intervals[0].high, strict=True))
    total = total_of(found)
    assert total.high_80 > 1.05 * total.low_80


def test_quiet_weekends_stay_exact() -> None:
    """No weekend ever had a value: their 80 % interval may have no width."""
    noise = np.random.default_rng(2).poisson(30.0, 56)
    found = forecast([float(noise[day]) if day % 7 < 5 else 0.0 for day in range(56)], 7, period=7)
    assert found.intervals[0].high[5] < 1.0


def test_a_level_without_noise_stays() -> None:
    assert np.allclose(candidates(np.full(30, 5.0), 7, 9), 5.0)
    assert np.allclose(cycle_effects(np.full(30, 5.0), 7), 0.0)


@pytest.mark.parametrize(("n", "period", "enough"), [(20, 7, False), (21, 7, True), (71, 24, False), (72, 24, True)])
def test_three_cycles_are_needed(n: int, period: int, enough: bool) -> None:
    values = list(np.random.default_rng(3).standard_normal(n) + 9.0)
    found = forecast(values, period=period)
    assert bool(found.values) == enough
    assert (found.reason is None) == enough


def test_without_a_cycle_20_points_are_needed_and_twice_the_horizon() -> None:
    values = list(np.random.default_rng(4).standard_normal(40))
    assert forecast(values[:20], 4).reason is None
    few, far = forecast(values[:19], 4).reason, forecast(values, 21).reason
    assert few is not None
    assert few.text == "A forecast of 4 buckets needs at least 20 points; there are 19."
    assert far is not None
    assert (far.code, far.text) == ("too_few", "A forecast of 21 buckets needs at least 42 points; there are 40.")


def test_a_total_has_no_95_percent_under_30_points() -> None:
    values = weekly(30)
    assert total_of(forecast(values[:29], period=7)).high_95 is None
    assert total_of(forecast(values, period=7)).high_95 is not None


def test_a_rate_is_never_over_one() -> None:
    rates = list(np.clip(np.random.default_rng(5).normal(0.97, 0.03, 60), 0.0, 1.0))
    found = forecast(rates, 7, ceiling=1.0)
    assert max(found.intervals[1].high) == 1.0


def test_bounds_hold_unless_a_value_is_beyond_them() -> None:
    values = list(np.random.default_rng(5).uniform(-1.0, 1.0, 60))
    wide = forecast(values, 7, floor=-1.0, ceiling=1.0).intervals[1]
    assert (min(wide.low), max(wide.high)) == (-1.0, 1.0)
    wide = forecast([*values[:59], -1.5], 7, floor=-1.0, ceiling=1.0).intervals[1]
    assert -1.5 <= min(wide.low) < -1.0


def test_a_series_that_repeats_exactly_says_so() -> None:
    found = forecast([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0] * 6, period=7)
    assert found.values == pytest.approx([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
    assert found.cautions == ("Every backtest was exact, so the intervals cannot show what has never happened yet.",)


def test_gaps_are_not_taken_for_values() -> None:
    """Weekends without a value: five days of the week are known, and forecast as if the weekend were not there."""
    values: list[float | None] = list(weekly(70))
    for i in range(70):
        if i % 7 >= 5:
            values[i] = None
    found = forecast([None, None, *values], period=7)
    assert found.n == 50
    assert found.values[:5] == pytest.approx(100.0 * WEEK[:5], rel=0.08)
    sparse = forecast([value if i % 3 == 0 else None for i, value in enumerate(weekly(90))], 7).reason
    assert sparse is not None
    assert sparse.code == "not_estimated"


def test_a_gap_takes_the_place_in_the_cycle_before_and_after_it() -> None:
    nan = float("nan")
    assert list(filled_gaps(np.array([1.0, 5.0, 1.0, nan, 1.0, 7.0]), 2)) == [1.0, 5.0, 1.0, 6.0, 1.0, 7.0]
    assert list(filled_gaps(np.array([1.0, nan, 3.0]), 1)) == [1.0, 2.0, 3.0]


def test_a_horizon_is_a_bucket_or_more() -> None:
    with pytest.raises(ValueError, match="A horizon is 1 bucket or more, not -1"):
        forecast(weekly(30), -1)


def test_a_week_after_a_stop_is_bounded_no_lower_than_its_days() -> None:
    """40 a day, and 0 of late: a day's upper end was 49.4 and the week's 5.5."""
    found = forecast([40.0] * 85 + [0.0] * 5, 7, period=7)
    total = total_of(found)
    assert total.high_95 is not None
    assert total.high_80 >= max(found.intervals[0].high) > 40.0
    assert total.high_95 >= max(found.intervals[1].high) > 40.0


def test_an_interval_without_width_holds_the_total() -> None:
    """Four 20s, which as logarithms come back as 80.00000000000003."""
    total = total_of(forecast([10.0] * 38 + [20.0] * 38, 4))
    assert total.low_80 <= 80.0 <= total.high_80
    assert (total.value, total.low_80) == (80.0, 80.0)


MEANS: dict[str, tuple[Callable[[np.random.Generator], Floats], Floats]] = {
    "lognormal": (lambda rng: 100.0 * rng.lognormal(0.0, 1.0, 120), np.full(30, 100.0 * np.exp(0.5))),
    "Poisson 2": (lambda rng: rng.poisson(2.0, 120).astype(float), np.full(30, 2.0)),
    "70 % zeros": (
        lambda rng: np.where(rng.random(120) < 0.3, rng.lognormal(4.0, 1.0, 120), 0.0),
        np.full(30, 0.3 * np.exp(4.5)),
    ),
    "normal": (lambda rng: rng.normal(50.0, 10.0, 120), np.full(30, 50.0)),
    "Poisson 20, weekly": (
        lambda rng: rng.poisson(20.0 * WEEK[np.arange(120) % 7]).astype(float),
        20.0 * WEEK[np.arange(120, 150) % 7],
    ),
    "growth of 1 % a day": (
        lambda rng: np.power(1.01, np.arange(120)) * rng.normal(100.0, 5.0, 120),
        100.0 * np.power(1.01, np.arange(120, 150)),
    ),
}
"""Series of 120 values, and the means of the 30 after them."""


@pytest.mark.parametrize("horizon", [7, 30])
@pytest.mark.parametrize("kind", MEANS)
def test_totals_come_to_the_mean_of_the_sum(kind: str, horizon: int) -> None:
    """Of 80 series; sums of medians came to 0.65, 0.85 and 0.12 of the means of the first three."""
    made, means = MEANS[kind]
    series = [made(np.random.default_rng(seed)) for seed in range(80)]
    found = [total_of(forecast(list(y), horizon, period=7)) for y in series]
    assert np.mean([total.value for total in found]) / means[:horizon].sum() == pytest.approx(1.0, abs=0.1)
    assert all(total.low_80 <= total.value <= total.high_80 for total in found)


def test_the_total_of_rare_costs_is_what_a_week_costs() -> None:
    """A day in three costs anything, so a week of median days costs 5.63; weeks cost 158, of late 79."""
    rng = np.random.default_rng(0)
    costs = np.where(rng.random(90) < 0.3, rng.lognormal(4.0, 1.0, 90).round(2), 0.0)
    assert 50.0 < total_of(forecast(list(costs), 7, period=7)).value < 160.0


def test_one_step_among_the_backtests_is_no_bias() -> None:
    guessed = np.full((20, 1), 9.0)
    came = np.where(np.arange(20)[:, None] == 7, 900.0, guessed)
    assert mean_total(guessed[0], came, guessed, 20.0) == 9.0
    assert mean_total(guessed[0], guessed, guessed, 20.0) == 9.0
    in_turn = np.where(np.arange(20)[:, None] % 2, 14.0, guessed)
    assert mean_total(np.array([9.0, 9.0]), np.repeat(in_turn, 2, axis=1), np.repeat(guessed, 2, axis=1), 20.0) == 23.0


counts = st.lists(st.integers(0, 10**9).map(float), min_size=21, max_size=60)
numbers = st.lists(st.floats(-1e6, 1e6), min_size=21, max_size=60)


@settings(max_examples=60, deadline=None)
@given(counts, st.sampled_from([1, 7]), st.integers(1, 10))
def test_what_is_never_negative_is_never_forecast_below_zero(values: Values, period: int, horizon: int) -> None:
    found = forecast(values, horizon, period=period)
    every = [*found.values, *(low for one in found.intervals for low in one.low)]
    assert all(value >= 0.0 for value in every)
    if found.total is not None:
        assert found.total.low_80 >= 0.0
        assert found.total.high_80 >= max(found.intervals[0].high)
        assert found.total.high_95 is None or found.total.high_95 >= max(found.intervals[1].high)


@settings(max_examples=60, deadline=None)
@given(st.one_of(counts, numbers), st.sampled_from([1, 7]), st.integers(1, 10))
def test_intervals_hold_the_value_and_each_other(values: Values, period: int, horizon: int) -> None:
    found = forecast(values, horizon, period=period)
    assert found == forecast(values, horizon, period=period)
    if found.reason is not None:
        return
    narrow, wide = found.intervals
    rounding = 1e-9 * max(map(abs, values))
    for value, low, high, lower, higher in zip(found.values, narrow.low, narrow.high, wide.low, wide.high, strict=True):
        assert lower - rounding <= low <= value + rounding
        assert value - rounding <= high <= higher + rounding
    total = total_of(found)
    assert total.low_80 <= total.value <= total.high_80
    if total.low_95 is not None and total.high_95 is not None:
        assert total.low_95 <= total.low_80 <= total.high_80 <= total.high_95


@pytest.mark.parametrize("rho", [0.0, 0.6])
def test_intervals_are_not_wider_than_they_need_be(rho: float) -> None:
    """Of 60 values of stationary noise 80 % intervals hold at least 77 and at most 90 of the next 7 (300 series)."""
    rng = np.random.default_rng(6)
    inside = []
    for row in ar1(rng, rho, 300, 67) + 50.0:
        [narrow, _] = forecast(list(row[:60]), 7).intervals
        inside.append(np.mean((row[60:] >= narrow.low) & (row[60:] <= narrow.high)))
    assert 0.77 <= np.mean(inside) <= 0.90
