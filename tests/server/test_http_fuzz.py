"""Every tool and every route over HTTP, in both generations of the protocol, with right and wrong parts: no fault.

No answer of 500, no traceback in an answer or in the server's log, and every call that came in is on record.
"""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chimera_metrics.integrations.audit.trail import files, read_lines
from chimera_metrics.integrations.config import ClickHouseSettings
from tests.server.processes import MUSE, ROOT, environment
from tests.server.raw import closed_after, connect
from tests.server.test_fuzz import JUNK, TOOLS, calls
from tests.server.test_reads_audited import MODERN

LEGACY_VERSION, MODERN_VERSION = "2025-06-18", "2026-07-28"
CALLS = {"tools/call", "resources/read", "prompts/get", "completion/complete"}
METHODS = [
    *sorted(CALLS),
    *("initialize", "ping", "tools/list", "prompts/list", "resources/list", "resources/templates/list"),
    *("server/discover", "logging/setLevel", "notifications/cancelled", "subscriptions/listen", "nothing/at_all"),
]
URIS = [
    "muse://catalog",
    "muse://schema",
    "muse://tables/episodes",
    "muse://tables/audit_log",
    "file:///etc/passwd",
    "",
]
PARAMS: dict[str, st.SearchStrategy[Any]] = {
    "tools/call": st.sampled_from(sorted(TOOLS)).flatmap(
        lambda name: st.fixed_dictionaries({"name": st.just(name), "arguments": calls(TOOLS[name]["inputSchema"])})
    ),
    "resources/read": st.fixed_dictionaries({"uri": st.sampled_from(URIS)}),
    "prompts/get": st.fixed_dictionaries(
        {
            "name": st.sampled_from(["daily_brief", "cost_review", "nothing"]),
            "arguments": st.dictionaries(st.sampled_from(["days", "model", "x"]), st.text(max_size=5), max_size=2),
        }
    ),
    "completion/complete": st.fixed_dictionaries(
        {
            "ref": st.fixed_dictionaries({"type": st.just("ref/prompt"), "name": st.just("daily_brief")}),
            "argument": st.fixed_dictionaries(
                {"name": st.sampled_from(["model", "days"]), "value": st.text(max_size=5)}
            ),
        }
    ),
}
OPTIONS = settings(
    max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True
)


class Server:
    """A server whose log is looked through at the end."""

    def __init__(self, variables: dict[str, str], folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        with self.log.open("w") as log:
            words = [MUSE, "serve", "--transport", "http", "--port", "0"]
            self.process = subprocess.Popen(words, env=variables, cwd=ROOT, stderr=log)
        while "Listening on " not in self.log.read_text():
            assert self.process.poll() is None
        self.url = self.log.read_text().partition("Listening on ")[2].split()[0]
        self.web = httpx2.Client(timeout=60)

    def lines(self) -> int:
        return sum(1 for path in self.folder.glob("audit/*") for file in files(path) for _ in read_lines(file))

    def close(self) -> None:
        self.web.close()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)


