"""Names of tools: the form that each client sees, calls by either, and what is said to a name that there is not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import anyio
import mcp
import pytest
from mcp_types import CallToolResult, Implementation, TextContent

from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, Settings
from chimera_metrics.server.catalog.names import accepts_dots
from chimera_metrics.server.http.build import build_server

HOSTS = [
    ("mcp", False),
    ("mcp-inspector", True),
    ("inspector-client", True),
    ("inspector-cli", True),
    ("Visual Studio Code", True),
    ("Visual Studio Code - Insiders", True),
    ("gemini-cli-mcp-client", True),
    ("claude-ai", False),
    ("claude-code", False),
    ("cursor-vscode", False),
    ("Cursor", False),
    ("copilot-cli", False),
    ("mcp-remote", False),
    ("unknown", False),
]


@pytest.mark.parametrize(("host", "dots"), HOSTS, ids=[host for host, _ in HOSTS])
def test_auto_shows_dots_to_those_who_are_known_to_take_them(host: str, dots: bool) -> None:
    assert accepts_dots(host) is dots


def test_a_client_without_a_name_gets_the_form_that_all_take() -> None:
    assert accepts_dots(None) is False


def names(folder: Path, host: str, read_only: bool = False, **muse: Any) -> list[str]:
    settings = Settings(
        ClickHouseSettings(path=str(folder / "store")), MuseSettings(audit_dir=folder / "audit", **muse)
    )

    async def listed() -> list[str]:
        server = build_server(settings, read_only)
        async with mcp.Client(server, client_info=Implementation(name=host, version="1")) as client:
            return [tool.name for tool in (await client.list_tools()).tools]

    return anyio.run(listed)


def test_a_framework_s_client_by_its_default_name_gets_what_the_models_apis_take(tmp_path: Path) -> None:
    assert all(re.fullmatch("[a-zA-Z0-9_-]{1,64}", name) for name in names(tmp_path, "mcp"))


def test_each_host_sees_its_form(tmp_path: Path) -> None:
    assert "query.aggregate" in names(tmp_path, "gemini-cli")
    assert "query_aggregate" in names(tmp_path, "claude-ai")
    assert "insert_bench_runs" in names(tmp_path, "claude-ai")
    assert not [name for name in names(tmp_path, "claude-ai") if "." in name]


def test_a_setting_decides_for_all(tmp_path: Path) -> None:
    assert "query.aggregate" in names(tmp_path, "claude-ai", tool_names="dotted")
    assert "query_aggregate" in names(tmp_path, "gemini-cli", tool_names="underscored")


@pytest.mark.parametrize(("setting", "closed"), [("closed", True), ("open", False)])
def test_a_setting_opens_the_schemas_of_all_levels(tmp_path: Path, setting: str, closed: bool) -> None:
    settings = Settings(
        ClickHouseSettings(path=str(tmp_path / "store")), MuseSettings.model_validate({"tool_schemas": setting})
    )

    async def listed() -> str:
        async with mcp.Client(build_server(settings)) as client:
            return "".join(json.dumps(tool.input_schema) for tool in (await client.list_tools()).tools)

    assert ('"additionalProperties": false' in anyio.run(listed)) is closed


def test_groups_and_read_only_leave_tools_out(tmp_path: Path) -> None:
    assert {name.partition("_")[0] for name in names(tmp_path, "mcp", tools="query")} == {"query"}
    assert {name.partition("_")[0] for name in names(tmp_path, "mcp", read_only=True)} == {
        "query",
        "get",
        "describe",
        "watch",
    }


def said(folder: Path, tool: str, read_only: bool = False, **arguments: Any) -> str:
    settings = Settings(ClickHouseSettings(path=str(folder / "store")), MuseSettings(audit_dir=folder / "audit"))

    async def call() -> CallToolResult:
        async with mcp.Client(build_server(settings, read_only)) as client:
            return await client.call_tool(tool, arguments)

    [content] = anyio.run(call).content
    assert isinstance(content, TextContent)
    return content.text


@pytest.mark.parametrize("name", ["get.quality_metrics", "get_quality_metrics"])
def test_a_call_by_either_form_works(tmp_path: Path, name: str) -> None:
    assert '"episodes"' in said(tmp_path, name)


def test_an_unknown_name_is_answered_with_the_near_one(tmp_path: Path) -> None:
    assert said(tmp_path, "query_agregate") == "Unknown tool 'query_agregate'. Did you mean query_aggregate?"
    assert said(tmp_path, "zzz").startswith("Unknown tool 'zzz'. There are: query, describe,")


def test_a_tool_that_is_switched_off_says_so(tmp_path: Path) -> None:
    assert said(tmp_path, "insert_episodes", read_only=True, rows=[]) == (
        "insert_episodes is not offered here: this server was started with --read-only or without the group insert in "
        "MUSE_TOOLS."
    )


WRONG_PLACES = [
    ("query.aggregate", {"metrics": ["llm.calls"], "column": "model"}, "column belongs inside filters"),
    (
        "query.aggregate",
        {"metrics": ["llm.calls"], "filters": [{"column": "model", "limit": 3}]},
        "limit belongs beside",
    ),
    ("query.aggregate", {"metrics": ["llm.calls"], "filters": [{"colum": "model"}]}, "Did you mean column?"),
    ("query", {"sql": "SELECT 1", "maxrows": 3}, "Did you mean max_rows?"),
    ("describe", {"column": "episodes"}, "describe takes table."),
]


@pytest.mark.parametrize(("tool", "arguments", "sentence"), WRONG_PLACES, ids=[words for _, _, words in WRONG_PLACES])
def test_a_misplaced_argument_is_told_its_place(
    tmp_path: Path, tool: str, arguments: dict[str, Any], sentence: str
) -> None:
    assert sentence in said(tmp_path, tool, **arguments)


def test_lists_and_objects_sent_as_json_text_are_read_at_every_level(tmp_path: Path) -> None:
    asked: dict[str, Any] = {
        "metrics": '["llm.calls"]',
        "filters": ['{"column": "model", "op": "in", "values": ["a"]}'],
        "days": 1,
    }
    assert '"columns"' in said(tmp_path, "query.aggregate", **asked)
