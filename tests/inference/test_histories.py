"""A whole history: the step in it, what is comparable, and how many runs are missing."""

from __future__ import annotations

import numpy as np
import pytest

from bench.noise import noise
from chimera_metrics.analytics.inference import (
    History,
    compare_histories,
    compare_history,
    first_bad_commit,
    more_runs_needed,
    regressions,
)
from chimera_metrics.analytics.inference.likeliest import splits_tried
from chimera_metrics.analytics.inference.regressions import LEVEL, newest_apart
from chimera_metrics.analytics.inference.series import Floats
from tests.inference.test_levels import most

DEMO = [431.0, 432, 389, 433, 412, 415, 422, 447, 538, 542, 525, 491, 519, 545, 550]


def called(y: Floats) -> float:
    """The share of histories that get worse."""
    times = range(y.shape[1])
    found = compare_histories([History(i, list(row), times) for i, row in enumerate(y)])
    return float(np.mean([one.p_value is not None and one.p_value < LEVEL for one in found.values()]))


def test_the_step_of_the_demo_is_found_at_its_run() -> None:
    found = compare_history(DEMO, range(15))
    assert (found.step_index, found.step_time, found.from_index) == (8, 8.0, 0)
    assert (found.n_before, found.n_after) == (8, 7)
    assert found.p_value is not None
    assert found.p_value < 0.001
    assert found.shift == pytest.approx(109.5)
    assert found.shift_low is not None
    assert found.shift_low > 80.0


@pytest.mark.parametrize("earliest", [None, 0.0, 5.0, 8.0])
def test_the_step_is_the_same_from_wherever_it_is_looked_for(earliest: float | None) -> None:
    assert compare_history(DEMO, range(15), earliest=earliest).step_index == 8


def test_the_newest_runs_are_compared_with_all_before_when_the_step_is_older_than_what_is_looked_at() -> None:
    found = compare_history(DEMO, range(15), earliest=10.0)
    assert found.step_index == 10
    assert (found.n_before, found.n_after) == (10, 5)


def test_runs_may_come_in_any_order_with_gaps() -> None:
    shuffled = np.random.default_rng(1).permutation(15)
    values: list[float | None] = [DEMO[i] for i in shuffled]
    found = compare_history([*values, None, float("nan")], [*(float(i) for i in shuffled), 3.5, 99.0])
    assert found.step_index is not None
    assert shuffled[found.step_index] == 8


def test_throughput_that_falls_is_found_and_named_by_its_commit() -> None:
    speed = [1000.0 - value for value in DEMO]
    found = compare_histories([History("speed", speed, range(15), higher_is_worse=False)])
    [worse] = regressions(found)
    assert worse.comparison.shift_high is not None
    assert worse.comparison.shift_high < -80.0
    commits = ["a"] * 4 + ["b"] * 4 + ["c"] * 3 + ["d"] * 4
    assert first_bad_commit(speed, commits, higher_is_worse=False).commit == "c"
    assert regressions(compare_histories([History("speed", speed, range(15))])) == []


@pytest.mark.parametrize("name", ["normal", "t3", "lognormal"])
@pytest.mark.parametrize("n", [12, 30, 100])
def test_histories_of_noise_are_seldom_called(n: int, name: str) -> None:
    assert called(noise(np.random.default_rng(2), name, 150, n)) <= most(0.010, 150)


def test_steps_of_four_sd_are_seen_in_the_newest_eight_runs() -> None:
    y = np.random.default_rng(3).standard_normal((60, 40))
    y[:, 32:] += 4.0
    assert called(y) >= 0.9


def test_a_step_that_was_mended_is_no_regression_and_one_that_was_half_mended_is() -> None:
    y = np.random.default_rng(4).standard_normal((40, 40))
    y[:, 20:30] += 8.0
    assert called(y) <= 0.05
    y[:, 30:] += 5.0
    assert called(y) >= 0.8
    found = compare_history(list(y[0]), range(40))
    assert 9 <= found.n_after <= 11
    assert found.shift == pytest.approx(5.0, abs=1.5)


def test_runs_before_an_earlier_improvement_are_not_comparable() -> None:
    y = np.random.default_rng(5).standard_normal((40, 80))
    y[:, :50] += 6.0
    y[:, 70:] += 6.0
    assert called(y) >= 0.9
    found = compare_history(list(y[0]), range(80))
    assert found.from_index is not None
    assert 48 <= found.from_index <= 52
    assert 18 <= found.n_before <= 22


@pytest.mark.parametrize(
    ("n", "earliest", "missing", "text"),
    [
        (4, None, 6, "there are 4, all of them in that time: 6 more are needed"),
        (9, None, 1, "1 more is needed"),
        (30, 27.0, 2, "there are 30, 3 of them in that time: 2 more are needed"),
    ],
)
def test_too_few_runs_say_how_many_more_are_needed(n: int, earliest: float | None, missing: int, text: str) -> None:
    found = compare_history([float(i % 5) for i in range(n)], range(n), earliest=earliest)
    assert (found.p_value, found.more_needed) == (None, missing)
    assert found.reason is not None
    assert found.reason.code == "too_few"
    assert text in found.reason.text


def test_no_runs_are_no_data() -> None:
    found = compare_history([None, None], [0.0, 1.0])
    assert found.reason is not None
    assert found.reason.code == "no_data"
    assert found.more_needed == 10


@pytest.mark.parametrize(
    ("values", "apart"),
    [
        ([10.0, 12.0, 11.0, 15.0, 14.0], (2, 3)),
        ([10.0, None, 12.0, 11.0, 15.0, None], (1, 3)),
        ([12.0, 10.0, 11.0, 12.0], (0, 4)),
        ([1.0, 2.0, 5.0, 6.0, 7.0, 8.0, 9.0], (0, 7)),
        ([1.0], (0, 1)),
        ([], (0, 0)),
    ],
)
def test_newest_runs_that_are_worse_than_all_before_are_counted(
    values: list[float | None], apart: tuple[int, int]
) -> None:
    assert newest_apart(values) == apart
    turned = [None if value is None else -value for value in values]
    assert newest_apart(turned, higher_is_worse=False) == apart


def test_how_many_more_runs_a_family_of_cases_needs_is_counted_by_hand() -> None:
    assert more_runs_needed(5, 3) == 2  # 1 / C(10, 5) = 0.004
    assert more_runs_needed(5, 5, tried=6) == 3  # 6 / C(12, 5) = 0.0076, 6 / C(13, 5) = 0.0047
    assert more_runs_needed(2, 5) == 3
    assert more_runs_needed(200, 10, tried=60) == 0


def test_splits_tried_are_few_among_few_and_bounded_by_their_number() -> None:
    assert splits_tried(0.001, 5, 10, 15) == 6.0
    # 1 + 3.0902 ** 2 * log(25 * 25 / (5 * 5)) / 2
    assert splits_tried(0.001, 5, 25, 30) == pytest.approx(16.37, abs=0.01)
    assert splits_tried(0.6, 5, 25, 30) == 1.0
