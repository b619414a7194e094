"""Large steps, steps in climbs, outages, stairs and weeks: shares that are found, and what must not be called one."""

from __future__ import annotations

import numpy as np
import pytest

from bench.noise import laid_over, unit_noise
from chimera_metrics.analytics.inference import ChangePoints, change_points
from chimera_metrics.analytics.inference.change_points import LEVEL, change_p_values
from chimera_metrics.analytics.inference.near_steps import near_steps
from chimera_metrics.analytics.inference.series import Floats

DEMO = [431, 432, 389, 433, 412, 415, 422, 447, 538, 542, 525, 491, 519, 545, 550]


def seen(y: Floats, period: int | None = None) -> float:
    return float((change_p_values(y, period) < LEVEL).mean())


def stepped(seed: int, n: int, size: float, climb: float = 0.0, series: int = 300, at: int | None = None) -> Floats:
    t = np.arange(n)
    noise = unit_noise(np.random.default_rng(seed), "normal", series, n)
    return noise + climb * t / n + size * (t >= (n // 2 if at is None else at))


def edges(found: ChangePoints) -> list[int]:
    return [change.index for change in found.changes]


def near(found: ChangePoints, *places: int) -> bool:
    """Whether each place has a change within 2 points."""
    return all(any(abs(at - place) <= 2 for at in edges(found)) for place in places)


@pytest.mark.parametrize("n", [12, 16, 20, 30, 60])
def test_larger_steps_are_seen_more_often_and_large_ones_nearly_always(n: int) -> None:
    shares = [seen(stepped(1, n, size)) for size in (2.0, 4.0, 8.0, 50.0)]
    assert shares == sorted(shares)
    assert shares[2] >= (0.9 if n == 12 else 0.95)
    assert shares[1] >= {12: 0.45, 16: 0.55, 20: 0.65, 30: 0.75, 60: 0.95}[n] - 0.06
    assert shares[3] >= 0.99


@pytest.mark.parametrize("n", [16, 30, 60])
@pytest.mark.parametrize("climb", [5.0, 10.0])
def test_large_steps_are_seen_in_climbs_and_near_the_ends(n: int, climb: float) -> None:
    assert seen(stepped(2, n, 8.0, climb)) >= 0.93
    assert seen(stepped(3, n, 8.0, climb, at=5)) >= 0.93


def test_the_demos_step_is_found_on_its_run() -> None:
    found = change_points([float(v) for v in DEMO])
    assert edges(found) == [8]
    assert (found.changes[0].before, found.changes[0].after) == (426.5, 538.0)


@pytest.mark.parametrize("n", [60, 120, 365])
def test_a_step_before_a_climb_is_found(n: int) -> None:
    t, at = np.arange(n), n // 5
    levels = 10.0 * (t >= at) + 10.0 * np.clip((t - at) / (n - at), 0.0, 1.0)
    noise = unit_noise(np.random.default_rng(n), "normal", 30, n)
    assert np.mean([near(change_points(list(y)), at) for y in noise + levels]) >= 0.9


@pytest.mark.parametrize(("n", "least"), [(30, 0.5), (60, 0.85)])
def test_a_step_of_5_sd_in_a_climb_of_5_sd_is_found(n: int, least: float) -> None:
    found = [near(change_points(list(y)), n // 2) for y in stepped(5, n, 5.0, 5.0, 60)]
    assert np.mean(found) >= least


@pytest.mark.parametrize(("depth", "least"), [(5.0, 0.7), (10.0, 0.97)])
def test_an_outage_of_five_points_has_both_edges(depth: float, least: float) -> None:
    t = np.arange(60)
    noise = unit_noise(np.random.default_rng(6), "normal", 60, 60)
    found = [near(change_points(list(y)), 30, 35) for y in noise - depth * ((t >= 30) & (t < 35))]
    assert np.mean(found) >= least


@pytest.mark.parametrize(("size", "least"), [(4.0, 0.55), (8.0, 0.93)])
def test_stairs_of_three_steps_are_found(size: float, least: float) -> None:
    t = np.arange(60)
    noise = unit_noise(np.random.default_rng(7), "normal", 60, 60)
    levels = size * np.sum([t >= k for k in (15, 30, 45)], axis=0)
    assert np.mean([near(change_points(list(y)), 15, 30, 45) for y in noise + levels]) >= least


@pytest.mark.parametrize("climb", [0.0, 2.0, 10.0])
@pytest.mark.parametrize("name", ["normal", "lognormal", "AR(1) 0.6", "AR(1) 0.9", "70 % zeros"])
@pytest.mark.parametrize("n", [12, 30, 60])
def test_noise_and_climbs_seldom_show_a_step(name: str, n: int, climb: float) -> None:
    y = unit_noise(np.random.default_rng(8), name, 500, n) + climb * np.arange(n) / n
    assert seen(y) <= 0.05 + 4.0 * (0.05 * 0.95 / 500) ** 0.5


@pytest.mark.parametrize("name", ["normal", "AR(1) 0.6", "70 % zeros"])
@pytest.mark.parametrize("n", [21, 30, 60])
def test_weeks_seldom_show_a_step_and_hide_none(name: str, n: int) -> None:
    rng = np.random.default_rng(9)
    y = unit_noise(rng, name, 400, n) + laid_over(rng, 7, 0.05, 400, n)
    assert seen(y, 7) <= 0.065 + 4.0 * (0.065 * 0.935 / 400) ** 0.5
    assert seen(y + 8.0 * (np.arange(n) >= n // 2), 7) >= (0.85 if n == 21 else 0.9)


def test_thirty_percent_more_in_the_last_two_of_six_weeks_is_a_step_on_its_day() -> None:
    week = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 0.45, 0.45])[np.arange(42) % 7] * np.where(np.arange(42) >= 28, 1.3, 1.0)
    rng = np.random.default_rng(10)
    found = [change_points(list(200.0 * week * (1.0 + 0.05 * rng.standard_normal(42))), period=7) for _ in range(40)]
    on_its_day = [any(abs(at - 28) <= 1 for at in edges(one)) for one in found]
    assert np.mean(on_its_day) >= 0.9
    pattern = found[0].cycle
    assert pattern is not None
    assert pattern.kind == "multiplied"
    blind = [change_points(list(200.0 * week * (1.0 + 0.05 * rng.standard_normal(42)))) for _ in range(10)]
    assert not any(near(one, 28) for one in blind)


def test_small_moves_are_a_step_or_a_climb_and_no_change_point() -> None:
    y = stepped(11, 60, 2.0, series=200)
    assert ((change_p_values(y) < LEVEL) | (near_steps(y).p_value < LEVEL)).mean() >= 0.9
    climbing = np.linspace(0.0, 3.0, 60) + unit_noise(np.random.default_rng(12), "normal", 1, 60)[0]
    found = change_points(list(climbing))
    assert found.changes == ()
    assert len(found.steps_or_climbs) == 1
    assert found.steps_or_climbs[0].after > found.steps_or_climbs[0].before


def test_a_change_always_shows_a_difference() -> None:
    rng = np.random.default_rng(13)
    shown = 0
    for _ in range(60):
        y = np.where(rng.random(60) < np.where(np.arange(60) < 30, 0.02, 0.45), rng.integers(1, 9, 60), 0)
        found = change_points([float(v) for v in y])
        for change in (*found.changes, *found.steps_or_climbs):
            assert change.before != change.after
            shown += change.of == "mean"
    assert shown > 0  # medians of 0 on both sides were told apart by means


def test_curves_that_look_like_steps_are_cautioned() -> None:
    t = np.arange(60)
    bend = 10.0 * np.clip((t - 30) / 30.0, 0.0, 1.0)
    noise = unit_noise(np.random.default_rng(14), "normal", 20, 60)
    told = [change_points(list(y)) for y in noise + bend]
    assert all(one.cautions for one in told if one.changes)
    plain = [change_points(list(y)) for y in stepped(15, 60, 8.0, series=20)]
    assert not any(one.cautions for one in plain)


def test_daily_values_of_less_than_three_weeks_have_a_caution() -> None:
    found = change_points([*([9.0] * 5 + [4.0] * 2), *([9.5] * 5 + [4.2] * 2), 9.1, 9.2], period=7)
    assert any("weekly cycle" in caution for caution in found.cautions)
    assert change_points([float(i % 7) for i in range(28)], period=7).cautions == ()


@pytest.mark.parametrize("at", [6, 15, 24])
def test_edges_are_settled_on_the_first_point_after(at: int) -> None:
    found = [edges(change_points(list(y))) for y in stepped(16, 30, 8.0, series=40, at=at)]
    assert np.mean([places == [at] for places in found]) >= 0.9


def test_a_run_of_four_far_points_is_no_change_of_level() -> None:
    y = unit_noise(np.random.default_rng(17), "normal", 40, 60)
    y[:, 20:24] += 12.0
    assert np.mean([change_points(list(row)).changes == () for row in y]) >= 0.9
    y[:, 40:] += 8.0
    assert np.mean([edges(change_points(list(row))) == [40] for row in y]) >= 0.8
