"""Differences of two sides: counted by eye, against SciPy, and how often the interval holds the truth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from scipy import stats

from bench.honesty_compare import LEAST, compared, covers
from bench.honesty_unpaired import unpaired
from chimera_metrics.analytics.inference import DailySide, Difference, adjusted, difference, verdict_of
from tests.inference.test_degenerate import CASES

WEEK = [100.0, 120.0, 110.0, 100.0, 120.0, 40.0, 40.0]


def side(values: Sequence[float | None], first: int = 0, n: int = 50, whole: float | None = None) -> DailySide:
    return DailySide([first + i for i in range(len(values))], values, [0 if v is None else n for v in values], whole)


def judged(one: Difference, better: Any) -> str:
    return verdict_of(adjusted([one])[0], better)


def test_twice_as_many_on_every_weekday_is_100_percent_more() -> None:
    """630 calls and then 1260; the ratio is 2 on every day but for a little."""
    later = [2.0 * value + 1.0 * (-1) ** i for i, value in enumerate(WEEK)]
    found = difference(side(WEEK), side(later, 7), kind="total", apart=7)
    assert (found.first, found.second, found.days) == (630.0, 1261.0, 7)
    assert found.change_pct == pytest.approx(100.0, abs=0.2)
    assert found.low == pytest.approx(630.0, abs=30.0)
    assert found.high == pytest.approx(630.0, abs=30.0)
    assert (judged(found, "lower"), judged(found, "higher"), judged(found, "neutral")) == ("worse", "better", "unclear")


def test_a_mean_weighs_its_rows() -> None:
    """10 rows of 1 and 30 of 3 are 2.5; 20 of each are 2."""
    a = DailySide([0, 1, 2, 3], [1.0, 3.0, 1.0, 3.0], [5, 15, 5, 15])
    b = DailySide([7, 8, 9, 10], [1.0, 3.0, 1.0, 3.0], [10, 10, 10, 10])
    found = difference(a, b, kind="level", apart=7)
    assert (found.first, found.second, found.n_first, found.n_second) == (2.5, 2.0, 40, 40)
    assert found.change_pct == pytest.approx(-20.0)


def test_without_correlation_the_standard_error_is_that_of_scipys_paired_t() -> None:
    """Where the days' correlation is clearly negative nothing widens the interval."""
    a = [10.0 + 0.5 * (-1) ** i for i in range(20)]
    b = [11.0 - 0.7 * (-1) ** i for i in range(20)]
    found = difference(side(list(a)), side(list(b), 21), kind="level", apart=21)
    reference = stats.ttest_rel(b, a).confidence_interval(0.95)
    assert found.low == pytest.approx(reference.low)
    assert found.high == pytest.approx(reference.high)


def test_sides_that_do_not_pair_are_welchs_t() -> None:
    a = [10.0 + 0.5 * (-1) ** i for i in range(5)]
    b = [11.0 - 0.7 * (-1) ** i for i in range(5)]
    found = difference(side(list(a)), side(list(b), 7), kind="level")
    assert found.change == pytest.approx(np.mean(b) - np.mean(a))
    assert found.p_value == pytest.approx(stats.ttest_ind(b, a, equal_var=False).pvalue, rel=0.5)


def test_weekends_are_no_difference_of_sides_of_unequal_length() -> None:
    """Three weeks and two days, the last two a weekend at 40."""
    values = [value + (i * 7) % 5 for i, value in enumerate(4 * WEEK)]
    found = difference(side(list(values[:19])), side(list(values[19:]), 19), kind="total")
    assert found.low is not None
    assert found.high is not None
    assert found.low <= 0.0 <= found.high
    assert abs(found.change_pct or 100.0) < 2.0


def test_a_side_without_weekends_is_compared_with_the_same_weekdays() -> None:
    """Four weeks and the Monday to Wednesday after them, which are busier than the mean of whole weeks."""
    busy = [100.0, 102.0, 101.0, 99.0, 98.0, 10.0, 8.0]
    values = [value + (i * 5) % 3 for i, value in enumerate(5 * busy)]
    found = difference(side(list(values[:28])), side(list(values[28:31]), 28), kind="total")
    assert (found.days, found.n_first, found.n_second) == (3, 600, 150)
    assert found.change == pytest.approx(0.0, abs=1.0)
    assert found.low is not None
    assert found.high is not None
    assert -15.0 < found.low < 0.0 < found.high < 15.0


def test_sides_without_weekdays_in_common_are_compared_as_they_are() -> None:
    found = difference(side([100.0, 102.0, 101.0, 99.0, 98.0]), side([10.0, 8.0], 5), kind="level")
    assert (found.first, found.second, found.n_first) == (100.0, 9.0, 250)


