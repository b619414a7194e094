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
    "null": "is null",
}


def operator_of(word: Any) -> str:
    """`word` in the form that is documented: `==` is `=`, `NOT_IN` is `not in`. Unknown ones are left as they are."""
    plain = re.sub(r"[\s_]+", " ", str(word).strip().lower())
    return _ALSO.get(plain, plain)


def spelled_out(given: Mapping[str, Any], columns: Container[str]) -> list[Mapping[str, Any]]:
    """The filters that an object states: one `{column, op, value}`, or one for each column of `{column: value}`.

    A value of null asks for null there, and a list for any of its values.
    """
    if not given or any(name in FIELDS or name not in columns for name in given):
        return [plain_filter(given)]
    return [
        {"column": name, "op": "is null"} if value is None else plain_filter({"column": name, "value": value})
        for name, value in given.items()
    ]


def plain_filter(given: Mapping[str, Any]) -> dict[str, Any]:
    """A filter with its operator as documented, several values in `values`, and one in `value`."""
    found = dict(given)
    op = found["op"] = operator_of(found.get("op") or "=")
    value, values = found.get("value"), found.get("values")
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


def _is_list(value: Any) -> TypeGuard[Collection[Any]]:
    return isinstance(value, list | tuple | set | frozenset)


def _is_one(value: Any) -> bool:
    """Whether it is one value: a text with a comma in it may be meant as several."""
    return value is not None and not isinstance(value, Mapping) and not _is_list(value) and "," not in str(value)


def _says_nothing(name: str, part: Any, op: str) -> bool:
    if op in OF_NONE:
        return part is None or part == "" or part == []
    return name == "values" and op not in OF_MANY and part == []
