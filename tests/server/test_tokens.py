"""Who may call over HTTP: bearer tokens with roles, OAuth tokens of an issuer, names of hosts and pages, sizes."""

from __future__ import annotations

import base64
import datetime
import json
import stat
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import anyio
import httpx2
import jwt
import mcp
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.server.http.oauth import JwtVerifier
from chimera_metrics.server.http.tokens import TokenFile
from tests.server.processes import environment, http

URL = "https://metrics.example.org/mcp"


def converse(url: str, token: str, work: Callable[[mcp.Client], Any]) -> Any:
    async def run() -> Any:
        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=30) as client,
            mcp.Client(streamable_http_client(url, http_client=client)) as session,
        ):
            return await work(session)

    return anyio.run(run)


def query(url: str, token: str, sql: str = "SELECT 1") -> CallToolResult:
    async def work(client: mcp.Client) -> CallToolResult:
        return await client.call_tool("query", {"sql": sql})

    result: CallToolResult = converse(url, token, work)
    return result


# -- the file ----------------------------------------------------------------------------------------------------------


def test_a_token_is_kept_as_a_hash_that_only_its_owner_reads(tmp_path: Path) -> None:
    file = TokenFile(tmp_path / "tokens.json")
    text = file.create("ci", "writer", None)
    kept = file.path.read_text()
    assert text.split("_", 2)[2] not in kept  # the secret itself may hold a _
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    found = file.verify(text)
    assert found is not None
    assert (found.name, found.role) == ("ci", "writer")


def test_wrong_revoked_and_expired_tokens_are_none(tmp_path: Path) -> None:
    file = TokenFile(tmp_path / "tokens.json")
    text = file.create("ci", "writer", None)
    assert file.verify(text[:-1] + ("A" if text[-1] != "A" else "B")) is None
    assert file.verify("") is None
    assert file.verify("muse_" + "0" * 12 + "_" + "a" * 43) is None
    TokenFile(file.path).revoke("ci")  # as another process does
    assert file.verify(text) is None
    old = file.create("old", "reader", 1)
    entries = json.loads(file.path.read_text())
    entries[0]["expires"] = (datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=1)).isoformat()
    file.path.write_text(json.dumps(entries))
    assert file.verify(old) is None


WRONG = [("a b", "reader", "is no name for a token"), ("a", "boss", "is no role"), ("twice", "reader", "already")]


@pytest.mark.parametrize(("name", "role", "sentence"), WRONG)
def test_a_mistake_is_a_sentence(tmp_path: Path, name: str, role: str, sentence: str) -> None:
    file = TokenFile(tmp_path / "tokens.json")
    file.create("twice", "reader", None)
    with pytest.raises(InvalidInput, match=sentence):
        file.create(name, role, None)
    with pytest.raises(InvalidInput, match="There is no token 'nobody'; there are: twice"):
        file.revoke("nobody")


# -- a server with tokens ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(
    embedded: ClickHouseSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, dict[str, str], TokenFile]]:
    folder = tmp_path_factory.mktemp("tokens")
    file = TokenFile(folder / "tokens.json")
    tokens = {role: file.create(role, role, None) for role in ("reader", "writer", "admin")}
    with http(environment(embedded, folder, MUSE_MAX_REQUEST_BYTES="20000", MUSE_STATELESS="true")) as (url, _):
        yield url, tokens, file


def test_a_role_sees_and_calls_only_its_tools(served: tuple[str, dict[str, str], TokenFile]) -> None:
    url, tokens, _ = served

    async def look(client: mcp.Client) -> tuple[set[str], CallToolResult]:
        names = {tool.name for tool in (await client.list_tools()).tools}
        return {name.partition("_")[0] for name in names}, await client.call_tool("insert_episodes", {"rows": []})

    groups, refused = converse(url, tokens["reader"], look)
    assert "insert" not in str(groups)
    assert "reader has the role reader, which may only read" in str(refused.content[0])
    groups, tried = converse(url, tokens["writer"], look)
    assert "insert" in str(groups)
    assert "rows holds 0 rows" in str(tried.content[0])


