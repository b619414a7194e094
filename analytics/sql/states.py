"""Aggregates in two steps: states by a fine key, put together by a coarser one. No row is aggregated twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Label, func, type_coerce
from sqlalchemy.sql import visitors
from sqlalchemy.sql.functions import FunctionElement

from chimera_metrics.analytics.expressions import Parametric

_AGGREGATES = frozenset(
    {
        *("avgOrNull", "count", "countIf", "max", "maxOrNull", "min", "minOrNull", "stddevSampStable", "sum", "sumIf"),
        *("uniq", "uniqExact", "uniqMerge", "quantileDDOrNull", "quantileExactInclusiveOrNull", "quantilesDDMerge"),
    }
)
_MERGE = "Merge"


def in_two_steps(values: Sequence[Label[Any]]) -> tuple[list[Label[Any]], Callable[[FromClause], list[Label[Any]]]]:
    """The states of all aggregates in `values`, and what makes the values from rows that have those states.

    Example: avg(x) AS mean is avgState(x) AS state_1, and avgMerge(state_1) AS mean.
    """
    found: list[FunctionElement[Any]] = []
    for one in (one for value in values for one in _aggregates(value.element)):
        if not any(one.compare(other) for other in found):
            found.append(one)
    states = [_called(one, "State", *_arguments(one)).label(f"state_{at}") for at, one in enumerate(found, 1)]

    def rebuild(rows: FromClause) -> list[Label[Any]]:
        def put(node: Any, **_: Any) -> Any:
            if not _is_aggregate(node):
                return None
            place = next(at for at, one in enumerate(found, 1) if node.compare(one))
            return type_coerce(_called(node, _MERGE, rows.c[f"state_{place}"]), node.type)

        replace: Any = put
        merged = [visitors.replacement_traverse(value.element, {}, replace) for value in values]
        return [one.label(value.name) for one, value in zip(merged, values, strict=True)]

    return states, rebuild


def _aggregates(expression: Any) -> Iterator[FunctionElement[Any]]:
    if _is_aggregate(expression):
        yield expression
        return
    for child in expression.get_children():
        yield from _aggregates(child)


def _is_aggregate(node: Any) -> bool:
    return isinstance(node, FunctionElement) and getattr(node, "name", None) in _AGGREGATES


def _arguments(one: FunctionElement[Any]) -> list[ColumnElement[Any]]:
    # `count()` has the text of a star as its argument.
    return [argument for argument in one.clauses if str(argument) != "*"]


def _called(one: Any, suffix: str, *arguments: ColumnElement[Any]) -> ColumnElement[Any]:
    """The aggregate with a combinator. One that merges states already becomes a state again by `MergeState`."""
    name = one.name.removesuffix(_MERGE) + suffix if suffix == _MERGE else one.name + suffix
    if not isinstance(one, Parametric):
        return getattr(func, name)(*arguments)  # type: ignore[no-any-return]
    called = Parametric(name, (), *arguments)
    called.parameters = one.parameters
    return called
