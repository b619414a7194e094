"""Regressions: direction, correction, first bad commit."""

from __future__ import annotations

import numpy as np
import pytest

from chimera_metrics.analytics.inference import (
    Case,
    benjamini_hochberg,
    compare,
    compare_all,
    first_bad_commit,
    holm,
    regressions,
    sidak,
)

RNG_SEED = 21


def latency(rng: np.random.Generator, n: int, level: float = 100.0) -> list[float]:
    return list(level * (1.0 + 0.05 * rng.standard_normal(n)))


def test_a_clear_step_is_called_in_the_direction_that_hurts_only() -> None:
    rng = np.random.default_rng(RNG_SEED)
    old, new = latency(rng, 20), latency(rng, 20, 112.0)
    worse, better = compare(old, new), compare(old, new, higher_is_worse=False)
    assert worse.p_value is not None
    assert better.p_value is not None
    assert worse.p_value < 0.001
    assert better.p_value > 0.999
    assert worse.change_pct == pytest.approx(12.0, abs=4.0)


def test_the_example_of_the_docstring() -> None:
    found = compare([10.0, 14.0, 11.0, 13.0, 12.0, 15.0], [20.0, 24.0, 21.0, 23.0, 22.0, 25.0])
    assert (found.before, found.after, found.change_pct) == (12.5, 22.5, 80.0)
    assert found.p_value == pytest.approx(1.0 / 924.0)  # one arrangement of C(12, 6)


def test_a_p_value_is_never_under_the_share_of_one_arrangement() -> None:
    found = compare([1.0, 2.0, 3.0, 4.0, 5.0], [11.0, 12.0, 13.0, 14.0, 15.0])
    assert found.p_value is not None
    assert found.p_value >= 1.0 / 252.0


def test_sixty_cases_of_noise_and_one_regression() -> None:
    rng = np.random.default_rng(RNG_SEED)
    cases = [Case(("model", i), latency(rng, 15), latency(rng, 15)) for i in range(60)]
    assert regressions(compare_all(cases)) == []
    found = regressions(compare_all([*cases, Case(("model", "bad"), latency(rng, 15), latency(rng, 15, 130.0))]))
    assert [one.key for one in found] == [("model", "bad")]
    assert found[0].p_adjusted < 0.005
    assert found[0].comparison.n_after == 15


def test_throughput_that_falls_is_a_regression() -> None:
    rng = np.random.default_rng(RNG_SEED)
    case = Case("tokens_per_sec", latency(rng, 20), latency(rng, 20, 80.0), higher_is_worse=False)
    assert [one.key for one in regressions(compare_all([case]))] == ["tokens_per_sec"]


def test_the_first_bad_commit_is_the_one_whose_runs_first_show_the_step() -> None:
    rng = np.random.default_rng(RNG_SEED)
    commits = [name for name in "abcdefgh" for _ in range(5)]
    values = latency(rng, 20) + latency(rng, 20, 115.0)
    found = first_bad_commit(values, commits)
    assert (found.commit, found.index) == ("e", 20)
    improved = first_bad_commit(values, commits, higher_is_worse=False)
    assert improved.commit != "e"


def test_a_commit_is_named_at_its_own_first_run_even_if_the_step_seems_a_run_later() -> None:
    found = first_bad_commit([1.0, 2.0, 1.0, 2.0, 8.0, 9.0], ["a", "a", "b", "c", "c", "c"])
    assert (found.commit, found.index) == ("c", 3)


def test_no_later_commit_means_no_bad_commit() -> None:
    one = first_bad_commit([1.0, 2.0, 9.0], ["a", "a", "a"])
    assert (one.commit, one.reason is not None and one.reason.code) == (None, "not_estimated")
    unknown = first_bad_commit([1.0, 2.0, 9.0], [None, None, None])
    assert unknown.commit is None


def test_adjusted_p_values_are_those_worked_by_hand() -> None:
    p = [0.01, 0.04, 0.03, 0.5]
    assert benjamini_hochberg(p) == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.5])
    assert holm(p) == pytest.approx([0.04, 0.09, 0.09, 0.5])
    assert benjamini_hochberg([0.02, None, 0.5]) == [pytest.approx(0.04), None, pytest.approx(0.5)]
    assert sidak(0.01, 5) == pytest.approx(0.04900995)
    assert sidak(1.0, 3) == 1.0


def test_benjamini_hochberg_is_scipys() -> None:
    stats = pytest.importorskip("scipy.stats")
    p = list(np.random.default_rng(4).uniform(size=50) ** 2)
    assert benjamini_hochberg(p) == pytest.approx(list(stats.false_discovery_control(p)))
