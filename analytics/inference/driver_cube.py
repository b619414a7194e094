"""A metric's cells by day and words, what they would be without any change, and the cube with a driver undone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations
from typing import Literal

import numpy as np

from chimera_metrics.analytics.inference.difference_sides import weights_as
from chimera_metrics.analytics.inference.series import Flags, Floats, Indices

DriverKind = Literal["rate", "volume"]
_ROUNDS, _PRIOR_ROWS = 6, 2.0
_SCALED_UP_TO, _SILENT_UNDER, _NOISY_GAPS = 3.0, 0.3, 4.0
_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Grouping:
    """A set of dimensions: for each cell the number of its words together, (cells,), how many numbers there are, and
    which of those may be named, (count,)."""

    dims: tuple[str, ...]
    ids: Indices
    count: int
    named: Flags


@dataclass(frozen=True)
class Cube:
    """Cells as columns, (cells,): a day and one word of every dimension, both as numbers from 0. n: rows, or what a
    ratio is divided by. s: the sum. q: the sum of squares. weekday, before, after: of each day, (days,); days that are
    neither are history. additive: the metric is the sum of s, else s / n. others: by dimension the number of the rare
    words taken together, which is never named."""

    day: Indices
    words: Mapping[str, Indices]
    n: Floats
    s: Floats
    q: Floats
    weekday: Indices
    before: Flags
    after: Flags
    additive: bool
    others: Mapping[str, int] = field(default_factory=dict)

    @property
    def days(self) -> int:
        return len(self.weekday)

    @property
    def is_count(self) -> bool:
        return bool(np.array_equal(self.n, self.s))

    @cached_property
    def balance(self) -> Floats:
        """Of each day, (days,): 1, and in the baseline what lets every weekday count as often as in the newer window.

        Where one of both lacks weekdays that the other has, days count alike.
        """
        weights = np.ones(self.days)
        weights[self.before] = weights_as(self.weekday[self.before], self.weekday[self.after])
        return weights

    def in_balance(self, values: Floats) -> Floats:
        """The values of cells, (cells,), as their days count."""
        return values * self.balance[self.day]

    @cached_property
    def per_day(self) -> float:
        """Days of the newer window over those of the baseline."""
        return float(self.after.sum() / self.before.sum())

    def value(self, of: Literal["before", "after"], inside: Flags | None = None) -> float | None:
        """The metric in one window, of all cells or those `inside`; a baseline's total as of so many days as newer."""
        cells = (self.before if of == "before" else self.after)[self.day]
        cells = cells if inside is None else cells & inside
        total, rows = (float(self.in_balance(values)[cells].sum()) for values in (self.s, self.n))
        if self.additive:
            return total * (self.per_day if of == "before" else 1.0)
        return total / rows if rows > 0.0 else None

    def groupings(self, depth: int) -> list[Grouping]:
        """Every set of up to `depth` dimensions, the empty one first."""
        return list(self._groupings(depth))

    def _groupings(self, depth: int) -> Iterator[Grouping]:
        yield Grouping((), np.zeros(len(self.n), np.intp), 1, np.ones(1, np.bool_))
        for size in range(1, depth + 1):
            for dims in combinations(self.words, size):
                ids, many = np.zeros(len(self.n), np.intp), 1
                for dim in dims:
                    words = int(self.words[dim].max(initial=0)) + 1
                    ids, many = ids * words + self.words[dim], many * words
                there = np.flatnonzero(np.bincount(ids, minlength=many))
                place = np.zeros(many, np.intp)
                place[there] = np.arange(len(there))
                yield Grouping(dims, place[ids], len(there), self._named(dims, there))

    def _named(self, dims: tuple[str, ...], numbers: Indices) -> Flags:
        """Which of the numbers hold no rare words taken together."""
        named = np.ones(len(numbers), np.bool_)
        for dim in reversed(dims):
            numbers, word = np.divmod(numbers, int(self.words[dim].max(initial=0)) + 1)
            if dim in self.others:
                named &= word != self.others[dim]
        return named

    def by_day(self, grouping: Grouping, values: Floats) -> Floats:
        """Sums of the cells' values, (days, count)."""
        place = self.day * grouping.count + grouping.ids
        sums = np.bincount(place, values, self.days * grouping.count).astype(np.float64)
        return sums.reshape(-1, grouping.count)


