"""From a column of a model to its rule, or to the sentence that says why there is none."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Column, Table

from chimera_metrics.analytics.tables import time_column
from chimera_metrics.integrations.masking.columns import COLUMN_MASKS, JSON_COLUMNS
from chimera_metrics.integrations.masking.masks import MaskRule
from chimera_metrics.integrations.masking.searching import ALL
from chimera_metrics.integrations.validation import kinds
from chimera_metrics.integrations.validation.cleaning import clean_value
from chimera_metrics.integrations.validation.column_rule import ColumnRule, Default
from chimera_metrics.integrations.validation.kinds import FINEST, TYPES, TypeRow
from chimera_metrics.integrations.validation.type_texts import TypeText, parse_type
from chimera_metrics.integrations.validation.values import ValueRejected
from chimera_metrics.models.ddl import type_text

_NOW = re.compile(r"(?:now|now64|today)\(.*\)", re.DOTALL)
_EMPTY: dict[str, Any] = {"list": [], "map": {}, "object": {}}
# What a bare type means, and the type of the same values that has a rule.
_INSTEAD = {
    "BFloat16": "use Float32",
    "Nested": "use Array(Tuple(…)), which one insert fills",
    "Point": "use Tuple(Float64, Float64)",
    "Ring": "use Array(Tuple(Float64, Float64))",
    "LineString": "use Array(Tuple(Float64, Float64))",
    "Polygon": "use Array(Array(Tuple(Float64, Float64)))",
    "Variant": "use JSON, or a column for each type",
    "Dynamic": "use JSON",
}


class NoRule(Exception):
    """No insert could fill the column; the text says why in one sentence."""


def make_rule(table: str, column: Column[Any], model: Table) -> ColumnRule:
    """The rule of `column`. Raises NoRule."""
    type_ = type_text(column.type)
    try:
        rule = _rule_of_type(table, column.name, type_)
    except NoRule as missing:
        raise NoRule(f"{table}.{column.name} has the type {type_}, for which insert has no rule: {missing}.") from None
    rule = _narrowed(rule, column, is_time=column.name == time_column(model))
    info = column.info
    rule = replace(
        rule,
        required=info["required"],
        meaning=info["meaning"],
        unit=info["unit"],
        words=rule.words or info["words"],
        masks=_masks(column, rule),
        blank=rule.nullable or rule.nested,
    )
    rule = replace(rule, default=_default(column, rule))
    if rule.default is not None and rule.default.constant == "":
        rule = replace(rule, blank=True)
    if not (rule.nullable or rule.required or rule.default):
        raise NoRule(
            f"{table}.{column.name} says nothing about rows that do not name it: give it a default, or make it "
            "required or nullable."
        )
    return rule


def _rule_of_type(table: str, name: str, text: str) -> ColumnRule:
    """The rule that follows from the type alone, at any depth."""
    nullable, word, found = False, False, parse_type(text)
    # Nullable and LowCardinality wrap each other in either order.
    while found.name in ("Nullable", "LowCardinality"):
        nullable, word = nullable or found.name == "Nullable", word or found.name == "LowCardinality"
        found = parse_type(found.arguments[0])
    row = TYPES.get(found.name)
    if row is None:
        raise NoRule(_INSTEAD.get(found.name, "use a type that docs/columns.md lists"))
    rule = ColumnRule(
        table=table,
        name=name,
        type=text,
        kind="word" if word and row.kind == "text" else row.kind,
        nullable=nullable,
        required=False,
        default=None,
        low=row.low,
        high=row.high,
        max_bytes=kinds.WORD_BYTES if word else kinds.TEXT_BYTES,
        meaning="",
        unit=None,
        words=(),
    )
    return _with_arguments(rule, row, found)


def _with_arguments(rule: ColumnRule, row: TypeRow, found: TypeText) -> ColumnRule:
    """The rule with what the arguments of its type say."""
    match rule.kind:
        case "time" if found.name == "DateTime64":
            digits = _fraction(found)
            first = datetime.combine(kinds.FIRST_WIDE, datetime.min.time(), UTC)
            return replace(rule, digits=digits, low=first, high=_last_moment(kinds.LAST_WIDE, digits))
        case "clock":
            digits = _fraction(found) if found.name == "Time64" else 0
            return replace(rule, digits=digits, low=-kinds.LONGEST_CLOCK, high=kinds.LONGEST_CLOCK)
        case "decimal":
            precision, scale = (*map(int, found.arguments), 0)[:2]
            return replace(rule, digits=scale, high=10 ** (precision - scale))
        case "float" if found.name == "Float32":
            return replace(rule, digits=32)
        case "fixed":
            return replace(rule, max_bytes=int(found.arguments[0]))
        case "ip":
            return replace(rule, digits=int(found.name[-1]))
        case "enum":
            return replace(rule, words=found.words)
        case "list" | "map":
            parts = tuple(_rule_of_type(rule.table, rule.name, argument) for argument in found.arguments)
            return replace(rule, parts=parts)
        case "tuple":
            names, types = zip(*found.elements, strict=True)
            parts = tuple(_rule_of_type(rule.table, rule.name, type_) for type_ in types)
            return replace(rule, parts=parts, names=names)
        case _:
            return rule


def _fraction(found: TypeText) -> int:
    digits = int(found.arguments[0]) if found.arguments else 3
    if digits > FINEST:
        raise NoRule(f"times go to the microsecond here, so use {found.name}({FINEST})")
    return digits


def _last_moment(day: Any, digits: int) -> datetime:
    end = datetime.combine(day, datetime.min.time(), UTC) + timedelta(days=1)
    return end - timedelta(microseconds=10 ** (6 - digits))


def _narrowed(rule: ColumnRule, column: Column[Any], *, is_time: bool) -> ColumnRule:
    """The rule with what the model says beyond the type."""
    form, (low, high) = column.info["form"], column.info["bounds"]
    if form == "commit" and rule.kind == "fixed":
        return replace(rule, kind="commit", max_bytes=kinds.TEXT_BYTES)
    if form == "hour" and rule.kind == "time":
        return replace(rule, kind="hour", high=kinds.LAST_HOUR)
    if is_time and rule.kind == "time" and rule.high > kinds.LAST_TIME:
        return replace(rule, low=kinds.FIRST_TIME, high=_last_moment(kinds.LAST_DAY, rule.digits))
    if rule.kind == "text" and column.name in JSON_COLUMNS:
        return replace(rule, kind="json")
    if rule.kind == "decimal":
        return replace(rule, kind="money" if low == 0 and rule.type in _MONEY else "decimal", low=low)
    if rule.kind == "float":
        return replace(rule, low=low, high=high)
    if column.name == "user_agent":
        return replace(rule, max_bytes=kinds.USER_AGENT_BYTES)
    return rule


_MONEY = {"Decimal(21, 9)", "Nullable(Decimal(21, 9))"}


def _masks(column: Column[Any], rule: ColumnRule) -> tuple[MaskRule, ...]:
    """The masks of a column: as the house has listed them, else all unless the model says that none is needed."""
    if not holds_text(rule):
        return ()
    if column.name in COLUMN_MASKS and not rule.nested:
        return COLUMN_MASKS[column.name]
    return () if column.info["masked"] is False else ALL


def holds_text(rule: ColumnRule) -> bool:
    """Whether there may be prose in the column's values, at any depth."""
    return rule.kind in ("text", "word", "json", "object") or any(map(holds_text, rule.parts))


