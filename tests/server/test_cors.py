"""Web pages of listed origins may call from a browser: preflights without a token, headers that scripts may read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.server.http.tokens import TokenFile
from tests.server.processes import environment, http

PAGE = "https://app.example"
CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("cors")
    return folder, TokenFile(folder / "tokens.json").create("page", "reader", None)


@pytest.fixture(scope="module")
def served(embedded: ClickHouseSettings, secret: tuple[Path, str]) -> Iterator[str]:
    with http(environment(embedded, secret[0], MUSE_ALLOWED_ORIGINS=f"{PAGE}, http://other.example/")) as (url, _):
        yield url


def preflight(
    url: str, origin: str, headers: str = "authorization,content-type,mcp-protocol-version"
) -> httpx2.Response:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": headers}
    return httpx2.request("OPTIONS", url, headers=asked)


@pytest.mark.parametrize("origin", [PAGE, f"{PAGE}:8443", "http://other.example"])
def test_a_preflight_of_a_listed_page_needs_no_token(served: str, origin: str) -> None:
    found = preflight(served, origin, "authorization, content-type, mcp-param-region, last-event-id, x-other")
    assert found.status_code == 204
    assert found.headers["access-control-allow-origin"] == origin
    assert found.headers["vary"] == "Origin"
    assert "POST" in found.headers["access-control-allow-methods"].split(", ")
    allowed = {name.lower() for name in found.headers["access-control-allow-headers"].split(", ")}
    assert allowed >= {"authorization", "content-type", "last-event-id", "mcp-session-id", "mcp-protocol-version"}
    assert "mcp-param-region" in allowed
    assert "x-other" not in allowed


@pytest.mark.parametrize("origin", ["https://evil.example", "https://app.example.evil.org", "null", f"{PAGE}:x@evil"])
def test_a_preflight_of_another_page_is_refused(served: str, origin: str) -> None:
    found = preflight(served, origin)
    assert found.status_code == 403
    assert not [name for name in found.headers if name.startswith("access-control")]


def test_a_listed_page_reads_the_answer_and_its_headers(served: str, secret: tuple[Path, str]) -> None:
    headers = {"Origin": PAGE, "Authorization": f"Bearer {secret[1]}", **ACCEPT}
    found = httpx2.post(served, headers=headers, json=CALL)
    assert found.status_code == 200
    assert found.headers.get_list("access-control-allow-origin") == [PAGE]
    assert {"Mcp-Session-Id", "Mcp-Protocol-Version"} <= set(found.headers["access-control-expose-headers"].split(", "))


def test_a_listed_page_reads_why_it_was_refused(served: str) -> None:
    found = httpx2.post(served, headers={"Origin": PAGE, **ACCEPT}, json=CALL)
    assert found.status_code == 401
    assert found.headers["access-control-allow-origin"] == PAGE


def test_no_other_page_reads_anything(served: str, secret: tuple[Path, str]) -> None:
    headers = {"Origin": "https://evil.example", "Authorization": f"Bearer {secret[1]}", **ACCEPT}
    found = httpx2.post(served, headers=headers, json=CALL)
    assert found.status_code == 403
    assert not [name for name in found.headers if name.startswith("access-control")]


def test_without_listed_pages_nothing_is_said_to_browsers(embedded: ClickHouseSettings, tmp_path: Path) -> None:
    with http(environment(embedded, tmp_path)) as (url, _):
        assert preflight(url, PAGE).status_code == 403
        found = httpx2.post(url, headers={"Origin": "http://localhost:3000", **ACCEPT}, json=CALL)
        assert found.status_code == 200
        assert "access-control-allow-origin" not in found.headers
