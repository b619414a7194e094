"""Requests that read without a tool, and calls that come to no tool: each is a line of the audit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import mcp
import orjson
import pytest
from mcp.client.stdio import stdio_client
from mcp.shared.exceptions import MCPError
from mcp_types import PromptReference

from chimera_metrics.integrations.audit.trail import audit_folder, files, read_lines
from chimera_metrics.integrations.config import ClickHouseSettings, Settings
from tests.server.conftest import converse
from tests.server.processes import environment, http, stdio

MODERN = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


def found(folder: Path) -> list[dict[str, Any]]:
    return [line for path in files(folder) for _, line in read_lines(path) if line is not None]


async def read_all(client: mcp.Client) -> None:
    await client.read_resource("muse://schema")
    await client.get_prompt("daily_brief", {"days": "2"})
    await client.complete(PromptReference(name="cost_review"), {"name": "days", "value": "3"})
    with pytest.raises(MCPError):
        await client.read_resource("muse://nothing")
    with pytest.raises(MCPError):
        await client.get_prompt("nothing", {})


ENDS = [
    ("resources/read", "ok", '{"uri":"muse://schema"}'),
    ("prompts/get", "ok", '{"arguments":{"days":"2"},"name":"daily_brief"}'),
    ("completion/complete", "ok", "daily"),
    ("resources/read", "error", '{"uri":"muse://nothing"}'),
    ("prompts/get", "error", '{"arguments":{},"name":"nothing"}'),
]


def check(lines: list[dict[str, Any]]) -> None:
    assert [(line["tool"], line["outcome"]) for line in lines] == [(tool, outcome) for tool, outcome, _ in ENDS]
    given = [orjson.dumps(orjson.loads(line["arguments"]), option=orjson.OPT_SORT_KEYS).decode() for line in lines]
    for position in (0, 1, 3, 4):
        assert given[position] == ENDS[position][2]
    assert orjson.loads(given[2])["argument"] == {"name": "days", "value": "3"}
    assert lines[0]["statement"].startswith("SELECT ")
    assert [bool(line["error"]) for line in lines] == [False, False, False, True, True]
    assert all(line["bytes"] > 20 for line in lines[:3])
    assert all(line["who"] and line["client"].startswith("mcp") for line in lines)


def test_each_read_is_a_line(store: Settings) -> None:
    converse(store, read_all)
    check(found(audit_folder(store)))


def test_over_stdio_too(embedded: ClickHouseSettings, tmp_path: Path) -> None:
    async def session() -> None:
        async with mcp.Client(stdio_client(stdio(environment(embedded, tmp_path)))) as client:
            await read_all(client)

    anyio.run(session)
    [folder] = (tmp_path / "audit").iterdir()
    check(found(folder))


def test_what_cannot_be_recorded_is_not_answered(store: Settings) -> None:
    audit_folder(store).parent.mkdir(parents=True, exist_ok=True)
    audit_folder(store).write_text("a file where the folder should be")

    async def session(client: mcp.Client) -> None:
        with pytest.raises(MCPError, match="no call goes unrecorded"):
            await client.read_resource("muse://schema")

    converse(store, session)


@pytest.fixture(scope="module")
def served(embedded: ClickHouseSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("reads")
    with http(environment(embedded, folder, MUSE_STATELESS="true")) as (url, _):
        yield url, folder / "audit"


WRONG = [
    ("tools/call", {}),
    ("tools/call", {"name": 7}),
    ("tools/call", {"name": "query", "arguments": [1]}),
    ("tools/call", {"name": "query", "arguments": {"sql": "\ud800"}}),
    ("resources/read", {}),
    ("resources/read", {"uri": 7}),
    ("resources/read", {"uri": "not a uri \u202e"}),
    ("prompts/get", {"name": None}),
    ("prompts/get", {"name": "daily_brief", "arguments": {"days": 7}}),
    ("completion/complete", {"ref": {"type": "ref/nothing"}}),
]


@pytest.mark.parametrize("modern", [False, True], ids=["2025-06-18", "2026-07-28"])
@pytest.mark.parametrize(("method", "params"), WRONG, ids=[f"{method} {params!r:.40}" for method, params in WRONG])
def test_a_call_whose_parameters_are_wrong_is_a_line_and_no_fault(
    served: tuple[str, Path], method: str, params: dict[str, Any], modern: bool
) -> None:
    url, folder = served
    before = sum(len(found(path)) for path in folder.glob("*"))
    headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}
    if modern:
        params = {"_meta": MODERN} | params
        headers |= {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method}
        named = params.get("name", params.get("uri"))
        if isinstance(named, str):
            headers["Mcp-Name"] = named.encode("ascii", "replace").decode()
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    answer = httpx2.post(url, content=body, headers=headers | {"Content-Type": "application/json"})
    assert answer.status_code < 500
    assert "Traceback" not in answer.text
    assert sum(len(found(path)) for path in folder.glob("*")) == before + 1
