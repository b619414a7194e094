"""Texts searched for what is masked, many at a time."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate

from chimera_metrics.integrations.masking.masks import MaskRule, Pattern
from chimera_metrics.integrations.masking.patterns import PATTERNS

Probes = Sequence[tuple[str, re.Pattern[str]]]
ALL: tuple[MaskRule, ...] = ("secret", "email", "ip")

_PROBES = [(pattern, pattern.probes()) for pattern in PATTERNS]
# Every hint with its pattern's place: most texts hold none of them, and that is to be seen fast.
_HINTS = [(hint, place) for place, (_, probes) in enumerate(_PROBES) for hint, _ in probes]

# No pattern reads on from one text into the next: what takes blanks stops at the NUL, all else at the line's end.
_BETWEEN = "\n\0"
_ROUNDS = 3


class Haystack:
    """Many texts searched as one."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.lowered = _BETWEEN.join(texts).lower()

    @cached_property
    def _ends(self) -> list[int]:
        gap = len(_BETWEEN)
        ends = list(accumulate(len(text) + gap for text in self.texts))
        if ends and ends[-1] != len(self.lowered) + gap:  # a few letters, such as İ, grow when lowered
            self.lowered = _BETWEEN.join(parts := [text.lower() for text in self.texts])
            ends = list(accumulate(len(part) + gap for part in parts))
        return ends

    def patterns(self, rules: Sequence[MaskRule]) -> list[tuple[Pattern, Probes]]:
        """The patterns that may match somewhere, in their order, with their probes."""
        lowered = self.lowered
        places = sorted({place for hint, place in _HINTS if hint in lowered})
        return [_PROBES[place] for place in places if _PROBES[place][0].rule in rules]

    def rows(self, probes: Probes) -> set[int]:
        """The indexes of the texts that may match."""
        rows: set[int] = set()
        for hint, probe in probes:
            if hint in self.lowered:
                ends = self._ends
                rows.update(bisect_right(ends, found.start()) for found in probe.finditer(self.lowered))
        return rows


def suspicious(texts: Sequence[str]) -> bool:
    """Whether any pattern may match in one of a few texts, JSON among them: False is sure."""
    haystack = Haystack(texts)
    return "\\" in haystack.lowered or bool(haystack.patterns(ALL))


def mask_texts(texts: list[str], rules: Sequence[MaskRule] = ALL) -> tuple[dict[int, str], Counter[str]]:
    """The texts that change, by index, and how many replacements each rule made.

    What changed is looked at again, for one secret may have hidden the beginning of the next.
    """
    changed, counts = _mask_once(texts, rules)
    fresh = changed
    for _ in range(_ROUNDS):
        rows = list(fresh)
        again, more = _mask_once([fresh[row] for row in rows], rules) if rows else ({}, Counter())
        fresh = {rows[place]: text for place, text in again.items()}
        changed |= fresh
        counts += more
    return changed, counts


def _mask_once(texts: list[str], rules: Sequence[MaskRule]) -> tuple[dict[int, str], Counter[str]]:
    haystack = Haystack(texts)
    changed: dict[int, str] = {}
    counts: Counter[str] = Counter()
    for pattern, probes in haystack.patterns(rules):
        for row in haystack.rows(probes):
            text, count = pattern.sub(changed.get(row, texts[row]))
            if count:
                changed[row] = text
                counts[pattern.rule] += count
    return changed, counts


def mask_text(text: str, rules: Sequence[MaskRule] = ALL) -> tuple[str, dict[str, int]]:
    """`text` without e-mail addresses, IP addresses and secrets, and how many of each there were."""
    changed, counts = mask_texts([text], rules)
    return changed.get(0, text), dict(counts)
