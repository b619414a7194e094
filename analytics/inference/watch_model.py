"""What the points learnt say about the next one: level, cycle, a line, the first autocorrelation, and what is left.

Many series at a time, each a row; all rows have their points at the same places.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chimera_metrics.analytics.inference.series import Floats

Places = np.ndarray[tuple[int], np.dtype[np.int64]]

_CLIP = 3.0
"""A value counts for the next one up to so many standard deviations: a stray must not pull its follower along."""
_NORMAL = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""
_MANY = 56
"""Points from which the autocorrelation is taken as estimated; below, one standard error is added."""
_MOST_RHO = 0.9


@dataclass(frozen=True, slots=True)
class Model:
    """What was learnt of M series from k points."""

    season: Floats
    """(M, period): what each place of the cycle adds."""
    level: Floats
    slope: Floats
    middle: float
    limit: Floats
    rho: Floats
    """(M,): the first autocorrelation, 0 to 0.9."""
    residuals: Floats
    """(M, k - 1), sorted: what autocorrelation, cycle and line leave of the points learnt."""

    def rank(self, at: int, now: Floats, before: Floats | None, n: Floats | None, n_before: Floats | None) -> Places:
        """The rank (M,) of the point at place `at` among the residuals, in halves, which stand for ties.

        before: the values one place earlier; None where there is none.
        """
        period = self.season.shape[1]
        line = self.level + self.slope * (at - self.middle)
        left = (now - self.season[:, at % period] - line) * (1.0 if n is None else np.sqrt(n))
        if before is not None:
            last = before - self.season[:, (at - 1) % period] - line + self.slope
            last = last * (1.0 if n_before is None else np.sqrt(n_before))
            left = left - self.rho * np.clip(last, -self.limit, self.limit)
        point = left[:, None]
        found: Places = (self.residuals < point).sum(axis=1) + (self.residuals <= point).sum(axis=1)
        return found


def learn(y: Floats, places: Places, n: Floats | None, period: int, drift: bool) -> Model:
    """y: (M, k) values at `places`; n: (M, k), what rates rest on; drift: a steady climb is part of what is usual."""
    phase = places % period
    season, kept = _season(y, phase, period)
    x = y - season[:, phase]
    middle = float(places.mean())
    slope = _slope(x, np.asarray(places - middle, np.float64)) if drift else np.zeros(len(y))
    x = x - slope[:, None] * (places - middle)
    level = np.median(x, axis=1) if n is None else (x * n).sum(axis=1) / np.maximum(n.sum(axis=1), 1e-300)
    x = (x - level[:, None]) * (1.0 if n is None else np.sqrt(n))
    sd = _NORMAL * np.median(np.abs(x), axis=1)
    limit = _CLIP * np.where(sd > 0, sd, x.std(axis=1) + 1e-12)
    clipped = np.clip(x, -limit[:, None], limit[:, None])
    rho = _autocorrelation(clipped)
    follows = np.diff(places) == 1
    e = x[:, 1:] - rho[:, None] * clipped[:, :-1] * follows
    # Points learnt lie closer to the medians of their own cycle than new ones do.
    share = np.minimum(kept * period / y.shape[1], 0.9)
    wider = np.sqrt((1.0 + share) / (1.0 - share))
    return Model(season, level, slope, middle, limit, rho, np.sort(e * wider[:, None], axis=1))


def _season(y: Floats, phase: Places, period: int) -> tuple[Floats, Floats]:
    """Medians by place of the cycle, shrunk (M, period), and how much of them is kept (M,)."""
    m, k = y.shape
    if period < 2 or len(np.unique(phase)) < period:
        return np.zeros((m, max(period, 1))), np.zeros(m)
    edges = ((0, 0), (period // 2, period - 1 - period // 2))
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(y, edges, mode="edge"), period, axis=1)
    d = y - np.median(windows, axis=2)
    season = np.stack([np.median(d[:, phase == place], axis=1) for place in range(period)], axis=1)
    season -= season.mean(axis=1, keepdims=True)
    left = d - season[:, phase]
    spread = np.median(np.abs(left - np.median(left, axis=1, keepdims=True)), axis=1)
    chance = 3.3 * spread**2 / (k / period)  # the variance that such medians have by chance
    kept = np.maximum(0.0, 1.0 - chance / np.maximum((season * season).mean(axis=1), 1e-300))
    return season * kept[:, None], kept


def _slope(x: Floats, i: Floats) -> Floats:
    """Of a line through the values within 3 standard deviations of the line before."""
    slope = np.zeros(len(x))
    for _ in range(3):
        left = x - slope[:, None] * i
        middle = np.median(left, axis=1, keepdims=True)
        far = _CLIP * _NORMAL * np.median(np.abs(left - middle), axis=1, keepdims=True)
        slope = slope + np.clip(left - middle, -far, far) @ i / (i @ i)
    return slope


def _autocorrelation(clipped: Floats) -> Floats:
    """The first autocorrelation without its bias in short series; one standard error more where points are few."""
    k = clipped.shape[1]
    c = clipped - clipped.mean(axis=1, keepdims=True)
    r = (c[:, 1:] * c[:, :-1]).sum(axis=1) / np.maximum((c * c).sum(axis=1), 1e-300)
    r = (k * r + 1.0) / (k - 3)
    if k < _MANY:
        r = r + np.sqrt((1.0 - np.minimum(r * r, 0.8)) / k)
    found: Floats = np.clip(r, 0.0, _MOST_RHO)
    return found
