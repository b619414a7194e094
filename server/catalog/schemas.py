"""JSON schemas as hosts like them: inlined, without titles, and on the way in without unions."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, TypeAdapter

# Bounds cost a listing more than they tell: the server checks them, and answers what it takes.
_CHECKED_BY_US = frozenset({"minimum", "minItems", "maxItems", "minLength", "maxLength"})


def _goes_without_saying(key: str, value: Any, node: dict[str, Any]) -> bool:
    """Bounds; that an object takes any field; a default of nothing, no or the first of the words."""
    if key == "default":
        return not value or value == node.get("enum", [None])[0]
    return key in _CHECKED_BY_US or (key == "additionalProperties" and value is True)


def input_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Arguments of a tool. An optional argument is its plain type: a host leaves it out rather than send null."""
    return _tidy(model.model_json_schema(), without_null=True)


def output_schema(adapter: TypeAdapter[Any]) -> dict[str, Any]:
    """Result of a tool. Which fields are always there is said at the top only; further down it costs too many words."""
    schema = _tidy(adapter.json_schema(mode="serialization"), without_null=False)
    required = schema.get("required")
    lean: dict[str, Any] = _without_required(schema)
    return lean | {"required": required} if required else lean


def _without_required(node: Any, named: bool = False) -> Any:
    if isinstance(node, list):
        return [_without_required(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _without_required(value, named=key == "properties" and not named)
        for key, value in node.items()
        if named or key != "required"
    }


def _tidy(schema: dict[str, Any], without_null: bool) -> dict[str, Any]:
    definitions = schema.pop("$defs", {})

    def walk(node: Any, named: bool = False) -> Any:
        if isinstance(node, list):
            return [walk(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            target = definitions[node["$ref"].rpartition("/")[2]]
            return walk(target | {key: value for key, value in node.items() if key != "$ref"})
        if "anyOf" in node:
            node = _one_of(node, without_null)
            if "$ref" in node:
                return walk(node)
        out: dict[str, Any] = {}
        for key, value in node.items():
            # Inside `properties` the keys are names of fields, and a field may be called title or default.
            if not named and (key == "title" or (without_null and _goes_without_saying(key, value, node))):
                continue
            out[key] = walk(value, named=key == "properties" and not named)
        return out

    tidy: dict[str, Any] = walk(schema)
    return tidy


def _one_of(node: dict[str, Any], without_null: bool) -> dict[str, Any]:
    rest: dict[str, Any] = {key: value for key, value in node.items() if key != "anyOf"}
    kinds = [kind for kind in node["anyOf"] if kind.get("type") != "null"]
    if len(kinds) == 1:
        kind: dict[str, Any] = kinds[0]
        if without_null:
            return kind | rest
        if "$ref" in kind:
            return node
        return kind | rest | {"type": [kind["type"], "null"]} if "type" in kind else kind | rest
    return node
