"""Which words a statement compares its columns with: `status = 'error'`, `model LIKE '%GPT%'`."""

from collections.abc import Iterator
from dataclasses import dataclass

from chimera_metrics.integrations.guard.nodes import Node, arguments_of

_OPERATORS = {
    "equals": "=", "in": "in", "like": "like", "ilike": "ilike",
    "notEquals": "!=", "notIn": "not in", "notLike": "not like",
}  # fmt: skip


@dataclass(frozen=True)
class Condition:
    """`op` as in filters; `column` without its table."""

    column: str
    op: str
    values: tuple[str, ...]


def conditions(tree: Node) -> tuple[Condition, ...]:
    """Every comparison of a column with words, wherever it stands, each once."""
    return tuple(dict.fromkeys(_found(tree)))


def _found(node: object) -> Iterator[Condition]:
    if isinstance(node, list):
        for item in node:
            yield from _found(item)
    elif isinstance(node, dict):
        if node.get("type") == "Function" and node.get("name") in _OPERATORS:
            yield from _comparison(node)
        for part in node.values():
            if isinstance(part, dict | list):
                yield from _found(part)


def _comparison(node: Node) -> Iterator[Condition]:
    sides = arguments_of(node)
    if len(sides) != 2:
        return
    column, words = sides if sides[0].get("type") == "Identifier" else reversed(sides)
    values = _words(words)
    if column.get("type") == "Identifier" and values:
        yield Condition(str(column["name"]).rpartition(".")[2], _OPERATORS[node["name"]], values)


def _words(node: Node) -> tuple[str, ...]:
    """The texts of a literal, a tuple of literals, or a parameter, which stands here as a literal that is cast."""
    if node.get("type") == "Function" and node.get("name") == "CAST":
        return _words(arguments_of(node)[0])
    value = node.get("value") if node.get("type") == "Literal" else None
    if not isinstance(value, dict):
        return ()
    items = value["value"] if value.get("field_type") in ("Tuple", "Array") else [value]
    if not all(isinstance(item, dict) and item.get("field_type") == "String" for item in items):
        return ()
    return tuple(str(item["value"]) for item in items)
