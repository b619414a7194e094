"""Anomalies beside others, in counts and rates, in runs, and under a cycle."""

from __future__ import annotations

import numpy as np
import pytest

from bench.anomaly_rules import scored, with_far_points
from bench.noise import SHAPES, unit_noise
from chimera_metrics.analytics.inference import anomalies
from chimera_metrics.analytics.inference.anomalies import judge
from chimera_metrics.analytics.inference.point_scores import wavers_with, without_rest_of_cycle
from chimera_metrics.analytics.inference.rare_counts import far_counts
from chimera_metrics.analytics.inference.series import Floats


def places(values: Floats, **how: object) -> list[int]:
    return [one.index for one in anomalies(list(values), **how).points]  # type: ignore[arg-type]


@pytest.mark.parametrize("n", [30, 60, 100])
def test_a_point_at_80_sd_is_called_beside_five_at_8(n: int) -> None:
    rng = np.random.default_rng(n)
    hits = []
    for y in unit_noise(rng, "normal", 60, n):
        at = rng.permutation(np.arange(2, n - 2))[:6]
        y[at[1:]] += 8.0 * rng.choice([-1.0, 1.0], size=5)
        y[at[0]] -= 80.0
        hits.append(int(at[0]) in places(y))
    assert np.mean(hits) >= 0.95


def test_500_among_zeros_is_found_as_a_count_and_has_no_spread_as_a_value() -> None:
    values = [0.0] * 20 + [1.0] + [0.0] * 5 + [500.0, 1.0]
    plain, counted = anomalies(values), anomalies(values, counts=True)
    assert plain.points == ()
    assert plain.reason is not None
    assert [(one.index, one.value) for one in counted.points] == [(26, 500.0)]
    assert counted.judged_as == "counts"
    assert counted.points[0].expected == pytest.approx(2.5 / 27.0)


def test_a_few_more_than_ever_is_no_anomaly() -> None:
    rng = np.random.default_rng(3)
    for mean in (0.1, 1.0, 20.0):
        series = rng.poisson(mean, (60, 40)).astype(np.float64)
        assert np.mean([bool(places(row, counts=True)) for row in series]) <= 0.058 + 0.06


def test_a_count_of_zero_where_there_were_twenty_is_found() -> None:
    y = np.random.default_rng(4).poisson(20.0, 60).astype(np.float64)
    y[33] = 0.0
    found = anomalies(list(y), counts=True).points
    assert [one.index for one in found] == [33]
    assert found[0].score < -3.0


def test_a_rate_is_judged_by_its_trials() -> None:
    trials = [10.0, 12.0, 9.0, 11.0, 800.0, 900.0, 850.0, 700.0] * 4
    rates = [0.0, 1 / 12, 0.0, 1 / 11, 0.02, 0.021, 0.019, 0.02] * 4
    assert anomalies(rates, n=trials).points == ()  # 1 of 11 is not far: it is one error
    rates[6] = 0.12
    found = anomalies(rates, n=trials)
    assert [one.index for one in found.points] == [6]
    assert found.judged_as == "rates"


@pytest.mark.parametrize(("failed", "least"), [(3, 0.0), (22, 0.7), (28, 0.9)])
def test_a_bucket_of_many_trials_is_judged_beside_buckets_of_few(failed: int, least: float) -> None:
    """One to five calls a bucket, of which a tenth fails, and one of 30 calls, of which 3 are to be expected."""
    called = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        trials = rng.integers(1, 6, 40)
        hits = rng.binomial(trials, 0.1)
        trials[20], hits[20] = 30, failed
        called.append(places(hits / trials, n=[float(size) for size in trials]))
    assert np.mean([20 in found for found in called]) >= least
    assert np.mean([bool({*found} - {20}) for found in called]) <= 0.058
    assert failed > 3 or not any(called)


def test_rates_without_trials_are_gaps() -> None:
    found = anomalies([0.5] * 11 + [0.4], n=[10.0] * 10 + [0.0, 10.0])
    assert found.n == 11
    with pytest.raises(ValueError, match="give one per rate"):
        anomalies([0.5, 0.6], n=[1.0])


def test_over_dispersed_counts_seldom_show_an_anomaly() -> None:
    rng = np.random.default_rng(5)
    series = rng.poisson(20.0 * rng.gamma(2.0, 0.5, (80, 40))).astype(np.float64)
    assert np.mean([bool(places(row, counts=True)) for row in series]) <= 0.06


def test_far_counts_expect_what_the_others_let_expect() -> None:
    counts, exposure = np.array([2.0, 4.0, 3.0, 90.0, 5.0, 6.0] * 3), np.array([2.0, 4.0, 3.0, 90.0, 5.0, 6.0] * 3)
    found = far_counts(counts, exposure, 2)
    assert len(found.places) == 0
    assert found.expected == pytest.approx(counts, rel=0.01)