def expected_sums(
    cube: Cube, groupings: list[Grouping], *, days: Flags | None = None, prior: float | None = None
) -> Floats:
    """What s of each cell would be if its rate followed from all its words and pairs, the same on all days, (cells,).

    days: those from which rates are learned, all unless given. prior: how much s draws each word and pair towards no
    effect, 2 rows' worth unless given. What is left over is free of shifts of the mix. Formula: proportional fitting of
    s / n to every grouping. Source: Deming and Stephan 1940, doi:10.1214/aoms/1177731829.
    """
    n, s = (values if days is None else np.where(days[cube.day], values, 0.0) for values in (cube.n, cube.s))
    rate = np.full(len(n), s.sum() / max(n.sum(), _TINY))
    prior = _PRIOR_ROWS * rate[0] if prior is None else prior
    seen = [np.bincount(one.ids, s, one.count) + prior for one in groupings]
    for _ in range(_ROUNDS):
        for one, sums in zip(groupings, seen, strict=True):
            rate = rate * (sums / (np.bincount(one.ids, rate * n, one.count) + prior))[one.ids]
    return rate * cube.n


def noise_of(cube: Cube, expected: Floats) -> float:
    """The variance of s by sampling as a multiple of its mean, as counts have it."""
    mean = expected / np.maximum(cube.n, _TINY)
    squares = float((cube.q - 2.0 * cube.s * mean + cube.n * mean**2).sum())
    return max(squares / max(float(expected.sum()), 1e-300), 0.0)


def undone(cube: Cube, kind: DriverKind, inside: Flags, expected: Floats) -> Cube:
    """The cube in whose newer window the cells `inside` did not change in this way."""
    now, then = cube.after[cube.day] & inside, cube.before[cube.day] & inside
    if kind == "rate":
        return _with_old_rate(cube, now, then, expected)
    return _with_old_volume(cube, now, then, inside)


def _with_old_rate(cube: Cube, now: Flags, then: Flags, expected: Floats) -> Cube:
    left, rows = (float(cube.in_balance(values)[then].sum()) for values in (cube.s - expected, cube.n))
    usual = expected[now].sum() + left * cube.n[now].sum() / max(rows, _TINY)
    factor = max(usual, 0.0) / max(cube.s[now].sum(), _TINY)
    s, q = cube.s.copy(), cube.q
    if factor < _SCALED_UP_TO:
        s[now], q = s[now] * factor, np.where(now, q * factor**2, q)
    else:
        s[now] = expected[now] * max(usual, 0.0) / expected[now].sum()
    return replace(cube, s=s, q=q)


def _with_old_volume(cube: Cube, now: Flags, then: Flags, inside: Flags) -> Cube:
    rows = cube.in_balance(cube.n)
    usual = rows[then].sum() * cube.per_day
    around = [rows[~inside & days[cube.day]].sum() for days in (cube.before, cube.after)]
    if not cube.additive and around[0] > 0.0:
        usual = rows[then].sum() * around[1] / around[0]  # a mean has the share of the baseline, not its rows
    n, s, q = cube.n.copy(), cube.s.copy(), cube.q.copy()
    if n[now].sum() > _SILENT_UNDER * usual:
        factor = usual / n[now].sum()
        n[now], s[now], q[now] = n[now] * factor, s[now] * factor, q[now] * factor
        return replace(cube, n=n, s=s, q=q)
    # It went silent: the baseline's rows, on the same weekdays.
    factor = usual / rows[then].sum() * cube.balance[cube.day[then]]
    n[now] = s[now] = q[now] = 0.0
    newer = np.flatnonzero(cube.after)
    same = {int(cube.weekday[day]): int(day) for day in newer}
    days = [same.get(int(cube.weekday[day]), int(newer[0])) for day in cube.day[then]]
    return replace(
        cube,
        day=np.concatenate([cube.day, np.array(days, np.intp)]),
        words={dim: np.concatenate([code, code[then]]) for dim, code in cube.words.items()},
        n=np.concatenate([n, cube.n[then] * factor]),
        s=np.concatenate([s, cube.s[then] * factor]),
        q=np.concatenate([q, cube.q[then] * factor]),
    )


def moves_the_mean(cube: Cube, inside: Flags) -> bool:
    """Whether the rate inside differs from that outside on the same days by 4 errors: else its volume moves no mean."""
    n1, s1, n0, s0 = (
        np.bincount(cube.day[side], values[side], cube.days)
        for side in (inside, ~inside)
        for values in (cube.n, cube.s)
    )
    both = (n1 > 0.0) & (n0 > 0.0)
    days = int(both.sum())
    if days < 3:
        return False
    weight = (n1 * n0 / (n1 + n0 + _TINY))[both]
    gap = s1[both] / n1[both] - s0[both] / n0[both]
    mean = float((weight * gap).sum() / weight.sum())
    error = float(np.sqrt((weight**2 * (gap - mean) ** 2).sum()) / weight.sum() * np.sqrt(days / (days - 1)))
    return abs(mean) > _NOISY_GAPS * error
