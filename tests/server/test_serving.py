"""HTTP without sessions: a restart and a second server cost no client anything, and every cancel still stops."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx2
import mcp
import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.server.http.tokens import TokenFile
from tests.server.processes import environment, http
from tests.server.test_cancel import MOST_S, SLOW, _cancel, _message, _post, engine, running, wait_until

__all__ = ["engine"]
REVISION = "2025-06-18"


@pytest.fixture(scope="module")
def pair(native: ClickHouseSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Two servers on one engine."""
    folder = tmp_path_factory.mktemp("pair")
    with http(environment(native, folder)) as (one, _), http(environment(native, folder)) as (other, _):
        yield one, other


def headers(session: str | None = None, token: str | None = None) -> dict[str, str]:
    found = {"Accept": "application/json, text/event-stream", "Mcp-Protocol-Version": REVISION}
    found |= {"Mcp-Session-Id": session} if session else {}
    return found | ({"Authorization": f"Bearer {token}"} if token else {})


def begin(url: str, name: str = "raw", token: str | None = None) -> str:
    """The session id that a client of that name gets."""
    info = {"name": name, "version": "1"}
    opening = _message("initialize", protocolVersion=REVISION, capabilities={}, clientInfo=info)
    answer = httpx2.post(url, headers=headers(token=token), json=opening)
    assert answer.status_code == 200
    return str(answer.headers["mcp-session-id"])


def ask(url: str, session: str, method: str, **params: Any) -> dict[str, Any]:
    answer = httpx2.post(url, headers=headers(session), json=_message(method, **params))
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]  # type: ignore[no-any-return]


def cancel(url: str, call: dict[str, Any], session: str | None, token: str | None = None) -> None:
    said = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": call["id"]}}
    assert httpx2.post(url, headers=headers(session, token), json=said).status_code == 202


def slow() -> dict[str, Any]:
    return _message("tools/call", name="query", arguments={"sql": SLOW})


def rest(connection: socket.socket) -> bytes:
    """The response that comes on a connection."""
    connection.settimeout(5)
    response = HTTPResponse(connection)
    response.begin()
    return response.read()


def test_a_client_that_leaves_stops_its_statement(pair: tuple[str, str], engine: ClickHouseClient) -> None:
    with _post(pair[0], slow(), begin(pair[0])):
        wait_until(1, engine, 20)
    wait_until(0, engine, MOST_S)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_client_of_the_sdk_cancels(pair: tuple[str, str], engine: ClickHouseClient, mode: Any) -> None:
    assert anyio.run(_cancel, lambda: mcp.Client(pair[0], mode=mode), engine) < MOST_S


@pytest.mark.parametrize("where", ["here", "at the other server"])
def test_a_cancel_by_id_stops_the_statement(pair: tuple[str, str], engine: ClickHouseClient, where: str) -> None:
    session, call = begin(pair[1]), slow()
    with _post(pair[0], call, session) as connection:
        wait_until(1, engine, 20)
        cancel(pair[0 if where == "here" else 1], call, session)
        wait_until(0, engine, MOST_S)
        answered = b'"result"' in rest(connection)
    assert answered is (where != "here")  # the server of the call knows that nobody waits for its answer


@pytest.mark.parametrize("whose", ["another session", "no session"])
def test_a_cancel_of_somebody_else_stops_nothing(pair: tuple[str, str], engine: ClickHouseClient, whose: str) -> None:
    call = slow()
    with _post(pair[0], call, begin(pair[0])):
        wait_until(1, engine, 20)
        for url in pair:
            cancel(url, call, begin(url) if whose == "another session" else None)
        assert running(engine) == 1
    wait_until(0, engine, 5)


def test_a_token_cancels_its_own_calls_without_a_session(
    native: ClickHouseSettings, engine: ClickHouseClient, tmp_path: Path
) -> None:
    tokens = TokenFile(tmp_path / "tokens.json")
    mine, other = (tokens.create(name, "reader", None) for name in ("mine", "other"))
    with http(environment(native, tmp_path)) as (url, _):
        call = slow()
        with _post(url, call, token=mine):
            wait_until(1, engine, 20)
            cancel(url, call, None, other)
            assert running(engine) == 1
            cancel(url, call, None, mine)
            wait_until(0, engine, MOST_S)


def test_a_client_goes_on_after_a_restart(embedded: ClickHouseSettings, tmp_path: Path) -> None:
    call = {"name": "query", "arguments": {"sql": "SELECT 1"}}
    with http(environment(embedded, tmp_path)) as (url, _):
        session = begin(url)
        assert not ask(url, session, "tools/call", **call)["isError"]
    with http(environment(embedded, tmp_path), port=int(urlsplit(url).port or 0)) as (again, _):
        assert again == url
        assert not ask(url, session, "tools/call", **call)["isError"]


def test_calls_may_go_to_either_server(pair: tuple[str, str]) -> None:
    session = begin(pair[0])
    for turn in range(6):
        answer = ask(pair[turn % 2], session, "tools/call", name="query", arguments={"sql": f"SELECT {turn}"})
        assert answer["structuredContent"]["rows"] == [[turn]]


@pytest.mark.parametrize(("name", "shown"), [("mcp-inspector", "query.aggregate"), ("raw", "query_aggregate")])
def test_every_server_knows_the_client_s_name(pair: tuple[str, str], name: str, shown: str) -> None:
    assert shown in {tool["name"] for tool in ask(pair[1], begin(pair[0], name), "tools/list")["tools"]}


@pytest.mark.parametrize("session", ["x", "a.b", "a.====", "a.W10", "a.WzEsMl0", f"a.{'x' * 4000}", "\u00ff.\u00ff"])
def test_a_session_id_that_was_not_handed_out_is_no_fault(pair: tuple[str, str], session: str) -> None:
    said = headers() | {"Mcp-Session-Id": session.encode("latin-1").decode("latin-1")}
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in said.items()]
    assert httpx2.post(pair[0], headers=encoded, json=_message("tools/list")).status_code == 200


def test_there_is_no_stream_that_says_nothing(pair: tuple[str, str]) -> None:
    assert httpx2.get(pair[0], headers=headers(begin(pair[0]))).status_code == 405


def test_sessions_may_still_be_kept(native: ClickHouseSettings, tmp_path: Path) -> None:
    with http(environment(native, tmp_path, MUSE_STATELESS="false")) as (url, _):
        session = begin(url)
        assert "." not in session
        gone = httpx2.post(url, headers=headers("f" * 32), json=_message("ping"))
        assert gone.status_code == 404


def test_a_request_as_other_clients_send_it_is_answered_or_told_why(pair: tuple[str, str]) -> None:
    call = b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "describe", "arguments": {}}}'
    json = {"Content-Type": "application/json"}
    both = {"Accept": "application/json, text/event-stream"}

    def post(body: bytes, **headers: str) -> httpx2.Response:
        with httpx2.Client(headers={}) as client:
            del client.headers["accept"]
            return client.post(pair[0], content=body, headers={**json, **headers})

    assert post(call).json()["result"]["isError"] is False  # no Accept is any
    assert post(b"\xef\xbb\xbf" + call, **both).json()["result"]["isError"] is False
    packed = post(gzip.compress(call), **both, **{"Content-Encoding": "gzip"})
    assert packed.status_code == 415
    assert packed.json()["error"].endswith("send the request without Content-Encoding.")
    batch = post(b"[" + call + b"]", **both)
    assert (batch.status_code, batch.json()["error"]["code"]) == (400, -32600)
    assert batch.json()["error"]["message"] == "Batches are not taken over HTTP; send each request by itself."
