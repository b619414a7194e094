"""The newest buckets of many series: what is odd, what is not, and what cannot be judged."""

from __future__ import annotations

import numpy as np
import pytest

from bench.honesty_newest import p_values, series_of
from bench.noise import WEEK, unit_noise
from chimera_metrics.analytics.inference import Newest, Watched, newest_anomalies
from chimera_metrics.analytics.inference.one_step import tail_p_values


def noise(n: int = 60, seed: int = 1, level: float = 20.0) -> list[float]:
    return list(level + np.random.default_rng(seed).standard_normal(n))


def many(last_of_first: float) -> Newest:
    series = [Watched(i, noise(seed=i)) for i in range(40)]
    values = [*noise(seed=99)[:-1], last_of_first]
    return newest_anomalies([Watched("odd", values), *series], period=7)


def test_one_of_forty_is_odd_and_its_expectation_is_told() -> None:
    found = many(34.0)
    [odd] = found.odd
    assert (odd.key, odd.index, odd.value, found.judged) == ("odd", 59, 34.0, 41)
    assert odd.low < odd.expected < odd.high < 34.0
    assert odd.expected == pytest.approx(20.0, abs=1.0)
    assert odd.p_adjusted == pytest.approx(41.0 * odd.p_value)


def test_what_one_of_forty_shows_by_chance_is_not_odd() -> None:
    assert many(22.5).odd == ()


def test_a_quiet_sunday_is_as_expected_and_a_loud_one_is_not() -> None:
    """Day 62 of weeks that begin on Monday is a Sunday: 40 of 100 there."""
    values = list(100.0 * WEEK[np.arange(63) % 7] * (1.0 + 0.05 * np.random.default_rng(2).standard_normal(63)))
    assert newest_anomalies([Watched("calls", values)], period=7).odd == ()
    [odd] = newest_anomalies([Watched("calls", [*values[:-1], 100.0])], period=7).odd
    assert odd.expected == pytest.approx(40.0, rel=0.1)


def test_an_outlier_before_does_not_make_the_next_one_odd() -> None:
    values = noise(80, 3)
    values[-2] = 60.0
    found = newest_anomalies([Watched("m", values)], last=2)
    assert [odd.index for odd in found.odd] == [78]


def test_the_rarest_come_first() -> None:
    series = [Watched(size, [*noise()[:-1], size]) for size in (40.0, 80.0, 60.0)]
    assert [odd.key for odd in newest_anomalies(series).odd] == [80.0, 60.0, 40.0]


def test_counts_are_judged_as_counts() -> None:
    """Nine in Poisson(0.3) is odd; three errors of four where one of a hundred is usual is, one of three is not."""
    rng = np.random.default_rng(4)
    rare = [float(k) for k in rng.poisson(0.3, 59)]
    [odd] = newest_anomalies([Watched("errors", [*rare, 9.0], counts=True)]).odd
    assert odd.value == 9.0
    trials = [300.0] * 59
    rates = [float(k) / 300.0 for k in rng.binomial(300, 0.01, 59)]
    few = newest_anomalies([Watched("rate", [*rates, 1.0 / 3.0], trials=[*trials, 3.0])])
    most = newest_anomalies([Watched("rate", [*rates, 0.75], trials=[*trials, 4.0])])
    assert (len(few.odd), len(most.odd)) == (0, 1)


def burst_of_counts(rng: np.random.Generator, mean: float, burst: float) -> Watched:
    counts = rng.poisson(mean, 350).astype(float)
    counts[-5] = burst
    return Watched("calls", list(counts), counts=True)


def burst_of_errors(rng: np.random.Generator, share: float, trials: int, burst: float) -> Watched:
    rates = rng.binomial(trials, share, 350) / trials
    rates[-5] = burst / trials
    return Watched("error rate", list(rates), trials=[float(trials)] * 350)


@pytest.mark.parametrize("burst", [(0.05, 9), (0.05, 300), (0.1, 30), (0.5, 20)])
def test_a_burst_of_rare_counts_is_seen_among_the_newest_day_of_hours(burst: tuple[float, float]) -> None:
    for seed in range(8):
        found = newest_anomalies([burst_of_counts(np.random.default_rng(seed), *burst)], 24, period=24)
        assert 345 in [odd.index for odd in found.odd], seed


@pytest.mark.parametrize("burst", [(0.01, 10, 10), (0.001, 100, 60), (0.001, 60, 36)])
def test_a_burst_of_rare_errors_is_seen_among_the_newest_day_of_hours(burst: tuple[float, int, float]) -> None:
    for seed in range(8):
        found = newest_anomalies([burst_of_errors(np.random.default_rng(seed), *burst)], 24, period=24)
        assert 345 in [odd.index for odd in found.odd], seed


