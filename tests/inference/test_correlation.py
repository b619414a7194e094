"""Correlation against SciPy, lags, gaps, and what the answer says about itself."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chimera_metrics.analytics.inference import Correlation, correlate, correlate_within
from chimera_metrics.analytics.inference.coefficients import Method, effective_n, fisher_interval, kendall, pearson
from chimera_metrics.analytics.inference.series import Floats

METHODS: tuple[Method, ...] = ("pearson", "spearman", "kendall")


def scipy_stats() -> Any:
    return pytest.importorskip("scipy.stats")


def tied(seed: int, n: int, offset: float) -> tuple[Floats, Floats]:
    """Two related series with many ties."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 6, n).astype(float)
    return x + offset, x + rng.integers(0, 6, n).astype(float) + offset


@pytest.mark.parametrize("offset", [0.0, 1e9])
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("method", METHODS)
def test_coefficients_agree_with_scipy_on_ties_gaps_and_offsets(method: Method, seed: int, offset: float) -> None:
    x, y = tied(seed, 40 + 7 * seed, offset)
    stats = scipy_stats()
    theirs = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}[method](x, y)
    assert correlate(list(x), list(y), method=method).coefficient == pytest.approx(theirs.statistic, abs=1e-12)
    gaps_x: list[float | None] = [None, *x, float("nan"), 3.0]
    gaps_y: list[float | None] = [5.0, *y, 7.0, float("nan")]
    assert correlate(gaps_x, gaps_y, method=method).coefficient == pytest.approx(theirs.statistic, abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_p_values_agree_with_scipy_where_no_autocorrelation_is_found(method: Method) -> None:
    stats = scipy_stats()
    rng = np.random.default_rng(1)
    checked = 0
    for _ in range(60):
        x, y = rng.integers(0, 9, 30).astype(float), rng.integers(0, 9, 30).astype(float)
        found = correlate(list(x), list(y), method=method)
        if found.n_effective == found.n:
            theirs = {
                "pearson": lambda a, b: stats.pearsonr(a, b),
                "spearman": lambda a, b: stats.spearmanr(a, b),
                "kendall": lambda a, b: stats.kendalltau(a, b, method="asymptotic"),
            }[method](x, y)
            assert found.p_value == pytest.approx(theirs.pvalue, rel=1e-9)
            checked += 1
    assert checked > 10


def test_the_interval_agrees_with_scipys() -> None:
    low, high = fisher_interval("pearson", 0.5, 28.0) or (0.0, 0.0)
    # scipy.stats.pearsonr(...).confidence_interval() for r = 0.5, n = 28: Fisher's z.
    assert low == pytest.approx(0.1560, abs=5e-5)
    assert high == pytest.approx(0.7358, abs=5e-5)


def test_spearman_of_eight_or_fewer_pairs_is_judged_by_all_orders() -> None:
    # Four pairs in the same order: 1 order of 24 gives 1, 1 gives -1.
    found = correlate([1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 30.0, 50.0], method="spearman")
    assert found.p_value == pytest.approx(2 / 24)
    assert correlate([1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 30.0, 50.0], method="kendall").p_value == pytest.approx(2 / 24)


def test_a_positive_lag_means_that_y_follows_x() -> None:
    x = list(np.random.default_rng(3).standard_normal(40))
    found = correlate(x, [0.0, 0.0, *x[:-2]], max_lag=4)
    assert found.best_lag == 2
    assert [one.lag for one in found.lags] == list(range(-4, 5))
    assert found.lags[6].coefficient == pytest.approx(1.0)
    assert found.lags[6].n == 38


def test_lags_respect_buckets_that_were_left_out() -> None:
    x = list(np.random.default_rng(3).standard_normal(60))
    y = [0.0, 0.0, *x[:-2]]
    kept = [i for i in range(60) if i % 7 not in (5, 6)]
    found = correlate([x[i] for i in kept], [y[i] for i in kept], max_lag=3, positions=kept)
    assert found.best_lag == 2
    assert found.lags[5].coefficient == pytest.approx(1.0)


def test_the_best_of_many_lags_of_noise_is_not_named() -> None:
    rng = np.random.default_rng(5)
    named = sum(
        correlate(list(rng.standard_normal(40)), list(rng.standard_normal(40)), max_lag=10).best_lag is not None
        for _ in range(200)
    )
    assert named <= 20  # 5 % of 200 is 10; uncorrected it would be about 130


def test_eight_pairs_carry_a_caution() -> None:
    found = correlate([1.0, 3.0, 2.0, 5.0, 4.0, 6.0, 8.0, 7.0], [2.0, 1.0, 4.0, 3.0, 6.0, 5.0, 7.0, 9.0])
    assert any("autocorrelation could not be estimated" in caution for caution in found.cautions)
    assert found.n_effective == 8.0


def test_two_drifts_have_a_coefficient_and_no_p_value() -> None:
    found = correlate([float(i) for i in range(30)], [float(i * i) for i in range(30)])
    assert found.coefficient == pytest.approx(0.96, abs=0.02)
    assert found.p_value is None or found.p_value > 0.01
    assert found.n_effective is not None
    assert found.n_effective < 8.0


def test_a_mix_that_changed_makes_a_correlation_that_groups_do_not_have() -> None:
    rng = np.random.default_rng(8)
    groups = ["small"] * 30 + ["large"] * 30
    shift = np.repeat([0.0, 20.0], 30)
    x, y = rng.standard_normal(60) + shift, rng.standard_normal(60) + shift
    overall, within = correlate(list(x), list(y)), correlate_within(list(x), list(y), groups)
    assert overall.coefficient is not None
    assert overall.coefficient > 0.95
    assert within.coefficient is not None
    assert abs(within.coefficient) < 0.3
    assert (within.groups, within.n) == (2, 60)


def test_within_groups_of_one_line_each_is_one() -> None:
    found = correlate_within([1.0, 2.0, 3.0, 1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 11.0, 12.0, 13.0], [1, 1, 1, 2, 2, 2])
    assert found.coefficient == pytest.approx(1.0)


def test_effective_n_of_autocorrelated_series_is_smaller() -> None:
    from bench.noise import ar1

    rng = np.random.default_rng(11)
    pairs = effective_n("pearson", ar1(rng, 0.6, 400, 120), ar1(rng, 0.6, 400, 120))
    assert 45.0 < pairs.mean() < 75.0  # theory: 120 (1 - 0.36) / (1 + 0.36) = 56


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=10, max_size=40),
    st.sampled_from(METHODS),
    st.sampled_from([0.001, 1.0, 4096.0]),
    st.integers(-1000, 1000),
)
def test_shift_and_scale_change_nothing_and_x_and_y_are_alike(
    pairs: list[tuple[int, int]], method: Method, scale: float, shift: int
) -> None:
    x, y = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
    plain = correlate(x, y, method=method)
    moved = correlate([scale * (v + shift) for v in x], y, method=method)
    swapped = correlate(y, x, method=method)
    turned = correlate([-v for v in x], y, method=method)
    if plain.coefficient is None:
        assert moved.coefficient is None
        assert swapped.coefficient is None
        return
    assert moved.coefficient == pytest.approx(plain.coefficient, abs=1e-9)
    assert swapped.coefficient == pytest.approx(plain.coefficient, abs=1e-9)
    assert turned.coefficient == pytest.approx(-plain.coefficient, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=4, max_size=30))
