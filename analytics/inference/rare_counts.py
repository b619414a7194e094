"""Counts and rates judged as what they are: Poisson or binomial, with as much over-dispersion as the others show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chimera_metrics.analytics.inference.series import Flags, Floats, Indices

LEVEL = 0.04
"""The chance that a series without an anomaly shows one, shared out over its points."""
UNSEEN_DISPERSION, SKEWED = 1.0, 3.0
"""Standard errors by which over-dispersion may be larger than it looks: where none is seen, and where some is."""
CLEAR_EXCESS = 2.0


@dataclass(frozen=True, slots=True)
class FarCounts:
    """Places (k,) of the counts that stand out, in order; scores (n,), (count - expected) / sd, signed; expected (n,),
    by what does not stand out; and whether the others are clearly more spread than a Poisson or binomial variable."""

    places: Indices
    scores: Floats
    expected: Floats
    is_over_dispersed: bool


def far_counts(counts: Floats, exposure: Floats, most: int, trials: Floats | None = None) -> FarCounts:
    """Which counts are too large or too small for the others, and how far each is from what they let expect.

    counts: (n,), whole numbers. exposure: (n,), what each is expected to be proportional to, above 0. most: how many
    may stand out together. trials: (n,), of which `counts` were hits; then they are binomial rather than Poisson.
    Returns: see FarCounts.
    Undefined when: never; without any hit nothing stands out.
    Formula: outward. The j farthest are left out, j = most, ..., 1; the rate and the over-dispersion of the others
    (moments, and room for what so few do not show) give each a predictive distribution: negative binomial, or binomial
    of n / (1 + (n - 1) rho) trials. The j farthest stand out when the nearest of them has a two-sided p-value under
    0.04 / n.
    Source: Cameron and Trivedi 1998, Regression Analysis of Count Data, 3.3; outward testing after Rosner 1983,
    doi:10.1080/00401706.1983.10487848.
    Example: 25 zeros, two ones and a 500: the 500.
    """
    n = len(counts)
    removed = _farthest(counts, exposure, most, trials)
    for j in range(len(removed), -1, -1):
        out = np.isin(np.arange(n), removed[:j])
        p, scores, expected = judged_counts(counts, exposure, out, trials)
        if j == 0 or p[removed[:j]].max() < LEVEL / n:
            excess = excess_of(counts[~out], expected[~out], None if trials is None else trials[~out])
            limit = CLEAR_EXCESS if n >= 20 else CLEAR_EXCESS / 2.0
            return FarCounts(np.sort(removed[:j]), scores, expected, excess > limit)
    raise AssertionError("j = 0 always returns")


def excess_of(counts: Floats, expected: Floats, trials: Floats | None) -> float:
    """Pearson's chi square less its mean, over its standard deviation."""
    variance = expected if trials is None else expected * (1.0 - expected / trials)
    variance = np.maximum(variance, 1e-12)
    chi_square = float(((counts - expected) ** 2 / variance).sum())
    return float((chi_square - (len(counts) - 1)) / np.sqrt((2.0 + 1.0 / variance).sum()))


def _farthest(counts: Floats, exposure: Floats, most: int, trials: Floats | None) -> Indices:
    """The `most` farthest points, the farthest first, each by those that are left.

    Taken one by one, both with the over-dispersion that the others show and without any: a far point of many trials
    looks like over-dispersion as long as it is among the others, and then points of few trials look farther than it.
    """
    n = len(counts)
    seen: set[int] = set()
    for dispersed in (True, False):
        out = np.zeros(n, dtype=np.bool_)
        for _ in range(min(most, n - 2)):
            p, scores, _ = judged_counts(counts, exposure, out, trials, dispersed=dispersed)
            # p-values of points very far off are all 0: then the distance decides.
            out[np.lexsort((-np.abs(scores), np.where(out, 2.0, p)))[0]] = True
        seen.update(np.flatnonzero(out).tolist())
    out = np.isin(np.arange(n), sorted(seen))
    p, scores, _ = judged_counts(counts, exposure, out, trials)
    return np.lexsort((-np.abs(scores), np.where(out, p, 2.0)))[: min(most, n - 2)]


def judged_counts(
    counts: Floats, exposure: Floats, out: Flags, trials: Floats | None, *, dispersed: bool = True
) -> tuple[Floats, Floats, Floats]:
    """Two-sided p-values, scores and expected counts, all (n,), by the points that are not `out`: (n,); with the
    over-dispersion that these show and have room for, or as if there were none."""
    model = _model(counts, exposure, out, trials, dispersed)
    return model.p_values(counts), (counts - model.mean) / model.spread, model.mean


