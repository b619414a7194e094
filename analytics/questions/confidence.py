"""How far a correlation between the two sources can be relied on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

SIGNIFICANT = 0.05
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Confidence:
    """Each 0 to 1; None where undefined. `score` is the smallest of the three, 0 when the correlation is undefined."""

    score: float
    completeness: float | None
    strength: float | None
    recency: float | None


def confidence(
    *,
    days_with_both: int,
    days: int,
    coefficient: float | None,
    p_value: float | None,
    newest_hearts: datetime | None,
    newest_packs: datetime | None,
    now: datetime,
) -> Confidence:
    """The confidence in a correlation, 0 to 1, from its coverage, size and age.

    days: whole buckets of the window, days_with_both: those with both sources. coefficient: r, and its p_value, 0 to 1.
    newest_*: newest row. strength is |r|, or 0 where r is not significant: an r of 0.9 from four days says nothing.
    Undefined when: completeness without whole days, strength without r, recency when a source has no rows.
    Formula: score = min(completeness, strength, recency); 0 if any is undefined.
    Example: 6 of 7 days, r = -0.9 with p = 0.01, rows an hour old: completeness 0.857, strength 0.9, recency 1, score
    0.857.
    """
    completeness = days_with_both / days if days else None
    significant = p_value is not None and p_value < SIGNIFICANT
    strength = None if coefficient is None else abs(coefficient) * significant
    ages = [(now - newest).total_seconds() for newest in (newest_hearts, newest_packs) if newest is not None]
    fresh = recency(max(ages)) if len(ages) == 2 else None
    score = min((part if part is not None else 0.0) for part in (completeness, strength, fresh))
    return Confidence(score, completeness, strength, fresh)


def recency(age_s: float) -> float:
    """1 up to 24 hours, falling in a line to 0.5 at 7 days, 0.5 beyond.

    age_s: age in seconds of the newest row of the older source.
    Example: 4 days give 0.75.
    """
    share = (age_s - _DAY_S) / (6 * _DAY_S)
    return 1.0 - 0.5 * min(1.0, max(0.0, share))
