"""How many words of each dimension a cube has room for, when all of them make too many cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from chimera_metrics.analytics.inference.series import Floats

_DRAWS = 20_000
_STEPS = (100, 80, 64, 50, 40, 32, 25, 20, 16, 12, 9, 7, 5, 4, 3, 2)


def words_that_fit(
    rows: Mapping[str, Sequence[float]], *, rows_a_day: float, days: int, cells: int, seed: int = 1
) -> int:
    """The most words of each dimension, the others taken together, with which days and words make at most `cells`.

    rows: of each word, by dimension, the most frequent first. Words are taken for independent of each other: where they
    are not, there are fewer cells.
    Returns: 100 to 2; 2 also where not even they fit.
    Formula: a combination with the share q of the rows is there on a day with the chance 1 - exp(-q rows); the sum over
    all combinations is the mean of that divided by q, of combinations drawn with the chances q.
    """
    rng = np.random.default_rng(seed)
    for most in _STEPS:
        drawn: Floats = np.ones(_DRAWS)
        for counts in rows.values():
            shares = _folded(np.asarray(counts, dtype=np.float64), most)
            drawn = drawn * shares[rng.choice(len(shares), _DRAWS, p=shares)]
        if float(np.mean(-np.expm1(-drawn * rows_a_day) / drawn)) * days <= cells:
            return most
    return _STEPS[-1]


def _folded(counts: Floats, most: int) -> Floats:
    kept = np.append(counts[:most], counts[most:].sum()) if len(counts) > most else counts
    shares: Floats = kept[kept > 0.0] / max(kept.sum(), 1e-300)
    return shares if len(shares) else np.ones(1)