def range_of_counts(
    counts: Floats, exposure: Floats, out: Flags, trials: Floats | None, *, share: float
) -> tuple[Floats, Floats]:
    """The counts, (n,) each, between which that share of them is expected, by the points that are not `out`: (n,)."""
    model = _model(counts, exposure, out, trials, dispersed=True)
    return model.quantile((1.0 - share) / 2.0), model.quantile((1.0 + share) / 2.0)


@dataclass(frozen=True, slots=True)
class _Counts:
    """Negative binomial: its mean (n,), and how much its variance grows with the mean's square."""

    mean: Floats
    dispersion: float

    @property
    def spread(self) -> Floats:
        return np.sqrt(self.mean * (1.0 + self.dispersion * self.mean))

    def p_values(self, counts: Floats) -> Floats:
        from scipy.special import betainc

        size = 1.0 / self.dispersion
        share = size / (size + self.mean)
        at_most = betainc(size, counts + 1.0, share)
        at_least = np.where(counts > 0.0, betainc(np.maximum(counts, 1.0), size, 1.0 - share), 1.0)
        p: Floats = np.minimum(2.0 * np.minimum(at_most, at_least), 1.0)
        return p

    def quantile(self, below: float) -> Floats:
        from scipy.special import nbdtrik

        size = 1.0 / self.dispersion
        counts: Floats = np.ceil(np.nan_to_num(nbdtrik(below, size, size / (size + self.mean))))
        return counts


@dataclass(frozen=True, slots=True)
class _Hits:
    """Beta-binomial, as a binomial of fewer trials: `trials` and `chance` of each, and by how much there are fewer."""

    trials: Floats
    chance: Floats
    widened: Floats

    @property
    def mean(self) -> Floats:
        return self.trials * self.chance

    @property
    def spread(self) -> Floats:
        return np.sqrt(np.maximum(self.mean * (1.0 - self.chance) * self.widened, 1e-300))

    def p_values(self, hits: Floats) -> Floats:
        from scipy.special import betainc

        fewer, most = hits / self.widened, self.trials / self.widened
        at_least = np.where(hits > 0.0, betainc(np.maximum(fewer, 1e-9), most - fewer + 1.0, self.chance), 1.0)
        below = betainc(np.maximum(most - fewer, 1e-9), fewer + 1.0, 1.0 - self.chance)
        at_most = np.where(hits < self.trials, below, 1.0)
        p: Floats = np.minimum(2.0 * np.minimum(at_most, at_least), 1.0)
        return p

    def quantile(self, below: float) -> Floats:
        from scipy.special import bdtrik

        fewer = np.nan_to_num(bdtrik(below, self.trials / self.widened, self.chance))
        hits: Floats = np.minimum(np.ceil(fewer * self.widened), self.trials)
        return hits


def _model(counts: Floats, exposure: Floats, out: Flags, trials: Floats | None, dispersed: bool) -> _Counts | _Hits:
    kept = ~out
    rate = (counts[kept].sum() + 0.5) / exposure[kept].sum()
    if trials is None:
        return _negative_binomial(counts, rate * exposure, kept, dispersed)
    return _binomial(counts, trials, np.clip(rate * exposure / trials, 1e-12, 1.0 - 1e-9), kept, dispersed)


def _negative_binomial(counts: Floats, mean: Floats, kept: Flags, dispersed: bool) -> _Counts:
    others, squares = mean[kept], float((mean[kept] ** 2).sum())
    seen = float((((counts[kept] - others) ** 2) - counts[kept]).sum()) / squares
    dispersion = (
        max(seen, 0.0) * (1.0 + SKEWED * (2.0 / len(others)) ** 0.5) + UNSEEN_DISPERSION * (2.0 / squares) ** 0.5
    )
    # The last is how well the rate itself is known.
    return _Counts(mean, dispersion * dispersed + 1.0 / (float(counts[kept].sum()) + 0.5))


def _binomial(hits: Floats, trials: Floats, chance: Floats, kept: Flags, dispersed: bool) -> _Hits:
    spread = trials * chance * (1.0 - chance)
    k, s, t = hits[kept], spread[kept], trials[kept]
    pairs = max(float(((t - 1.0) * s).sum()), 1e-12)
    seen = float(((k - t * chance[kept]) ** 2 - s).sum()) / pairs
    # Of `seen`: single trials say nothing of dispersion, and what the hits themselves waver is in the rate.
    error = float((2.0 * s * s * (1.0 - 1.0 / t)).sum()) ** 0.5 / pairs
    dispersion = min(max(seen, 0.0) * (1.0 + SKEWED * (2.0 / len(k)) ** 0.5) + UNSEEN_DISPERSION * error, 1.0)
    widened = 1.0 + (trials - 1.0) * dispersion * dispersed + trials / float(t.sum())
    return _Hits(trials, chance, widened)
