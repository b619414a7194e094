"""Which words and pairs changed more than shuffled days do: the candidates for `drivers`, each with its p-value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from chimera_metrics.analytics.inference.driver_cube import Cube, DriverKind, Grouping
from chimera_metrics.analytics.inference.series import Flags, Floats, Indices

LEAST_ROWS = 20
_PRIOR_DAYS = 4.0
_LEAST_SHARE_OF_A_DAY = 0.1
_STAYED_CHANGED = 0.25
_MOST_LAG, _MOST_CORRELATION = 0.8, 0.999
_TINY = 1e-9
Singles = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Contrasts:
    """Rows of weights of the days, first as they are, then with days shuffled: `steps`, each the newer window or its
    rest from one of `births` on, and `line`, a straight line of length 1; both (shuffles + 1, days)."""

    steps: Sequence[Singles]
    line: Singles


@dataclass
class Candidate:
    """Everything, a word or a pair of words, by rate or by volume. excess: how much s or n is above what it would be.
    error: the variance of that by sampling alone. p: adjusted for all candidates. raw: as if days were independent."""

    kind: DriverKind
    grouping: Grouping
    number: int
    excess: float
    error: float
    p: float = 1.0
    raw: float = 1.0

    @property
    def strength(self) -> float:
        """How clearly it stands out of sampling noise. Largest at the cause: a shadow dilutes it, a part has fewer."""
        return self.excess**2 / self.error

    @cached_property
    def inside(self) -> Flags:
        flags: Flags = self.grouping.ids == self.number
        return flags

    def is_nested_with(self, other: Candidate) -> bool:
        """Whether one holds the other, so that evidence for one speaks for both."""
        common = int((self.inside & other.inside).sum())
        return self.kind == other.kind and common in (int(self.inside.sum()), int(other.inside.sum()))


def without_weekdays(x: Floats, weekday: Indices) -> Floats:
    """Each column of x: (days, series) without its weekdays' means."""
    left = np.array(x, dtype=np.float64)
    for day in np.unique(weekday):
        left[weekday == day] -= left[weekday == day].mean(axis=0)
    return left


def contrasts(cube: Cube, rng: np.random.Generator, shuffles: int, births: Sequence[int] = ()) -> Contrasts:
    """Days are shuffled after weekdays are taken out of the series. Source: Freedman and Lane 1983,
    doi:10.2307/1391660."""
    line = without_weekdays(np.arange(float(cube.days))[:, None], cube.weekday)[:, 0]
    places = np.tile(np.arange(cube.days), (shuffles + 1, 1))
    places[1:] = rng.permuted(places[1:], axis=1)
    starts = [cube.after, *(cube.after & (np.arange(cube.days) >= birth) for birth in births)]
    steps = [start.astype(np.float32)[places] for start in starts]
    return Contrasts(steps, (line / np.sqrt((line**2).sum() + 1e-300)).astype(np.float32)[places])


def clearness(cube: Cube, series: Floats, floor: Floats, rows: Contrasts) -> tuple[Singles, Floats]:
    """How clearly each series steps up or climbs, as |t|: (shuffles + 1, series); and the first row of it when
    correlated days count as fewer, (series,).

    A step's noise is that of the days before it, drawn towards `floor`, the variance by sampling, by 4 days' worth.
    """
    x = without_weekdays(series, cube.weekday)
    days, used = len(x), len(np.unique(cube.weekday))
    size = np.sqrt((x**2).sum(axis=0) + _PRIOR_DAYS * floor + 1e-300)
    x, prior = x / size, (_PRIOR_DAYS * floor / size**2).astype(np.float32)  # of length 1 at most, for single precision
    single = x.astype(np.float32)
    square = single**2
    total, squares = single.sum(axis=0), square.sum(axis=0)
    correlation = np.minimum(np.abs(rows.line @ single), np.float32(_MOST_CORRELATION))
    t: Singles = correlation / np.sqrt(1 - correlation**2) * np.float32(np.sqrt(max(days - used - 1, 1)))
    for after in rows.steps:
        newer = float(after[0].sum())
        older, freedom = days - newer, max(days - newer - used, 1.0)
        part = after @ single
        mean = (total - part) / np.float32(older)
        spread = squares - after @ square - np.float32(older) * mean**2
        variance = (np.maximum(spread, 0) + prior) / np.float32(freedom + _PRIOR_DAYS)
        error = np.sqrt(variance * np.float32(1 / newer + 1 / older) + np.float32(1e-30))
        np.maximum(t, np.abs(part / np.float32(newer) - mean) / error, out=t)
    return t, t[0] * _narrowed(cube, x, rows, used)


def _narrowed(cube: Cube, x: Floats, rows: Contrasts, used: int) -> Floats:
    """The root of how many days each series is worth, as a share, when step and line are taken out."""
    days = len(x)
    steps = (without_weekdays(after[0][:, None], cube.weekday)[:, 0] for after in rows.steps)
    known = np.column_stack([*steps, rows.line[0]])
    left = x - known @ np.linalg.lstsq(known, x, rcond=None)[0]
    power = np.maximum((left**2).sum(axis=0), 1e-300)
    lag = (left[1:] * left[:-1]).sum(axis=0) / power + 2.0 / max(days - used - 2, 1)
    # Half its own, half the table's; the table alone tells it badly, so an error is added.
    error = 1.0 / np.sqrt(days) if x.shape[1] == 1 else 0.0
    lag = np.clip((lag + lag[0]) / 2.0 + error, 0.0, _MOST_LAG)
    narrowed: Floats = np.sqrt((1.0 - lag) / (1.0 + lag))
    return narrowed


