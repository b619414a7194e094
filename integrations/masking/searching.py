"""Texts searched for what is masked, many at a time."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate

from chimera_metrics.integrations.masking.hidden import SIGNS, UNASCII, Plain, is_hidden, sub_hidden
from chimera_metrics.integrations.masking.masks import Late, MaskRule, Pattern, Probe
from chimera_metrics.integrations.masking.patterns import PATTERNS

Probes = Sequence[tuple[str, Probe]]
ALL: tuple[MaskRule, ...] = ("secret", "email", "ip", "card", "iban", "ssn", "phone", "mac")

_PROBES: list[tuple[Pattern, Probes]] = [(pattern, pattern.probes()) for pattern in PATTERNS]
# Every hint with the places of its patterns: most texts hold none of them, and that is to be seen fast.
_HINTS: dict[str, list[int]] = {}
for _place, _one in enumerate(_PROBES):
    for _hint, _ in _one[1]:
        _HINTS.setdefault(_hint, []).append(_place)
# Where there is no `pass`, there is no `password`: each hint stands under the shortest one that it holds.
_UNDER: dict[str, list[str]] = {}
for _hint in sorted(_HINTS, key=len):
    _UNDER.setdefault(next((_short for _short in _UNDER if _short and _short in _hint), _hint), []).append(_hint)
# The probes of each hint, each once: patterns share them.
_OF_HINT: dict[str, dict[Probe, None]] = {}
for _one in _PROBES:
    for _hint, _by in _one[1]:
        _OF_HINT.setdefault(_hint, {})[_by] = None
_SIGNS: list[tuple[str, Probe]] = [(sign, Late(re.escape(sign) + rest)) for sign, rest in SIGNS]
_UNASCII: list[tuple[str, Probe]] = [("", Late(UNASCII))]

# No pattern reads on from one text into the next: what takes blanks stops at the NUL, all else at the line's end.
_BETWEEN = "\n\0"
_ROUNDS = 3


def _hints_in(lowered: str) -> list[str]:
    under = [hints for short, hints in _UNDER.items() if short in lowered]
    return [hint for hints in under for hint in hints if hint in lowered]


class Haystack:
    """Many texts searched as one."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.lowered = _BETWEEN.join(texts).lower()
        self._found: dict[Probe, set[int]] = {}

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
        places = sorted({place for hint in _hints_in(self.lowered) for place in _HINTS[hint]})
        return [_PROBES[place] for place in places if _PROBES[place][0].rule in rules]

    def hidden(self) -> set[int]:
        """The indexes of the texts in which entities, escapes or invisible characters may hide anything."""
        return self.rows(_SIGNS) | (set() if self.lowered.isascii() else self.rows(_UNASCII))

    def rows(self, probes: Probes) -> set[int]:
        """The indexes of the texts that may match."""
        rows: set[int] = set()
        for hint, probe in probes:
            if hint in self.lowered:
                if probe not in self._found:
                    ends = self._ends
                    self._found[probe] = {bisect_right(ends, found.start()) for found in probe.finditer(self.lowered)}
                rows |= self._found[probe]
        return rows


def suspicious(texts: Sequence[str]) -> bool:
    """Whether any pattern may match in one of a few texts, JSON among them: False is sure."""
    lowered = _BETWEEN.join(texts).lower()
    if "\\" in lowered or any(probe.search(lowered) for hint in _hints_in(lowered) for probe in _OF_HINT[hint]):
        return True
    return bool(Haystack(texts).hidden())


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
    for row in haystack.hidden():
        text, more = mask_hidden(changed.get(row, texts[row]), rules)
        if more:
            changed[row] = text
            counts.update(more)
    return changed, counts


def mask_hidden(text: str, rules: Sequence[MaskRule]) -> tuple[str, dict[str, int]]:
    """`text` without what is found once its escapes are resolved."""
    if not is_hidden(text):
        return text, {}
    likely = Haystack([Plain(text).text])
    return sub_hidden(text, [pattern for pattern, probes in likely.patterns(rules) if likely.rows(probes)])


def mask_text(text: str, rules: Sequence[MaskRule] = ALL) -> tuple[str, dict[str, int]]:
    """`text` without e-mail addresses, IP addresses and secrets, and how many of each there were."""
    changed, counts = mask_texts([text], rules)
    return changed.get(0, text), dict(counts)