def test_groups_without_a_common_day_are_not_without_values() -> None:
    """Weekends beside weekdays: each side has its value, and why they are not compared."""
    weekend, others = DailySide([5, 6], [1.0, 3.0], [10, 10]), DailySide([7, 8, 9], [4.0, 4.0, 4.0], [10, 10, 10])
    found = difference(weekend, others, kind="level", apart=0)
    assert (found.first, found.second, found.n_first, found.n_second) == (2.0, 4.0, 20, 30)
    assert found.reason is not None
    assert found.reason.text.startswith("No day has values on both sides")


def test_days_that_did_not_exist_yet_are_left_out_with_their_pair() -> None:
    found = difference(side(WEEK[2:], 2), side([2 * v for v in WEEK], 7), kind="total", apart=7)
    assert (found.first, found.second, found.days) == (410.0, 820.0, 5)


@pytest.mark.parametrize(("days", "code"), [(0, "no_data"), (2, "too_few"), (3, None)])
def test_three_days_a_side_are_needed(days: int, code: str | None) -> None:
    found = difference(side([1.0, 2.0, 3.0][:days]), side([3.0, 4.0, 4.0][:days], 7), kind="level", apart=7)
    assert (found.reason.code if found.reason else None) == code
    assert (found.low is None) == (found.p_value is None) == (code is not None)


def test_no_errors_of_few_rows_are_not_known_to_be_none() -> None:
    """0 of 35 calls on both sides: the share may be some percent. 0 of 3.5 million is the same."""
    few, many = (
        difference(side([0.0] * 7, n=n), side([0.0] * 7, 7, n=n), kind="level", apart=7, is_rate=True)
        for n in (5, 500_000)
    )
    assert few.high is not None
    assert few.high > 0.02
    assert many.high is not None
    assert many.high < 1e-4


def test_equal_days_that_step_are_called_by_their_number_and_equal_sides_are_the_same() -> None:
    stepped = difference(side([5.0] * 7), side([7.0] * 7, 7), kind="level", apart=7)
    assert stepped.p_value == 2.0**-6
    assert judged(stepped, "higher") == "better"
    equal = difference(side([5.0] * 7), side([5.0] * 7, 7), kind="level", apart=7)
    assert (equal.change, equal.p_value, judged(equal, "higher")) == (0.0, 1.0, "same")


def test_a_count_from_nothing_has_no_ratio() -> None:
    found = difference(side([0.0] * 7), side([3.0, 5.0, 4.0, 3.0, 5.0, 4.0, 4.0], 7), kind="total", apart=7)
    assert (found.change, found.change_pct) == (28.0, None)
    assert judged(found, "lower") == "worse"


def test_few_days_far_apart_bound_the_difference_and_not_a_ratio() -> None:
    """Most days cost nothing, one costs all: a ratio's interval would end at millions."""
    before, after = [0.0, 0.0, 0.0, 0.0007, 0.0, 0.0, 0.0], [0.0, 0.0, 0.11, 0.0, 0.0, 0.01, 0.0]
    found = difference(side(before), side(after, 7), kind="total", apart=7)
    assert found.low == pytest.approx(-0.0007)  # no total is below 0
    assert found.high is not None
    assert found.high < 2.0
    assert judged(found, "lower") == "unclear"


def test_p_values_are_adjusted_for_their_number() -> None:
    rng = np.random.default_rng(3)
    every = [
        difference(side(list(rng.normal(10, 1, 14))), side(list(rng.normal(10, 1, 14)), 14), kind="level", apart=14)
        for _ in range(20)
    ]
    assert all(one.p_adjusted >= one.p_value for one in adjusted(every) if one.p_adjusted and one.p_value)
    assert sum(verdict_of(one, "lower") in ("better", "worse") for one in adjusted(every)) == 0


@pytest.mark.parametrize("lag", [0.0, 0.3, 0.6])
@pytest.mark.parametrize("days", [7, 10, 28])
@pytest.mark.parametrize("kind", ["level", "total"])
def test_the_interval_holds_the_truth_with_weekends_and_autocorrelation(kind: str, days: int, lag: float) -> None:
    held = [covers(one) for one in compared(np.random.default_rng(9), kind, days, lag, True, 1000)]
    assert np.mean(held) >= LEAST[lag] - 3.0 * math.sqrt(LEAST[lag] * (1.0 - LEAST[lag]) / 1000)


