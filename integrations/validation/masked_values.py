"""Personal data and secrets taken out of clean values: texts, and the texts inside lists, maps, tuples and JSON.

Nested values are masked as JSON is: what stands under a key that says secret is one. Only their texts are looked at,
and only texts change, so that a value keeps the shape that its column takes.
"""

from __future__ import annotations

from typing import Any

import orjson

from chimera_metrics.integrations.masking.columns import COLUMN_MASKS, mask_column, mask_words
from chimera_metrics.integrations.masking.json_texts import mask_jsons
from chimera_metrics.integrations.validation.column_rule import ColumnRule


def mask_values(rule: ColumnRule, values: list[Any]) -> tuple[list[Any], dict[str, int]]:
    """A column's clean values as they may be stored, and how many replacements each rule made."""
    if not rule.masks:
        return values, {}
    if rule.kind == "word" and rule.name not in COLUMN_MASKS:
        return mask_words(values, rule.masks)
    if not rule.nested:
        return mask_column(rule.name, values, rule.masks)
    rows = [row for row, value in enumerate(values) if value]
    changed, counts = mask_jsons([orjson.dumps(_texts_of(rule, values[row])).decode() for row in rows], rule.masks)
    clean = list(values)
    for place, text in changed.items():
        clean[rows[place]] = _merged(rule, values[rows[place]], orjson.loads(text))
    return clean, dict(counts)


_TEXTS = ("text", "word", "json")


def _texts_of(rule: ColumnRule, value: Any) -> Any:
    """The value with its texts only, in a form that JSON has: a map as a list of pairs, so that no two keys meet."""
    if value is None or rule.kind in _TEXTS or rule.kind == "object":
        return value
    if rule.kind == "list":
        return [_texts_of(rule.parts[0], item) for item in value]
    if rule.kind == "tuple":
        return [
            {"name": name, "value": _texts_of(part, item)}
            for name, part, item in zip(rule.names, rule.parts, value, strict=True)
        ]
    if rule.kind == "map":
        key_rule, item_rule = rule.parts
        return [{"name": _key(key_rule, key), "value": _texts_of(item_rule, item)} for key, item in value.items()]
    return None


def _key(rule: ColumnRule, key: Any) -> Any:
    return key if rule.kind in _TEXTS else None


def _merged(rule: ColumnRule, value: Any, masked: Any) -> Any:
    """`value` with the texts of `masked`."""
    if masked is None:
        return value
    if rule.kind == "list":
        return [_merged(rule.parts[0], item, new) for item, new in zip(value, masked, strict=True)]
    if rule.kind == "tuple":
        return tuple(
            _merged(part, item, new["value"]) for part, item, new in zip(rule.parts, value, masked, strict=True)
        )
    if rule.kind == "map":
        return _merged_map(rule, value, masked)
    return masked


def _merged_map(rule: ColumnRule, value: dict[Any, Any], masked: list[dict[str, Any]]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for (key, item), new in zip(value.items(), masked, strict=True):
        name, number = (key if new["name"] is None else new["name"]), 2
        # Two addresses as keys become one word: the second is told from the first.
        free = name
        while free in found:
            free, number = f"{name} ({number})", number + 1
        found[free] = _merged(rule.parts[1], item, new["value"])
    return found
