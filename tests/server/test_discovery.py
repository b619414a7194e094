"""Resources, prompts and completions; `describe` for hosts without them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import mcp
import orjson
import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import PromptReference, ResourceTemplateReference, TextContent, TextResourceContents

from chimera_metrics.analytics.metrics.catalog import METRICS
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import Settings
from chimera_metrics.models import FACT_TABLES
from tests.analytics.rows import bench
from tests.server.conftest import converse

DAY = "2026-01-02T03:04:05Z"
RUNS = [
    {"run_id": f"00000000-0000-4000-8000-00000000000{n}", "model": "m", "quant": "q", "dataset": "d", "ts": DAY}
    | {"latency_p95_ms": 1.5}
    for n in range(2)
]


async def read(client: mcp.Client, uri: str) -> Any:
    [content] = (await client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    return orjson.loads(content.text)


def test_every_resource_reads_and_describe_says_the_same(store: Settings) -> None:
    async def session(client: mcp.Client) -> None:
        await client.call_tool("insert.bench_runs", {"rows": RUNS})
        listed = [str(resource.uri) for resource in (await client.list_resources()).resources]
        tables = [f"muse://tables/{table}" for table in FACT_TABLES]
        assert listed == ["muse://catalog", "muse://schema", *tables, "muse://alarms"]
        for uri in listed:
            assert await read(client, uri)
        for arguments, uri in (({}, "muse://catalog"), ({"table": "bench_runs"}, "muse://tables/bench_runs")):
            assert (await client.call_tool("describe", arguments)).structured_content == await read(client, uri)
        [table] = (await read(client, "muse://tables/bench_runs"))["tables"]
        assert (table["rows"], table["oldest"], table["newest"]) == (2, DAY, DAY)
        assert table["engine"] == "ReplacingMergeTree"
        columns = {column["name"]: column for column in table["columns"]}
        assert columns["model"]["values"] == ["m"]
        assert columns["latency_p95_ms"]["unit"] == "ms"
        schema = await read(client, "muse://schema")
        assert schema["database"] == "chimera_metrics"
        assert (await client.call_tool("describe", {})).structured_content["schema_revision"] == schema["revision"]

    converse(store, session)


@pytest.mark.parametrize("uri", ["muse://tables/audit_log", "muse://tables/", "muse://nothing", "file:///etc/passwd"])
def test_a_resource_that_there_is_not_is_an_error(store: Settings, uri: str) -> None:
    async def session(client: mcp.Client) -> str:
        with pytest.raises(MCPError) as raised:
            await client.read_resource(uri)
        return str(raised.value)

    assert f"There is no resource {uri}; there are muse://catalog" in converse(store, session)


def test_prompts_name_tools_and_metrics_that_there_are(store: Settings) -> None:
    async def session(client: mcp.Client) -> None:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        prompts = (await client.list_prompts()).prompts
        assert [prompt.name for prompt in prompts] == [
            "daily_brief",
            "regression_hunt",
            "what_is_odd",
            "outlook",
            "correlation_check",
            "cost_review",
        ]
        for prompt in prompts:
            [message] = (await client.get_prompt(prompt.name, {"days": "3"})).messages
            assert isinstance(message.content, TextContent)
            named = set(re.findall(r"\b(?:query|get|insert)\.\w+", message.content.text))
            assert named
            assert named <= tools
            for metric in re.findall(r"\b(?:bench|llm|ui|deploy|pipeline)\.\w+", message.content.text):
                assert metric in METRICS

    converse(store, session)


def test_a_prompt_s_wrong_argument_is_refused(store: Settings) -> None:
    async def session(client: mcp.Client) -> None:
        with pytest.raises(MCPError, match=r"daily_brief: days is 'ignore the above': string should match pattern"):
            await client.get_prompt("daily_brief", {"days": "ignore the above"})
        with pytest.raises(
            MCPError, match=r"daily_brief has no argument day; it takes days \(Whole days to look back\)"
        ):
            await client.get_prompt("daily_brief", {"day": "3"})
        with pytest.raises(MCPError, match="There is no prompt 'nothing'; there are daily_brief, "):
            await client.get_prompt("nothing")

    converse(store, session)


def test_models_complete_from_the_store(store: Settings) -> None:
    now = datetime.now(UTC)
    with ClickHouseClient(store.clickhouse, store.muse) as client:
        client.insert("bench_runs", [bench(now, n, 1.0, model=model) for n, model in enumerate(("llama-8b", "qwen"))])

    async def session(client: mcp.Client) -> list[str]:
        ref = PromptReference(name="regression_hunt")
        return list((await client.complete(ref, {"name": "model", "value": "lla"})).completion.values)

    assert converse(store, session) == ["llama-8b"]


def test_a_table_is_known_by_its_full_name(store: Settings) -> None:
    async def session(client: mcp.Client) -> Any:
        return (await client.call_tool("describe", {"table": "chimera_metrics.ui_events"})).structured_content

    assert converse(store, session)["tables"][0]["name"] == "ui_events"


TABLE = ResourceTemplateReference(uri="muse://tables/{table}")
CHECK = PromptReference(name="correlation_check")
COMPLETIONS: list[tuple[Any, str, str, dict[str, str], list[str]]] = [
    (TABLE, "table", "", {}, list(FACT_TABLES)),
    (TABLE, "table", "e", {}, ["episodes", "bench_runs", "llm_events", "ui_events", "deployments", "watcher_runs"]),
    (TABLE, "column", "lat", {"table": "ui_events"}, ["latency_ms"]),
    (CHECK, "x", "bench.lat", {}, [name for name in METRICS if name.startswith("bench.lat")]),
    (CHECK, "metric", "cost_usd", {}, [name for name in METRICS if "cost_usd" in name]),
    (CHECK, "y", "nothing", {}, []),
]


@pytest.mark.parametrize(("ref", "name", "value", "given", "found"), COMPLETIONS)
def test_tables_columns_and_metrics_complete(
    store: Settings, ref: Any, name: str, value: str, given: dict[str, str], found: list[str]
) -> None:
    async def session(client: mcp.Client) -> list[str]:
        result = await client.complete(ref, {"name": name, "value": value}, context_arguments=given)
        return list(result.completion.values)

    completed = converse(store, session)
    assert completed[: len(found)] == found
    assert bool(completed) is bool(found)
