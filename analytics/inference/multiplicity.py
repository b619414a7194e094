"""p-values of many questions asked at once. None (undefined) stays None and does not count as a question."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chimera_metrics.analytics.inference.series import Floats


def benjamini_hochberg(p_values: Sequence[float | None]) -> list[float | None]:
    """p-values adjusted so that of those called below q an expected share of at most q is false; 0 to 1.

    p_values: one per question, 0 to 1, None where undefined.
    Returns: adjusted p-values in the same order.
    Undefined when: the p-value is None.
    Formula: with p sorted upwards, p_adj(i) = min over j >= i of m p(j) / j, at most 1.
    Source: Benjamini and Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x.
    Example: [0.01, 0.04, 0.03, 0.5] gives [0.04, 0.0533, 0.0533, 0.5].
    """
    order = _order(p_values)
    adjusted: list[float | None] = [None] * len(p_values)
    smallest = 1.0
    for rank in range(len(order), 0, -1):
        p, index = order[rank - 1]
        smallest = min(smallest, p * len(order) / rank)
        adjusted[index] = smallest
    return adjusted


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """p-values adjusted so that the chance of any false call below q is at most q; 0 to 1.

    p_values: one per question, 0 to 1, None where undefined.
    Returns: adjusted p-values in the same order.
    Undefined when: the p-value is None.
    Formula: with p sorted upwards, p_adj(i) = max over j <= i of (m - j + 1) p(j), at most 1.
    Source: Holm 1979, https://www.jstor.org/stable/4615733.
    Example: [0.01, 0.04, 0.03, 0.5] gives [0.04, 0.09, 0.09, 0.5].
    """
    order = _order(p_values)
    adjusted: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, index) in enumerate(order):
        largest = max(largest, min(1.0, p * (len(order) - rank)))
        adjusted[index] = largest
    return adjusted


def sidak(p_value: float, tried: float) -> float:
    """The chance that the best of `tried` questions looks this good with nothing there; 0 to 1.

    p_value: the smallest of the p-values, 0 to 1. tried: how many there were, at least 1; it
    may be the number of independent ones that they are worth.
    Returns: the adjusted p-value; exact for independent questions, too large (careful) for like ones.
    Undefined when: never.
    Formula: 1 - (1 - p)^tried.
    Source: Sidak 1967, doi:10.1080/01621459.1967.10482935.
    Example: sidak(0.01, 5) is 0.0490.
    """
    return float(sidak_each(np.array([p_value]), tried)[0])


def sidak_each(p_values: Floats, tried: Floats | float) -> Floats:
    """`sidak` of each p-value, (m,)."""
    sure = p_values >= 1.0
    return np.where(sure, 1.0, -np.expm1(tried * np.log1p(-np.where(sure, 0.0, p_values))))


def _order(p_values: Sequence[float | None]) -> list[tuple[float, int]]:
    return sorted((p, index) for index, p in enumerate(p_values) if p is not None)
