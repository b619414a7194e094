"""The surface that agents see: committed, compatible, small, without what hosts refuse."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import anyio
import orjson
import pytest

from chimera_metrics.models import FACT_TABLES, insertable
from chimera_metrics.server.catalog.surface import surface as committed
from chimera_metrics.server.derive import derive
from tests.server import surface

TOOLS = [
    "query",
    "query.aggregate",
    "query.correlation",
    "query.trend",
    "query.compare",
    "query.drivers",
    "query.forecast",
    "query.anomalies",
    "get.correlation_data",
    "get.trend_data",
    "get.performance_summary",
    "get.quality_metrics",
    "describe",
    *(f"insert.{table}" for table in FACT_TABLES),
    "watch.set",
    "watch.list",
    "watch.remove",
]


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return anyio.run(surface.surface)


def test_the_committed_surface_is_what_is_derived() -> None:
    assert derive() == committed(), "Run `python -m chimera_metrics.server.derive`, and commit surface.json"


def test_the_committed_surface_is_what_a_client_lists(found: dict[str, Any]) -> None:
    assert found == {name: listed for name, listed in committed().items() if name != "answers"}


def test_no_client_of_the_last_version_is_broken(found: dict[str, Any]) -> None:
    broken = surface.breaks(surface.last_version(), found)
    assert not broken, f"This breaks clients of {surface.LAST_VERSION}: {broken}"


def test_the_contract_s_tools_are_there(found: dict[str, Any]) -> None:
    assert sorted(tool["name"] for tool in found["tools"]) == sorted(TOOLS)


def _without(path: str) -> dict[str, Any]:
    """The committed surface, changed in one place."""
    changed = copy.deepcopy(committed())
    query = next(tool for tool in changed["tools"] if tool["name"] == "query")
    episodes = next(tool for tool in changed["tools"] if tool["name"] == "insert.episodes")
    row = episodes["inputSchema"]["properties"]["rows"]["items"]
    match path:
        case "tool":
            changed["tools"].remove(query)
        case "argument":
            del query["inputSchema"]["properties"]["max_rows"]
        case "required":
            query["inputSchema"]["required"].append("max_rows")
        case "type":
            query["inputSchema"]["properties"]["max_rows"]["type"] = "string"
        case "column":
            del row["properties"]["title"]
        case "nested":
            row["required"].append("file_path")
        case "result":
            del query["outputSchema"]["properties"]["rows"]
        case "prompt":
            changed["prompts"].pop()
    return changed


BREAKS = [
    ("tool", "query is gone"),
    ("argument", "query: the argument max_rows is gone"),
    ("required", "query: the argument max_rows is now required"),
    ("type", "query: the argument max_rows was integer and is string"),
    ("column", "insert.episodes: the argument rows.title is gone"),
    ("nested", "insert.episodes: the argument rows.file_path is now required"),
    ("result", "query: the result's rows is gone"),
    ("prompt", "prompts: cost_review is gone"),
]


@pytest.mark.parametrize(("path", "sentence"), BREAKS, ids=[path for path, _ in BREAKS])
def test_what_would_break_a_client_is_told(path: str, sentence: str) -> None:
    assert sentence in surface.breaks(committed(), _without(path))


def test_a_tool_more_or_an_optional_argument_more_breaks_nobody() -> None:
    after = copy.deepcopy(committed())
    after["tools"].append({"name": "query.new"})
    after["tools"][0]["inputSchema"]["properties"]["more"] = {"type": "string"}
    assert surface.breaks(committed(), after) == []


def test_what_a_model_pays_for_the_surface(found: dict[str, Any]) -> None:
    inputs = sum(
        len(tool["name"]) + len(tool["description"].encode()) + len(orjson.dumps(tool["inputSchema"]))
        for tool in found["tools"]
    )
    outputs = sum(len(orjson.dumps(tool["outputSchema"])) for tool in found["tools"])
    assert inputs <= 20_000
    assert outputs <= 30_000
    assert len(found["instructions"].encode()) <= 3_000


def test_each_argument_has_its_sentence(found: dict[str, Any]) -> None:
    for tool in found["tools"]:
        for name, schema in tool["inputSchema"]["properties"].items():
            assert schema["description"], f"{tool['name']}: {name}"


def test_every_tool_says_what_a_host_asks_for(found: dict[str, Any]) -> None:
    for tool in found["tools"]:
        assert tool["title"].endswith(f"({tool['name']})")
        assert tool["annotations"]["readOnlyHint"] is not tool["name"].startswith(
            ("insert.", "watch.set", "watch.remove")
        )
        assert tool["annotations"]["idempotentHint"] is True
        assert tool["annotations"]["destructiveHint"] is (tool["name"] == "watch.remove")
        assert tool["outputSchema"]["type"] == "object"


def _nodes(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, list):
        return [node for item in schema for node in _nodes(item)]
    if not isinstance(schema, dict):
        return []
    return [schema, *(node for value in schema.values() for node in _nodes(value))]


def test_inputs_have_no_unions_and_refuse_what_they_do_not_know(found: dict[str, Any]) -> None:
    for tool in found["tools"]:
        for node in _nodes(tool["inputSchema"]):
            assert not {"anyOf", "oneOf", "allOf", "$ref", "$defs"} & set(node), tool["name"]
            assert not isinstance(node.get("type"), list), tool["name"]
            if "properties" in node and node.get("type") == "object":
                assert node["additionalProperties"] is False, tool["name"]


# What the converters of OpenAI's strict mode, of Gemini and of LangChain take.
KEYWORDS = {
    *("type", "description", "default", "properties", "required", "additionalProperties", "items", "enum"),
    *("minimum", "minItems", "maxItems", "minLength", "maxLength"),
}


def test_inputs_say_nothing_that_a_converter_refuses(found: dict[str, Any]) -> None:
    for tool in found["tools"]:
        assert set(_keywords(tool["inputSchema"])) <= KEYWORDS, tool["name"]


def _keywords(schema: Any, named: bool = False) -> Iterator[str]:
    """The keywords of a schema, the names of properties left out."""
    if isinstance(schema, list):
        for item in schema:
            yield from _keywords(item)
    elif isinstance(schema, dict):
        for key, value in schema.items():
            if not named:
                yield key
            yield from _keywords(value, named=key == "properties" and not named)


def test_the_instructions_name_every_table_and_column(found: dict[str, Any]) -> None:
    for name, table in FACT_TABLES.items():
        line = next(line for line in found["instructions"].splitlines() if line.startswith(f"- {name}: "))
        columns = line.partition(": ")[2].split(", ")
        assert columns == [column.name for column in insertable(table)]
