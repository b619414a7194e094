"""The names that can be seen from an expression, with the sizes of what they stand for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from chimera_metrics.integrations.guard.nodes import Node
from chimera_metrics.integrations.guard.sizes import NUMBER, Size, larger

EXPRESSIONS = frozenset({"Literal", "Identifier", "Function", "Subquery", "QueryParameter"})


@dataclass
class Answer:
    """What a query gives: its columns by their names, how many there are, and what it unfolds to."""

    columns: dict[str, Size] = field(default_factory=dict)
    width: float = 0.0
    parts: float = 0.0
    selects: float = 0.0
    fan: tuple[float, float] = (1.0, 1.0)
    first: Size = NUMBER
    #: Whether it reads tables, of which any column may be named.
    stored: bool = False


@dataclass
class Place:
    """The names that can be seen from an expression."""

    queries: Mapping[str, Answer] = field(default_factory=dict)
    columns: Mapping[str, Size] = field(default_factory=dict)
    aliases: Mapping[str, tuple[Node, Place]] = field(default_factory=dict)
    parameters: Mapping[str, Size] = field(default_factory=dict)
    lambdas: Mapping[str, Node] = field(default_factory=dict)
    #: Whether some column may be one of a table of the store.
    stored: bool = False


def both(one: Answer, other: Answer) -> Answer:
    columns = dict(one.columns)
    # The columns of a UNION go by their places, and have the names of its first query.
    for name, size in zip(list(columns), other.columns.values(), strict=False):
        columns[name] = larger(columns[name], size)
    for name, size in other.columns.items():
        columns[name] = larger(columns[name], size) if name in columns else size
    fan = max(one.fan[0], other.fan[0]), max(one.fan[1], other.fan[1])
    width, first = max(one.width, other.width), larger(one.first, other.first)
    parts, selects, stored = one.parts + other.parts, one.selects + other.selects, one.stored or other.stored
    return Answer(columns, width, parts, selects, fan, first, stored)


def aliases_of(node: Any, top: bool = True) -> Iterator[tuple[str, Node]]:
    """The aliases of a SELECT, without those of its subqueries and of its WITH."""
    if isinstance(node, list):
        for one in node:
            yield from aliases_of(one, False)
    elif isinstance(node, dict):
        kind = node.get("type")
        if kind in EXPRESSIONS and node.get("alias"):
            yield node["alias"], node
        if kind == "Subquery" or (kind == "SelectWithUnionQuery" and not top):
            return
        for part, value in node.items():
            if isinstance(value, dict | list) and part not in {"with", "tables"}:
                yield from aliases_of(value, False)
