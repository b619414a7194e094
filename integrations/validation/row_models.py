"""The rows of a table as the insert tools declare them: JSON schemas derived from the rules.

The schemas have no unions, which many hosts refuse: a column that may be null is declared as its plain type, and
null is accepted for it all the same (a host that validates strictly leaves the field out). They are read by models,
so that every word in them is paid for at each listing.
"""

from __future__ import annotations

from typing import Any

from chimera_metrics.integrations.validation.rules import ColumnRule, Kind, rules_of

_TYPES: dict[Kind, dict[str, Any]] = {
    "time": {"type": "string"},
    "hour": {"type": "string"},
    "uuid": {"type": "string"},
    "word": {"type": "string"},
    "text": {"type": "string"},
    "commit": {"type": "string"},
    "json": {"type": "string"},
    "float": {"type": "number"},
    "money": {"type": "number"},
    "int": {"type": "integer"},
}
_NOTES: dict[Kind, str] = {
    "time": "ISO 8601, UTC if no zone",
    "hour": "ISO 8601, UTC if no zone",
    "uuid": "UUID",
    "commit": "40 hex digits",
    "json": "JSON text of an object",
}


def row_schema(table: str) -> dict[str, Any]:
    """The JSON schema of one row of `table`. Raises InvalidInput for an unknown table."""
    rules = rules_of(table)
    return {
        "type": "object",
        "properties": {rule.name: _TYPES[rule.kind] | {"description": _describe(rule)} for rule in rules.rules},
        "required": [rule.name for rule in rules.rules if rule.required],
        "additionalProperties": False,
    }


def _describe(rule: ColumnRule) -> str:
    """Meaning, unit or form, known words, and what stands if it is left out."""
    unit = f" [{rule.unit}]" if rule.unit else ""
    notes = [_NOTES[rule.kind]] if rule.kind in _NOTES else []
    if rule.words:
        notes.append(", ".join(rule.words))
    if rule.default is not None:
        shown = {"now": "now", "uuid": "a new one"}.get(rule.default.kind, rule.default.constant)
        notes.append(f"default {shown}")
    return f"{rule.meaning}{unit}" + (f" ({'; '.join(notes)})" if notes else "")
