"""The evidence for a change that may be looked at every day: a conformal e-detector.

Each point that is over is ranked among the points learnt. Under "no change" its rank is uniform, so

    e_t(delta) = exp(delta * z_t) / mean over all possible ranks of exp(delta * z)      (z: a rank's normal score)

is a bet with mean 1, and R_t = (1 + R_{t-1}) * e_t (Shiryaev-Roberts: each look may be the start) has mean t.
So P(R ever >= looks / a within `looks` looks) <= a, by Doob and Ville, however often one looks; mixed over delta, half
of `a` for each direction. A year of days at a = 0.05 gives 2 * 365 / 0.05 = 14,600.

That is a theorem for exchangeable points that are all learnt from. What is done for other series (the newest 7 points
are not learnt from, the cycle and the first autocorrelation are taken out, the evidence pays for the latter) is covered
by simulation, in docs/statistics.md.

Sources: Shin, Ramdas, Rinaldo, E-detectors: a nonparametric framework for sequential change detection,
arXiv:2203.03532; Vovk, Nouretdinov, Gammerman, Conformal testing for change, arXiv:2412.03464.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np

from chimera_metrics.analytics.inference.series import Floats
from chimera_metrics.analytics.inference.watch_model import Model, Places, learn

LEVEL = 0.05
"""The chance that a series without a change ever alarms in a year."""
LEARN, LEARN_DRIFT, LEARN_LEAST = 56, 84, 28
"""Points before the first look: usually, where a line is learnt too, and the fewest."""
LOOKS = {7: 365, 1: 52}
"""Looks of a year, by the buckets of the cycle: of days and of weeks."""
_GAP = 7
"""Newest points that are not learnt from: a change must not be taken for what is usual before it is seen."""
_AGAIN = 7
"""It learns again after so many looks."""
_DELTAS = np.array([1.0, 1.5, 2.0, 2.5, 3.0])[:, None]
"""Steps that are bet on, in standard deviations."""
_COST, _COST_DRIFT = 5.0, 0.75
"""What the evidence pays, in its logarithm, for an autocorrelation of 1, and on top of it where a line is learnt, which
hides some of the autocorrelation; by simulation."""
_EXTRA_FEW, _EXTRA_DRIFT = 0.5, 1.0
"""On top of the threshold where fewer points or a line are learnt; by simulation."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Of M series at T looks."""

    log_r: Floats
    """(M, T): the logarithm of the evidence in the direction that has more."""
    up: np.ndarray[tuple[int, int], np.dtype[np.bool_]]
    first: np.ndarray[tuple[int, int], np.dtype[np.int64]]
    """(M, T): the column at which the change likely began."""
    rho: Floats
    """(M,): the autocorrelation learnt last."""


def threshold(looks: int, learnt: int, drift: bool) -> float:
    """From which evidence on there is an alarm, in its logarithm; 9.59 for a year of days."""
    fewest = LEARN_DRIFT if drift else LEARN
    return math.log(2 * looks / LEVEL) + _EXTRA_FEW * (learnt < fewest) + _EXTRA_DRIFT * drift


def evidence(
    y: Floats, places: Places, n: Floats | None = None, *, learnt: int = LEARN, period: int = 7, drift: bool = False
) -> Evidence:
    """y: (M, N) values at `places` (a bucket each, in order, gaps left out), of which the first `learnt` are learnt
    before the first look; n: (M, N), what rates rest on."""
    m, columns = y.shape
    looks, cost = columns - learnt, _COST + _COST_DRIFT * drift
    r, s = np.zeros((2, len(_DELTAS), m)), np.zeros((2, m))
    since = np.zeros((2, m), dtype=np.int64)
    log_r, first = np.empty((m, looks)), np.empty((m, looks), dtype=np.int64)
    ups = np.empty((m, looks), dtype=np.bool_)
    model = learn(y[:, :learnt], places[:learnt], None if n is None else n[:, :learnt], period, drift)
    for look in range(looks):
        t = learnt + look
        if look % _AGAIN == 0 and t - _GAP > learnt:
            end = t - _GAP
            model = learn(y[:, :end], places[:end], None if n is None else n[:, :end], period, drift)
        log_e = _log_bets(model, y, places, n, t)
        r = np.minimum((1.0 + r) * np.exp(log_e), 1e30)
        since = np.where(s <= 0, t, since)  # the CUSUM of the bet on 1.5 standard deviations tells since when
        s = np.maximum(s, 0.0) + log_e[:, 1]
        both = np.log(r.mean(axis=1))
        up = both[0] >= both[1]
        ups[:, look] = up
        log_r[:, look] = np.where(up, both[0], both[1]) - cost * model.rho
        first[:, look] = np.where(up, since[0], since[1])
    return Evidence(log_r, ups, first, model.rho)


def _log_bets(model: Model, y: Floats, places: Places, n: Floats | None, t: int) -> Floats:
    """Logarithms of the bets (2, deltas, M) on a step up and a step down at column t."""
    follows = places[t] - places[t - 1] == 1
    before, n_before = (y[:, t - 1], None if n is None else n[:, t - 1]) if follows else (None, None)
    ranks = model.rank(int(places[t]), y[:, t], before, None if n is None else n[:, t], n_before)
    z, log_mean = _scores(model.residuals.shape[1])
    u = z[ranks]
    found: Floats = _DELTAS * np.stack([u, -u])[:, None, :] - log_mean
    return found


@cache
def _scores(k: int) -> tuple[Floats, Floats]:
    """Normal scores of the 2k + 1 ranks in halves of a value among k, and the log of the mean of exp(delta * score)."""
    normal = NormalDist()
    z = np.array([normal.inv_cdf((half / 2 + 0.5) / (k + 1)) for half in range(2 * k + 1)])
    return z, np.log(np.exp(_DELTAS * z[::2]).mean(axis=1))[:, None]