def test_neighbours_on_one_side_are_one_run() -> None:
    y = unit_noise(np.random.default_rng(6), "normal", 1, 60)[0]
    y[20:24] += (12.0, 14.0, 11.0, 13.0)
    y[45] -= 15.0
    found = anomalies(list(y))
    assert [one.index for one in found.points] == [20, 21, 22, 23, 45]
    assert [(run.first, run.last, run.size, run.peak.index) for run in found.runs] == [(20, 23, 4, 23), (45, 45, 1, 45)]


def test_up_and_down_are_two_runs() -> None:
    y = unit_noise(np.random.default_rng(7), "normal", 1, 60)[0]
    y[30:32] = (18.0, -18.0)
    assert [(run.first, run.last) for run in anomalies(list(y)).runs] == [(30, 30), (31, 31)]


def test_a_spike_under_a_week_is_seen_and_expected_where_the_week_would_be() -> None:
    week = 20.0 * SHAPES[7][np.arange(60) % 7]
    series = week + unit_noise(np.random.default_rng(8), "normal", 60, 60)
    assert np.mean([bool(places(row, period=7)) for row in series]) <= 0.058
    series[:, 33] += 10.0
    assert np.mean([33 in places(row, period=7) for row in series]) >= 0.6
    assert np.mean([33 in places(row) for row in series]) <= 0.1
    point = next(one for one in anomalies(list(series[0] + 20.0 * (np.arange(60) == 33)), period=7).points)
    assert point.index == 33
    assert point.expected == pytest.approx(week[33], abs=1.5)


@pytest.mark.parametrize("n", [30, 60, 120])
def test_a_week_hides_at_most_15_percent_of_the_spikes_of_10_sd(n: int) -> None:
    seen = []
    for period in (None, 7):
        rng = np.random.default_rng(n)
        scores = scored(rng, with_far_points(rng, 10.0, 1, 2000, n), period)
        seen.append(float(np.mean(judge(scores, n, period) > 0)))
    assert seen[1] >= 0.85 * seen[0] - 0.03


def test_what_medians_left_of_a_week_is_taken_out_and_the_far_point_stays_as_far() -> None:
    week = np.tile([0.5, -0.3, 0.2, 0.0, -0.4, 0.1, -0.1], 5)
    left = without_rest_of_cycle((week + 50.0 * (np.arange(35) == 16))[None], 7)[0]
    assert left == pytest.approx(50.0 * (np.arange(35) == 16))
    shifted = without_rest_of_cycle(week[None, 3:], 7, np.arange(3, 35))[0]
    assert shifted - shifted[0] == pytest.approx(0.0, abs=1e-12)


def test_a_saturday_is_no_anomaly_for_being_one() -> None:
    y = 100.0 * SHAPES[7][np.arange(63) % 7] + unit_noise(np.random.default_rng(9), "normal", 1, 63)[0]
    y[40] = 45.0 + 40.0  # a Saturday like a weekday: within the range of the series
    assert places(y, period=7) == [40]
    assert places(y) == []


def test_counts_after_a_step_are_measured_from_their_own_level() -> None:
    rng = np.random.default_rng(12)
    series = np.concatenate([rng.poisson(0.3, (40, 30)), rng.poisson(9.0, (40, 30))], axis=1).astype(np.float64)
    assert np.mean([bool(places(row, counts=True)) for row in series]) <= 0.1
    series[:, 10] = 9.0
    assert np.mean([10 in places(row, counts=True) for row in series]) >= 0.9


@pytest.mark.parametrize(("usual", "later", "each"), [(100.0, 1000.0, 10), (1000.0, 100.0, 10), (100.0, 2000.0, 40)])
def test_noise_of_5_percent_is_no_anomaly_after_a_step_and_hides_none_before(
    usual: float, later: float, each: int
) -> None:
    level = np.r_[np.full(40, usual), np.full(each, later)]
    series = level * (1.0 + 0.05 * np.random.default_rng(13).standard_normal((60, len(level))))
    assert np.mean([bool(places(row)) for row in series]) <= 0.058
    series[:, 20] = 1.5 * usual
    assert np.mean([20 in places(row) for row in series]) >= 0.6
    found = [one for row in series for one in anomalies(list(row)).points if one.index == 20]
    assert [one.expected for one in found] == pytest.approx([usual] * len(found), rel=0.05)


def test_noise_that_is_alike_everywhere_is_not_taken_for_one_that_grows() -> None:
    level = np.repeat([50.0, 200.0], 30)
    noise = np.random.default_rng(14).standard_normal((200, 60))
    assert np.mean([wavers_with(row, level) for row in noise]) <= 0.05
    assert np.mean([wavers_with(row * level, level) for row in noise]) >= 0.9
    assert not wavers_with(np.zeros(60), level)
