"""The numbers behind `correlate`: coefficients, effective pairs, p-values, intervals."""

from __future__ import annotations

from functools import lru_cache
from itertools import permutations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from chimera_metrics.analytics.inference.series import Floats, Indices, ranks

Method = Literal["pearson", "spearman", "kendall"]

EXACT_UP_TO = 8
LEVEL = 0.05
NORMAL_975 = 1.959963984540054


def coefficient_of(method: Method, x: Floats, y: Floats) -> float:
    """The coefficient of one pair of series (n,), neither constant."""
    if method == "kendall":
        return kendall(x, y)
    if method == "spearman":
        return float(pearson(ranks(x[None]), ranks(y[None]))[0])
    return float(pearson(x[None], y[None])[0])


def pearson(x: Floats, y: Floats) -> Floats:
    """Pearson's r (m,) of rows x, y: (m, n), neither constant; centred and scaled first, so stable at any offset."""
    a, b = _unit(x), _unit(y)
    r: Floats = np.clip((a * b).sum(axis=1), -1.0, 1.0)
    return r


def kendall(x: Floats, y: Floats) -> float:
    """Kendall's tau-b of x, y: (n,), right with ties, in n log^2 n steps.

    Formula: (concordant - discordant) / sqrt((pairs - ties in x) (pairs - ties in y)).
    Source: Kendall 1945, doi:10.1093/biomet/33.3.239; Knight 1966, doi:10.1080/01621459.1966.10480879.
    """
    n = len(x)
    pairs = n * (n - 1) // 2
    tied_x, tied_y = _tied_pairs(x), _tied_pairs(y)
    tied_both = _tied_pairs(ranks(x[None])[0] * (2.0 * n + 2.0) + ranks(y[None])[0])
    discordant = _inversions(y[np.lexsort((y, x))])
    difference = pairs - tied_x - tied_y + tied_both - 2 * discordant
    return float(np.clip(difference / np.sqrt(float(pairs - tied_x)) / np.sqrt(float(pairs - tied_y)), -1.0, 1.0))


