"""Whatever a line says over stdio, it is answered as JSON-RPC 2.0 has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, Settings
from tests.server.oracle import Servers, served


def hello(revision: str) -> dict[str, Any]:
    info = {"name": "claude-ai", "version": "1"}
    params = {"protocolVersion": revision, "capabilities": {}, "clientInfo": info}
    return {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}


HELLO, BATCHES = hello("2025-06-18"), hello("2025-03-26")
PARSE, REQUEST, METHOD, PARAMS = -32700, -32600, -32601, -32602


def ping(id_: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id_, "method": "ping"}


def deep(levels: int) -> bytes:
    """A call whose arguments are nested so deeply."""
    nested = b"[" * levels + b"]" * levels
    return b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"query","arguments":' + nested + b"}}"


def select(id_: Any, number: int) -> dict[str, Any]:
    params = {"name": "query", "arguments": {"sql": f"SELECT {number} AS n"}}
    return {"jsonrpc": "2.0", "id": id_, "method": "tools/call", "params": params}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("jsonrpc")
    yield from served(Settings(ClickHouseSettings(path=str(folder / "store")), MuseSettings(audit=False)))


def told(server: Servers, *lines: Any) -> list[tuple[Any, Any]]:
    """Of each answer after the handshake its id, and its error's code or None."""
    answers = [one for one in server.lines([HELLO, *lines]) if one.get("id") != 0 or "error" in one]
    return [(one["id"], one["error"]["code"] if "error" in one else None) for one in answers]


WRONG: dict[bytes, tuple[Any, int]] = {
    b"nonsense": (None, PARSE),
    b'{"jsonrpc":"2.0","id":1,"method":"ping"': (None, PARSE),
    b"\xff\xfe{": (None, PARSE),
    b"[" * 5000: (None, PARSE),
    deep(300): (1, REQUEST),
    deep(800): (1, REQUEST),
    deep(5000): (None, PARSE),
    rb'{"jsonrpc":"2.0","id":"\ud800","method":"ping"}': (None, PARSE),
    b'{"jsonrpc":"2.0","id":"a\xff","method":"ping"}': (None, PARSE),
    rb'[{"jsonrpc":"2.0","id":"\udc00","method":"ping"}]': (None, PARSE),
    deep(300).replace(b'"id":1', rb'"id":"\ud800"'): (None, PARSE),
    b"5": (None, REQUEST),
    b'"ping"': (None, REQUEST),
    b"{}": (None, REQUEST),
    b"[]": (None, REQUEST),
    b'{"jsonrpc":"2.0","id":1}': (1, REQUEST),
    b'{"jsonrpc":"1.0","id":1,"method":"ping"}': (1, REQUEST),
    b'{"id":"a","method":"ping"}': ("a", REQUEST),
    b'{"jsonrpc":"2.0","id":1,"method":5}': (1, REQUEST),
    b'{"jsonrpc":"2.0","id":null,"method":"ping"}': (None, REQUEST),
    b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}': (1.5, REQUEST),
    b'{"jsonrpc":"2.0","id":true,"method":"ping"}': (None, REQUEST),
    b'{"jsonrpc":"2.0","id":[1],"method":"ping"}': (None, REQUEST),
    b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":[1]}': (1, PARAMS),
    b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":"x"}': (1, PARAMS),
    b'{"jsonrpc":"2.0","id":1,"method":"no/such"}': (1, METHOD),
    b'{"jsonrpc":"2.0","id":1,"method":"server/discover"}': (1, METHOD),
}


@pytest.mark.parametrize("wrong", WRONG, ids=lambda line: f"{line[:60].decode(errors='replace')} {len(line)}")
def test_a_wrong_line_gets_its_error_and_the_next_one_is_answered(server: Servers, wrong: bytes) -> None:
    assert told(server, wrong + b"\n", ping(9)) == [WRONG[wrong], (9, None)]


NOTHING = (
    b"\n",
    b" \r\n",
    b'{"jsonrpc":"2.0","method":"notifications/unknown","params":{}}\n',
    b'{"jsonrpc":"2.0","id":7,"result":{}}\n',
    b'{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":"x"}}\n',
)


@pytest.mark.parametrize("line", NOTHING)
def test_what_asks_for_nothing_gets_nothing(server: Servers, line: bytes) -> None:
    assert told(server, line, ping(9)) == [(9, None)]


@pytest.mark.parametrize("id_", [1, 0, -5, 1.0, 10**30, "", "a", "7", "\u2028", "\ufffd", "\U0001f600", "x" * 10_000])
def test_a_legal_id_comes_back(server: Servers, id_: Any) -> None:
    assert told(server, ping(id_)) == [(id_, None)] or id_ == 0


@pytest.mark.parametrize("method", [rb"\ud800", b"\xff"])
def test_half_an_emoji_beside_the_id_leaves_the_id_alone(server: Servers, method: bytes) -> None:
    assert told(server, rb'{"jsonrpc":"2.0","id":"\ud83d\ude00","method":"%s"}' % method + b"\n") == [
        ("\U0001f600", METHOD)
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_line(server: Servers) -> None:
    assert server.lines([b"\xef\xbb\xbf" + json.dumps(HELLO).encode() + b"\n"])[0]["id"] == 0


def test_an_unknown_revision_is_answered_with_our_newest(server: Servers) -> None:
    [answer] = server.lines([hello("2031-01-01")])
    assert answer["result"]["protocolVersion"] == "2025-11-25"


def test_a_batch_is_answered_in_one_line(server: Servers) -> None:
    batch = [select(1, 1), {"jsonrpc": "2.0", "method": "notifications/initialized"}, ping("two"), 5, select(3, 3)]
    _, answers = server.lines([BATCHES, json.dumps(batch).encode() + b"\n"])
    by_id = {one["id"]: one for one in answers}
    assert set(by_id) == {1, "two", None, 3}
    assert by_id[None]["error"]["code"] == REQUEST
    assert [by_id[id_]["result"]["structuredContent"]["rows"] for id_ in (1, 3)] == [[[1]], [[3]]]


def test_a_batch_of_notifications_is_not_answered(server: Servers) -> None:
    batch = json.dumps([{"jsonrpc": "2.0", "method": "notifications/initialized"}] * 2).encode() + b"\n"
    assert [one["id"] for one in server.lines([BATCHES, batch, ping(9)])] == [0, 9]


def test_other_revisions_have_no_batches(server: Servers) -> None:
    assert told(server, json.dumps([ping(1)]).encode() + b"\n", ping(9)) == [(None, REQUEST), (9, None)]
