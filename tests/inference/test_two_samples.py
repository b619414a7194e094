"""Two samples: levels under unequal spread, size and shape, the shift that is tested, and far steps."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.noise import SD, noise
from chimera_metrics.analytics.inference import compare
from chimera_metrics.analytics.inference.rank_test import rank_p_value, rank_p_values
from chimera_metrics.analytics.inference.regressions import LEVEL, worse_p_values
from chimera_metrics.analytics.inference.series import Floats
from chimera_metrics.analytics.inference.shifts import hodges_lehmann, shift_interval
from chimera_metrics.analytics.inference.two_samples import median_p_values
from tests.inference.test_levels import most

SERIES = 1000


def alarms(before: Floats, after: Floats) -> float:
    return float((worse_p_values(before, after) < LEVEL).mean())


@pytest.mark.parametrize(("n1", "n2"), [(200, 10), (100, 20), (10, 10), (20, 200)])
@pytest.mark.parametrize("name", ["normal", "t3"])
def test_a_wider_side_with_the_same_median_is_seldom_called(name: str, n1: int, n2: int) -> None:
    rng = np.random.default_rng(41)
    before, after = noise(rng, name, SERIES, n1), 4.0 * noise(rng, name, SERIES, n2)
    assert alarms(before, after) <= most(0.010, SERIES)


@pytest.mark.parametrize(("n1", "n2"), [(100, 100), (200, 10), (20, 20)])
def test_a_side_that_is_only_more_skewed_is_seldom_called(n1: int, n2: int) -> None:
    rng = np.random.default_rng(42)
    before, after = rng.standard_normal((SERIES, n1)), np.exp(rng.standard_normal((SERIES, n2))) - 1.0
    assert alarms(before, after) <= most(0.010 if n1 != 20 else 0.020, SERIES)


def test_a_side_that_is_only_more_skewed_says_so_instead() -> None:
    rng = np.random.default_rng(43)
    before, after = rng.standard_normal(300), np.exp(rng.standard_normal(300)) - 1.0
    found = compare(list(before), list(after - np.median(after) + np.median(before)))
    assert found.shift_low is not None
    assert found.shift_low > 0.0
    assert found.p_value is not None
    assert found.p_value > 0.1
    assert "middle is not clearly worse" in found.cautions[0]


@pytest.mark.parametrize("name", ["normal", "t3", "lognormal", "AR(1) 0.3"])
@pytest.mark.parametrize("n", [10, 40])
def test_a_step_of_eight_sd_is_always_called(n: int, name: str) -> None:
    rng = np.random.default_rng(44)
    y = noise(rng, name, 300, 2 * n)
    assert alarms(y[:, :n], y[:, n:] + 8.0 * SD.get(name, 1.0)) >= 0.95


def test_a_step_of_two_sd_since_ten_runs_is_called_after_a_long_history() -> None:
    y = np.random.default_rng(45).standard_normal((500, 210))
    assert alarms(y[:, :200], y[:, 200:] + 2.0) >= 0.95


def test_515_values_a_side_have_a_p_value() -> None:
    rng = np.random.default_rng(46)
    found = compare(list(rng.standard_normal(515)), list(rng.standard_normal(515) + 1.0))
    assert found.p_value is not None
    assert 0.0 < found.p_value < 1e-6


def test_the_shift_is_the_median_of_all_differences() -> None:
    # 3-1, 3-2, 3-4, 9-1, 9-2, 9-4 = 2, 1, -1, 8, 7, 5: the middle of 2 and 5.
    assert hodges_lehmann(np.array([1.0, 2.0, 4.0]), np.array([3.0, 9.0])) == 3.5
    found = compare([1.0, 2.0, 4.0, 3.0, 2.0], [3.0, 9.0, 5.0, 6.0, 4.0])
    assert found.shift == 3.0
    assert found.shift_pct == pytest.approx(150.0)


def test_the_shift_of_long_sides_is_that_of_their_quantiles() -> None:
    rng = np.random.default_rng(47)
    before, after = rng.standard_normal(1500), rng.standard_normal(1300) + 1.0
    exact = float(np.median(after[None, :] - before[:, None]))
    assert hodges_lehmann(before, after) == pytest.approx(exact, abs=1e-3)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("n1", "n2"), [(6, 7), (12, 30)])
def test_the_interval_leaves_out_zero_exactly_when_the_shift_is_significant(n1: int, n2: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    before, after = rng.standard_normal(n1), rng.standard_normal(n2) + 0.3 * seed
    found = compare(list(before), list(after))
    assert found.p_value is not None
    assert found.shift_low is not None
    assert found.shift_high is not None
    assert found.shift is not None
    assert found.shift_low <= found.shift <= found.shift_high
    down = compare(list(before), list(after), higher_is_worse=False)
    assert down.p_value is not None
    assert found.shift_low > 0.0 or found.p_value >= 0.025
    assert found.shift_high < 0.0 or down.p_value >= 0.025
    assert (down.shift_low, down.shift_high) == pytest.approx((found.shift_low, found.shift_high))


@pytest.mark.parametrize(("n1", "n2", "ratio"), [(15, 15, 1.0), (40, 10, 3.0)])
def test_the_interval_holds_the_true_shift(n1: int, n2: int, ratio: float) -> None:
    rng = np.random.default_rng(48)
    held = []
    for _ in range(100):
        found = shift_interval(rng.standard_normal(n1), ratio * rng.standard_normal(n2) + 2.0)
        assert found is not None
        held.append(found[0] <= 2.0 <= found[1])
    assert np.mean(held) >= 0.95 - 3.0 * (0.05 * 0.95 / 100) ** 0.5


def test_ranks_of_long_samples_agree_with_scipys_mann_whitney() -> None:
    rng = np.random.default_rng(49)
    for n1, n2 in ((80, 7), (50, 40), (20, 6)):
        before, after = rng.standard_normal(n1), rng.standard_normal(n2) + 0.5
        exact = "exact" if min(n1, n2) < 10 else "asymptotic"
        theirs = stats.mannwhitneyu(after, before, alternative="greater", method=exact).pvalue
        assert rank_p_values(before[None], after[None])[0] == pytest.approx(float(theirs), rel=1e-6)


def test_ranks_with_ties_are_counted_exactly_in_small_samples_and_nearly_in_long_ones() -> None:
    rng = np.random.default_rng(50)
    before, after = rng.integers(0, 4, (1, 80)).astype(float), rng.integers(1, 5, (1, 8)).astype(float)
    assert rank_p_values(before, after)[0] == pytest.approx(rank_p_value(before[0], after[0]), rel=0.2)
    few = before[:, :12]
    assert rank_p_values(few, after)[0] == rank_p_value(few[0], after[0])


def test_the_difference_of_medians_has_its_level_in_skewed_noise() -> None:
    rng = np.random.default_rng(51)
    p = median_p_values(rng.standard_normal((SERIES, 80)), np.exp(rng.standard_normal((SERIES, 80))) - 1.0)
    assert (p < 0.05).mean() <= most(0.05, SERIES)
    assert (p < 0.05).mean() >= 0.03
