"""Over stdio we answer as the SDK does: the same lines are sent to both, and the answers compared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import mcp_types.version
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcp_types import JSONRPCRequest

from chimera_metrics.integrations.audit.trail import audit_folder, files
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, Settings
from chimera_metrics.server.catalog import protocol
from tests.server.oracle import Message, Servers, served

INFO = {"name": "claude-ai", "version": "1.2"}
ENVELOPE = {protocol.VERSION_KEY: protocol.MODERN, protocol.INFO_KEY: INFO, protocol.CAPABILITIES_KEY: {}}
READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("protocol")
    found = Settings(ClickHouseSettings(path=str(folder / "store")), MuseSettings(audit_dir=folder / "audit"))
    yield from served(found)


def hello(version: str = "2025-06-18", client: str = "claude-ai", **capabilities: Any) -> Message:
    info = {"name": client, "version": "1.2"}
    params = {"protocolVersion": version, "capabilities": capabilities, "clientInfo": info}
    return {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}


def ask(method: str, id_: Any = 1, **params: Any) -> Message:
    return {"jsonrpc": "2.0", "id": id_, "method": method, "params": params}


def call(tool: str, id_: Any = 1, meta: Message | None = None, **arguments: Any) -> Message:
    return ask("tools/call", id_, name=tool, arguments=arguments, **({} if meta is None else {"_meta": meta}))


def modern(message: Message, **meta: Any) -> Message:
    params = message.get("params", {})
    return message | {"params": params | {"_meta": params.get("_meta", {}) | ENVELOPE | meta}}


WINDOW: dict[str, Any] = {"since": "2026-01-01", "until": "2026-01-02"}
CALLS = [
    call("query", sql="SELECT 1 AS one"),
    call("query", id_="a text", sql="SELECT 'ä', 9223372036854775807, toDecimal64('1.10', 2), nan, now() > 0"),
    call("query.aggregate", metrics=["ui.events"], **WINDOW),
    call("query_aggregate", metrics=["ui.events"], **WINDOW),
    call("query", sql="SELECT count() FROM ui_events", parameters="{}"),
    call("query", meta={"progressToken": 7}, sql="SELECT 1"),
    call("query", meta={"progressToken": 7}, sql="SELECT 1", timeout_s=10**400),
    call("query", meta={"progressToken": 7}, sql="SELECT 1", timeout_s=True),
    call("query", meta={"progressToken": 7}, sql="SELECT 1", timeout_s=-1),
    call("query", meta={"vscode.requestId": "x", "claudecode/toolUseId": "y"}, sql="SELECT 1"),
    call("query", sql="DROP TABLE ui_events"),
    call("query", sql="SELECT"),
    call("query", sql=1),
    call("query", sq="SELECT 1"),
    call("query", sql="SELECT {n:UInt64} AS n", parameters={"n": 2**64 - 1}),
    call("query", sql="SELECT {n:UInt64} AS n", parameters={"n": 2**70}),
    call("query"),
    call("nothing.like_it"),
    call("describe", table="ui_events"),
    call("insert.ui_events", rows=[{"session_id": "no uuid"}]),
    ask("tools/call", name="describe"),
    ask("tools/call", name="describe", arguments=None),
    ask("tools/call", name="describe", arguments=[]),
    ask("tools/call", name=5, arguments={}),
    ask("tools/call", arguments={}),
    ask("tools/call", name="describe", task={"ttl": 1}),
]
LISTS = [
    ask(method, **params)
    for method in ("tools/list", "prompts/list", "resources/list", "resources/templates/list")
    for params in ({}, {"cursor": "x"}, {"cursor": None}, {"_meta": {"progressToken": "t"}}, {"more": 1})
] + [{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, {"jsonrpc": "2.0", "id": 1, "method": "ping"}]
REST = [
    ask("ping"),
    ask("logging/setLevel", level="info"),
    ask("logging/setLevel", level="loud"),
    ask("resources/read", uri="muse://catalog"),
    ask("resources/read", uri="muse://none"),
    ask("prompts/get", name="daily_brief", arguments={"days": "3"}),
    ask("prompts/get", name="none"),
    ask(
        "completion/complete",
        ref={"type": "ref/prompt", "name": "daily_brief"},
        argument={"name": "days", "value": "1"},
    ),
    ask("server/discover"),
    ask("resources/subscribe", uri="muse://catalog"),
    ask("resources/subscribe", uri="muse://alarms"),
    ask("resources/subscribe", uri="muse://alarms/slow"),
    ask("resources/subscribe"),
    ask("resources/unsubscribe", uri="muse://alarms"),
    ask("resources/read", uri="muse://alarms"),
    ask("resources/read", uri="muse://alarms/none"),
    ask("subscriptions/listen", notifications={"resourceSubscriptions": ["muse://alarms", "muse://catalog"]}),
    ask("subscriptions/listen", id_="a text", notifications={"toolsListChanged": True}),
    ask("subscriptions/listen", notifications={"resourceSubscriptions": "muse://alarms"}),
    ask("subscriptions/listen"),
    ask("no/such"),
    ask("tools/list", _meta=[]),
    ask("tools/list", _meta={"io.modelcontextprotocol/logLevel": "info"}),
    {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "extra": 1},
]
SHORT = [*LISTS, *REST, *CALLS]


def _name(message: Message) -> str:
    return json.dumps(message.get("params", {}))[:50]


@pytest.mark.parametrize("asked", SHORT, ids=[f"{one['method']} {_name(one)}" for one in SHORT])
def test_after_a_handshake(server: Servers, asked: Message) -> None:
    server.same(hello(), READY, asked)


@pytest.mark.parametrize("asked", SHORT, ids=[f"{one['method']} {_name(one)}" for one in SHORT])
def test_with_the_modern_envelope(server: Servers, asked: Message) -> None:
    params = asked.get("params", {})
    if isinstance(params, dict) and isinstance(params.get("_meta", {}), dict):
        asked = modern(asked)
    server.same(modern(ask("server/discover", 0)), asked)
    server.same(asked)


@pytest.mark.parametrize("version", [*mcp_types.version.KNOWN_PROTOCOL_VERSIONS, "1999-01-01", "", 5])
@pytest.mark.parametrize("client", ["claude-ai", "mcp", "Visual Studio Code"])
def test_every_revision_and_either_form_of_the_names(server: Servers, version: Any, client: str) -> None:
    server.same(hello(version, client), READY, ask("tools/list"), call("query", sql="SELECT 1"))


def test_the_revisions_are_those_of_the_sdk() -> None:
    assert protocol.HANDSHAKES == mcp_types.version.HANDSHAKE_PROTOCOL_VERSIONS
    assert (protocol.MODERN,) == mcp_types.version.MODERN_PROTOCOL_VERSIONS
    assert protocol.VERSION_KEY == mcp_types.PROTOCOL_VERSION_META_KEY
    assert protocol.INFO_KEY == mcp_types.CLIENT_INFO_META_KEY
    assert protocol.CAPABILITIES_KEY == mcp_types.CLIENT_CAPABILITIES_META_KEY
    assert protocol.SERVER_KEY == mcp_types.SERVER_INFO_META_KEY


def test_a_reader_s_server(server: Servers) -> None:
    listed = server.same(hello(), READY, ask("tools/list"), read_only=True)[1]["result"]["tools"]
    assert not any(tool["name"].startswith("insert") for tool in listed)
    server.same(hello(), READY, call("insert.ui_events", rows=[{}]), read_only=True)


def _with_icons(icons: list[Message]) -> Message:
    message = hello()
    message["params"]["clientInfo"]["icons"] = icons
    return message


OPENINGS: list[list[Message | bytes]] = [
    [ask("tools/list")],
    [READY, ask("tools/list")],
    [ask("ping"), hello(), READY, ask("ping")],
    [ask("ping"), hello(), READY, ask("resources/read", uri="muse://schema")],
    [hello(), hello(client="mcp"), READY, ask("tools/list")],
    [hello(), READY, modern(ask("tools/list"))],
    [hello(), READY, modern(call("query", sql="SELECT 1"))],
    [modern(ask("tools/list")), ask("tools/list")],
    [modern(ask("tools/list")), hello()],
    [modern(ask("tools/list")), hello(), ask("tools/list")],
    [modern(call("query", sql="SELECT 1")), modern(ask("resources/read", uri="muse://catalog"))],
    [modern(ask("tools/list"), **{protocol.VERSION_KEY: "2030-01-01"})],
    [modern(ask("tools/list"), **{protocol.VERSION_KEY: 5})],
    [modern(ask("tools/list"), **{protocol.CAPABILITIES_KEY: 5})],
    [modern(ask("tools/list"), **{protocol.INFO_KEY: {"name": "mcp", "version": "1"}})],
    [modern(ask("tools/list"), **{protocol.INFO_KEY: {"name": "mcp"}})],
    [modern(ask("tools/list"), **{protocol.INFO_KEY: None})],
    [modern(hello())],
    [b"\n", hello(), b"  \n", READY, ask("tools/list")],
    [hello(), b'{"jsonrpc":"2.0","id":7,"result":{}}\n', READY, call("query", sql="SELECT 1")],
    [hello(roots={"listChanged": True}, sampling={}, elicitation={"form": {}}), READY, ask("tools/list")],
    [hello(roots={"listChanged": 5}), READY, ask("tools/list")],
    [hello(more={"x": 1}, extensions={"io.modelcontextprotocol/ui": {"mimeTypes": ["text/html"]}}), ask("tools/list")],
    [hello(tools=True, tasks={"list": {}, "requests": {"sampling": {"createMessage": {}}}}), ask("tools/list")],
    [hello(tasks={"list": 5}), ask("tools/list")],
    [hello(sampling={"context": True}), ask("tools/list")],
    [hello(elicitation={"form": {"applyDefaults": True}, "url": {}}), ask("tools/list")],
    [_with_icons([{"src": "https://example.org/a.png", "mimeType": "image/png"}]), ask("tools/list")],
    [_with_icons([{"src": 5}]), ask("tools/list")],
    [_with_icons([{"src": "a", "sizes": ["48x48"]}]), ask("tools/list")],
    [hello(experimental={"x": {"n": 10**30}}), READY, ask("resources/read", uri="muse://schema")],
    [modern(ask("tools/list"), x=2**70), modern(ask("resources/read", uri="muse://schema"))],
    [hello(), READY, b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":[]}}\n', ask("ping")],
    [hello() | {"id": "a text"}, READY, ask("tools/list")],
    [hello(), {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 99}}, ask("ping")],
    [hello(), READY, ask("resources/read", uri="muse://schema"), call("query", sql="SELECT 1"), ask("tools/list")],
]


@pytest.mark.parametrize("messages", OPENINGS, ids=range(len(OPENINGS)))
def test_however_a_connection_begins(server: Servers, messages: list[Message | bytes]) -> None:
    server.same(*messages)


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(2**65), 2**65), st.floats(), st.text(max_size=5))
VALUES = st.recursive(
    SCALARS | st.sampled_from(["2.0", "query", "tools/list", protocol.MODERN, "2025-06-18"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


# Two answers to the same request differ where a limit of time or an open window is part of it.
_UNBENT = {"id", "sql", "timeout_s", "since", "until"}


@st.composite
def bent(draw: st.DrawFn) -> Message:
    """A usual request with one value, at any depth, that is another one."""
    message = draw(st.sampled_from([hello(), *LISTS[:6], *REST[:9], *CALLS[:8]]))
    # A copy of all of it, or what is bent here would stay so for other tests.
    copied: Message = json.loads(json.dumps(modern(message) if draw(st.booleans()) else message))
    place = copied
    while True:
        key = draw(st.sampled_from([key for key in place if key not in _UNBENT] or ["more"]))
        inner = place.get(key)
        if not isinstance(inner, dict) or not inner or not draw(st.booleans()):
            break
        place = inner
    place[key if draw(st.booleans()) else draw(st.text(max_size=5))] = draw(VALUES)
    return copied


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    opening=bent() | st.just(hello()) | st.just(modern(ask("server/discover", 0))),
    asked=st.lists(bent(), min_size=10, max_size=10),
)
def test_whatever_is_bent(server: Servers, opening: Message, asked: list[Message]) -> None:
    numbered = [one | {"id": number} for number, one in enumerate(asked, 1)]
    server.same(*(one for one in (opening, *numbered) if _is_request(one)))


@pytest.mark.parametrize("sql", [rb"SELECT '\ud83d' AS x", b"SELECT '\xff' AS x"])
def test_half_an_emoji_and_what_is_no_utf_8_become_the_sign_for_it(server: Servers, sql: bytes) -> None:
    line = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"query","arguments":{"sql":"%s"}}}\n' % sql
    [_, answer] = server.lines([hello(), line])
    assert answer["result"]["structuredContent"]["rows"] == [["\ufffd"]]


def test_a_cancel_after_the_rows_were_stored_does_not_say_that_they_were_not(server: Servers) -> None:
    audit = _audit(server.settings)
    rows = [{"session_id": str(UUID(int=number)), "event_type": "error"} for number in range(500)]
    calls = [call("insert.ui_events", number, rows=rows, idempotency_key=f"k{number}") for number in range(1, 9)]
    cancels = [
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": one["id"]}} for one in calls
    ]
    server.lines([hello(), READY, *(one for pair in zip(calls, cancels, strict=True) for one in pair)])
    ended = _audit(server.settings)[len(audit) :]
    assert len(ended) == 8
    [[stored]] = server.context.client.query("SELECT count() FROM ui_events WHERE event_type = 'error'")["rows"]
    assert stored == sum(line["rows"] for line in ended if line["outcome"] == "ok")
    assert all(line["rows"] == 0 for line in ended if line["outcome"] == "cancelled")


def _audit(settings_: Settings) -> list[Any]:
    return [json.loads(line) for path in files(audit_folder(settings_)) for line in path.read_text().splitlines()]


def _is_request(message: Message) -> bool:
    """Whether the SDK takes the message for a request: to anything else it says nothing."""
    try:
        return isinstance(mcp_types.jsonrpc_message_adapter.validate_python(message, by_name=False), JSONRPCRequest)
    except ValueError:
        return False
