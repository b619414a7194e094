"""Over HTTP without sessions we answer as the SDK does: the same requests go to both, and the answers are compared."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import anyio
import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import ASGIApp, Receive, Scope, Send

from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, Settings
from chimera_metrics.server.http import exchange
from chimera_metrics.server.http.build import build_server
from chimera_metrics.server.http.exchange import Exchanges
from chimera_metrics.server.http.marks import GONE, Departure
from chimera_metrics.server.http.sessions import WithoutSessions, session_id
from tests.server.oracle import Servers, comparable, served
from tests.server.test_cancel import SLOW
from tests.server.test_protocol import CALLS, INFO, READY, ask, bent, call, hello

USUAL = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
VERSIONED = USUAL | {"MCP-Protocol-Version": "2025-06-18"}
HEADERS = [
    VERSIONED,
    USUAL,
    VERSIONED | {"Mcp-Session-Id": session_id(INFO)},
    VERSIONED | {"Accept": "*/*"},
    VERSIONED | {"Accept": "application/json"},
    VERSIONED | {"Accept": "text/event-stream"},
    VERSIONED | {"Content-Type": "text/plain"},
    VERSIONED | {"Content-Type": "application/json; charset=utf-8"},
    VERSIONED | {"Host": "example.org"},
    VERSIONED | {"Origin": "https://example.org"},
    VERSIONED | {"MCP-Protocol-Version": "2024-11-05"},
]
BODIES = [b"", b"{", b"[]", b"null", b"{}", b"\xff", b'{"jsonrpc":"2.0","id":null,"method":"ping"}', b"[" * 5000]
OPTIONS = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


@dataclass(frozen=True)
class Asked:
    """A request, and its headers."""

    body: bytes
    headers: dict[str, str]

    @classmethod
    def of(cls, message: Any, headers: dict[str, str] = VERSIONED) -> Asked:
        return cls(message if isinstance(message, bytes) else json.dumps(message).encode(), headers)


@dataclass(frozen=True)
class Got:
    """An answer: its status, its kind, and its messages."""

    status: int
    kind: str
    messages: list[Any]
    text: str

    @classmethod
    def of(cls, response: httpx2.Response) -> Got:
        kind = response.headers.get("content-type", "").partition(";")[0]
        if kind == "text/event-stream":
            lines = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: {")]
        else:
            lines = [response.text] if response.text else []
        messages = [json.loads(line) if line[:1] == "{" else line for line in lines]
        return cls(response.status_code, kind, messages, response.text)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("exchange")
    found = Settings(ClickHouseSettings(path=str(folder / "store")), MuseSettings(audit_dir=folder / "audit"))
    yield from served(found)


def answers(server: Servers, requests: Sequence[Asked], ours: bool) -> list[Got]:
    """Of our exchanges, or of the SDK's own way without sessions."""
    made = build_server(server.settings, running=server.context)
    names = TransportSecuritySettings(allowed_hosts=["testserver"])
    app = made.streamable_http_app(stateless_http=True, transport_security=names)
    if ours:
        WithoutSessions(made.session_manager, Exchanges(made.session_manager, lambda: made.state), _nowhere)

    async def run() -> list[Got]:
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=httpx2.ASGITransport(_door(app)), base_url="http://testserver") as web,
        ):
            return [Got.of(await web.post("/mcp", content=one.body, headers=one.headers)) for one in requests]

    return anyio.run(run)


async def _nowhere(_: str) -> bool:
    return False


def _door(app: ASGIApp) -> ASGIApp:
    async def enter(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, GONE: Departure()}, receive, send)

    return enter


def same(server: Servers, *requests: Asked) -> list[Got]:
    """Both give the same status and the same messages."""
    ours, theirs = (answers(server, requests, whose) for whose in (True, False))
    for found, expected, asked in zip(ours, theirs, requests, strict=True):
        assert found.status == expected.status, asked
        assert comparable(found.messages) == comparable(expected.messages), asked
    return ours


@pytest.mark.parametrize("headers", HEADERS, ids=range(len(HEADERS)))
def test_whatever_stands_in_the_headers(server: Servers, headers: dict[str, str]) -> None:
    asked = [hello(), READY, ask("tools/list"), CALLS[0], ask("nothing/at_all"), call("nothing")]
    same(server, *(Asked.of(message, headers) for message in asked))


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_whatever_is_no_request(server: Servers, body: bytes) -> None:
    same(server, Asked.of(body))


@OPTIONS
@given(asked=st.lists(bent(), min_size=10, max_size=10), headers=st.sampled_from(HEADERS[:3]))
def test_whatever_is_bent(server: Servers, asked: list[Any], headers: dict[str, str]) -> None:
    same(server, *(Asked.of(one, headers) for one in asked))


def test_an_id_may_be_any_number_or_text(server: Servers) -> None:
    found = same(server, *(Asked.of(ask("ping", id_)) for id_ in (0, -1, 10**30, "", "\ud83d", "ä")))
    assert found[2].messages[0]["id"] == 10**30


def slow(meta: dict[str, Any] | None = None) -> Asked:
    return Asked.of(call("query", meta=meta, sql=SLOW, timeout_s=4))


def test_an_answer_is_plain_json_unless_progress_is_told_before_it(server: Servers) -> None:
    quick, told = answers(server, [Asked.of(CALLS[0]), slow({"progressToken": 7})], ours=True)
    assert quick.kind == "application/json"
    assert told.kind == "text/event-stream"
    *progress, result = told.messages
    assert progress
    assert {message["params"]["progressToken"] for message in progress} == {7}
    assert result["result"]["isError"]


def test_a_client_whose_answer_is_long_in_coming_hears_that_we_live(
    server: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "_SIGN_OF_LIFE_S", 0.4)
    quick, late = answers(server, [Asked.of(CALLS[0]), slow()], ours=True)
    assert quick.kind == "application/json"
    assert late.kind == "text/event-stream"
    assert late.text.count(": ping") >= 1
    assert [message["result"]["isError"] for message in late.messages] == [True]
