"""Many histories judged in one pass give what each gives alone, and what a plain loop gives."""

from __future__ import annotations

import numpy as np
import pytest

from bench.noise import noise
from chimera_metrics.analytics.inference import Comparison, History, compare_histories, compare_history, regressions
from chimera_metrics.analytics.inference.likeliest import splits_tried
from chimera_metrics.analytics.inference.multiplicity import sidak_each
from chimera_metrics.analytics.inference.rank_test import _sums, _upper_shares
from chimera_metrics.analytics.inference.series import Floats
from tests.inference.plain_histories import plain_history

NOISES = ("normal", "t3", "lognormal", "AR(1) 0.6", "Poisson 2", "70 % zeros")


def random_history(rng: np.random.Generator, key: int) -> History:
    """A history of 0 to 400 runs in some noise, with up to three steps either way and gaps; some are shuffled."""
    n = int(rng.choice([rng.integers(0, 20), rng.integers(10, 60), rng.integers(50, 400)]))
    y = noise(rng, NOISES[key % len(NOISES)], 1, n)[0] if n and key % 13 else np.full(n, 4.0)
    for _ in range(int(rng.integers(0, 4)) if n else 0):
        y[int(rng.integers(0, n)) :] += rng.choice([-8.0, -3.0, -1.0, 1.0, 3.0, 8.0])
    values = [None if rng.random() < 0.03 else float(x) for x in y * 10.0 ** rng.integers(-6, 7)]
    times = rng.permutation(n) if key % 5 == 0 else np.arange(n)
    return History(key, values, times.tolist(), higher_is_worse=bool(key % 2))


def places(found: Comparison) -> tuple[int | None, int | None, int]:
    return found.from_index, found.step_index, found.n_after


def shifts(found: Comparison) -> list[float]:
    """The shift and its interval, NaN where a bound is out of reach."""
    return [np.nan if one is None else one for one in (found.shift, found.shift_low, found.shift_high)]


@pytest.mark.parametrize("earliest", [None, 60.0])
def test_all_in_one_pass_give_what_a_plain_loop_gives(earliest: float | None) -> None:
    rng = np.random.default_rng(51)
    histories = [random_history(rng, key) for key in range(400)]
    together, seen = compare_histories(histories, earliest=earliest), 0
    for one in histories:
        found, plain = together[one.key], plain_history(one, earliest)
        if plain is None:
            assert found.more_needed > 0
            continue
        assert places(found) == (plain.from_index, plain.step_index, plain.n_after)
        assert found.p_value == (None if plain.p_value is None else pytest.approx(plain.p_value, rel=1e-9))
        seen += plain.p_value is not None and plain.p_value < 0.005
    assert seen > 30


def test_each_alone_gives_what_all_give_together() -> None:
    rng = np.random.default_rng(52)
    histories = [random_history(rng, key) for key in range(150)]
    together = compare_histories(histories)
    worse = {one.key: one.comparison for one in regressions(together)}
    assert len(worse) > 10
    for one in histories:
        alone = compare_history(one.values, one.times, higher_is_worse=one.higher_is_worse)
        found = worse.get(one.key, together[one.key])
        assert places(alone) == places(found)
        assert (alone.reason, alone.cautions) == (found.reason, found.cautions)
        if one.key in worse:
            assert shifts(alone) == pytest.approx(shifts(found), rel=1e-9, nan_ok=True)


def test_a_step_that_was_wholly_mended_to_one_value_is_no_regression() -> None:
    found = compare_history([5.0] * 10 + [9.0] * 10 + [5.0] * 10, range(30))
    assert (found.before, found.after, found.p_value) == (5.0, 5.0, 1.0)


@pytest.mark.parametrize(("first", "last", "n"), [(5, 5, 10), (5, 7, 12), (5, 25, 30), (60, 95, 100), (5, 395, 400)])
def test_the_second_test_cannot_bring_back_a_split_that_the_first_one_refused(first: int, last: int, n: int) -> None:
    p = np.geomspace(1e-12, 1.0, 20_000)
    corrected = sidak_each(p, splits_tried(p, first, last, n))
    for level in (0.005, 0.05):
        refused = corrected >= level
        assert refused[refused.argmax() :].all()


@pytest.mark.parametrize(("small", "large"), [(1, 1), (5, 7), (9, 9), (9, 60), (7, 400), (9, 900)])
def test_the_exact_distribution_of_ranks_is_that_of_counting(small: int, large: int) -> None:
    lowest = small * (small + 1) // 2
    ways = _sums(np.arange(1, small + large + 1, dtype=np.intp), small, lowest + small * large)[lowest:]
    counted: Floats = np.cumsum(ways[::-1])[::-1] / ways.sum()
    assert _upper_shares(small, large) == pytest.approx(counted, rel=1e-9, abs=0.0)
