"""What the nodes of the engine's tree say: names in sight, literals that are spelled out, how a part is called."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from chimera_metrics.integrations.guard.rules import HELD_SETTINGS, REASONS

Kind = Literal["select", "explain", "show", "describe"]
Node = Mapping[str, Any]


class StatementRefused(Exception):
    """The statement may not run; the message is one sentence for the reader, with a next step."""


@dataclass(frozen=True)
class Scope:
    """Names of the WITH clauses that can be seen from here: of queries, of expressions, and of lambdas."""

    queries: frozenset[str] = frozenset()
    expressions: frozenset[str] = frozenset()
    lambdas: frozenset[str] = frozenset()

    def with_query(self, name: str) -> "Scope":
        return replace(self, queries=self.queries | {name})

    def with_expression(self, name: str) -> "Scope":
        return replace(self, expressions=self.expressions | {name})

    def with_lambda(self, name: str) -> "Scope":
        return replace(self, lambdas=self.lambdas | {name})


NOWHERE = Scope()


def not_allowed(what: str) -> str:
    return (
        f"{what} may not run here: this is for reading, with SELECT, EXPLAIN, SHOW or DESCRIBE; "
        "to write rows use the insert tools."
    )


def is_lambda(node: Node) -> bool:
    return node["type"] == "Function" and str(node["name"]).lower() == "lambda"


def only_all(elements: list[Node]) -> bool:
    """ORDER BY ALL: the word stands where a column would, and means what is selected."""
    [element] = elements
    directions = {"direction", "nulls_direction", "nulls_direction_was_explicitly_specified"}
    return element.keys() - directions == {"type", "expression"} and element["expression"] == {
        "type": "Identifier",
        "name": "all",
    }


def arguments_of(node: Node) -> list[Node]:
    children: list[Node] = node.get("arguments", {}).get("children", [])
    return children


def keep_held(name: str, value: object) -> None:
    """A setting that makes reads exact may be said again."""
    held = HELD_SETTINGS[name]
    if str(value).lower() not in {str(held), str(bool(held)).lower()}:
        raise StatementRefused(
            f"Setting '{name}' stays at {held} here, so that a benchmark run that was sent again counts once; "
            "leave it out of the SETTINGS clause."
        )


def spelled(node: Node) -> str | None:
    """The text of a string literal, None for anything else."""
    value = node.get("value") if node.get("type") == "Literal" else None
    return str(value["value"]) if isinstance(value, dict) and value.get("field_type") == "String" else None


def plain_type(text: str | None, user: str) -> None:
    # A state of an aggregate function made of foreign bytes is read by native code that trusts it.
    if text is None or "aggregatefunction" in text.lower():
        raise StatementRefused(
            f"The type for {user} has to be written out, and may not be AggregateFunction; cast to a plain type."
        )


def plain_structure(text: str) -> None:
    if re.search(r"\b(default|alias|materialized|ephemeral|aggregatefunction|simpleaggregatefunction)\b", text, re.I):
        raise StatementRefused(
            "The structure of values() says more than names and types; write only those, such as 'day Date, n UInt32'."
        )


def spoken(kind: object) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", str(kind)).removesuffix("Query").strip()
    return words.upper() or "This statement"


def because(name: str) -> str:
    return f" ({REASONS[name]})" if name in REASONS else ""


def last_parts(names: Iterable[str]) -> Iterable[str]:
    return (name.rsplit(".", 1)[-1] for name in names)


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
