"""JSON masked as text: its strings, names and the numbers that hide behind them, and nothing else touched."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from chimera_metrics.integrations.masking.hidden import is_hidden
from chimera_metrics.integrations.masking.masks import SECRET, MaskRule, Pattern
from chimera_metrics.integrations.masking.numbers import CARD, SSN, is_card
from chimera_metrics.integrations.masking.patterns import PATTERNS
from chimera_metrics.integrations.masking.phones import PHONE
from chimera_metrics.integrations.masking.searching import ALL, Haystack, mask_hidden
from chimera_metrics.integrations.masking.words import NameKind, hides, hides_number, is_version, kind_of, option_kind

_PART = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"(\s*+:)?+|[\[{]|[\]}]|-?[0-9][0-9.eE+-]*+', re.DOTALL)
# {"name": "password", "value": "x"}: what is a name stands as a value.
_ROLES = dict.fromkeys(("name", "key", "field", "header", "param", "parameter"), "name")
_ROLES |= dict.fromkeys(("value", "val", "content"), "value")
# How many digits a number of a person has; a code's stand in `hides_number`.
_DIGITS_OF: dict[NameKind, tuple[int, int]] = {"ssn": (9, 9), "phone": (10, 15)}
_BARE_NAME = re.compile(r"[\w.-]{1,60}")
# JSON may spell any letter as an escape, which no search of the text would see.
_ESCAPED = [("\\", re.compile(r"\\"))]


def mask_json(text: str, rules: Sequence[MaskRule] = ALL) -> tuple[str, dict[str, int]]:
    """JSON text with its strings and keys masked, and nothing else touched; still JSON, numbers digit for digit.

    What stands under a key that says secret is a secret, whatever it looks like and however it is nested.
    """
    changed, counts = mask_jsons([text], rules)
    return changed.get(0, text), dict(counts)


def mask_jsons(texts: list[str], rules: Sequence[MaskRule]) -> tuple[dict[int, str], Counter[str]]:
    """The texts that change, by index, and how many replacements each rule made."""
    haystack = Haystack(texts)
    # Only the patterns that may match are tried on a text's many strings, except where an escape hides which.
    suspected: dict[int, list[Pattern]] = {}
    for pattern, probes in haystack.patterns(rules):
        for row in haystack.rows(probes):
            suspected.setdefault(row, []).append(pattern)
    for row in haystack.rows(_ESCAPED) | haystack.hidden():
        suspected[row] = [pattern for pattern in PATTERNS if pattern.rule in rules]
    changed: dict[int, str] = {}
    counts: Counter[str] = Counter()
    for row, likely in suspected.items():
        cleaner = _Cleaner(texts[row], likely, rules)
        if text := cleaner.clean():
            changed[row] = text
            counts.update(cleaner.counts)
    return changed, counts


@dataclass(slots=True)
class _Level:
    """One object or array: what the name above it says, and what a name within says about the value beside it."""

    kind: NameKind | None = None
    named: NameKind | None = None
    value: re.Match[str] | None = None
    option: NameKind | None = None
    """What an option said that stands in front, in a list."""


class _Cleaner:
    """One pass over one text, which keeps in mind under which names it is."""

    def __init__(self, text: str, patterns: Sequence[Pattern], rules: Sequence[MaskRule]) -> None:
        self.rules = rules
        self.text = text
        self.patterns = patterns
        self.but_ip = [pattern for pattern in patterns if pattern.rule != "ip"]
        self.hides = any(pattern.rule == "secret" for pattern in patterns)
        self.cards = any(pattern.rule == "card" for pattern in patterns)
        self.counts: Counter[str] = Counter()
        self.edits: dict[int, tuple[int, str]] = {}

    def clean(self) -> str | None:
        """The masked text, or None where nothing changes."""
        above: list[_Level] = []
        level, kind, role = _Level(), None, None
        for found in _PART.finditer(self.text):
            if found[1] is None:
                first = found[0]
                if first in "[{":
                    above.append(level)
                    level, role = _Level(kind), None
                elif first in "]}":
                    level = above.pop() if above else _Level()
                    kind, role = level.kind, None
                elif kind and self.hide_number(found, kind, first):
                    pass
                elif len(first) > 12 and self.cards and is_card(first):
                    self.edits[found.start()] = found.end(), f'"{CARD}"'
                    self.counts["card"] += 1
                continue
            literal = json.loads(f'"{found[1]}"') if "\\" in found[1] else found[1]
            if found[2] is not None:
                self.mask(found, literal, None)
                kind = kind_of(literal) or level.kind
                role = _ROLES.get(literal.lower())
                if role == "value":
                    kind = level.named or kind
                continue
            self.mask(found, literal, kind or (None if literal.startswith("-") else level.option))
            level.option = option_kind(literal)
            if role == "name" and _BARE_NAME.fullmatch(literal):
                level.named = kind_of(literal)
                if level.named and level.value:
                    self.mask(level.value, level.value[1], level.named)
            elif role == "value":
                level.value = found
        return self.edited() if self.edits else None

    def mask(self, found: re.Match[str], literal: str, kind: NameKind | None) -> None:
        """One string: gone as a whole under a name that says secret, else without what the patterns find."""
        if kind and self.hides and hides(kind, literal):
            self.hide(found)
            return
        clean = literal
        for pattern in self.but_ip if kind == "version" and is_version(literal) else self.patterns:
            clean, made = pattern.sub(clean)
            if made:
                self.counts[pattern.rule] += made
        if is_hidden(clean):
            clean, hidden = mask_hidden(clean, self.rules)
            self.counts.update(hidden)
        if clean != literal:
            self.edits[found.start()] = found.end(1) + 1, json.dumps(clean, ensure_ascii=False)

    def hide_number(self, found: re.Match[str], kind: NameKind, digits: str) -> bool:
        """Whether a number was one to hide: a password, a code, or one of a person."""
        mark: tuple[MaskRule, str] = "secret", SECRET
        if kind == "ssn":
            mark = "ssn", SSN
        elif kind == "phone":
            mark = "phone", PHONE
        least, most = _DIGITS_OF.get(kind, (1, 0))
        personal = digits.isdecimal() and least <= len(digits) <= most
        if mark[0] not in self.rules or not (personal or hides_number(kind, digits)):
            return False
        self.hide(found, *mark)
        return True

    def hide(self, found: re.Match[str], rule: MaskRule = "secret", mark: str = SECRET) -> None:
        self.edits[found.start()] = found.end(), f'"{mark}"'
        self.counts[rule] += 1

    def edited(self) -> str:
        pieces: list[str] = []
        done = 0
        for start, (end, new) in sorted(self.edits.items()):
            pieces += self.text[done:start], new
            done = end
        return "".join([*pieces, self.text[done:]])