@dataclass
class _Found:
    """Candidates, and how clear each is: by row of the contrasts, and when correlated days count as fewer."""

    candidates: list[Candidate]
    clear: list[Singles]
    widened: list[Floats]

    def add(self, kind: DriverKind, one: Grouping, keep: Indices, excess: Floats, error: Floats) -> None:
        self.candidates += [Candidate(kind, one, int(i), float(excess[i]), float(error[i])) for i in keep]


def candidates(cube: Cube, groupings: Sequence[Grouping], expected: Floats, rows: Contrasts) -> list[Candidate]:
    """Every candidate with its p-value: the chance that the clearest of all is as clear when days are shuffled.

    Everything is one question, its words and pairs are the other; each has half the error.
    """
    found = _Found([], [], [])
    mean = expected / np.maximum(cube.n, _TINY)
    noise = float((cube.q - 2.0 * cube.s * mean + cube.n * mean**2).sum() / max(expected.sum(), 1e-300))
    for one in groupings:
        n = cube.by_day(one, cube.n)
        keep = np.flatnonzero((n.sum(axis=0) >= LEAST_ROWS) & one.named).astype(np.intp)
        if not len(keep):
            continue
        if not cube.is_count:
            _by_rate(found, cube, one, n, keep, expected, max(noise, 0.0), rows)
        if one.dims or cube.additive:
            _by_volume(found, cube, one, n, keep, rows)
    if found.candidates:
        _judge(found)
    return found.candidates


def _by_rate(
    found: _Found, cube: Cube, one: Grouping, n: Floats, keep: Indices, expected: Floats, noise: float, rows: Contrasts
) -> None:
    a, older = cube.after, ~cube.after
    left, usual = cube.by_day(one, cube.s - expected), cube.by_day(one, expected)
    na, no, nb, mean_n = n[a].sum(axis=0), n[older].sum(axis=0), n[cube.before].sum(axis=0), n.mean(axis=0) + _TINY
    excess = left[a].sum(axis=0) - left[older].sum(axis=0) * na / np.maximum(no, _TINY)
    lately = left[a].sum(axis=0) - left[cube.before].sum(axis=0) * na / np.maximum(nb, _TINY)
    # A new word has no rate to compare with: it is volume. What had changed before the baseline is no answer either.
    excess[(no == 0.0) | (excess * lately <= _STAYED_CHANGED * excess**2)] = 0.0
    # The noise of what is there, not of what would be: else the parts with the lowest rate look like the cause.
    present = np.maximum(usual[a].sum(axis=0) + np.maximum(excess, 0.0), 0.5 * noise)
    error = noise * (present + usual[a].sum(axis=0) * na / np.maximum(no, 1.0)) + 1e-300
    root = np.sqrt(np.maximum(n, _LEAST_SHARE_OF_A_DAY * mean_n))  # sampling noise alike on busy and quiet days
    floor = noise * (usual.sum(axis=0) + noise) / (mean_n * cube.days)
    series = [left / root]
    if one.dims:  # and without what all words share on a day; of both the clearer counts, by chance too
        ratio = np.bincount(cube.day, cube.s, cube.days) / np.maximum(np.bincount(cube.day, expected, cube.days), _TINY)
        series.append((left + usual * (1.0 - ratio[:, None])) / root)
    found.add("rate", one, keep, excess, error)
    both = [clearness(cube, each[:, keep], floor[keep], rows) for each in series]
    found.clear.append(np.maximum.reduce([t for t, _ in both]))
    found.widened.append(np.maximum.reduce([t for _, t in both]))


def _by_volume(found: _Found, cube: Cube, one: Grouping, n: Floats, keep: Indices, rows: Contrasts) -> None:
    a, older = cube.after, ~cube.after
    na, no, nb, mean_n = n[a].sum(axis=0), n[older].sum(axis=0), n[cube.before].sum(axis=0), n.mean(axis=0) + _TINY
    of_older, of_before = (
        (a.sum() / older.sum(), a.sum() / cube.before.sum())
        if cube.additive
        else (na.sum() / max(no.sum(), _TINY), na.sum() / max(nb.sum(), _TINY))
    )
    excess, error = na - no * of_older, na + no * of_older**2 + 1.0
    excess[excess * (na - nb * of_before) <= _STAYED_CHANGED * excess**2] = 0.0
    total = np.maximum(np.bincount(cube.day, cube.n, cube.days), _TINY)[:, None]
    if one.dims:
        series, floor = n / total, (mean_n + 0.1) / total.mean() ** 2
    else:
        series, floor = np.log(n + 1.0), 1.0 / mean_n
    found.add("volume", one, keep, excess, error)
    clear, widened = clearness(cube, series[:, keep], floor[keep], rows)
    found.clear.append(clear)
    found.widened.append(widened)


def _judge(found: _Found) -> None:
    whole = np.array([not one.grouping.dims for one in found.candidates])
    widened = np.concatenate(found.widened)
    sizes = np.cumsum([0, *(one.shape[1] for one in found.clear)])
    first = np.concatenate([one[0] for one in found.clear])
    for part in (whole, ~whole):
        if not part.any():
            continue
        pieces = [
            one[1:][:, part[begin:end]].max(axis=1)
            for one, begin, end in zip(found.clear, sizes[:-1], sizes[1:], strict=True)
            if part[begin:end].any()
        ]
        highest = np.sort(np.maximum.reduce(pieces))
        for place in np.flatnonzero(part):
            one = found.candidates[int(place)]
            one.raw, one.p = (
                min(1.0, 2.0 * (1.0 - float(np.searchsorted(highest, t)) / (len(highest) + 1)))
                for t in (first[place], widened[place])
            )
