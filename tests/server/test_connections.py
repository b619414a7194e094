"""Connections on which the bytes do not come: closed in time, counted, and no harm to others."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.server.http.connections import Connection, Crowd, Waiting, room_for
from tests.server.processes import MUSE, ROOT, environment, http
from tests.server.raw import BODY, HALF, HEAD, LIVE, closed_after, connect, is_closed
from tests.support.native_wire.certificates import make_certificates

# The clock of 10 s, the look each half second, and a machine that is busy.
LATEST_S = 14.0


@pytest.fixture(scope="module")
def served(embedded: ClickHouseSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("doors")
    with http(environment(embedded, folder, MUSE_STATELESS="true", MUSE_MAX_RESULT_BYTES="50000000")) as (url, _):
        yield url


def again(url: str) -> socket.socket:
    """A request that was answered, and half of another."""
    made = connect(url, LIVE)
    assert b"200 OK" in made.recv(65_536)
    made.sendall(HALF)
    return made


def drop_by_drop(url: str) -> socket.socket:
    """A byte of a header a second: each one is a sign of life, and none ends the headers."""
    made = connect(url, b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nX: ")

    def drip() -> None:
        for _ in range(20):
            time.sleep(1)
            try:
                made.send(b"a")
            except OSError:
                return

    threading.Thread(target=drip, daemon=True).start()
    return made


def slow_body(url: str) -> socket.socket:
    made = connect(url, HEAD % 5_000)

    def drip() -> None:
        for _ in range(40):
            time.sleep(0.5)
            try:
                made.send(b" ")
            except OSError:
                return

    threading.Thread(target=drip, daemon=True).start()
    return made


def unread(url: str) -> socket.socket:
    """Asks for 30 MB and reads none of it."""
    sql = "SELECT repeat('x', 3000) AS text FROM numbers(10000)"
    call = {"name": "query", "arguments": {"sql": sql, "max_rows": 10_000}}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}).encode()
    made = connect(url)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    made.sendall(HEAD % len(body) + body)
    return made


KINDS: dict[str, Callable[[str], socket.socket]] = {
    "nothing": connect,
    "half a line": lambda url: connect(url, HALF),
    "headers without end": lambda url: connect(url, HEAD[:40]),
    "half of the next request": again,
    "headers drop by drop": drop_by_drop,
    "half a body": lambda url: connect(url, HEAD % len(BODY) + BODY[:10]),
    "a body drop by drop": slow_body,
    "no chunk": lambda url: connect(
        url, HEAD.replace(b"Content-Length: %d", b"Transfer-Encoding: chunked") + b"5\r\nab"
    ),
}


@pytest.fixture(scope="module")
def ends(served: str) -> dict[str, tuple[float | None, bytes]]:
    """What became of a connection of each kind; all at once, or each would take its ten seconds."""
    found: dict[str, tuple[float | None, bytes]] = {}
    opened = {name: make(served) for name, make in KINDS.items()}

    def wait(name: str) -> None:
        with opened[name] as made:
            found[name] = closed_after(made, LATEST_S)

    threads = [threading.Thread(target=wait, args=(name,)) for name in KINDS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.parametrize("name", KINDS)
def test_what_does_not_come_in_ten_seconds_ends_the_connection(
    ends: dict[str, tuple[float | None, bytes]], name: str
) -> None:
    seconds, said = ends[name]
    assert seconds is not None
    assert seconds > 3
    assert b"408 Request Timeout" in said or name == "nothing"


def test_an_answer_that_nobody_reads_is_given_up(served: str) -> None:
    with unread(served) as made:
        time.sleep(LATEST_S + 2)
        _, said = closed_after(made, 5)
    assert said.startswith(b"HTTP/1.1 200")
    assert len(said) < 20_000_000


def test_a_large_body_that_comes_steadily_is_taken(served: str) -> None:
    """Slower than ten seconds in all, and faster than the slowest that is waited for."""
    body = BODY[:-1] + b" " * 400_000 + b"}"
    with connect(served, HEAD % len(body)) as made:
        for start in range(0, len(body), 20_000):
            made.sendall(body[start : start + 20_000])
            time.sleep(0.6)
        made.settimeout(10)
        assert b"200 OK" in made.recv(65_536)


def test_under_tls_a_handshake_that_does_not_end_ends_the_connection(
    embedded: ClickHouseSettings, tmp_path: Path
) -> None:
    _, chain = make_certificates(tmp_path / "tls")
    variables = environment(embedded, tmp_path, MUSE_TLS_CERT=str(chain), MUSE_TLS_KEY=str(chain))
    with http(variables) as (url, _), connect(url, b"\x16\x03\x01") as made:
        seconds, _ = closed_after(made, LATEST_S)
    assert seconds is not None


# -- ceilings ----------------------------------------------------------------------------------------------------------


def test_four_hundred_half_sent_requests_leave_others_their_turn(embedded: ClickHouseSettings, tmp_path: Path) -> None:
    """With 300 files for all, from the very address of the others."""
    words = f"ulimit -n 300; exec {MUSE} serve --transport http --port 0"
    process = subprocess.Popen(
        ["sh", "-c", words], env=environment(embedded, tmp_path), cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        said = process.stderr.readline()
        assert "leaves room for 100 connections" in said
        url = process.stderr.readline().removeprefix("Listening on ").strip()
        opened = [connect(url, HALF) for _ in range(400)]
        for _ in range(20):
            assert httpx2.get(url.replace("/mcp", "/livez"), timeout=5).status_code == 200
        deadline = time.monotonic() + LATEST_S
        while not all(map(is_closed, opened)) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert all(map(is_closed, opened))
        for made in opened:
            made.close()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)


def crowd(most: int, per_address: int) -> tuple[Crowd, list[tuple[str, str]]]:
    refused: list[tuple[str, str]] = []
    made = Crowd(most, per_address, lambda address: address != "192.0.2.9", lambda address: address == "192.0.2.1")
    made.refused = lambda *said: refused.append(said)
    made._look_later = lambda *_: None  # type: ignore[method-assign]  # no loop runs here
    return made, refused


def knock(crowd: Crowd, address: str, waiting: Waiting = Waiting.NOTHING) -> tuple[bool, Connection, socket.socket]:
    ours, theirs = socket.socketpair()
    connection = Connection(ours.family, ours.type, ours.proto, fileno=ours.detach())
    connection.waiting = waiting
    taken = crowd.takes(connection, address)
    theirs.settimeout(5)
    return taken, connection, theirs


def test_there_is_a_ceiling_in_all_and_by_address_and_proxies_count_once_for_many() -> None:
    made, refused = crowd(6, 2)
    asked = ["a", "a", "a", "b", "192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.9"]
    opened = [knock(made, address) for address in asked]
    assert [taken for taken, _, _ in opened] == [True, True, False, True, True, True, True, False, False]
    assert refused == [("connections", "a"), ("connections", "192.0.2.1"), ("address", "192.0.2.9")]
    assert opened[2][2].recv(1000).startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"retry-after: 1" in opened[7][2].recv(1000)
    assert opened[8][2].recv(1000).startswith(b"HTTP/1.1 403 Forbidden\r\n")
    opened[0][1].close()
    assert len(made) == 5
    opened.append(knock(made, "a"))
    assert opened[-1][0]
    for _, ours, theirs in opened:
        ours.close()
        theirs.close()
    assert len(made) == 0


def test_who_keeps_the_server_waiting_longest_makes_room() -> None:
    made, refused = crowd(10, 3)
    opened = [knock(made, "a", waiting) for waiting in (Waiting.NOTHING, Waiting.BODY, Waiting.HEADERS)]
    taken, ours, theirs = knock(made, "a", Waiting.HEADERS)
    assert taken
    assert refused == [("connections", "a")]
    assert opened[1][2].recv(10) == b""
    assert len(made) == 3
    for _, one, other in [*opened, (taken, ours, theirs)]:
        one.close()
        other.close()


def test_an_address_that_may_not_call_is_told_before_it_has_said_anything(
    embedded: ClickHouseSettings, tmp_path: Path
) -> None:
    variables = environment(embedded, tmp_path, MUSE_ALLOWED_IPS="127.0.0.1/32")
    with http(variables) as (url, _):
        with connect(url, source="127.0.0.2") as made:
            seconds, said = closed_after(made, 5)
        assert seconds is not None
        assert said.startswith(b"HTTP/1.1 403 Forbidden")
        assert b"MUSE_ALLOWED_IPS" in said
        assert httpx2.get(url.replace("/mcp", "/livez")).status_code == 200
        counted = httpx2.get(url.replace("/mcp", "/metrics")).text
    assert 'muse_requests_refused_total{reason="address"} 1' in counted
    [path] = (tmp_path / "audit").rglob("calls-*.jsonl")
    [line] = [json.loads(line) for line in path.read_text().splitlines()]
    assert (line["who"], line["outcome"]) == ("127.0.0.2", "refused")


def test_there_is_room_for_what_is_wanted_where_the_system_gives_it() -> None:
    assert room_for(50) == 50


SMUGGLED = (
    b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + LIVE
)


def test_what_another_reader_takes_for_the_body_is_not_the_next_request(served: str) -> None:
    with connect(served, SMUGGLED) as made:
        ended, said = closed_after(made, 5)
    assert ended is not None
    assert said.count(b"HTTP/1.1 ") == said.count(b"HTTP/1.1 400") == 1


def test_a_body_of_millions_of_values_is_refused_before_it_is_read(served: str) -> None:
    """They would take forty times their bytes, and a few such requests at once all memory."""
    values = b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":[' + b'{"":0},' * 500_000 + b"0]}}"
    text = b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"' + b"{,:[" * 500_000 + b'"}}'
    for body, status in ((values, b"413"), (text, b"200")):
        with connect(served, HEAD % len(body) + body) as made:
            assert made.recv(12) == b"HTTP/1.1 " + status
