"""Views of MCP Apps: named by tools and listed for clients that show them, whole documents that load nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import mcp
import orjson
import pytest
from mcp.client.extension import ClientExtension
from mcp.server.apps import APP_MIME_TYPE, EXTENSION_ID
from mcp_types import TextResourceContents

from chimera_metrics.analytics import metric_of
from chimera_metrics.analytics.metrics.catalog import METRICS
from chimera_metrics.analytics.questions.performance import MEASURES
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, Settings
from chimera_metrics.server.catalog import views
from chimera_metrics.server.http.build import build_server
from tests.server.oracle import Message, Servers, served
from tests.server.processes import environment, http
from tests.server.surface import VIEWS
from tests.server.test_protocol import READY, ask, hello, modern

SHOWN = {
    "query.trend": "ui://muse/trend",
    "get.trend_data": "ui://muse/trend",
    "query.compare": "ui://muse/compare",
    "query.drivers": "ui://muse/drivers",
    "query.forecast": "ui://muse/forecast",
    "get.performance_summary": "ui://muse/performance",
}
DECLARED: dict[str, Any] = {"extensions": {EXTENSION_ID: {"mimeTypes": [APP_MIME_TYPE]}}}
NOT_DECLARED: list[dict[str, Any]] = [
    {},
    {"extensions": {}},
    {"extensions": {EXTENSION_ID: {}}},
    {"extensions": {EXTENSION_ID: {"mimeTypes": ["text/html"]}}},
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("views")
    muse = MuseSettings(audit_dir=folder / "audit", tool_names="dotted")
    yield from served(Settings(ClickHouseSettings(path=str(folder / "store")), muse))


def views_of(tools: list[Message]) -> dict[str, str]:
    return {tool["name"]: tool["_meta"]["ui"]["resourceUri"] for tool in tools if "_meta" in tool}


def test_after_a_handshake_those_who_show_views_are_told_of_them(server: Servers) -> None:
    _, tools, resources = server.same(hello(**DECLARED), READY, ask("tools/list"), ask("resources/list", 2))
    assert views_of(tools["result"]["tools"]) == SHOWN
    listed = {one["uri"] for one in resources["result"]["resources"] if one["mimeType"] == APP_MIME_TYPE}
    assert listed == set(SHOWN.values())


@pytest.mark.parametrize("capabilities", NOT_DECLARED)
def test_others_are_not(server: Servers, capabilities: dict[str, Any]) -> None:
    _, tools, resources = server.same(hello(**capabilities), READY, ask("tools/list"), ask("resources/list", 2))
    assert views_of(tools["result"]["tools"]) == {}
    assert not any(one["uri"].startswith("ui:") for one in resources["result"]["resources"])


def test_with_the_envelope_each_request_says_it_for_itself(server: Servers) -> None:
    declared = {"io.modelcontextprotocol/clientCapabilities": DECLARED}
    with_views, without = modern(ask("tools/list"), **declared), modern(ask("tools/list", 2))
    first, second = server.same(with_views, without)
    assert views_of(first["result"]["tools"]) == SHOWN
    assert views_of(second["result"]["tools"]) == {}


@pytest.mark.parametrize("uri", sorted(set(SHOWN.values())))
def test_a_view_is_read_as_the_protocol_has_it(server: Servers, uri: str) -> None:
    _, answer = server.same(hello(**DECLARED), READY, ask("resources/read", uri=uri))
    [contents] = answer["result"]["contents"]
    assert contents["mimeType"] == APP_MIME_TYPE
    assert contents["_meta"]["ui"]["csp"]["connectDomains"] == []
    assert contents["text"].startswith("<!doctype html>")


def test_a_view_that_there_is_not_is_an_error(server: Servers) -> None:
    _, answer = server.same(hello(**DECLARED), READY, ask("resources/read", uri="ui://muse/none"))
    assert "There is no resource ui://muse/none" in answer["error"]["message"]


@pytest.mark.parametrize("view", views.VIEWS, ids=lambda view: view.name)
def test_a_view_is_whole_and_loads_nothing(view: views.View) -> None:
    found = views.read_view(view.uri)
    assert found is not None
    text = found["text"]
    assert f"<title>{view.title}</title>" in text
    assert "function view(answer, width)" in text
    assert not re.search(r"\$(title|style|units|measures|common|plots|own)\b", text)
    outside = re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"'`]*", text)
    assert set(outside) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|fetch|import)\b", text)


def test_every_metric_and_measure_has_its_unit_in_a_view() -> None:
    found = views.read_view("ui://muse/compare")
    assert found is not None
    for name in METRICS:
        assert f'"{name}":{orjson.dumps(metric_of(name).unit).decode()}' in found["text"]
    assert '"llm_events.latency_ms":"ms"' in found["text"]


def test_the_view_of_performance_shows_the_measures_that_the_question_compares() -> None:
    found = views.read_view("ui://muse/performance")
    assert found is not None
    assert f"const MEASURES = {orjson.dumps(MEASURES).decode()};" in found["text"]
    assert found["text"].count('"latency_p99_ms"') == 1


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_over_http_a_client_of_either_generation_sees_them(mode: Any, tmp_path: Path) -> None:
    async def session(url: str, *extensions: ClientExtension) -> tuple[int, str]:
        async with mcp.Client(url, mode=mode, extensions=list(extensions)) as client:
            tools = (await client.list_tools()).tools
            [contents] = (await client.read_resource("ui://muse/trend")).contents
            assert isinstance(contents, TextResourceContents)
            return sum(tool.meta is not None for tool in tools), contents.mime_type or ""

    with http(environment(ClickHouseSettings(path=str(tmp_path / "store")), tmp_path)) as (url, _):
        assert anyio.run(session, url, VIEWS) == (len(SHOWN), APP_MIME_TYPE)
        assert anyio.run(session, url) == (0, APP_MIME_TYPE)


def test_the_sdk_advertises_what_we_do(tmp_path: Path) -> None:
    settings = Settings(ClickHouseSettings(path=str(tmp_path / "store")), MuseSettings(audit=False))

    async def session() -> Any:
        async with mcp.Client(build_server(settings)) as client:
            return client.server_capabilities.extensions

    assert anyio.run(session) == {EXTENSION_ID: {}}