def test_kendall_counts_pairs_as_a_double_loop_does(pairs: list[tuple[int, int]]) -> None:
    x, y = np.array([float(a) for a, _ in pairs]), np.array([float(b) for _, b in pairs])
    if len(set(x)) == 1 or len(set(y)) == 1:
        return
    signs = np.sign(x[:, None] - x) * np.sign(y[:, None] - y)
    untied_x, untied_y = (np.sign(x[:, None] - x) != 0).sum(), (np.sign(y[:, None] - y) != 0).sum()
    assert kendall(x, y) == pytest.approx(signs.sum() / (untied_x * untied_y) ** 0.5, abs=1e-12)


def test_pearson_at_an_offset_of_1e9_is_that_of_the_same_doubles_in_extended_precision() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal(50) + 1e9, rng.standard_normal(50) + 1e9
    a, b = x.astype(np.longdouble), y.astype(np.longdouble)
    a, b = a - a.mean(), b - b.mean()
    exact = float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))
    assert pearson(x[None], y[None])[0] == pytest.approx(exact, abs=1e-12)


def test_mistakes_in_the_call_are_sentences() -> None:
    with pytest.raises(ValueError, match="3 values of x and 2 of y"):
        correlate([1.0, 2.0, 3.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="max_lag is -1"):
        correlate([1.0], [1.0], max_lag=-1)
    with pytest.raises(ValueError, match="rising"):
        correlate([1.0, 2.0], [1.0, 2.0], positions=[2, 1])


def test_a_result_names_its_method() -> None:
    found: Correlation = correlate([1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 1.0, 4.0, 3.0, 5.0])
    assert (found.method, found.n) == ("pearson", 5)
    assert found.coefficient == pytest.approx(0.8)
    assert found.p_value == pytest.approx(0.1041, abs=5e-5)  # t = 2.309, 3 degrees of freedom


@pytest.mark.parametrize("mean", [0.1, 0.2, 0.3, 1.0, 3.0, 20.0])
def test_kendalls_interval_leaves_out_0_with_ties_as_rarely_as_p_is_small(mean: float) -> None:
    """Independent counts of 30 buckets; the variance without ties left out 0 in up to 15 of 100."""
    rng = np.random.default_rng(14)
    out, small, apart, judged = 0, 0, 0, 0
    for x, y in rng.poisson(mean, (600, 2, 30)).astype(float):
        found = correlate(list(x), list(y), method="kendall")
        if found.p_value is None or found.ci_low is None or found.ci_high is None:
            continue
        is_out, is_small = not found.ci_low <= 0.0 <= found.ci_high, found.p_value < 0.05
        out, small, apart, judged = out + is_out, small + is_small, apart + (is_out != is_small), judged + 1
    assert judged > 500
    assert out / judged <= 0.07
    assert out <= small
    assert apart / judged <= 0.01


def test_kendalls_interval_without_ties_is_fiellers() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.permutation(30).astype(float), rng.permutation(30).astype(float)
    found = correlate(list(x), list(y), method="kendall")
    assert found.coefficient is not None
    assert found.n_effective is not None
    reach = 1.959963984540054 * math.sqrt(0.437 / (found.n_effective - 4.0))
    low, high = (math.tanh(math.atanh(found.coefficient) + sign * reach) for sign in (-1.0, 1.0))
    assert found.ci_low == pytest.approx(low, abs=1e-14)
    assert found.ci_high == pytest.approx(high, abs=1e-14)
