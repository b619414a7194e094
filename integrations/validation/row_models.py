"""The rows of a table as the insert tools declare them: JSON schemas derived from the rules.

The schemas have no unions, which many hosts refuse: a column that may be null is declared as its plain type, and
null is accepted for it all the same (a host that validates strictly leaves the field out).

Models read them at each listing and pay for every word. So a column has its type, and only those facts that a writer
needs and neither its name nor its type shows; `describe` tells its meaning, unit and default.
"""

from __future__ import annotations

from typing import Any

from chimera_metrics.integrations.validation.column_rule import ColumnRule
from chimera_metrics.integrations.validation.kinds import FLOAT_LIMITS, FORMS
from chimera_metrics.integrations.validation.rules import rules_of

# How names of columns spell a unit that they do not spell as it is.
_IN_NAMES = {"s": "seconds", "tokens/s": "tokens_per_sec"}


def row_schema(table: str) -> dict[str, Any]:
    """The JSON schema of one row of `table`. Raises InvalidInput for an unknown table."""
    rules = rules_of(table)
    return {
        "type": "object",
        "properties": {rule.name: _type(rule) | _described(rule) for rule in rules.rules},
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


def _described(rule: ColumnRule) -> dict[str, str]:
    """What a writer cannot see from the column's name and type: form, known words, bounds, a unit."""
    said = [_form(rule), ", ".join(rule.words), _bounds(rule), _unit(rule)]
    text = "; ".join(filter(None, said))
    return {"description": text} if text else {}


def _form(rule: ColumnRule) -> str | None:
    """How a value is written, where `describe` does not say it once for all columns of a kind."""
    if is_wide(rule):
        return "whole number as text"
    return None if rule.kind in ("time", "hour", "uuid", "commit") else FORMS[rule.kind].note


def _bounds(rule: ColumnRule) -> str | None:
    if rule.kind != "float" or rule.low is None or rule.high is None or abs(rule.high) in FLOAT_LIMITS.values():
        return None
    return f"{rule.low:g} to {rule.high:g}"


def _unit(rule: ColumnRule) -> str | None:
    """The unit, unless the name has it, as `latency_ms` and `tokens_in` do."""
    if rule.unit in (None, "USD") or f"_{_IN_NAMES.get(rule.unit, rule.unit.lower())}_" in f"_{rule.name}_":
        return None
    return rule.unit
