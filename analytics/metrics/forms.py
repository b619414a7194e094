"""Filters as people and models write them: forms with one plain meaning, put into the form that is documented."""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Mapping
from typing import Any, TypeGuard

from chimera_metrics.analytics.errors import QuestionError

OPERATORS = (
    *("=", "!=", "<", "<=", ">", ">=", "in", "not in"),
    *("like", "not like", "ilike", "is null", "is not null"),
)
FIELDS = ("column", "op", "value", "values")
OF_MANY = frozenset({"in", "not in"})
OF_NONE = frozenset({"is null", "is not null"})
EXAMPLE = '{"column": "model", "op": "=", "value": "gpt-4o"}'

_ALSO = {
    "==": "=",
    "===": "=",
    "eq": "=",
    "equals": "=",
    "equal": "=",
    "<>": "!=",
    "ne": "!=",
    "neq": "!=",
    "gt": ">",
    "ge": ">=",
    "gte": ">=",
    "lt": "<",
    "le": "<=",
    "lte": "<=",
    "notin": "not in",
    "nin": "not in",
    "notlike": "not like",
    "isnull": "is null",
    "isnotnull": "is not null",
    "notnull": "is not null",
    "not null": "is not null",
    "exists": "is not null",
    "null": "is null",
    "not exists": "is null",
    "≥": ">=",
    "≤": "<=",
    "≠": "!=",
    "not": "!=",
    "is": "=",
    "is not": "!=",
    "not equal": "!=",
    "not equals": "!=",
    "not equal to": "!=",
    "equal to": "=",
    "greater than": ">",
    "less than": "<",
    "at least": ">=",
    "at most": "<=",
    "one of": "in",
    "any of": "in",
    "is in": "in",
    "none of": "not in",
    "is not in": "not in",
    "startswith": "starts with",
    "prefix": "starts with",
    "endswith": "ends with",
    "suffix": "ends with",
    "notcontains": "not contains",
    "does not contain": "not contains",
}
# What is asked of a part of a text, as a pattern.
_PARTS = {
    "contains": ("like", "%{}%"),
    "icontains": ("ilike", "%{}%"),
    "not contains": ("not like", "%{}%"),
    "starts with": ("like", "{}%"),
    "ends with": ("like", "%{}"),
}
# What others call the parts of a filter.
_FIELDS_ALSO = {
    **dict.fromkeys(("field", "name", "key", "col", "dimension", "property", "attribute"), "column"),
    **dict.fromkeys(("operator", "operation", "comparator", "comparison", "cmp", "condition"), "op"),
    "val": "value",
}


def operator_of(word: Any) -> str:
    """`word` in the form that is documented: `==` is `=`, `NOT_IN` is `not in`. Unknown ones are left as they are."""
    plain = _plain_word(word)
    return _ALSO.get(plain, plain)


def _plain_word(word: Any) -> str:
    return re.sub(r"[\s_]+", " ", str(word).strip().lower())


def spelled_out(given: Mapping[str, Any], columns: Container[str]) -> list[Mapping[str, Any]]:
    """The filters that an object states: one `{column, op, value}`, or one for each column of `{column: value}`.

    A value of null asks for null there, and a list for any of its values.
    """
    given = {name: part for one in map(_suffixed, given.items()) for name, part in one}
    given = _named_as_documented(given)
    if not given or any(name in FIELDS or not _is_column(name, columns) for name in given):
        return _bounds(given) or [plain_filter(given)]
    return [one for name, value in given.items() for one in _of_column(name, value)]


def _suffixed(given: tuple[Any, Any]) -> list[tuple[Any, Any]]:
    """`latency_ms__gt: 100` as latency_ms: {gt: 100}."""
    name, part = given
    column, two, word = name.rpartition("__") if isinstance(name, str) else ("", "", "")
    return [(column, {word: part})] if column and two and operator_of(word) in OPERATORS else [(name, part)]


def _of_column(name: str, value: Any) -> list[Mapping[str, Any]]:
    """The filters of `{column: value}`, where the value may be `{op: value}`, one or several."""
    if value is None:
        return [{"column": name, "op": "is null"}]
    if not isinstance(value, Mapping):
        return [plain_filter({"column": name, "value": value})]
    own = _named_as_documented(value)
    if own and all(field in FIELDS for field in own):
        one = {**own, "column": name}
        return _bounds(one) or [plain_filter(one)]
    found: list[Mapping[str, Any]] = []
    for word, operand in value.items():
        one = {"column": name, "op": str(word).lstrip("$"), "value": operand}
        found += _bounds(one) or [plain_filter(one)]
    return found