@pytest.fixture(scope="module")
def server(embedded: ClickHouseSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("fuzz")
    variables = environment(
        embedded, folder, MUSE_STATELESS="true", MUSE_ANONYMOUS_RATE_LIMIT="0", MUSE_RATE_LIMIT="0", CH_TIMEOUT="10"
    )
    made = Server(variables, folder)
    yield made
    made.close()
    log = made.log.read_text()
    assert "Traceback" not in log, log[log.index("Traceback") - 500 :][:4_000]


@st.composite
def requests(draw: st.DrawFn, method: str) -> dict[str, Any]:
    """A message of that method; a part of it may be spoilt."""
    params = draw(PARAMS.get(method, st.just({})))
    message: dict[str, Any] = {"jsonrpc": "2.0", "id": draw(st.integers(1, 9)), "method": method, "params": params}
    match draw(st.sampled_from(["right", "right", "params", "within", "id", "gone"])):
        case "params":
            message["params"] = draw(JUNK)
        case "within" if params:
            message["params"] = params | {draw(st.sampled_from(sorted(params))): draw(JUNK)}
        case "id":
            message["id"] = draw(JUNK)
        case "gone":
            message.pop(draw(st.sampled_from(sorted(message))))
    return message


def post(server: Server, message: Any, modern: bool) -> httpx2.Response:
    headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    headers["MCP-Protocol-Version"] = MODERN_VERSION if modern else LEGACY_VERSION
    params = message.get("params") if isinstance(message, dict) else None
    if modern and isinstance(message, dict):
        if isinstance(message.get("method"), str):
            headers["Mcp-Method"] = message["method"]
        if isinstance(params, dict):
            message = message | {"params": {"_meta": MODERN} | params}
            named = params.get("name", params.get("uri"))
            if isinstance(named, str) and named.isascii() and named.isprintable():
                headers["Mcp-Name"] = named
    body = json.dumps(message).encode("utf-8", "surrogatepass")
    with server.web.stream("POST", server.url, content=body, headers=headers) as answer:
        answer.read()
    return answer


def check(answer: httpx2.Response) -> None:
    assert answer.status_code < 500, answer.text
    assert "Traceback" not in answer.text
    assert "The server failed at this call" not in answer.text


@pytest.mark.parametrize("modern", [False, True], ids=[LEGACY_VERSION, MODERN_VERSION])
@pytest.mark.parametrize("method", [method for method in METHODS if method != "subscriptions/listen"])
def test_every_method_is_answered_and_every_call_is_on_record(server: Server, method: str, modern: bool) -> None:
    @settings(OPTIONS, max_examples=60 if method == "tools/call" else 20)
    @given(requests(method))
    def try_one(message: dict[str, Any]) -> None:
        before = server.lines()
        answer = post(server, message, modern)
        check(answer)
        # Under another id, or none, it asks for no answer: a notification, which calls nothing.
        asked = message.get("method") in CALLS and type(message.get("id")) in (int, str)
        assert server.lines() - before == 1 or not asked or limited(server), (message, answer.status_code, answer.text)

    try_one()


def limited(server: Server) -> bool:
    """Refusals that came to no call are written 60 times a minute, and counted always."""
    text = server.web.get(server.url.replace("/mcp", "/metrics")).text
    counts = [float(line.split()[1]) for line in text.splitlines() if line.startswith("muse_requests_refused_total")]
    return sum(counts) > 60


PATHS = st.sampled_from(
    ["/mcp", "/mcp/", "/", "/livez", "/readyz", "/metrics", "/.well-known/oauth-protected-resource"]
)

HEADERS = [
    *("Content-Type", "Accept", "Mcp-Session-Id", "MCP-Protocol-Version", "Mcp-Method", "Mcp-Name", "Authorization"),
    *("Origin", "Host", "X-Forwarded-For", "Last-Event-ID"),
]


@OPTIONS
@given(
    method=st.sampled_from(["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "BREW"]),
    path=st.one_of(PATHS, st.binary(max_size=12).map(lambda path: f"/{quote(path)}")),
    body=st.one_of(st.binary(max_size=60), JUNK.map(lambda junk: repr(junk).encode("utf-8", "replace"))),
    headers=st.dictionaries(
        st.sampled_from(HEADERS),
        st.one_of(
            st.sampled_from(["application/json", "text/event-stream", LEGACY_VERSION, MODERN_VERSION, "Bearer x", ""]),
            st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12),
        ),
        max_size=5,
    ),
)
def test_no_request_of_any_form_is_a_fault(
    server: Server, method: str, path: str, body: bytes, headers: dict[str, str]
) -> None:
    url = server.url.removesuffix("/mcp")
    with server.web.stream(method, url + path, content=body, headers=headers) as answer:
        answer.read()
    check(answer)
    assert "location" not in answer.headers


RAW = [
    b"\0" * 20 + b"\r\n\r\n",
    b"GET /livez HTTP/9.9\r\n\r\n",
    b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 0\r\n\r\n",
    b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    b"GET http://evil.example.com/mcp/ HTTP/1.1\r\nHost: evil.example.com\r\n\r\n",
    b"CONNECT evil.example.com:443 HTTP/1.1\r\nHost: evil.example.com\r\n\r\n",
]


@pytest.mark.parametrize("said", RAW, ids=[f"{said[:24]!r}{place}" for place, said in enumerate(RAW)])
def test_bytes_that_are_no_request_are_refused(server: Server, said: bytes) -> None:
    with connect(server.url, said) as made:
        _, answer = closed_after(made, 3)
    assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 2"))
    assert b"evil" not in answer
