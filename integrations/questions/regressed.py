"""Which groups and measures got worse, with false alarms controlled over all of them.

Sides of 10 runs and more are judged by `analytics.inference.compare`, which allows for autocorrelation. From fewer runs
autocorrelation cannot be estimated (a correction for it would hide a step of nine standard deviations in 5 and 8 runs):
there the exact distribution of the ranks is used, which takes runs for independent, as benchmark runs mostly are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from analytics.inference import Case, Comparison, benjamini_hochberg, compare
from analytics.inference.regressions import LEVEL
from analytics.inference.series import Floats, floats, ranks
from integrations.questions.performance import ENOUGH_A_SIDE


def regressed(cases: Sequence[Case]) -> tuple[Mapping[Any, float], Mapping[Any, Comparison]]:
    """The keys that got worse with their p-values adjusted for all cases, and what was found of every key.

    Undefined when: a side has fewer than 5 values or all are equal; such a case counts as none tried.
    Formula: Benjamini-Hochberg at 0.005 over the cases.
    """
    compared = {case.key: _compare(case) for case in cases}
    adjusted = benjamini_hochberg([one.p_value for one in compared.values()])
    worse = {key: p for key, p in zip(compared, adjusted, strict=True) if p is not None and p < LEVEL}
    return dict(sorted(worse.items(), key=lambda item: item[1])), compared


def _compare(case: Case) -> Comparison:
    found = compare(case.before, case.after, higher_is_worse=case.higher_is_worse)
    if found.p_value is None or min(found.n_before, found.n_after) >= ENOUGH_A_SIDE:
        return found
    before, after = (side[~np.isnan(side)] for side in (floats(case.before), floats(case.after)))
    sign = 1.0 if case.higher_is_worse else -1.0
    return replace(found, p_value=rank_p_value(sign * before, sign * after))


def rank_p_value(before: Floats, after: Floats) -> float:
    """The share of all arrangements of the values in which `after` ranks at least this high, 0 to 1; ties allowed.

    Formula: P(W >= w) with W the sum of midranks of as many values drawn without replacement.
    Source: Wilcoxon 1945, doi:10.2307/3001968; Streitberg and Roehmel 1986 (the recursion).
    Example: before 1, 2, 3, 4, 5 and after 6, 7, 8, 9, 10 gives 1/252 = 0.00397.
    """
    # Midranks are halves: doubled, sums are whole numbers. The smaller side has the shorter recursion.
    doubled = np.rint(2.0 * ranks(np.concatenate([before, after])[None])[0]).astype(np.intp)
    of_before, of_after = doubled[: len(before)], doubled[len(before) :]
    small, high = (of_before, False) if len(before) < len(after) else (of_after, True)
    observed = int(small.sum())
    ways = np.zeros((len(small) + 1, int(np.sort(doubled)[-len(small) :].sum()) + 1))
    ways[0, 0] = 1.0
    for rank in doubled:
        ways[1:, rank:] += ways[:-1, : ways.shape[1] - rank]
    sums = ways[-1]
    return float((sums[observed:] if high else sums[: observed + 1]).sum() / sums.sum())