def test_only_an_admin_reads_the_audit_log(served: tuple[str, dict[str, str], TokenFile]) -> None:
    url, tokens, _ = served
    for role in ("reader", "writer"):
        assert query(url, tokens[role], "SELECT count() FROM audit_log").is_error
    assert not query(url, tokens["admin"], "SELECT count() FROM audit_log").is_error


@pytest.mark.parametrize("header", [None, "Bearer x", "Bearer muse_0_0", "Basic YTpi"])
def test_without_a_token_nothing_is_answered(served: tuple[str, dict[str, str], TokenFile], header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    answer = httpx2.post(served[0], json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_a_revoked_token_ends_on_the_running_server(served: tuple[str, dict[str, str], TokenFile]) -> None:
    url, _, file = served
    text = file.create("leaver", "reader", None)
    assert not query(url, text).is_error
    file.revoke("leaver")
    assert httpx2.post(url, json={}, headers={"Authorization": f"Bearer {text}"}).status_code == 401


def ask(url: str, token: str, **headers: str) -> int:
    body = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    accept = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {token}"}
    return httpx2.post(url, json=body, headers=accept | headers).status_code


def test_pages_and_hosts_of_other_names_get_nothing(served: tuple[str, dict[str, str], TokenFile]) -> None:
    url, tokens, _ = served
    assert ask(url, tokens["reader"]) == 200
    assert ask(url, tokens["reader"], Host="evil.example.com") == 421
    assert ask(url, tokens["reader"], Origin="http://evil.example.com") == 403
    assert ask(url, tokens["reader"], Origin="http://localhost:3000") == 200


def test_a_request_has_its_largest_size(served: tuple[str, dict[str, str], TokenFile]) -> None:
    url, tokens, _ = served
    answer = httpx2.post(url, content=b"x" * 20_001, headers={"Authorization": f"Bearer {tokens['reader']}"})
    assert answer.status_code == 413


def test_metrics_need_a_token_and_health_does_not(served: tuple[str, dict[str, str], TokenFile]) -> None:
    url, tokens, _ = served
    base = url.removesuffix("/mcp")
    assert httpx2.get(f"{base}/livez").status_code == 200
    assert httpx2.get(f"{base}/readyz").status_code == 200
    assert httpx2.get(f"{base}/metrics").status_code == 401
    headers = {"Authorization": f"Bearer {tokens['reader']}"}
    assert "muse_calls_total" in httpx2.get(f"{base}/metrics", headers=headers).text


def test_every_refusal_is_counted_and_on_a_line_without_its_token(embedded: ClickHouseSettings, tmp_path: Path) -> None:
    file = TokenFile(tmp_path / "tokens.json")
    token, wrong = file.create("reader", "reader", None), "muse_" + "0" * 12 + "_" + "a" * 43
    with http(environment(embedded, tmp_path, MUSE_MAX_REQUEST_BYTES="20000", MUSE_STATELESS="true")) as (url, _):
        assert ask(url, wrong) == 401
        assert ask(url, token, Host="evil.example.com") == 421
        assert ask(url, token, Origin="http://evil.example.com") == 403
        headers = {"Authorization": f"Bearer {token}"}
        assert httpx2.post(url, content=b"x" * 20_001, headers=headers).status_code == 413
        counted = httpx2.get(url.replace("/mcp", "/metrics"), headers=headers).text
    for reason in ("token", "host", "origin", "size"):
        assert f'muse_requests_refused_total{{reason="{reason}"}} 1' in counted
    [path] = (tmp_path / "audit").rglob("calls-*.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["who"], line["outcome"]) for line in lines] == [("127.0.0.1", "refused")] * 4
    assert [line["error"].split()[0] for line in lines] == ["No", "The", "The", "The"]
    assert wrong not in path.read_text()


# -- an issuer ---------------------------------------------------------------------------------------------------------


class Issuer:
    """An authorization server's public side: metadata and keys."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                pages = {
                    "/.well-known/openid-configuration": {"jwks_uri": f"{issuer.url}/keys"},
                    "/keys": issuer.keys(),
                }
                page = pages.get(self.path)
                self.send_response(200 if page else 404)
                self.end_headers()
                self.wfile.write(json.dumps(page).encode())

            def log_message(self, *_: Any) -> None:
                """Nothing to the test's output."""

        return Handler

    def keys(self) -> dict[str, Any]:
        numbers = self.key.public_key().public_numbers()
        parts = {"n": numbers.n, "e": numbers.e}
        encoded = {
            name: base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8)).rstrip(b"=").decode()
            for name, value in parts.items()
        }
        return {"keys": [{"kty": "RSA", "kid": "1", "use": "sig", "alg": "RS256"} | encoded]}

    def token(self, key: Any = None, algorithm: str = "RS256", **changed: Any) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "aud": URL, "sub": "jane", "exp": now + 300, "iat": now, "scope": "muse:read"}
        claims = {name: value for name, value in (claims | changed).items() if value is not None}
        return jwt.encode(claims, key or self.key, algorithm=algorithm, headers={"kid": "1"})


