"""Correlation within groups, judged by days."""

from __future__ import annotations

import numpy as np
import pytest

from bench.noise import ar1
from chimera_metrics.analytics.inference import WithinCorrelation, correlate_within
from tests.inference.test_levels import most

REPORTS = 250


def report(rng: np.random.Generator, days: int, groups: int, rho: float, shared: float) -> WithinCorrelation:
    """Groups that share a part of each day's noise, beside a series that has nothing to do with them."""
    noise, y = ar1(rng, rho, groups + 1, days), ar1(rng, rho, 1, days)[0]
    x = shared * noise[0] + (1.0 - shared**2) ** 0.5 * noise[1:] + 3.0 * np.arange(groups)[:, None]
    rows = [(float(x[g, d]), float(y[d]), g, d) for g in range(groups) for d in range(days)]
    xs, ys, names, at = zip(*rows, strict=True)
    return correlate_within(xs, ys, names, at)


@pytest.mark.parametrize("days", [7, 14, 30])
@pytest.mark.parametrize(("rho", "shared"), [(0.0, 0.8), (0.6, 0.0), (0.6, 0.8)])
def test_groups_that_share_a_days_noise_seldom_correlate(rho: float, shared: float, days: int) -> None:
    rng = np.random.default_rng(81)
    found = [report(rng, days, 5, rho, shared) for _ in range(REPORTS)]
    alarms = np.mean([one.p_value is not None and one.p_value < 0.05 for one in found])
    assert alarms <= most(0.065, REPORTS)
    assert all(one.days == days and one.n == 5 * days for one in found)


def test_a_correlation_within_groups_is_seen() -> None:
    rng = np.random.default_rng(82)
    seen = []
    for _ in range(100):
        y = rng.standard_normal(20)
        x = [0.8 * y[d] + 0.6 * rng.standard_normal() + 5.0 * g for g in range(3) for d in range(20)]
        found = correlate_within(x, [*y, *y, *y], [g for g in range(3) for _ in range(20)], [*range(20)] * 3)
        seen.append(found.p_value is not None and found.p_value < 0.05)
    assert np.mean(seen) >= 0.95


def test_the_example_of_the_docstring_by_days() -> None:
    x, y = [1.0, 2.0, 3.0, 1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 11.0, 12.0, 13.0]
    found = correlate_within(x, y, [1, 1, 1, 2, 2, 2])
    assert found.coefficient == pytest.approx(1.0)
    assert (found.n, found.groups) == (6, 2)
    assert found.days is None
    by_day = correlate_within(x, y, [1, 1, 1, 2, 2, 2], [1, 2, 3, 1, 2, 3])
    assert by_day.reason is not None
    assert by_day.reason.code == "too_few"
    assert (by_day.days, by_day.p_value) == (3, None)


def test_each_group_costs_a_day_where_groups_do_not_share_days() -> None:
    # Four groups of two days each: within a group the two deviations mirror each other, so 8 days tell as much as 4.
    x = [1.0, 3.0, 2.0, 3.0, 5.0, 1.0, 4.0, 5.0]
    y = [2.0, 5.0, 1.0, 3.0, 4.0, 2.0, 6.0, 5.0]
    apart = correlate_within(x, y, [0, 0, 1, 1, 2, 2, 3, 3], list(range(8)))
    assert apart.n_effective is not None
    assert apart.n_effective <= 5.0
    together = correlate_within(x, y, [0] * 8, list(range(8)))
    assert together.n_effective is not None
    assert together.n_effective > apart.n_effective


def test_groups_of_one_pair_and_gaps_are_left_out() -> None:
    found = correlate_within(
        [1.0, 2.0, 4.0, 3.0, 5.0, 9.0, None],
        [2.0, 1.0, 5.0, 4.0, 6.0, 9.0, 1.0],
        ["a", "a", "a", "a", "a", "b", "a"],
        [1, 2, 3, 4, 5, 5, 6],
    )
    assert (found.n, found.groups, found.days) == (5, 1, 5)


def test_mistakes_in_the_call_are_sentences() -> None:
    with pytest.raises(ValueError, match="the same length"):
        correlate_within([1.0], [1.0], ["a"], [1, 2])
