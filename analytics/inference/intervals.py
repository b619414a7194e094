"""Intervals of what a table shows: rates, quantiles and means, from their counts and moments alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

import numpy as np

from chimera_metrics.analytics.inference import reasons
from chimera_metrics.analytics.inference.reasons import Reason
from chimera_metrics.analytics.inference.series import Floats, finite_or_none, floats, unit_scale

LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Interval:
    """What the true value is likely between, in the unit of the value, with the n it rests on; None beside a reason."""

    low: float | None
    high: float | None
    n: int
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class QuantileRanks:
    """Which ordered values bound a quantile: ranks from 1 (the smallest) to n, None where no value is far enough.

    coverage: how often the two hold the true quantile, 0 to 1. low_level, high_level: the same as quantiles for the
    engine; ClickHouse's quantileExact(low_level) is the value of rank `low`.
    """

    low: int | None
    high: int | None
    n: int
    coverage: float
    reason: Reason | None = None

    @property
    def low_level(self) -> float | None:
        """(low - 1/2) / n."""
        return None if self.low is None else (self.low - 0.5) / self.n

    @property
    def high_level(self) -> float | None:
        """(high - 1/2) / n."""
        return None if self.high is None else (self.high - 0.5) / self.n


def wilson(successes: int, n: int, *, level: float = LEVEL) -> Interval:
    """What a rate is likely between, 0 to 1.

    successes: how many of the n rows are meant, 0 to n. level: chance of missing the true rate, 0.05 for 95 %.
    Undefined when: n is 0.
    Formula: (p + z^2/2n +- z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n).
    Source: Wilson 1927, doi:10.1080/01621459.1927.10502953.
    Example: 8 of 10 gives 0.490 to 0.943; 0 of 20 gives 0 to 0.161.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} of {n} is no rate: give 0 to n successes.")
    if n == 0:
        return Interval(None, None, 0, reasons.no_data("the rate"))
    z = _normal(level)
    p = successes / n
    middle = p + z * z / (2.0 * n)
    reach = z * sqrt(p * (1.0 - p) / n + z * z / (4.0 * n * n))
    whole = 1.0 + z * z / n
    low = 0.0 if successes == 0 else (middle - reach) / whole  # exact, where rounding would leave 1e-17
    high = 1.0 if successes == n else (middle + reach) / whole
    return Interval(low, high, n)


def quantile_ranks(n: int, q: float, *, level: float = LEVEL) -> QuantileRanks:
    """Which of n ordered values the true quantile q is likely between, whatever their distribution.

    n: values, taken for independent. q: 0 to 1, such as 0.95. level: chance of missing the true quantile.
    Returns: ranks from 1 to n, the nearest that miss on either side by at most level / 2.
    Undefined when: so few values that the extreme ones are not far enough: that rank is None, and the reason says how
    many values it takes.
    Formula: low is the largest r with P(B < r) <= level / 2, high the smallest with P(B >= r) <= level / 2, B
    binomial of n and q.
    Source: Thompson 1936, doi:10.1214/aoms/1177732502; Conover 1999, Practical Nonparametric Statistics, 3.2.
    Example: the median of 10 values lies between the 2nd and the 9th, with 97.9 %; the 0.95 quantile of 50 values
    is at least the 44th, and no value bounds it from above: that takes 72.
    """
    if not 0.0 < q < 1.0:
        raise ValueError(f"A quantile is between 0 and 1, not {q}.")
    if n <= 0:
        return QuantileRanks(None, None, 0, 0.0, reasons.no_data("the quantile"))
    low, high = 0, n + 1
    # Both bounds by halving: P(B < r) rises with r.
    left, right = 0, n
    while left < right:
        middle = (left + right + 1) // 2
        left, right = (middle, right) if _below(middle, n, q) <= level / 2.0 else (left, middle - 1)
    low = left
    left, right = 1, n + 1
    while left < right:
        middle = (left + right) // 2
        left, right = (left, middle) if 1.0 - _below(middle, n, q) <= level / 2.0 else (middle + 1, right)
    high = left
    coverage = (1.0 if high > n else _below(high, n, q)) - (_below(low, n, q) if low else 0.0)
    reason = None if low and high <= n else _too_few_for_quantile(n, q, level)
    return QuantileRanks(low or None, high if high <= n else None, n, coverage, reason)


def fewest_values(q: float, *, level: float = LEVEL) -> int:
    """How many values it takes until the smallest and the largest of them bound the quantile q on both sides.

    q: 0 to 1. level: chance of missing the true quantile.
    Formula: the smallest n with max(q, 1 - q)^n <= level / 2.
    Example: 6 for the median, 72 for 0.95, 368 for 0.99.
    """
    return int(np.ceil(np.log(level / 2.0) / np.log(max(q, 1.0 - q)) - 1e-12))