@pytest.mark.parametrize("lag", [0.3, 0.6])
@pytest.mark.parametrize("kind", ["level", "total"])
def test_the_interval_of_few_days_that_do_not_pair_holds_the_truth(kind: str, lag: float) -> None:
    """With the correction of pairs, which take one mean out rather than two, 0.87 to 0.93 of these hold it."""
    held = [covers(one) for one in unpaired(np.random.default_rng(6), kind, 7, 10, lag, False, 2000)]
    assert np.mean(held) >= LEAST[lag] - 2.0 * math.sqrt(LEAST[lag] * (1.0 - LEAST[lag]) / 2000)


@pytest.mark.parametrize("kind", ["total", "level"])
@pytest.mark.parametrize("name", CASES)
def test_degenerate_days_give_none_and_a_reason(name: str, kind: Any) -> None:
    half = len(CASES[name]) // 2
    a, b = CASES[name][:half], CASES[name][half : 2 * half]
    for apart in (half or 7, None):
        found = difference(side(a), side(b, half or 7), kind=kind, apart=apart)
        numbers = [found.first, found.second, found.change, found.change_pct, found.low, found.high, found.p_value]
        assert all(one is None or math.isfinite(one) for one in numbers), found
        assert found.p_value is not None or found.reason is not None


def test_the_last_digits_are_no_difference() -> None:
    """Equal values, added up in another order: 3.6e-15 more each day, which have the same sign on all of them."""
    values = [14.6750517156548 + 0.5 * (day % 3) for day in range(7)]
    more = [value + 3.6e-15 for value in values]
    one = difference(side(values), side(more, 7), kind="level", apart=7)
    assert (one.change, one.p_value, judged(one, "lower")) == (0.0, 1.0, "same")


def exact_days(rng: np.random.Generator) -> Difference:
    """Each day changes by the same share or amount, or both sides stand still, of any size and for any time."""
    days, kind = int(rng.integers(3, 40)), str(rng.choice(["total", "level"]))
    values, by = rng.lognormal(3.0, 1.0, days) * 10.0 ** rng.integers(-8, 8), rng.uniform(1.2, 5.0)
    if rng.random() < 0.4:
        still = side([values[0] * by] * int(rng.integers(3, 40)), days)
        return difference(side([values[0]] * days), still, kind=kind, apart=None)  # type: ignore[arg-type]
    later = list(values * by) if kind == "total" else list(values + by * values.mean())
    apart = -(-days // 7) * 7
    return difference(side(list(values)), side(later, apart), kind=kind, apart=apart)  # type: ignore[arg-type]


def test_no_rounding_makes_days_differ_that_do_not() -> None:
    """Rounding of sums and ratios was taken for the days' noise: p of 1e-47 and 0, and intervals beside the change."""
    rng = np.random.default_rng(0)
    for one in (exact_days(rng) for _ in range(500)):
        assert one.change is not None
        assert one.p_value == 2.0 ** (1 - one.days)
        if one.days < 6:
            assert (one.low, one.high, one.reason.code if one.reason else "") == (None, None, "too_few")
        else:
            assert (one.low, one.high, one.reason) == (one.change, one.change, None)


@pytest.mark.parametrize("before", range(4, 20))
def test_a_step_of_exact_values_is_as_clear_however_long_the_baseline(before: int) -> None:
    one = difference(side([10.0] * before), side([20.0] * 3, before), kind="level")
    assert (one.p_value, one.low, judged(one, "lower")) == (0.25, None, "unclear")


def test_a_change_within_rounding_of_equal_days_is_none() -> None:
    """Means of ten million equal values differ by 4e-12 of them with how many were added up."""
    one = difference(side([10.1] * 7), side([10.1 * (1.0 + 4e-12)] * 7, 7), kind="level", apart=7)
    assert one.low is not None
    assert one.high is not None
    assert one.low <= 0.0 <= one.high
    assert (one.p_value, judged(one, "lower")) == (1.0, "same")


def test_the_change_lies_in_its_interval_and_no_p_is_0() -> None:
    rng = np.random.default_rng(1)
    for _ in range(300):
        days, spread = int(rng.integers(3, 60)), 10.0 ** rng.uniform(-13.0, 0.0)
        values = rng.lognormal(3.0, 1.0, days)
        later = list(values * (1.5 + spread * rng.normal(0.0, 0.2, days)))
        one = difference(side(list(values)), side(later, 63), kind="total", apart=63)
        assert one.p_value is not None
        assert one.p_value > 0.0
        assert one.change is not None
        assert one.low is None or one.high is None or one.low <= one.change <= one.high
