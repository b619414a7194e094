"""Nodes of the engine's tree: the names that can be seen from one, and what its literals say."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from chimera_metrics.integrations.guard.refusals import StatementRefused

Kind = Literal["select", "explain", "show", "describe"]
Node = Mapping[str, Any]


@dataclass(frozen=True)
class Scope:
    """Names of the WITH clauses that can be seen from a node: of queries, of expressions, and of lambdas."""

    queries: frozenset[str] = frozenset()
    expressions: frozenset[str] = frozenset()
    lambdas: frozenset[str] = frozenset()

    def with_query(self, name: str) -> "Scope":
        return replace(self, queries=self.queries | {name})

    def with_expression(self, name: str) -> "Scope":
        return replace(self, expressions=self.expressions | {name})

    def with_lambda(self, name: str) -> "Scope":
        return replace(self, lambdas=self.lambdas | {name})


EMPTY_SCOPE = Scope()


def is_lambda(node: Node) -> bool:
    return node["type"] == "Function" and str(node["name"]).lower() == "lambda"


def is_order_by_all(elements: list[Node]) -> bool:
    """ORDER BY ALL: the word stands where a column would, and means everything that is selected."""
    [element] = elements
    directions = {"direction", "nulls_direction", "nulls_direction_was_explicitly_specified"}
    return element.keys() - directions == {"type", "expression"} and element["expression"] == {
        "type": "Identifier",
        "name": "all",
    }


def arguments_of(node: Node) -> list[Node]:
    children: list[Node] = node.get("arguments", {}).get("children", [])
    return children


def name_parts(node: Node) -> list[str]:
    """The parts of a name with dots: database and table, or table and column."""
    return node.get("name_parts") or [node["name"]]


def string_literal(node: Node) -> str | None:
    """The text of a string literal, None for anything else."""
    value = node.get("value") if node.get("type") == "Literal" else None
    return str(value["value"]) if isinstance(value, dict) and value.get("field_type") == "String" else None


def check_type(text: str | None, user: str) -> None:
    """Refuses a type that is not a literal, or that is a state. `user` is what takes the type, for the sentence."""
    # The engine's native code trusts the bytes of an aggregate function's state, so no reader may bring one.
    if text is None or "aggregatefunction" in text.lower():
        raise StatementRefused(
            f"The type for {user} has to be written out, and may not be AggregateFunction; cast to a plain type."
        )


def check_structure(text: str) -> None:
    """Refuses a structure of values() that holds expressions or states."""
    if re.search(r"\b(default|alias|materialized|ephemeral|aggregatefunction|simpleaggregatefunction)\b", text, re.I):
        raise StatementRefused(
            "The structure of values() says more than names and types; write only those, such as 'day Date, n UInt32'."
        )


def most_rows(query: Node) -> int | None:
    """The most rows that a SELECT can answer, where its text says so: its LIMIT, or one for literals alone."""
    selects = query["list_of_selects"]["children"]
    if len(selects) != 1 or selects[0]["type"] != "SelectQuery":
        return None
    [select] = selects
    if select.keys() == {"type", "select"} and all(part["type"] == "Literal" for part in select["select"]["children"]):
        return 1
    limit = select.get("limit_length", {})
    if limit.get("type") != "Literal" or select.get("limit_with_ties"):
        return None
    value = limit["value"]
    return int(value["value"]) if value.get("field_type") == "UInt64" else None