#: In `forged`, a claim that is there and holds null; `Issuer.token` leaves those out.
NULL = object()


def forged(issuer: Issuer, claims: dict[str, Any] | str, headers: dict[str, Any] | None = None) -> str:
    """Signed by the issuer, whatever it says: claims of other kinds, or text that is no object."""
    if isinstance(claims, dict):
        now = int(time.time())
        usual = {"iss": issuer.url, "aud": URL, "sub": "jane", "exp": now + 300, "iat": now, "scope": "muse:read"}
        whole = {name: None if value is NULL else value for name, value in (usual | claims).items()}
        claims = json.dumps(whole)
    head = json.dumps({"alg": "RS256", "typ": "JWT", "kid": "1"} | (headers or {})).encode()
    body = claims.encode("utf-8", "surrogatepass")
    signed = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in (head, body))
    signature = issuer.key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    return (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    yield made
    made.server.shutdown()
    made.server.server_close()


def verified(issuer: Issuer, token: str) -> Any:
    return anyio.run(JwtVerifier(issuer.url, URL, URL, None).verify_token, token)


ROLES = [("muse:read", "reader"), ("muse:write muse:read", "writer"), ("openid muse:admin", "admin")]


@pytest.mark.parametrize(("scope", "role"), ROLES)
def test_scopes_say_the_role(issuer: Issuer, scope: str, role: str) -> None:
    found = verified(issuer, issuer.token(scope=scope))
    assert found.claims["muse_role"] == role
    assert (found.subject, found.resource) == ("jane", URL)


FALSE: list[dict[str, Any]] = [
    {"aud": "https://elsewhere.example.org"},
    {"aud": None},
    {"iss": "https://evil.example.com"},
    {"exp": 1},
    {"exp": None},
    {"sub": None},
    {"scope": "openid"},
    {"nbf": 99_999_999_999},
    {"key": "a secret that is long enough for HS256 !", "algorithm": "HS256"},
    {"key": rsa.generate_private_key(public_exponent=65537, key_size=2048)},
]


@pytest.mark.parametrize("changed", FALSE, ids=[next(iter(change)) for change in FALSE])
def test_a_token_that_is_not_all_right_is_none(issuer: Issuer, changed: dict[str, Any]) -> None:
    assert verified(issuer, issuer.token(**changed)) is None


WRONG_CLAIMS: list[dict[str, Any]] = [
    *({"scope": value} for value in (NULL, 7, True, {"muse:read": 1}, [7], [["muse:read"]], "", "muse:read\0")),
    *({"sub": value} for value in (7, ["jane"], {"a": 1}, "", " \n", "jane\x1b[2J", "jane\u202e", "a" * 256, NULL)),
    *({"exp": value} for value in (NULL, "soon", [1], {"a": 1}, -1, True, float("inf"), float("nan"))),
    *({"nbf": value} for value in ("soon", [1], 10**400, float("inf"))),
    *({"iat": value} for value in ("soon", [1], float("inf"))),
    *({"aud": value} for value in (NULL, 7, {"a": 1}, [7], [], [URL + "x"])),
    *({"iss": value} for value in (NULL, 7, ["a"], {"a": 1})),
]
HEADERS: list[Any] = [{"kid": 7}, {"kid": ["1"]}, {"kid": None}, {"kid": "1", "crit": ["b64"]}, {"kid": "1" * 5000}]


@pytest.mark.parametrize(
    "changed",
    WRONG_CLAIMS,
    ids=lambda changed: f"{changed!r:.60}" if NULL not in changed.values() else f"{next(iter(changed))} null",
)
def test_a_claim_of_any_other_kind_is_none(issuer: Issuer, changed: dict[str, Any]) -> None:
    assert verified(issuer, forged(issuer, changed)) is None


@pytest.mark.parametrize("headers", HEADERS, ids=lambda headers: repr(headers)[:40])
def test_a_header_of_any_other_kind_is_none(issuer: Issuer, headers: dict[str, Any]) -> None:
    assert verified(issuer, forged(issuer, {}, headers)) is None


@pytest.mark.parametrize("claims", ["[]", "7", "null", '"a"', "{", "[" * 5_000, "\ud800"], ids=lambda text: text[:5])
def test_claims_that_are_no_object_are_none(issuer: Issuer, claims: str) -> None:
    assert verified(issuer, forged(issuer, claims)) is None


def test_scopes_under_a_second_name_count_where_the_first_holds_none(issuer: Issuer) -> None:
    assert verified(issuer, forged(issuer, {"scope": NULL, "scp": ["muse:write"]})).claims["muse_role"] == "writer"


def test_over_http_a_wrong_claim_is_401_and_a_damaged_file_503(
    issuer: Issuer, embedded: ClickHouseSettings, tmp_path: Path
) -> None:
    file = TokenFile(tmp_path / "tokens.json")
    ours = file.create("ci", "reader", None)
    words = {"MUSE_OAUTH_ISSUER": issuer.url, "MUSE_URL": URL, "MUSE_STATELESS": "true"}
    with http(environment(embedded, tmp_path, **words)) as (url, _):
        for value in (NULL, 7, {"a": 1}):
            assert ask(url, forged(issuer, {"scope": value})) == 401
        for body in (b"[oops", b"[7]", b'[{"token_id":"a"}]', b""):
            file.path.write_bytes(body)
            assert ask(url, ours) == 503
            assert httpx2.get(url.replace("/mcp", "/metrics"), headers={"Authorization": "x"}).status_code == 503
        file.path.unlink()
        assert ask(url, ours) == 401
        assert not query(url, issuer.token()).is_error


def test_no_signature_is_none(issuer: Issuer) -> None:
    head, body, _ = issuer.token().split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","kid":"1"}').rstrip(b"=").decode()
    assert verified(issuer, f"{none}.{body}.") is None
    assert verified(issuer, f"{head}.{body}.AAAA") is None


def test_a_resource_server_tells_its_issuer_and_takes_its_tokens_and_ours(
    issuer: Issuer, embedded: ClickHouseSettings, tmp_path: Path
) -> None:
    ours = TokenFile(tmp_path / "tokens.json").create("ci", "reader", None)
    words = {"MUSE_OAUTH_ISSUER": issuer.url, "MUSE_URL": URL}
    with http(environment(embedded, tmp_path, **words)) as (url, _):
        refused = httpx2.post(url, json={})
        assert refused.status_code == 401
        page = "/.well-known/oauth-protected-resource/mcp"
        assert f'resource_metadata="https://metrics.example.org{page}"' in refused.headers["WWW-Authenticate"]
        metadata = httpx2.get(url.removesuffix("/mcp") + page).json()
        assert metadata["resource"] == URL
        assert [server.rstrip("/") for server in metadata["authorization_servers"]] == [issuer.url]
        assert not query(url, issuer.token()).is_error
        assert not query(url, ours).is_error
