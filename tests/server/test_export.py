"""`export` on `query` and `query.aggregate`: a link to the whole result, for its caller, for a time, on record."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import anyio
import httpx2
import mcp
import orjson
import pytest
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, ResourceLink

from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, Settings
from chimera_metrics.server.exports import FILE_S, SIGNED_S, Exports
from chimera_metrics.server.http.tokens import TokenFile
from tests.server.processes import environment, http, stdio

SQL = "SELECT number AS n FROM numbers(20000)"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def audited(folder: Path, tool: str) -> list[dict[str, Any]]:
    lines = [orjson.loads(line) for path in folder.rglob("calls-*.jsonl") for line in path.read_bytes().splitlines()]
    return [line for line in lines if line["tool"] == tool]


def link_of(answer: CallToolResult) -> ResourceLink:
    assert not answer.is_error, answer.content
    [link] = [one for one in answer.content if isinstance(one, ResourceLink)]
    assert answer.structured_content is not None
    assert str(link.uri) == answer.structured_content["export"]["uri"]
    return link


async def _over(server: Any, tool: str, arguments: dict[str, Any], way: Any) -> CallToolResult:
    async with mcp.Client(server, mode=way) as client:
        return await client.call_tool(tool, arguments)


@pytest.mark.parametrize("way", ["auto", "legacy"])
def test_over_stdio_the_link_leads_to_a_private_file(embedded: ClickHouseSettings, tmp_path: Path, way: Any) -> None:
    words = {"MUSE_EXPORT_DIR": str(tmp_path / "exports")}
    server = stdio_client(stdio(environment(embedded, tmp_path, **words)))
    answer = anyio.run(_over, server, "query", {"sql": SQL, "export": "csv"}, way)
    link = link_of(answer)
    assert (link.name, link.mime_type) == ("result.csv", "text/csv")
    path = Path(unquote(urlsplit(str(link.uri)).path))
    assert path.read_text().splitlines() == ['"n"', *map(str, range(20_000))]
    assert (mode(path.parent), mode(path), link.size) == (0o700, 0o600, path.stat().st_size)
    [line] = audited(tmp_path, "query")
    assert (line["rows"], line["outcome"]) == (20_000, "ok")


def test_an_aggregate_has_the_link_too(embedded: ClickHouseSettings, tmp_path: Path) -> None:
    server = stdio_client(stdio(environment(embedded, tmp_path, MUSE_EXPORT_DIR=str(tmp_path / "exports"))))
    arguments = {"metrics": ["llm.calls"], "granularity": "hour", "export": "parquet"}
    link = link_of(anyio.run(_over, server, "query.aggregate", arguments, "auto"))
    assert Path(unquote(urlsplit(str(link.uri)).path)).read_bytes()[:4] == b"PAR1"


@pytest.mark.parametrize(
    "sql", ["SELECT repeat('x', 1000) FROM numbers(100000)", "SELECT nothing", "DROP TABLE episodes"]
)
def test_an_export_that_fails_leaves_no_file(embedded: ClickHouseSettings, tmp_path: Path, sql: str) -> None:
    words = {"MUSE_EXPORT_DIR": str(tmp_path / "exports"), "MUSE_EXPORT_MAX_MB": "1"}
    server = stdio_client(stdio(environment(embedded, tmp_path, **words)))
    answer = anyio.run(_over, server, "query", {"sql": sql, "export": "csv"}, "auto")
    assert answer.is_error
    assert not list((tmp_path / "exports").iterdir())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exports")


@pytest.fixture(scope="module")
def tokens(folder: Path) -> dict[str, str]:
    file = TokenFile(folder / "tokens.json")
    return {name: file.create(name, "reader", None) for name in ("maker", "other")}


@pytest.fixture(scope="module")
def served(embedded: ClickHouseSettings, folder: Path, tokens: dict[str, str]) -> Iterator[str]:
    with http(environment(embedded, folder, MUSE_EXPORT_DIR=str(folder / "exports"))) as (url, _):
        yield url


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def uri(served: str, tokens: dict[str, str]) -> str:
    async def make() -> CallToolResult:
        async with httpx2.AsyncClient(headers=bearer(tokens["maker"])) as client:
            return await _over(
                streamable_http_client(served, http_client=client), "query", {"sql": SQL, "export": "csv"}, "auto"
            )

    answer = anyio.run(make)
    assert answer.structured_content is not None
    assert "on the server that made it" in answer.structured_content["notes"][-1]
    return str(link_of(answer).uri)


def test_a_signed_link_needs_no_token(served: str, uri: str) -> None:
    assert uri.startswith(f"{served.removesuffix('/mcp')}/exports/")
    found = httpx2.get(uri)
    assert found.status_code == 200
    assert found.text.splitlines() == ['"n"', *map(str, range(20_000))]
    assert found.headers["content-type"].startswith("text/csv")
    assert found.headers["content-disposition"] == 'attachment; filename="result.csv"'
    assert found.headers["cache-control"] == "private, no-store"


def test_without_the_signature_only_its_maker_has_it(uri: str, tokens: dict[str, str], folder: Path) -> None:
    plain = uri.partition("?")[0]
    assert httpx2.get(plain, headers=bearer(tokens["maker"])).status_code == 200
    assert httpx2.get(plain, headers=bearer(tokens["other"])).status_code == 403
    assert httpx2.get(plain).status_code == 403
    lines = audited(folder, "exports/read")
    assert {("maker", "ok"), ("other", "refused"), ("127.0.0.1", "refused")} <= {
        (line["who"], line["outcome"]) for line in lines
    }


def _later(uri: str) -> str:
    head, _, rest = uri.partition("expires=")
    return f"{head}expires={int(rest.partition('&')[0]) + 1}&{rest.partition('&')[2]}"


CHANGED = [
    ("a later end", _later),
    ("another signature", lambda uri: uri[:-1] + ("0" if uri[-1] != "0" else "1")),
    ("no signature", lambda uri: uri.partition("&")[0]),
    ("letters that are no digits", lambda uri: uri.replace("expires=", "expires=\u0661")),
    ("another file", lambda uri: uri.replace("/exports/http-", "/exports/file-")),
    ("a way out", lambda uri: uri.replace("/exports/http-", "/exports/..%2F..%2Fhttp-")),
]


@pytest.mark.parametrize("change", [change for _, change in CHANGED], ids=[words for words, _ in CHANGED])
def test_a_link_that_was_changed_opens_nothing(uri: str, change: Any) -> None:
    assert httpx2.get(change(uri)).status_code in {403, 404}


def test_another_server_does_not_open_it(embedded: ClickHouseSettings, folder: Path, uri: str, served: str) -> None:
    with http(environment(embedded, folder, MUSE_EXPORT_DIR=str(folder / "exports"))) as (url, _):
        moved = uri.replace(urlsplit(served).netloc, urlsplit(url).netloc)
        assert httpx2.get(moved).status_code == 403
    assert httpx2.get(uri).status_code == 200


def test_files_go_with_the_server_that_made_them(embedded: ClickHouseSettings, tmp_path: Path) -> None:
    with http(environment(embedded, tmp_path, MUSE_EXPORT_DIR=str(tmp_path / "exports"))) as (url, _):
        link = link_of(anyio.run(_over, url, "query", {"sql": SQL, "export": "arrow"}, "legacy"))
        assert httpx2.get(str(link.uri)).content[:6] == b"ARROW1"
        assert list((tmp_path / "exports").iterdir())
    assert not list((tmp_path / "exports").iterdir())


def test_the_link_has_the_name_under_which_clients_reach_it(tmp_path: Path) -> None:
    muse = MuseSettings(export_dir=tmp_path, url="https://metrics.example.org/team/mcp")
    found = Exports(Settings(ClickHouseSettings(path=":memory:"), muse))
    assert found._signed("x.csv", 1, "http://10.0.0.1:8000").startswith(
        "https://metrics.example.org/team/exports/x.csv?"
    )


@pytest.mark.parametrize(("kind", "seconds"), [("http", SIGNED_S), ("file", FILE_S)])
def test_a_file_is_removed_after_its_time(tmp_path: Path, kind: str, seconds: int) -> None:
    kept = Exports(Settings(ClickHouseSettings(path=":memory:"), MuseSettings(export_dir=tmp_path)))
    old, fresh, foreign = (tmp_path / name for name in (f"{kind}-old.csv", f"{kind}-fresh.csv", "notes.txt"))
    for path in (old, fresh, foreign):
        path.touch()
    long_ago = time.time() - seconds - 1
    os.utime(old, (long_ago, long_ago))
    os.utime(foreign, (0, 0))
    kept.sweep()
    assert sorted(tmp_path.iterdir()) == sorted([fresh, foreign])


def test_a_link_ends_with_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Exports(Settings(ClickHouseSettings(path=":memory:"), MuseSettings(export_dir=tmp_path)))
    end = int(time.time()) + SIGNED_S
    signature = kept._signature("x.csv", end)
    assert kept.is_signed("x.csv", str(end), signature)
    monkeypatch.setattr("chimera_metrics.server.exports.time.time", lambda: end + 0.5)
    assert not kept.is_signed("x.csv", str(end), signature)


def test_servers_with_one_folder_hand_out_each_other_s_exports(embedded: ClickHouseSettings, tmp_path: Path) -> None:
    words = {"MUSE_EXPORT_DIR": str(tmp_path / "exports"), "MUSE_SERVERS": "2"}
    with http(environment(embedded, tmp_path, **words)) as (other, _):
        with http(environment(embedded, tmp_path, **words)) as (one, _):
            answer = anyio.run(_over, one, "query", {"sql": SQL, "export": "csv"}, "auto")
            uri = str(link_of(answer).uri)
        assert answer.structured_content is not None
        assert "on the server that made it" not in answer.structured_content["notes"][-1]
        there = uri.replace(one.removesuffix("/mcp"), other.removesuffix("/mcp"))  # the one that made it is gone
        assert httpx2.get(there).text.count("\n") == 20_001
        assert httpx2.get(there.replace("signature=", "signature=0")).status_code == 403
        assert httpx2.get(there.replace(".csv?", ".csv.who?")).status_code == 403
    assert {mode(path) for path in (tmp_path / "exports").iterdir()} == {0o600}


def test_what_others_share_is_swept_with_its_name(tmp_path: Path) -> None:
    muse = MuseSettings(export_dir=tmp_path / "exports", servers=2)
    exports = Exports(Settings(ClickHouseSettings(path=":memory:"), muse))
    for name in ("http-a.csv", "http-a.csv.who"):
        (exports.folder / name).write_text("x")
        os.utime(exports.folder / name, (1, 1))
    assert len(exports._key) == 32
    exports.sweep()
    assert [path.name for path in exports.folder.iterdir()] == ["key"]
    (exports.folder / "key").write_bytes(b"short")
    assert exports.find("http-" + "a" * 32 + ".csv") is None