def _is_column(name: Any, columns: Container[str]) -> bool:
    return isinstance(name, str) and (name in columns or name.rpartition(".")[2].lower() in columns)


def _named_as_documented(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """`given` with the names that a filter's parts have here, where others are not columns of their own."""
    named = {_FIELDS_ALSO.get(name, name) if isinstance(name, str) else name: part for name, part in given.items()}
    return named if len(named) == len(given) and "column" in named else given


def _bounds(given: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The two filters that `between` is; none for another operator."""
    if _plain_word(given.get("op")) != "between":
        return []
    values = given.get("values") or given.get("value")
    if isinstance(values, str):
        values = [part.strip() for part in re.split(r"\s+and\s+|,", values, flags=re.IGNORECASE)]
    if not _is_list(values) or len(values) != 2:
        raise QuestionError(
            f"The filter on {given.get('column')} with op 'between' needs two values, such as "
            f'{{"column": "{given.get("column")}", "op": "between", "values": [1, 2]}}.'
        )
    least, most = values
    return [{"column": given["column"], "op": op, "value": one} for op, one in ((">=", least), ("<=", most))]


def plain_filter(given: Mapping[str, Any]) -> dict[str, Any]:
    """A filter with its operator as documented, several values in `values`, and one in `value`."""
    found = dict(given)
    op = found["op"] = operator_of(found.get("op") or "=")
    value, values = found.get("value"), found.get("values")
    if op in _PARTS and isinstance(value, str) and value:
        op, pattern = _PARTS[op]
        value = pattern.format(re.sub(r"([%_\\])", r"\\\1", value))
        found |= {"op": op, "value": value}
    if op in ("=", "!=") and value is None and not values and _says_nothing_at_all(given):
        op = found["op"] = "is null" if op == "=" else "is not null"
    if _is_list(value) and not values:
        found |= {"op": {"=": "in", "!=": "not in"}.get(op, op), "values": list(value)}
        del found["value"]
    elif _is_list(values) and values and value is None and op in ("=", "!="):
        found["op"] = "in" if op == "=" else "not in"
    elif op in OF_MANY and not values and _is_one(value):
        found["values"] = [found.pop("value")]
    elif op in OF_MANY and _is_one(values) and value is None:
        found["values"] = [values]
    # A host that cannot leave an argument out sends an empty one for it.
    empty = [name for name in ("value", "values") if name in found and _says_nothing(name, found[name], found["op"])]
    return {name: part for name, part in found.items() if name not in empty}


def one_value(given: Mapping[str, Any], where: str) -> list[Any]:
    """The values of a filter in plain form, as many as its operator takes."""
    op, value, values = given["op"], given.get("value"), given.get("values")
    if op in OF_NONE:
        if value is not None or values:
            raise QuestionError(f"The filter on {where} with op '{op}' takes no value; leave it out.")
        return []
    if op in OF_MANY:
        if not _is_list(values) or not values or value is not None:
            raise QuestionError(
                f"The filter on {where} with op '{op}' needs `values`, a list of at least one value, such as "
                f'{{"column": "{where.rpartition(".")[2]}", "op": "{op}", "values": ["a", "b"]}}.'
            )
        return list(values)
    if value is None or values is not None:
        raise QuestionError(
            f"The filter on {where} with op '{op}' needs one `value`; op 'in' takes `values`, 'is null' none."
        )
    return [value]


def _says_nothing_at_all(given: Mapping[str, Any]) -> bool:
    """Whether null is what the filter asks for: `is` null, not a comparison whose value was left out."""
    return _plain_word(given.get("op")) in ("is", "is not")


def _is_list(value: Any) -> TypeGuard[Collection[Any]]:
    return isinstance(value, list | tuple | set | frozenset)


def _is_one(value: Any) -> bool:
    """Whether it is one value: a text with a comma in it may be meant as several."""
    return value is not None and not isinstance(value, Mapping) and not _is_list(value) and "," not in str(value)


def _says_nothing(name: str, part: Any, op: str) -> bool:
    if op in OF_NONE:
        return part is None or part == "" or part == []
    return name == "values" and op not in OF_MANY and part == []
