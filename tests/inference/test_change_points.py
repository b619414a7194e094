"""Change points and anomalies: where, how large, and when there is nothing to find."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chimera_metrics.analytics.inference import anomalies, change_points
from chimera_metrics.analytics.inference.series import Floats


def steps(seed: int, *levels: float, each: int = 25) -> Floats:
    return np.repeat(levels, each) + np.random.default_rng(seed).standard_normal(len(levels) * each)


def test_a_step_is_found_where_it_is_with_the_levels_on_both_sides() -> None:
    found = change_points(list(steps(1, 100.0, 104.0))).changes
    assert len(found) == 1
    assert abs(found[0].index - 25) <= 1
    assert found[0].before == pytest.approx(100.0, abs=0.7)
    assert found[0].after == pytest.approx(104.0, abs=0.7)
    assert found[0].p_value < 0.001


def test_up_and_down_again_are_two_changes() -> None:
    found = change_points(list(steps(2, 10.0, 15.0, 10.0))).changes
    assert [abs(change.index - at) <= 1 for change, at in zip(found, (25, 50), strict=True)] == [True, True]


def test_a_steady_climb_is_no_step() -> None:
    y = np.linspace(0.0, 30.0, 60) + np.random.default_rng(3).standard_normal(60)
    assert change_points(list(y)).changes == ()


def test_gaps_keep_their_places() -> None:
    y: list[float | None] = list(steps(4, 0.0, 6.0))
    spread: list[float | None] = [v for value in y for v in (value, None)]
    found = change_points(spread).changes
    assert [change.index for change in found] == [2 * change.index for change in change_points(y).changes]


def test_a_clean_step_of_constants_is_found() -> None:
    found = change_points([1.0] * 20 + [2.0] * 20).changes
    assert [(change.index, change.before, change.after) for change in found] == [(20, 1.0, 2.0)]


@pytest.mark.parametrize("at", [0, 27, 29])
def test_one_value_among_equal_ones_is_no_level(at: int) -> None:
    values = [100.0] * 30
    values[at] = 900.0
    found = change_points(values)
    assert (found.changes, found.steps_or_climbs) == ((), ())


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.01, 1.0, 512.0]), st.integers(-300, 300))
def test_shift_and_scale_move_no_change_point_and_no_anomaly(seed: int, scale: float, shift: int) -> None:
    y = np.round(steps(seed, 0.0, 3.0) * 64.0) / 64.0
    y[10] += 40.0
    moved = scale * (y + shift)
    plain, same = change_points(list(y)), change_points(list(moved))
    assert [change.index for change in plain.changes] == [change.index for change in same.changes]
    far, still = anomalies(list(y)), anomalies(list(moved))
    assert [point.index for point in far.points] == [point.index for point in still.points]


def test_an_anomaly_is_found_with_its_signed_score() -> None:
    y = steps(7, 50.0, each=60)
    y[40] = 50.0 - 12.0
    found = anomalies(list(y)).points
    assert [point.index for point in found] == [40]
    assert found[0].score == pytest.approx(-12.0, abs=4.0)
    assert found[0].value == 38.0


def test_two_far_points_do_not_hide_each_other() -> None:
    y = steps(8, 50.0, each=60)
    y[[20, 45]] = 80.0, 79.0
    assert [point.index for point in anomalies(list(y)).points] == [20, 45]


def test_points_after_a_step_or_on_a_climb_are_no_anomalies() -> None:
    assert anomalies(list(steps(9, 0.0, 12.0))).points == ()
    climbing = np.linspace(0.0, 60.0, 60) + np.random.default_rng(9).standard_normal(60)
    assert anomalies(list(climbing)).points == ()
    climbing[30] += 15.0
    assert [point.index for point in anomalies(list(climbing)).points] == [30]


@pytest.mark.parametrize("kind", ["poisson", "uniform", "share"])
def test_counts_and_bounded_noise_seldom_show_an_anomaly(kind: str) -> None:
    rng = np.random.default_rng(10)
    noise = {
        "poisson": rng.poisson(4.0, (300, 40)).astype(float),
        "uniform": rng.uniform(0.0, 1.0, (300, 40)),
        "share": rng.binomial(200, 0.03, (300, 40)) / 200.0,
    }[kind]
    assert sum(bool(anomalies(list(row)).points) for row in noise) <= 15


def test_a_dozen_far_points_in_a_long_series_are_all_found() -> None:
    y = np.random.default_rng(11).standard_normal(400)
    places = list(range(20, 400, 32))
    y[places] = 15.0
    assert [point.index for point in anomalies(list(y)).points] == places


@pytest.mark.parametrize(("n", "newest"), [(90, 3), (60, 3), (30, 3)])
def test_a_step_near_the_end_is_dated_where_it_is(n: int, newest: int) -> None:
    early = 0
    for seed in range(30):
        y = 100.0 + np.random.default_rng(seed).normal(0.0, 1.0, n)
        y[-newest:] += 100.0
        early += any(one.index == n - newest - 1 for one in change_points(list(y)).changes)
    assert early <= 2


def test_a_step_before_the_last_two_of_equal_values_is_dated_there() -> None:
    assert [one.index for one in change_points([0.0] * 58 + [1.0, 1.0]).changes] == [58]
