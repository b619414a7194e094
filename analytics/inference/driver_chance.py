"""Which words and pairs changed more than shuffled days do: the candidates for `drivers`, each with its p-value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from chimera_metrics.analytics.inference.driver_cube import Cube, DriverKind, Grouping
from chimera_metrics.analytics.inference.driver_days import Contrasts, DaySeries, day_series, highest, squared_t
from chimera_metrics.analytics.inference.series import Flags, Floats, Indices

LEAST_ROWS = 20
_LEAST_SHARE_OF_A_DAY = 0.1
_STAYED_CHANGED = 0.25
_FIRST_SHUFFLES = 200
_TINY = 1e-9


@dataclass
class Candidate:
    """Everything, a word or a pair of words, by rate or by volume. p: adjusted for all candidates. raw: as if days were
    independent."""

    kind: DriverKind
    grouping: Grouping
    number: int
    p: float
    raw: float

    @cached_property
    def inside(self) -> Flags:
        flags: Flags = self.grouping.ids == self.number
        return flags


@dataclass
class Tested:
    """candidates: those that may be named. sizes: how many were looked at, by kind and number of words."""

    candidates: list[Candidate]
    sizes: Counter[tuple[DriverKind, int]]


@dataclass
class _Group:
    """The candidates of a kind and grouping. keep: their numbers. able: which changed lately. clear, widened: t squared
    as if days were independent, and when correlated days count as fewer; (candidates,)."""

    kind: DriverKind
    grouping: Grouping
    keep: Indices
    able: Flags
    series: list[DaySeries]
    clear: Floats = field(init=False)
    widened: Floats = field(init=False)

    def compare(self, rows: Contrasts) -> None:
        each = [squared_t(one.x, one.prior, rows, slice(0, 1))[0] for one in self.series]
        self.clear = np.maximum.reduce(each).astype(np.float64)
        self.widened = np.maximum.reduce([t * one.narrowed**2 for t, one in zip(each, self.series, strict=True)])


def tested(
    cube: Cube,
    groupings: Sequence[Grouping],
    expected: Floats,
    noise: float,
    rows: Contrasts,
    *,
    level: float,
    raw: float,
) -> Tested:
    """The candidates with raw p of at most `raw`, unless the p of none is at most `level`: then none.

    p is the chance that the clearest of all is as clear when days are shuffled. Everything is one question, its words
    and pairs are the other; each has half the error.
    """
    groups = list(_groups(cube, groupings, expected, noise, rows))
    sizes: Counter[tuple[DriverKind, int]] = Counter()
    for one in groups:
        sizes[one.kind, len(one.grouping.dims)] += len(one.keep)
        one.compare(rows)
    whole, words = ([one for one in groups if bool(one.grouping.dims) == has_dims] for has_dims in (False, True))
    families = [_Family(part, rows) for part in (whole, words) if part]
    for shuffles in (min(_FIRST_SHUFFLES, rows.shuffles), rows.shuffles):
        for family in families:
            family.shuffle(shuffles)
        if all(family.least_p() > level for family in families):
            return Tested([], sizes)  # and no further shuffles would change it
    return Tested([one for family in families for one in family.judged(raw)], sizes)


def _groups(
    cube: Cube, groupings: Sequence[Grouping], expected: Floats, noise: float, rows: Contrasts
) -> Iterator[_Group]:
    for one in groupings:
        n = cube.by_day(one, cube.n)
        keep = np.flatnonzero((n.sum(axis=0) >= LEAST_ROWS) & one.named).astype(np.intp)
        if not len(keep):
            continue
        if not cube.is_count:
            yield _by_rate(cube, one, n, keep, expected, noise, rows)
        if one.dims or cube.additive:
            yield _by_volume(cube, one, n, keep, rows)


def _by_rate(
    cube: Cube, one: Grouping, n: Floats, keep: Indices, expected: Floats, noise: float, rows: Contrasts
) -> _Group:
    a, older = cube.after, ~cube.after
    left, usual = cube.by_day(one, cube.s - expected), cube.by_day(one, expected)
    na, no, mean_n = n[a].sum(axis=0), n[older].sum(axis=0), n.mean(axis=0) + _TINY
    nb, before = (_of_baseline(cube, values) for values in (n, left))
    excess = left[a].sum(axis=0) - left[older].sum(axis=0) * na / np.maximum(no, _TINY)
    lately = left[a].sum(axis=0) - before * na / np.maximum(nb, _TINY)
    # A new word has no rate to compare with: it is volume. What had changed before the baseline is no answer either.
    able = (no > 0.0) & (excess * lately > _STAYED_CHANGED * excess**2)
    root = np.sqrt(np.maximum(n, _LEAST_SHARE_OF_A_DAY * mean_n))  # sampling noise alike on busy and quiet days
    floor = noise * (usual.sum(axis=0) + noise) / (mean_n * cube.days)
    series = [left / root]
    if one.dims:  # and without what all words share on a day; of both the clearer counts, by chance too
        ratio = np.bincount(cube.day, cube.s, cube.days) / np.maximum(np.bincount(cube.day, expected, cube.days), _TINY)
        series.append((left + usual * (1.0 - ratio[:, None])) / root)
    return _Group("rate", one, keep, able[keep], [day_series(each[:, keep], floor[keep], rows) for each in series])


def _by_volume(cube: Cube, one: Grouping, n: Floats, keep: Indices, rows: Contrasts) -> _Group:
    a, older = cube.after, ~cube.after
    na, no, mean_n = n[a].sum(axis=0), n[older].sum(axis=0), n.mean(axis=0) + _TINY
    nb = _of_baseline(cube, n)
    of_older, of_before = (
        (a.sum() / older.sum(), a.sum() / cube.before.sum())
        if cube.additive
        else (na.sum() / max(no.sum(), _TINY), na.sum() / max(nb.sum(), _TINY))
    )
    excess = na - no * of_older
    able = excess * (na - nb * of_before) > _STAYED_CHANGED * excess**2
    total = np.maximum(np.bincount(cube.day, cube.n, cube.days), _TINY)[:, None]
    series, floor = (n / total, (mean_n + 0.1) / total.mean() ** 2) if one.dims else (np.log(n + 1.0), 1.0 / mean_n)
    return _Group("volume", one, keep, able[keep], [day_series(series[:, keep], floor[keep], rows)])


def _of_baseline(cube: Cube, by_day: Floats) -> Floats:
    """Sums (series,) of (days, series) over the baseline, as its days count."""
    sums: Floats = (by_day * cube.balance[:, None])[cube.before].sum(axis=0)
    return sums


class _Family:
    """Candidates that are one question, against the clearest of them all in each shuffle so far."""

    def __init__(self, groups: Sequence[_Group], rows: Contrasts) -> None:
        self._groups, self._rows = groups, rows
        self._series = [each for one in groups for each in one.series]
        self._ordered: Floats = np.zeros(0)

    def shuffle(self, until: int) -> None:
        more = highest(self._series, self._rows, range(len(self._ordered) + 1, until + 1))
        self._ordered = np.sort(np.concatenate([self._ordered, more]))

    def least_p(self) -> float:
        able = [one.widened[one.able].max(initial=0.0) for one in self._groups]
        return float(self._p(np.array([max(able)]))[0])

    def judged(self, raw: float) -> Iterator[Candidate]:
        for one in self._groups:
            p, at_least = self._p(one.widened), self._p(one.clear)
            for place in np.flatnonzero(one.able & (at_least <= raw)):
                yield Candidate(one.kind, one.grouping, int(one.keep[place]), float(p[place]), float(at_least[place]))

    def _p(self, t: Floats) -> Floats:
        """Twice the share of shuffles (and what is seen) that are as clear; while shuffles are missing, its least."""
        as_clear = len(self._ordered) - np.searchsorted(self._ordered, t)
        p: Floats = np.minimum(1.0, 2.0 * (as_clear + 1.0) / (self._rows.shuffles + 1.0))
        return p