def quantile_interval(values: Sequence[float | None], q: float, *, level: float = LEVEL) -> Interval:
    """What the quantile q of the values is likely between: the values of `quantile_ranks`.

    values: any unit, gaps allowed. Undefined when: as `quantile_ranks`, for each bound by itself.
    Example: the median of 1, 2, ... 10 lies between 2 and 9.
    """
    y = floats(values)
    y = np.sort(y[~np.isnan(y)])
    ranks = quantile_ranks(len(y), q, level=level)
    low, high = (None if rank is None else float(y[rank - 1]) for rank in (ranks.low, ranks.high))
    return Interval(low, high, len(y), ranks.reason)


def mean_interval(values: Sequence[float | None], *, level: float = LEVEL) -> Interval:
    """What the mean is likely between, for independent values: `mean_interval_of` their moments.

    values: any unit, gaps allowed. Undefined when: fewer than 2 values.
    Example: 1, 2, 3, 4, 5 gives 1.04 to 4.96.
    """
    y = floats(values)
    y = y[~np.isnan(y)]
    if len(y) < 2:
        return mean_interval_of(0.0, None, len(y), level=level)
    scale = unit_scale(y)
    mean, sd = float((y / scale).mean()), float((y / scale).std(ddof=1))
    found = mean_interval_of(mean, sd, len(y), skewness=_skewness(y / scale), level=level)
    low, high = (None if bound is None else finite_or_none(bound * scale) for bound in (found.low, found.high))
    out = None if low is not None and high is not None else reasons.not_estimated("The interval leaves all numbers.")
    return Interval(low, high, len(y), out)


def mean_interval_of(
    mean: float, sd: float | None, n: int, *, skewness: float | None = None, level: float = LEVEL
) -> Interval:
    """What a mean is likely between, from the moments of n independent values.

    mean, sd: in the unit of the values (ClickHouse: avg, stddevSamp). skewness: of the sample, no unit (skewPop), or
    None; of skewed values, such as latencies, Student's interval alone misses the mean too often on the long side.
    Undefined when: fewer than 2 values, or sd not known.
    Formula: mean +- t s / sqrt(n), and with a skewness the wider, on each side, of that and of Hall's cubic
    transformation: mean - s / sqrt(n) 3/g ((1 + g (t - g/6))^(1/3) - 1), g = skewness / sqrt(n), for t and -t.
    Source: Student 1908, doi:10.1093/biomet/6.1.1; Hall 1992, doi:10.1111/j.2517-6161.1992.tb01873.x.
    Example: mean 3, sd 1.5811, n = 5 gives 1.04 to 4.96. Of 20 lognormal values Student's interval holds the mean in
    87 of 100 samples, this one in 93.
    """
    from scipy.special import stdtrit

    if n < 2:
        return Interval(None, None, n, reasons.no_data("the mean") if n < 1 else reasons.too_few("An interval", n, 2))
    if sd is None or not (isfinite(sd) and isfinite(mean)):
        return Interval(None, None, n, reasons.not_estimated("The spread of the values is not known."))
    t = float(stdtrit(n - 1.0, 1.0 - level / 2.0))
    error = sd / sqrt(n)
    below = above = t
    if skewness is not None and isfinite(skewness) and abs(skewness) > 1e-6 and n > 2:
        g = skewness * sqrt(n - 1.0) / (n - 2.0)  # the sample's skewness, corrected for n, over sqrt(n)
        below, above = max(t, _hall(t, g)), max(t, -_hall(-t, g))
    return Interval(mean - below * error, mean + above * error, n)


def _hall(t: float, g: float) -> float:
    return float(3.0 / g * (np.cbrt(1.0 + g * (t - g / 6.0)) - 1.0))


def _skewness(y: Floats) -> float | None:
    apart = y - y.mean()
    square = float((apart * apart).mean())
    return float((apart**3).mean()) / square**1.5 if square > 1e-200 else None


def _below(rank: int, n: int, q: float) -> float:
    """P(B < rank) for B binomial of n and q, rank 1 to n."""
    from scipy.special import bdtr

    return float(bdtr(rank - 1, n, q))


def _too_few_for_quantile(n: int, q: float, level: float) -> Reason:
    return reasons.too_few(f"A bound of the {q:g} quantile on either side", n, fewest_values(q, level=level))


def _normal(level: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(1.0 - level / 2.0))