@pytest.mark.parametrize("last", [1, 7])
def test_odd_counts_and_rates_lie_outside_their_interval(last: int) -> None:
    seen = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        trials = np.where(rng.random(120) < 0.5, 20, 5000)
        hits = rng.binomial(trials, 0.05)
        trials[-1], hits[-1] = 5000, 500
        counts = [*rng.poisson(3.0, 119).astype(float), 25.0]
        series = [
            Watched("rate", list(hits / trials), trials=[float(one) for one in trials]),
            Watched("count", counts, counts=True),
        ]
        for odd in newest_anomalies(series, last, period=7).odd:
            seen += 1
            assert not odd.low <= odd.value <= odd.high, odd
            assert 0.0 <= odd.low <= odd.expected <= odd.high, odd
    assert seen >= 40


@pytest.mark.parametrize("mean", [0.1, 0.5, 2.0])
def test_rare_counts_hold_their_level(mean: float) -> None:
    rng, reports = np.random.default_rng(8), 30
    alarms = [
        bool(newest_anomalies([Watched(i, list(row), counts=True) for i, row in enumerate(counts)], 7, period=7).odd)
        for counts in rng.poisson(mean, (reports, 40, 60)).astype(float)
    ]
    assert np.mean(alarms) <= 0.05 + 3.0 * (0.05 * 0.95 / reports) ** 0.5


def test_what_cannot_be_judged_is_named_with_its_reason() -> None:
    nan = float("nan")
    series = [
        Watched("short", noise(20)),
        Watched("none", [None] * 60),
        Watched("late", [*noise(59), None]),
        Watched("flat", [5.0] * 60),
        Watched("sparse", [value if i % 3 == 0 else nan for i, value in enumerate(noise(100))]),
        Watched("huge", [1e300 * value for value in noise()]),
        Watched("fine", noise()),
    ]
    found = newest_anomalies(series, period=7)
    codes = {key: reason.code for key, reason in found.not_judged}
    assert codes == {
        "short": "too_few", "none": "no_data", "late": "no_data", "flat": "constant", "sparse": "not_estimated",
        "huge": "not_estimated",
    }  # fmt: skip
    assert found.judged == 1


def test_a_count_that_was_always_the_same_can_be_judged() -> None:
    [odd] = newest_anomalies([Watched("jobs", [*[24.0] * 59, 90.0], counts=True)]).odd
    assert odd.expected == pytest.approx(24.0)


def test_gaps_are_left_out() -> None:
    values: list[float | None] = list(noise(90))
    values[10:20] = [None] * 10
    values[-2] = None
    found = newest_anomalies([Watched("m", [None, *values])], last=3)
    assert found.judged == 2


def test_no_series_and_the_order_of_series_do_not_matter() -> None:
    assert newest_anomalies([]) == Newest((), 0, ())
    series = [Watched(i, [*noise(50 + i, seed=i), 40.0]) for i in range(5)]
    ahead, back = newest_anomalies(series), newest_anomalies(series[::-1])
    assert [odd.key for odd in ahead.odd] == [odd.key for odd in back.odd]


def test_within_the_reference_a_p_value_counts_and_beyond_it_falls_on() -> None:
    """Of 39 errors 1 to 39 five are at least 35: p = 6 / 40. Four times the largest is rarer than any."""
    reference = np.arange(1.0, 40.0)[None]
    p = tail_p_values(np.array([[20.0, 35.0, 156.0, 312.0]]), reference)[0]
    assert p[0] == pytest.approx(21.0 / 40.0)
    assert p[1] > p[2] > p[3] > 0.0
    assert p[2] < 1.0 / 40.0
    assert np.isnan(tail_p_values(np.array([[1.0]]), np.zeros((1, 40)))).all()


@pytest.mark.parametrize("name", ["normal", "t3", "AR(1) 0.6"])
@pytest.mark.parametrize("week", [False, True])
def test_reports_of_forty_metrics_hold_their_level(name: str, week: bool) -> None:
    """4 % nominal: at most 5 % of reports with any alarm, three standard errors of 150 reports allowed."""
    p = p_values(series_of(np.random.default_rng(5), name, 6000, 60, week), name)
    alarms = p.reshape(150, 40).min(axis=1) * 40 < 0.04
    assert alarms.mean() <= 0.05 + 3.0 * (0.05 * 0.95 / 150) ** 0.5


@pytest.mark.parametrize("name", ["normal", "AR(1) 0.6"])
@pytest.mark.parametrize("week", [False, True])
def test_four_standard_deviations_are_seen(name: str, week: bool) -> None:
    """At least 0.9 of them, two standard errors of 4,000 series allowed."""
    y = series_of(np.random.default_rng(6), name, 4000, 60, week)
    y[:, -1] += 4.0
    assert (p_values(y, name) < 0.04).mean() >= 0.89


def test_the_bench_judges_as_the_function_does() -> None:
    y = 20.0 + unit_noise(np.random.default_rng(7), "normal", 3, 60)
    y[:, -1] += 30.0
    found = newest_anomalies([Watched(i, list(row)) for i, row in enumerate(y)], period=7)
    expected = p_values(np.expm1(np.log1p(y)), "lognormal")  # judged as logarithms, as what is never negative is
    assert sorted(odd.p_value for odd in found.odd) == pytest.approx(sorted(expected))
