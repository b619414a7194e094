"""The rows of a table as the insert tools declare them: JSON schemas derived from the rules.

The schemas have no unions, which many hosts refuse: a column that may be null is declared as its plain type, and
null is accepted for it all the same (a host that validates strictly leaves the field out). They are read by models,
so that every word in them is paid for at each listing.
"""

from __future__ import annotations

from typing import Any

from chimera_metrics.integrations.validation.column_rule import ColumnRule
from chimera_metrics.integrations.validation.kinds import FORMS
from chimera_metrics.integrations.validation.rules import rules_of


def row_schema(table: str) -> dict[str, Any]:
    """The JSON schema of one row of `table`. Raises InvalidInput for an unknown table."""
    rules = rules_of(table)
    return {
        "type": "object",
        "properties": {rule.name: _type(rule) | {"description": _describe(rule)} for rule in rules.rules},
        "required": [rule.name for rule in rules.rules if rule.required],
        "additionalProperties": False,
    }


def _type(rule: ColumnRule) -> dict[str, Any]:
    """The JSON type of one value, and of the parts of a list or map."""
    if is_wide(rule):
        return {"type": "string"}
    found: dict[str, Any] = {"type": FORMS[rule.kind].json}
    if rule.kind == "list":
        found["items"] = _type(rule.parts[0])
    if rule.kind == "map":
        found["additionalProperties"] = _type(rule.parts[1])
    return found


def is_wide(rule: ColumnRule) -> bool:
    """Whether the column holds whole numbers that readers of JSON lose digits of."""
    return rule.kind == "int" and rule.high >= 2**64


def _describe(rule: ColumnRule) -> str:
    """Meaning, unit or form, known words, and what stands if it is left out."""
    unit = f" [{rule.unit}]" if rule.unit else ""
    note = "whole number as text" if is_wide(rule) else FORMS[rule.kind].note
    notes = [note] if note else []
    if rule.words:
        notes.append(", ".join(rule.words))
    if rule.default is not None:
        shown = {"now": "now", "uuid": "a new one"}.get(rule.default.kind, rule.default.constant)
        if not rule.nested:
            notes.append(f"default {str(shown).lower() if isinstance(shown, bool) else shown}")
    return f"{rule.meaning}{unit}" + (f" ({'; '.join(notes)})" if notes else "")
