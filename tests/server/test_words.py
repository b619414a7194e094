"""Every word that a client reads names the tools in the form that it lists, over stdio and through the SDK alike."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, Settings
from chimera_metrics.server.catalog import protocol
from chimera_metrics.server.catalog.prompts import listed_prompts
from chimera_metrics.server.catalog.tools import all_tools
from tests.server.oracle import Message, Servers, served

_DOTTED = [tool.name for tool in all_tools() if "." in tool.name]
DOTTED = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in _DOTTED))
UNDERSCORED = re.compile("|".join(rf"\b{name.replace('.', '_', 1)}\b" for name in _DOTTED))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("words")
    found = Settings(ClickHouseSettings(path=str(folder / "store")), MuseSettings(audit_dir=folder / "audit"))
    yield from served(found)


def _ask(method: str, **params: Any) -> Message:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


WRONG_CALLS = [
    _ask("tools/call", name=name, arguments=arguments)
    for name, arguments in (
        ("query_agregate", {}),
        ("nothing", {}),
        ("query.aggregate", {}),
        ("query_aggregate", {"metrics": []}),
        ("get.trend_data", {"metric": "llm.calls", "dayz": 1}),
        ("query", {"sql": "SELECT uniqState(model) FROM llm_events"}),
        ("query", {"sql": "INSERT INTO ui_events VALUES (1)"}),
    )
]
QUESTIONS = [
    _ask("tools/list"),
    _ask("prompts/list"),
    *(_ask("prompts/get", name=prompt["name"]) for prompt in listed_prompts()),
    *WRONG_CALLS,
]


def _read(server: Servers, client: str, modern: bool) -> tuple[list[Any], str]:
    """All that a client is told, by both ways alike, and its text."""
    info = {"name": client, "version": "1"}
    if modern:
        meta = {protocol.VERSION_KEY: protocol.MODERN, protocol.INFO_KEY: info, protocol.CAPABILITIES_KEY: {}}
        asked = [one | {"params": one["params"] | {"_meta": meta}} for one in [_ask("server/discover"), *QUESTIONS]]
    else:
        hello = _ask("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo=info)
        asked = [hello, {"jsonrpc": "2.0", "method": "notifications/initialized"}, *QUESTIONS]
    answers = server.ours(asked)
    by_the_sdk = server.oracle(asked)
    assert [one.get("result") for one in answers] == [one.get("result") for one in by_the_sdk]
    return answers, json.dumps(answers)


@pytest.mark.parametrize("modern", [False, True], ids=["handshake", "envelope"])
@pytest.mark.parametrize("client", ["mcp", "claude-ai", ""])
def test_a_client_that_lists_underscores_reads_no_dotted_name(server: Servers, client: str, modern: bool) -> None:
    answers, text = _read(server, client, modern)
    assert DOTTED.findall(text) == []
    assert "query_performance" not in text
    assert "get_performance_summary" in answers[0]["result"]["instructions"]
    assert "Did you mean query_aggregate?" in text


@pytest.mark.parametrize("modern", [False, True], ids=["handshake", "envelope"])
@pytest.mark.parametrize("client", ["mcp-inspector", "Visual Studio Code", "gemini-cli-mcp-client"])
def test_a_client_that_lists_dots_reads_them_everywhere(server: Servers, client: str, modern: bool) -> None:
    answers, text = _read(server, client, modern)
    assert UNDERSCORED.findall(text.replace("'query_agregate'", "")) == []
    assert "get.performance_summary" in answers[0]["result"]["instructions"]
    assert "Did you mean query.aggregate?" in text


def test_what_a_tool_answers_stays_as_it_is_stored(server: Servers) -> None:
    hello = _ask("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo={"name": "mcp", "version": ""})
    stored = _ask("tools/call", name="query", arguments={"sql": "SELECT 'query.aggregate' AS word"})
    [_, answer] = server.ours([hello, stored])
    assert answer["result"]["structuredContent"]["rows"] == [["query.aggregate"]]