def _default(column: Column[Any], rule: ColumnRule) -> Default | None:
    if column.server_default is None:
        return Default("constant", _EMPTY[rule.kind]) if rule.kind in _EMPTY and not rule.nullable else None
    given = column.server_default.arg  # type: ignore[attr-defined]  # text by `col`, maybe a plain str by others
    expression = str(getattr(given, "text", given)).strip()
    if _NOW.fullmatch(expression) and rule.kind in ("time", "hour", "date"):
        return Default("now")
    if expression == "generateUUIDv4()":
        return Default("uuid")
    try:
        return Default("constant", clean_value(replace(rule, blank=True), _literal(expression, rule))[0])
    except (ValueError, ValueRejected):
        raise NoRule(
            f"{rule.table}.{rule.name} has the default {expression}, which insert cannot work out: give a literal, "
            "now(), generateUUIDv4(), or make the column nullable or required."
        ) from None


def _literal(expression: str, rule: ColumnRule) -> Any:
    """A literal of the engine's as a value. Raises ValueError for any other expression."""
    if expression.startswith("'") and expression.endswith("'"):
        return expression[1:-1].replace("\\'", "'").replace("''", "'").replace("\\\\", "\\")
    if expression in ("map()", "{}") or (expression == "[]" and rule.kind == "list"):
        return _EMPTY[rule.kind]
    if expression.startswith("["):
        return orjson.loads(expression.replace("'", '"'))
    return expression if rule.kind == "bool" else orjson.loads(expression)