def effective_n(method: Method, x: Floats, y: Floats) -> Floats:
    """How many independent pairs tell as much as these n autocorrelated ones; (m,), 2.1 to n. x, y: (m, n).

    Formula: 1 / (1/n + 2/n sum over k = 1 to n/5 of (1 - k/n) rx(k) ry(k)), r(k) over the n - k products, of the
    ranks unless the method is pearson; n where the sum is not positive.
    Source: Pyper and Peterman 1998, doi:10.1139/f98-104.
    Example: two AR(1) series with rho = 0.6 and n = 120 give about 57 on average.
    """
    n = x.shape[1]
    a, b = (_unit(x), _unit(y)) if method == "pearson" else (_unit(ranks(x)), _unit(ranks(y)))
    k = np.arange(1, max(1, n // 5) + 1)
    share = 1.0 + 2.0 * (_autocorrelations(a, k) * _autocorrelations(b, k) * (n / (n - k))).sum(axis=1)
    pairs: Floats = np.clip(n / np.maximum(share, 1.0), 2.1, n)
    return pairs


def p_values(method: Method, r: Floats, n_effective: Floats) -> Floats:
    """Two-sided p-values (m,) of Pearson's or Spearman's r (m,), by Student's t with n_effective - 2 degrees.

    Never under `smallest_p`, which so few pairs allow; 1 when n_effective is 3 or less.
    """
    from scipy.special import stdtr

    freedom = np.maximum(n_effective - 2.0, 1.0)
    t = np.abs(r) * np.sqrt(freedom / np.maximum(1.0 - r * r, 1e-300))
    return np.where(n_effective > 3.0, np.maximum(2.0 * stdtr(freedom, -t), smallest_p(n_effective)), 1.0)


def smallest_p(n_effective: Floats) -> Floats:
    """2 / n!, the share of the two orders of n independent pairs in which y follows x exactly, up or down; 0 to 1."""
    from scipy.special import gammaln

    p: Floats = np.minimum(2.0 * np.exp(-gammaln(n_effective + 1.0)), 1.0)
    return p


def p_value_of(method: Method, r: float, x: Floats, y: Floats, n_effective: float) -> float | None:
    """The two-sided p-value of one coefficient; None when n_effective is 3 or less."""
    from scipy.special import ndtr

    n = len(x)
    if method != "pearson" and n <= EXACT_UP_TO:
        return _permutation_p(method, x, y)
    if n_effective <= 3.0:
        return None
    if method == "kendall":
        # Variance of tau's numerator with ties, made larger by n / n_effective.
        p = float(2.0 * ndtr(-abs(r) * _kendall_scale(x, y) * np.sqrt(n_effective / n)))
        return max(p, float(smallest_p(np.array([n_effective]))[0]))
    return float(p_values(method, np.array([r]), np.array([n_effective]))[0])


def interval_of(
    method: Method, r: float, x: Floats, y: Floats, n_effective: float, p: float | None
) -> tuple[float, float] | None:
    """The 95 % interval of one coefficient with that p-value; with ties, kendall's holds 0 where p is not under 5 %."""
    ties = widened_by_ties(x, y) if method == "kendall" else 1.0
    found = fisher_interval(method, r, n_effective, ties)
    if found is None or ties == 1.0 or p is None or p < LEVEL:
        return found
    return min(found[0], 0.0), max(found[1], 0.0)


def fisher_interval(method: Method, r: float, n_effective: float, ties: float = 1.0) -> tuple[float, float] | None:
    """The 95 % interval of a coefficient; None when n_effective is 3 (kendall: 4) or less.

    ties: what they make of the variance of kendall's tau-b.
    Formula: tanh(atanh r +- 1.96 se); se^2 = 1 / (n - 3) pearson, (1 + r^2 / 2) / (n - 3) spearman,
    0.437 ties / (n - 4) kendall. A larger |r| than the one with the smallest p-value of so many pairs tells no more.
    Source: Fisher 1921; Bonett and Wright 2000, doi:10.1007/BF02294183; Fieller et al. 1957, doi:10.2307/2332878.
    Example: pearson r = 0.5 with n = 28 gives 0.156 to 0.736.
    """
    if n_effective <= (4.0 if method == "kendall" else 3.0):
        return None
    most = min(abs(r), _largest_told(n_effective))
    variance = {
        "pearson": 1.0 / (n_effective - 3.0),
        "spearman": (1.0 + r * r / 2.0) / (n_effective - 3.0),
        "kendall": 0.437 * ties / max(n_effective - 4.0, 1e-9),
    }[method]
    middle, reach = np.arctanh(most), NORMAL_975 * variance**0.5
    near, far = float(np.tanh(middle - reach)), max(abs(r), float(np.tanh(middle + reach)))
    return (near, far) if r >= 0.0 else (-far, -near)


def _largest_told(n_effective: float) -> float:
    """The |r| that has the smallest p-value of so many pairs: a larger one tells no more. Under 1."""
    from scipy.special import stdtrit

    freedom = n_effective - 2.0
    t = -float(stdtrit(freedom, max(float(smallest_p(np.array([n_effective]))[0]), 1e-300) / 2.0))
    return float(min(t / (t * t + freedom) ** 0.5, 1.0 - 1e-15))


def influential(x: Floats, y: Floats, n_effective: float) -> bool:
    """Whether leaving out some one pair makes a significant Pearson correlation not significant at 5 %."""
    n = len(x)
    if n < 5:
        return False
    a, b = _unit(x[None])[0], _unit(y[None])[0]
    gone = n / (n - 1.0)
    xx, yy, xy = 1.0 - gone * a * a, 1.0 - gone * b * b, (a * b).sum() - gone * a * b
    left = xy / np.sqrt(np.maximum(xx, 1e-12) * np.maximum(yy, 1e-12))
    left = np.where((xx < 1e-9) | (yy < 1e-9), 0.0, np.clip(left, -1.0, 1.0))
    fewer = np.full(n, max(n_effective * (n - 1) / n, 3.0001))
    return bool((p_values("pearson", left, fewer) >= 0.05).any())


def _unit(x: Floats) -> Floats:
    """Rows centred and scaled to length 1; powers of two are divided out, so that squares stay finite."""
    largest = np.abs(x).max(axis=1, keepdims=True)
    scaled = x / np.exp2(np.floor(np.log2(np.where(largest > 0.0, largest, 1.0))))
    centred = scaled - scaled.mean(axis=1, keepdims=True)
    centred = centred - centred.mean(axis=1, keepdims=True)
    spread = np.abs(centred).max(axis=1, keepdims=True)
    centred = centred / np.where(spread > 0.0, spread, 1.0)
    length = np.sqrt((centred * centred).sum(axis=1, keepdims=True))
    result: Floats = centred / np.where(length > 0.0, length, 1.0)
    return result


def _autocorrelations(unit: Floats, k: Indices) -> Floats:
    """The sums of products k points apart (m, len(k)) of rows of length 1, by Fourier transform."""
    size = 2 * unit.shape[1]
    spectrum = np.fft.rfft(unit, size, axis=1)
    result: Floats = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, size, axis=1)[:, k]
    return result


def _tie_sizes(x: Floats) -> Floats:
    return np.unique(x, return_counts=True)[1].astype(np.float64)


def _tied_pairs(x: Floats) -> int:
    sizes = _tie_sizes(x)
    return int((sizes * (sizes - 1.0) / 2.0).sum())


def _inversions(y: Floats) -> int:
    """Pairs i < j with y_i > y_j: sorted blocks are merged level by level, each level by one binary search."""
    n = len(y)
    rank = np.unique(y, return_inverse=True)[1].astype(np.int64)
    width = 1 << max(n - 1, 1).bit_length()
    data = np.full(width, n, dtype=np.int64)  # the padding is larger than every rank: no inversions
    data[:n] = rank
    count, size = 0, 1
    while size < width:
        blocks = np.sort(data.reshape(-1, size), axis=1)
        left, right = blocks[0::2], blocks[1::2]
        shift = np.arange(len(left), dtype=np.int64)[:, None] * (n + 1)
        not_above = np.searchsorted((left + shift).ravel(), (right + shift).ravel(), side="right")
        before = (np.arange(len(left), dtype=np.int64)[:, None] * size + np.zeros_like(right)).ravel()
        count += int((size - (not_above - before)).sum())
        size *= 2
    return count


def _kendall_scale(x: Floats, y: Floats) -> float:
    """tau-b times this is standard normal without association; with ties as in Kendall 1970, chapter 4."""
    n = float(len(x))
    tx, ty = _tie_sizes(x), _tie_sizes(y)
    pairs = n * (n - 1.0) / 2.0
    kx, ky = (tx * (tx - 1.0)).sum(), (ty * (ty - 1.0)).sum()
    v0 = n * (n - 1.0) * (2.0 * n + 5.0)
    vx, vy = (tx * (tx - 1.0) * (2.0 * tx + 5.0)).sum(), (ty * (ty - 1.0) * (2.0 * ty + 5.0)).sum()
    cx, cy = (tx * (tx - 1.0) * (tx - 2.0)).sum(), (ty * (ty - 1.0) * (ty - 2.0)).sum()
    variance = (v0 - vx - vy) / 18.0 + kx * ky / (2.0 * n * (n - 1.0)) + cx * cy / (9.0 * n * (n - 1.0) * (n - 2.0))
    return float(np.sqrt((pairs - kx / 2.0) * (pairs - ky / 2.0) / variance))


def widened_by_ties(x: Floats, y: Floats) -> float:
    """The variance that tau-b has without association, over the one without ties, 2 (2 n + 5) / (9 n (n - 1)).

    Example: 30 pairs of Poisson values of mean 0.3 give about 2; 1 without ties.
    """
    n = len(x)
    if len(np.unique(x)) == len(np.unique(y)) == n:
        return 1.0
    return max(9.0 * n * (n - 1.0) / (2.0 * (2.0 * n + 5.0) * _kendall_scale(x, y) ** 2), 1.0)


@lru_cache(maxsize=EXACT_UP_TO)
def _orders(n: int) -> NDArray[np.int8]:
    return np.array(list(permutations(range(n))), dtype=np.int8)


def _permutation_p(method: Method, x: Floats, y: Floats) -> float:
    """The share of all orders of y (at most 40,320) with a coefficient at least as far from 0."""
    if method == "spearman":
        a, b = ranks(x[None])[0] - (len(x) + 1) / 2.0, ranks(y[None])[0]
        scores = b[_orders(len(x))] @ a
        seen = float(b @ a)
    else:
        i, j = np.triu_indices(len(x), 1)
        signs = np.sign(x[i] - x[j])
        table = np.sign(y[:, None] - y[None, :])
        orders = _orders(len(x))
        scores = table[orders[:, i], orders[:, j]] @ signs
        seen = float(table[i, j] @ signs)
    return float((np.abs(scores) >= abs(seen) - 1e-9).mean())
