"""Personal data and secrets, taken out of texts before they are stored.

Two tables say all: `PATTERNS` (mask_patterns.py), what is looked for, and `COLUMN_MASKS`, in which columns.
"""

from __future__ import annotations

import json
import operator
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import accumulate, compress

from integrations.clickhouse.mask_patterns import KEYS, PATTERNS, SECRET, MaskRule, Pattern
from integrations.clickhouse.rules import JSON_COLUMNS
from integrations.clickhouse.user_agents import reduce_user_agent

ALL: tuple[MaskRule, ...] = ("secret", "email", "ip")
SECRETS: tuple[MaskRule, ...] = ("secret",)

COLUMN_MASKS: dict[str, tuple[MaskRule, ...]] = {
    "user_agent": ("user_agent",),
    "metadata": ALL,
    "error_msg": ALL,
    "title": SECRETS,
    "url": SECRETS,
    "file_path": SECRETS,
}
"""Which rules clean which column. A title may name an address on purpose; none may hold a secret."""

_PROBES = [(pattern, pattern.probes()) for pattern in PATTERNS]


# No pattern reads on from one text into the next: what takes blanks stops at the NUL, all else at the line's end.
_BETWEEN = "\n\0"


class _Haystack:
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

    def rows(self, probes: Iterable[tuple[str, re.Pattern[str]]]) -> set[int]:
        """The indexes of the texts that may match."""
        rows: set[int] = set()
        for hint, probe in probes:
            if hint in self.lowered:
                ends = self._ends
                rows.update(bisect_right(ends, found.start()) for found in probe.finditer(self.lowered))
        return rows


# From so many texts on, loading pyarrow for its faster search pays.
MANY = 4_096


def mask_texts(texts: list[str], rules: Sequence[MaskRule] = ALL) -> tuple[dict[int, str], Counter[str]]:
    """The texts that change, by index, and how many replacements each rule made."""
    haystack = _Haystack(texts)
    changed: dict[int, str] = {}
    counts: Counter[str] = Counter()
    for pattern, probes in _PROBES:
        if pattern.rule not in rules:
            continue
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


_JSON_STRING = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"(\s*+:\s*+)?', re.DOTALL)
_JSON_NUMBER = re.compile(r"-?[0-9][0-9.eE+-]*+")
_SECRET_NAME = re.compile(rf"(?i)(?:{KEYS}|authorization)$")
_HIDES_NUMBERS = re.compile(r"(?i)(?:password|passwd|passphrase|pwd|secret)$")


def mask_json(text: str, rules: Sequence[MaskRule] = ALL) -> tuple[str, dict[str, int]]:
    """JSON text with its strings and keys masked, and nothing else touched; still JSON, numbers digit for digit.

    The value of a key that says secret is a secret, whatever it looks like.
    """
    changed, counts = _mask_jsons([text], rules)
    return changed.get(0, text), dict(counts)


def _mask_json(text: str, patterns: Sequence[Pattern]) -> tuple[str, dict[str, int]]:
    pieces: list[str] = []
    counts: Counter[str] = Counter()
    done, value_at = 0, -1
    hides = any(pattern.rule == "secret" for pattern in patterns)
    for found in _JSON_STRING.finditer(text):
        literal = json.loads(f'"{found[1]}"') if "\\" in found[1] else found[1]
        clean = literal
        if found.start() == value_at:
            if literal and literal != SECRET:
                clean = SECRET
                counts["secret"] += 1
        else:
            for pattern in patterns:
                clean, made = pattern.sub(clean)
                if made:
                    counts[pattern.rule] += made
        if clean != literal:
            pieces += text[done : found.start()], json.dumps(clean, ensure_ascii=False)
            done = found.end(1) + 1
        if found[2] is not None and hides and _SECRET_NAME.search(literal):
            value_at = found.end()
            number = _JSON_NUMBER.match(text, value_at)
            if number and _HIDES_NUMBERS.search(literal):
                pieces += text[done:value_at], f'"{SECRET}"'
                done = number.end()
                counts["secret"] += 1
    return "".join([*pieces, text[done:]]), dict(counts)


# JSON may spell any letter as an escape, which no search of the text would see.
_ESCAPED = [("\\", re.compile(r"\\"))]


def _mask_jsons(texts: list[str], rules: Sequence[MaskRule]) -> tuple[dict[int, str], Counter[str]]:
    haystack = _Haystack(texts)
    patterns = [(pattern, probes) for pattern, probes in _PROBES if pattern.rule in rules]
    # Only the patterns that may match are tried on a text's many strings, except where an escape hides which.
    suspected: dict[int, list[Pattern]] = {}
    for pattern, probes in patterns:
        for row in haystack.rows(probes):
            suspected.setdefault(row, []).append(pattern)
    for row in haystack.rows(_ESCAPED):
        suspected[row] = [pattern for pattern, _ in patterns]
    changed: dict[int, str] = {}
    counts: Counter[str] = Counter()
    for row, likely in suspected.items():
        text, made = _mask_json(texts[row], likely)
        if made:
            changed[row] = text
            counts.update(made)
    return changed, counts


def _mask_user_agents(values: list[str | None]) -> tuple[list[str | None], dict[str, int]]:
    reduced = {text: reduce_user_agent(text) for text in set(values) if text is not None}
    clean = [None if text is None else reduced[text] for text in values]
    count = sum(map(operator.ne, values, clean))
    return clean, {"user_agent": count} if count else {}


def mask_column(column: str, values: list[str | None]) -> tuple[list[str | None], dict[str, int]]:
    """A column's texts as they may be stored, and how many replacements each rule made."""
    rules = COLUMN_MASKS.get(column)
    if rules is None:
        return values, {}
    if "user_agent" in rules:
        return _mask_user_agents(values)
    rows = _likely_rows(column, values)
    mask = _mask_jsons if column in JSON_COLUMNS else mask_texts
    changed, counts = mask([values[row] or "" for row in rows], rules)
    if not changed:
        return values, {}
    clean = list(values)
    for place, text in changed.items():
        clean[rows[place]] = text
    return clean, dict(counts)


def _likely_rows(column: str, values: list[str | None]) -> Sequence[int]:
    """The rows worth looking at: all of a few, those that one pass of RE2 finds among many."""
    if len(values) < MANY:
        return range(len(values))
    import pyarrow as pa

    from integrations.clickhouse.plain_arrays import may_need_mask

    likely = may_need_mask(column, pa.array(values, pa.string()))
    return list(compress(range(len(values)), likely.to_pylist()))
