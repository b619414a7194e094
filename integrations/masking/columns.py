"""Personal data and secrets, taken out of texts before they are stored.

Two tables say all: `PATTERNS` (patterns.py), what is looked for, and `COLUMN_MASKS`, in which columns.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Sequence
from typing import Any

from chimera_metrics.integrations.masking.json_texts import mask_json, mask_jsons
from chimera_metrics.integrations.masking.masks import MaskRule
from chimera_metrics.integrations.masking.searching import ALL, mask_text, mask_texts, suspicious
from chimera_metrics.integrations.masking.user_agents import reduce_user_agent

__all__ = ["COLUMN_MASKS", "mask_column", "mask_json", "mask_text", "mask_words", "suspicious"]

SECRETS: tuple[MaskRule, ...] = ("secret", "card", "iban", "ssn")

COLUMN_MASKS: dict[str, tuple[MaskRule, ...]] = {
    "user_agent": ("user_agent",),
    "metadata": ALL,
    "error_msg": ALL,
    "title": SECRETS,
    "url": SECRETS,
    "file_path": SECRETS,
}
"""The columns with rules of their own; other texts have all. A title may name an address on purpose; none may hold a
secret."""

JSON_COLUMNS = frozenset({"metadata"})
"""Columns whose text is JSON: an escape in it may hide anything."""

# From so many texts on, loading pyarrow for its faster search pays.
MANY = 4_096


def _mask_user_agents(values: list[str | None]) -> tuple[list[str | None], dict[str, int]]:
    reduced = {text: reduce_user_agent(text) for text in set(values) if text is not None}
    clean = [None if text is None else reduced[text] for text in values]
    count = sum(map(operator.ne, values, clean))
    return clean, {"user_agent": count} if count else {}


def mask_words(values: list[str | None], rules: Sequence[MaskRule] = ALL) -> tuple[list[str | None], dict[str, int]]:
    """Short texts that repeat, as they may be stored: each is looked at once."""
    counted = Counter(filter(None, values))
    words = list(counted)
    changed, _ = mask_texts(words, rules)
    if not changed:
        return values, {}
    clean, counts = {words[place]: text for place, text in changed.items()}, Counter[str]()
    for word in clean:
        for rule, count in mask_text(word, rules)[1].items():
            counts[rule] += count * counted[word]
    return [value if value is None else clean.get(value, value) for value in values], dict(counts)


def mask_column(
    column: str, values: list[str | None], rules: Sequence[MaskRule] = ALL
) -> tuple[list[str | None], dict[str, int]]:
    """A column's texts as they may be stored, and how many replacements each rule made."""
    rules = COLUMN_MASKS.get(column, rules)
    if "user_agent" in rules:
        return _mask_user_agents(values)
    rows = _likely_rows(values, rules, column in JSON_COLUMNS)
    mask = mask_jsons if column in JSON_COLUMNS else mask_texts
    changed, counts = mask([values[row] or "" for row in rows], rules)
    if not changed:
        return values, {}
    clean = list(values)
    for place, text in changed.items():
        clean[rows[place]] = text
    return clean, dict(counts)


def _likely_rows(values: list[str | None], rules: Sequence[MaskRule], escapes: bool) -> Sequence[int]:
    """The rows worth looking at: all of a few, those that one pass of RE2 finds among many."""
    if len(values) < MANY:
        return range(len(values))
    import pyarrow as pa
    import pyarrow.compute as pc

    found: list[int] = pc.indices_nonzero(likely_texts(pa.array(values, pa.string()), rules, escapes)).to_pylist()
    return found


def likely_texts(texts: Any, rules: Sequence[MaskRule], escapes: bool = False) -> Any:
    """The mask of an Arrow array's texts that a rule may change; `escapes`: an escape in them may hide anything."""
    from chimera_metrics.integrations.masking.arrays import may_need_mask

    return may_need_mask(texts, rules, escapes=escapes)
