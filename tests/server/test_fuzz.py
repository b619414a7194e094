"""Every tool with arguments made from its schema, right and wrong: no answer but a result or a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import anyio.from_thread
import mcp
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcp_types import CallToolResult, TextContent

from chimera_metrics.analytics.metrics.catalog import METRICS
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, Settings
from chimera_metrics.models import FACT_TABLES
from chimera_metrics.server.catalog.surface import surface as committed
from chimera_metrics.server.http.build import build_server

TOOLS = {tool["name"]: tool for tool in committed()["tools"]}
# What such arguments may hold anywhere, beside what their type says.
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["", "'", "\\", "\0", "{a:String}", "SELECT 1; DROP TABLE episodes", "[1", "\ud800", "1e999", "-0"]
    ),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)
WORDS = [
    *METRICS,
    *FACT_TABLES,
    *("SELECT 1", "SELECT count() FROM ui_events", "p95(ui_events.latency_ms)", "rate(llm_events.status = failure)"),
    *("model", "ts", "status", "2026-01-02", "2026-01-02T03:04:05Z", "now", "61f0c404-5cb3-11e7-907b-a6006ad3dba0"),
]


def values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that fit `schema`, as far as JSON schema says it."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema.get("type"):
        case "object" if "properties" in schema:
            return objects(schema)
        case "object":
            return st.dictionaries(st.text(max_size=5), st.one_of(st.integers(), st.text(max_size=5)), max_size=2)
        case "array":
            return st.lists(values(schema["items"]), min_size=schema.get("minItems", 0), max_size=3)
        case "integer":
            return st.integers(schema.get("minimum", -5), schema.get("maximum", 400))
        case "number":
            return st.floats(-10, 1e6, allow_nan=False)
        case "boolean":
            return st.booleans()
        case _:
            return st.one_of(st.sampled_from(WORDS), st.text(max_size=10))


def objects(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    required = set(schema.get("required", []))
    fields = {name: values(field) for name, field in schema["properties"].items()}
    return st.fixed_dictionaries(
        {name: field for name, field in fields.items() if name in required},
        optional={name: field for name, field in fields.items() if name not in required},
    )


@st.composite
def calls(draw: st.DrawFn, schema: dict[str, Any]) -> dict[str, Any]:
    """Arguments that fit, of which one may be spoilt, missing or too many."""
    arguments = draw(objects(schema))
    change = draw(st.sampled_from(["none", "none", "spoil", "drop", "add"]))
    if change == "spoil" and schema["properties"]:
        arguments[draw(st.sampled_from(list(schema["properties"])))] = draw(JUNK)
    elif change == "drop" and arguments:
        arguments.pop(draw(st.sampled_from(list(arguments))))
    elif change == "add":
        arguments[draw(st.text(max_size=8))] = draw(JUNK)
    return arguments


@pytest.fixture(scope="module")
def call(
    embedded: ClickHouseSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str, dict[str, Any]], CallToolResult]]:
    """Calls on one server that stays open."""
    muse = MuseSettings(tool_names="dotted", audit_dir=tmp_path_factory.mktemp("audit"))
    server = build_server(Settings(embedded, muse))
    with (
        anyio.from_thread.start_blocking_portal() as portal,
        portal.wrap_async_context_manager(mcp.Client(server)) as client,
    ):
        yield lambda tool, arguments: portal.call(client.call_tool, tool, arguments)


def as_sent(arguments: dict[str, Any]) -> dict[str, Any]:
    """As JSON carries it: without lone surrogates, NaN and numbers that no parser takes."""
    text = repr(arguments).encode("utf-8", "replace")
    try:
        found: dict[str, Any] = orjson.loads(orjson.dumps(arguments))
    except (TypeError, orjson.JSONEncodeError):
        return {"junk": text.decode()}
    return found


@pytest.mark.parametrize("tool", TOOLS)
def test_every_answer_is_a_result_or_a_sentence(call: Callable[..., CallToolResult], tool: str) -> None:
    @settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(calls(TOOLS[tool]["inputSchema"]))
    def try_one(arguments: dict[str, Any]) -> None:
        result = call(tool, as_sent(arguments))
        content = result.content[0]
        assert isinstance(content, TextContent)
        if not result.is_error:
            assert set(TOOLS[tool]["outputSchema"]["required"]) <= set(result.structured_content or {})
            return
        assert "The server failed at this call" not in content.text
        assert "Traceback" not in content.text
        assert 10 < len(content.text) < 3_000
        assert content.text.rstrip()[-1] in ".)…", content.text

    try_one()
