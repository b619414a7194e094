"""The door of the HTTP server: addresses, proxies, rates; and where it refuses to open at all."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from starlette.responses import PlainTextResponse

from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, Settings
from chimera_metrics.integrations.errors import SettingsError
from chimera_metrics.server.http.door import Door
from chimera_metrics.server.http.rates import Rates
from chimera_metrics.server.http.serving import build_app, check_reach
from chimera_metrics.server.http.tokens import TokenFile
from tests.server.processes import MUSE, ROOT, environment, http

ADDRESSES = [
    # peer, X-Forwarded-For, allowed, proxies, status
    ("127.0.0.1", None, [], [], 200),
    ("192.0.2.7", None, ["192.0.2.0/24"], [], 200),
    ("192.0.3.7", None, ["192.0.2.0/24"], [], 403),
    ("::ffff:192.0.2.7", None, ["192.0.2.0/24"], [], 200),
    ("2001:db8::1", None, ["2001:db8::/32"], [], 200),
    ("192.0.3.7", "192.0.2.7", ["192.0.2.0/24"], [], 403),
    ("10.0.0.1", "192.0.2.7", ["192.0.2.0/24"], ["10.0.0.0/8"], 200),
    ("10.0.0.1", "203.0.113.9", ["192.0.2.0/24"], ["10.0.0.0/8"], 403),
    ("10.0.0.1", "192.0.2.7, 203.0.113.9", ["192.0.2.0/24"], ["10.0.0.0/8"], 403),
    ("10.0.0.1", "192.0.2.7, 10.0.0.2", ["192.0.2.0/24"], ["10.0.0.0/8"], 200),
    ("10.0.0.1", "nonsense", ["192.0.2.0/24"], ["10.0.0.0/8"], 403),
]


def knock(
    door: Door, peer: str, headers: dict[str, str] | list[tuple[str, str]], times: int = 1, path: str = "/"
) -> list[httpx2.Response]:
    async def ask() -> list[httpx2.Response]:
        transport = httpx2.ASGITransport(app=door, client=(peer, 1234))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return [await client.get(f"http://localhost{path}", headers=headers) for _ in range(times)]

    return anyio.run(ask)


@pytest.mark.parametrize(("peer", "forwarded", "allowed", "proxies", "status"), ADDRESSES)
def test_only_listed_addresses_come_in_and_only_our_proxies_are_believed(
    peer: str, forwarded: str | None, allowed: list[str], proxies: list[str], status: int
) -> None:
    refused: list[tuple[str, str]] = []
    door = Door(PlainTextResponse("in"), allowed, proxies, 0, lambda *said: refused.append(said))
    [answer] = knock(door, peer, {"X-Forwarded-For": forwarded} if forwarded else {})
    assert answer.status_code == status
    assert [reason for reason, _ in refused] == ([] if status == 200 else ["address"])


def test_each_token_has_a_rate_of_its_own() -> None:
    door = Door(PlainTextResponse("in"), [], [], 3, lambda *_: None)
    first = knock(door, "127.0.0.1", {"Authorization": "Bearer one"}, 4)
    assert [answer.status_code for answer in first] == [200, 200, 200, 429]
    assert int(first[-1].headers["Retry-After"]) in range(18, 22)
    assert first[-1].json()["error"].startswith("Too many requests with this token; try again in ")
    assert knock(door, "127.0.0.1", {"Authorization": "Bearer two"})[0].status_code == 200


def test_a_token_has_one_rate_however_its_header_is_spelled() -> None:
    door = Door(PlainTextResponse("in"), [], [], 3, lambda *_: None)
    spellings = ("Bearer one", "bearer one", "BEARER one", "Bearer  one")
    answers = [knock(door, "127.0.0.1", {"Authorization": header})[0].status_code for header in spellings]
    assert answers == [200, 200, 200, 429]


def test_callers_without_a_token_have_a_rate_by_address() -> None:
    door = Door(PlainTextResponse("in"), [], ["10.0.0.0/8"], 0, lambda *_: None, anonymous=3)
    answers = knock(door, "192.0.2.7", {}, 4)
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert "from this address without a token; try again in" in answers[-1].json()["error"]
    assert knock(door, "192.0.2.8", {})[0].status_code == 200
    # Behind a proxy of ours it is the address of the caller that counts.
    through = [knock(door, "10.0.0.1", {"X-Forwarded-For": f"192.0.2.{last}"})[0] for last in (7, 8, 9, 9, 9, 9)]
    assert [answer.status_code for answer in through] == [429, 200, 200, 200, 200, 429]


def test_where_nobody_is_known_a_header_makes_no_new_caller() -> None:
    door = Door(PlainTextResponse("in"), [], [], 3, lambda *_: None, anonymous=3, authenticated=False)
    tokens = [knock(door, "192.0.2.7", {"Authorization": f"Bearer {number}"})[0].status_code for number in range(5)]
    assert tokens == [200, 200, 200, 429, 429]


def test_wrong_tokens_are_counted_by_address_and_right_ones_are_not_held_up() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        right = (b"authorization", b"Bearer right") in scope["headers"]
        await PlainTextResponse("", status_code=200 if right else 401)(scope, receive, send)

    door = Door(app, [], [], 0, lambda *_: None, anonymous=3)
    assert knock(door, "192.0.2.7", {"Authorization": "Bearer right"}, path="/mcp")[0].status_code == 200
    tried = [knock(door, "192.0.2.7", {"Authorization": f"Bearer {n}"}, path="/mcp")[0].status_code for n in range(5)]
    assert tried == [401, 401, 401, 429, 429]
    assert knock(door, "192.0.2.7", {"Authorization": "Bearer right"}, path="/mcp")[0].status_code == 200


@pytest.mark.parametrize(("given", "seen"), [("/mcp/", "/mcp"), ("/mcp", "/mcp"), ("/", "/"), ("//mcp///", "//mcp")])
def test_a_slash_at_the_end_says_nothing(given: str, seen: str) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse(scope["path"])(scope, receive, send)

    assert knock(Door(app, [], [], 0, lambda *_: None), "192.0.2.7", {}, path=given)[0].text == seen


RATES = [({}, 6000), ({"rate_limit": 3}, 3), ({"anonymous_rate_limit": 5}, 5), ({"rate_limit": 0}, 0)]


@pytest.mark.parametrize(("muse", "most"), RATES)
def test_the_rate_of_an_address_is_the_tokens_where_that_is_set(muse: dict[str, int], most: int) -> None:
    assert MuseSettings(**muse).anonymous_per_minute == most  # type: ignore[arg-type]


BENT = [
    [("Origin", "http://127.0.0.1:80@example.org")],
    [("Origin", "http://127.0.0.1:80.example.org")],
    [("Origin", "")],
    [("Origin", "http://127.0.0.1:80"), ("Origin", "http://example.org")],
    [("Host", "127.0.0.1:80@example.org")],
    [("Host", "127.0.0.1:80/example.org")],
    [("Authorization", "Bearer a"), ("Authorization", "Bearer b")],
    [("Content-Length", "5"), ("Content-Length", "5")],
    [("Content-Length", "5, 5")],
    [("Transfer-Encoding", "chunked"), ("Content-Length", "5")],
    [("Transfer-Encoding", "chunked, identity")],
]
STRAIGHT = ["http://127.0.0.1:80", "http://localhost", "https://[::1]:8000", "null", "vscode-webview://0a1b2c"]


@pytest.mark.parametrize("headers", BENT)
def test_a_header_that_reads_in_two_ways_is_refused(headers: list[tuple[str, str]]) -> None:
    refused: list[tuple[str, str]] = []
    door = Door(PlainTextResponse("in"), [], [], 0, lambda *said: refused.append(said))
    [answer] = knock(door, "192.0.2.7", headers)
    status, reason = {"Origin": (403, "origin"), "Host": (421, "host")}.get(headers[0][0], (400, "request"))
    assert answer.headers["connection"] == "close"
    assert (answer.status_code, refused) == (status, [(reason, "192.0.2.7")])


@pytest.mark.parametrize("origin", STRAIGHT)
def test_an_origin_that_reads_in_one_way_is_judged_behind_the_door(origin: str) -> None:
    [answer] = knock(Door(PlainTextResponse("in"), [], [], 0, lambda *said: None), "192.0.2.7", {"Origin": origin})
    assert answer.status_code == 200


REFUSED = [
    (400, {}, "request"),
    (405, {}, "request"),
    (401, {"WWW-Authenticate": "Bearer"}, "token"),
    (403, {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}, "scope"),
    (403, {}, "origin"),
    (421, {}, "host"),
    (413, {}, "size"),
    (404, {}, None),
    (200, {}, None),
]


@pytest.mark.parametrize(("status", "headers", "reason"), REFUSED)
def test_what_is_refused_behind_the_door_is_told_too(status: int, headers: dict[str, str], reason: str | None) -> None:
    refused: list[tuple[str, str]] = []
    app = PlainTextResponse("no", status_code=status, headers=headers)
    [answer] = knock(Door(app, [], [], 0, lambda *said: refused.append(said)), "192.0.2.7", {})
    assert answer.status_code == status
    assert refused == ([] if reason is None else [(reason, "192.0.2.7")])


def test_a_peer_without_an_address_is_unknown() -> None:
    refused: list[tuple[str, str]] = []
    door = Door(PlainTextResponse("no"), ["192.0.2.0/24"], [], 0, lambda *said: refused.append(said))
    knock(door, "a socket", {})
    assert refused == [("address", "unknown")]


def test_a_bucket_fills_again() -> None:
    now = [0.0]
    rates = Rates(60, lambda: now[0])
    assert [rates.wait_s("a") for _ in range(61)][-2:] == [0.0, 1.0]
    now[0] = 2.0
    assert [rates.wait_s("a") for _ in range(3)] == [0.0, 0.0, 1.0]


def settings(folder: Path, **muse: Any) -> Settings:
    words: dict[str, Any] = {"tokens_file": folder / "tokens.json", "audit_dir": folder / "audit"} | muse
    return Settings(ClickHouseSettings(path=str(folder / "store")), MuseSettings(**words))


OPEN = "0.0.0.0"  # noqa: S104  # what is tested


@pytest.mark.parametrize("host", [OPEN, "192.0.2.1", "::", "metrics.example.org"])
def test_no_address_that_others_reach_without_authentication(tmp_path: Path, host: str) -> None:
    with pytest.raises(SettingsError, match="can be reached from other machines"):
        build_app(settings(tmp_path), host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_this_machine_alone_needs_none(tmp_path: Path, host: str) -> None:
    build_app(settings(tmp_path), host)


FRONTS = [
    ({"url": "https://metrics.example.org/mcp"}, "MUSE_URL says that clients reach this server at https://metrics"),
    ({"trusted_proxies": "127.0.0.1"}, "MUSE_TRUSTED_PROXIES names proxies"),
    ({"trusted_proxies": "10.0.0.0/8", "url": "http://localhost:8000/mcp"}, "MUSE_TRUSTED_PROXIES names proxies"),
]


@pytest.mark.parametrize(("muse", "says"), FRONTS, ids=[says[:20] for _, says in FRONTS])
def test_behind_a_proxy_this_machine_is_everybody(tmp_path: Path, muse: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError, match=f"{says}.*create a token .*or unset it"):
        build_app(settings(tmp_path, **muse), "127.0.0.1")
    TokenFile(tmp_path / "tokens.json").create("a", "reader", None)
    build_app(settings(tmp_path, **muse), "127.0.0.1")


@pytest.mark.parametrize("url", ["http://localhost:8000/mcp", "http://127.0.0.1/mcp", "http://[::1]:8000/mcp"])
def test_a_url_of_this_machine_needs_no_token(tmp_path: Path, url: str) -> None:
    build_app(settings(tmp_path, url=url), "127.0.0.1")


def test_it_refuses_to_start_with_a_sentence_and_an_exit_code(tmp_path: Path) -> None:
    store = ClickHouseSettings(path=str(tmp_path / "store"))
    done = subprocess.run(
        [MUSE, "serve", "--transport", "http", "--port", "0"],
        env=environment(store, tmp_path, MUSE_URL="https://metrics.example.org/mcp"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("muse: MUSE_URL says that clients reach this server at")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("host", ["localhost", "evil.example.com", "evil.example.com:80"])
@pytest.mark.parametrize("path", ["/mcp/", "/livez/", "/metrics/", "/nothing/", "/mcp//"])
def test_no_host_is_ever_redirected_to(served: str, path: str, host: str) -> None:
    for method in ("GET", "POST", "DELETE", "OPTIONS", "HEAD"):
        with httpx2.stream(method, served + path, headers={"Host": host}, follow_redirects=False) as found:
            assert "location" not in found.headers
            assert not 300 <= found.status_code < 400


@pytest.mark.parametrize("host", ["LOCALHOST", "LocalHost:8951"])
def test_the_name_of_a_host_has_no_case(served: str, host: str) -> None:
    asked = {"name": "query", "arguments": {"sql": "SELECT 1"}}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": asked}
    headers = {"Host": host, "Accept": "application/json, text/event-stream"}
    assert httpx2.post(served + "/mcp", json=call, headers=headers).status_code == 200
    assert httpx2.post(served + "/mcp", json=call, headers=headers | {"Host": "EVIL.example"}).status_code == 421


def test_with_a_slash_the_tools_answer_too(served: str) -> None:
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "query", "arguments": {"sql": "SELECT 1"}},
    }
    found = httpx2.post(served + "/mcp/", json=call, headers={"Accept": "application/json, text/event-stream"})
    assert found.status_code == 200
    assert '\\"rows\\":[[1]]' in found.text


@pytest.fixture(scope="module")
def served(embedded: ClickHouseSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with http(environment(embedded, tmp_path_factory.mktemp("door"), MUSE_STATELESS="true")) as (url, _):
        yield url.removesuffix("/mcp")


def test_with_a_token_it_opens_under_a_name_that_is_said(tmp_path: Path) -> None:
    TokenFile(tmp_path / "tokens.json").create("a", "reader", None)
    with pytest.raises(SettingsError, match="say by which names clients reach it, in MUSE_URL"):
        build_app(settings(tmp_path), OPEN)
    build_app(settings(tmp_path, allowed_hosts="metrics.example.org"), OPEN)
    build_app(settings(tmp_path, url="https://metrics.example.org/mcp"), OPEN)
    check_reach(MuseSettings(), "192.0.2.1", authenticated=True)


def test_a_tokens_file_that_is_none_opens_nothing(tmp_path: Path) -> None:
    (tmp_path / "tokens.json").write_text("[oops")
    with pytest.raises(SettingsError, match="holds no tokens or cannot be read"):
        build_app(settings(tmp_path), "127.0.0.1")


WRONG = [
    ({"allowed_ips": "10.0.0.0/99"}, "MUSE_ALLOWED_IPS holds"),
    ({"trusted_proxies": "proxy"}, "MUSE_TRUSTED_PROXIES holds"),
    ({"url": "metrics"}, "MUSE_URL holds 'metrics', but takes an address such as https://"),
    ({"rate_limit": -1}, "MUSE_RATE_LIMIT holds -1"),
]


@pytest.mark.parametrize(("muse", "sentence"), WRONG, ids=[words for _, words in WRONG])
def test_a_wrong_setting_is_a_sentence(muse: dict[str, Any], sentence: str) -> None:
    from chimera_metrics.integrations import config

    with pytest.raises(SettingsError, match=sentence.replace("(", r"\(")):
        config.parse(MuseSettings, **muse)
