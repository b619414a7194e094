"""The runs since a known place, as a gate asks about one commit's: no split is looked for."""

from __future__ import annotations

import numpy as np
import pytest

from bench.noise import noise
from chimera_metrics.analytics.inference import Comparison, History, compare, compare_histories, compare_newest
from chimera_metrics.analytics.inference.histories import KNOWN_LEVEL
from chimera_metrics.analytics.inference.series import Floats
from tests.inference.test_histories import DEMO
from tests.inference.test_levels import most


def found_in(y: Floats, place: int) -> list[Comparison]:
    times = range(-place, y.shape[1] - place)
    return list(compare_newest([History(i, list(row), times) for i, row in enumerate(y)], since=0.0).values())


def called(y: Floats, place: int) -> float:
    """The share of rows whose values from `place` on are worse."""
    return float(np.mean([one.p_value is not None and one.p_value < KNOWN_LEVEL for one in found_in(y, place)]))


def test_the_place_is_the_given_one_and_p_that_of_two_samples() -> None:
    [found] = found_in(np.array([DEMO]), 8)
    assert (found.step_index, found.step_time, found.from_index) == (8, 0.0, 0)
    assert found.p_value == compare(DEMO[:8], DEMO[8:]).p_value
    assert found.p_value == pytest.approx(1 / 6435)  # 1 / C(15, 7): the ranks are apart
    [later] = found_in(np.array([DEMO]), 10)
    assert (later.step_index, later.n_before, later.n_after) == (10, 10, 5)


@pytest.mark.parametrize("name", ["normal", "t3", "lognormal"])
@pytest.mark.parametrize(("before", "after"), [(10, 6), (20, 20), (100, 8)])
def test_noise_is_seldom_called(name: str, before: int, after: int) -> None:
    y = noise(np.random.default_rng(2), name, 400, before + after)
    assert called(y, before) <= most(0.006, 400)


@pytest.mark.parametrize(("size", "least"), [(10, 0.15), (20, 0.50), (40, 0.85)])
def test_a_step_at_a_known_place_is_seen_more_often_than_one_that_is_looked_for(size: int, least: float) -> None:
    y = np.random.default_rng(3).standard_normal((600, 2 * size))
    y[:, size:] += 1.0
    times = range(-size, size)
    looked_for = compare_histories([History(i, list(row), times) for i, row in enumerate(y)], earliest=0.0)
    seen = called(y, size)
    assert seen >= least
    assert seen > np.mean([(one.p_value or 0.0) < KNOWN_LEVEL for one in looked_for.values()]) + 0.08


def test_runs_before_an_improvement_are_not_comparable() -> None:
    y = np.random.default_rng(4).standard_normal((40, 56))
    y[:, :30] += 6.0
    y[:, 50:] += 4.0
    assert called(y, 50) >= 0.95
    assert {round(one.from_index or 0, -1) for one in found_in(y, 50)} == {30}


def test_slow_noise_before_the_place_is_seldom_taken_for_an_improvement() -> None:
    """Cut at each likely improvement, 53 in 1,000 of these lose runs before."""
    y = noise(np.random.default_rng(5), "AR(1) 0.6", 400, 50)
    assert np.mean([bool(one.from_index) for one in found_in(y, 40)]) <= 0.03


def test_newest_runs_that_became_better_again_are_not_worse() -> None:
    y = np.random.default_rng(6).standard_normal((40, 50))
    y[:, 30:40] += 8.0
    assert called(y, 30) <= 0.05


def test_gaps_do_not_move_the_place_and_few_runs_say_how_many_are_missing() -> None:
    gappy: list[float | None] = [*DEMO[:3], None, *DEMO[3:8], None, *DEMO[8:]]
    found = compare_newest([History("a", gappy, range(-9, 8))], since=0.0)["a"]
    assert (found.n_before, found.n_after, found.step_index) == (8, 7, 10)
    [few] = found_in(np.array([DEMO]), 13)
    assert (few.p_value, few.more_needed, few.n_after) == (None, 3, 2)
