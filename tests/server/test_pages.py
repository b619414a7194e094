"""The page at `/`: each view on the samples and on an empty store, links, hostile text, headers, signing in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, Settings
from chimera_metrics.server.http.serving import build_app
from chimera_metrics.server.http.tokens import TokenFile
from tests.report.reading import Page
from tests.samples.test_answer_sizes import sampled

__all__ = ["sampled"]
VIEWS = ["/", "/trend", "/benchmarks", "/correlations", "/drivers", "/data", "/rows"]


def browser(settings: Settings, host: str = "127.0.0.1", ui: bool | None = None) -> TestClient:
    return TestClient(build_app(settings, host, ui=ui), base_url="http://127.0.0.1", follow_redirects=False)


@pytest.fixture(scope="module")
def filled(sampled: Settings) -> Iterator[TestClient]:
    with browser(sampled) as client:
        yield client


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("bare")
    muse = MuseSettings(audit_dir=folder / "audit", tokens_file=folder / "tokens.json")
    with browser(Settings(ClickHouseSettings(path=str(folder / "store")), muse)) as client:
        yield client


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_of_the_samples_answers_in_full(filled: TestClient, view: str) -> None:
    answer = filled.get(view)
    page = Page(answer.text)
    assert answer.status_code == 200
    assert 'class="failed"' not in answer.text
    assert page.all("section")
    for picture in page.all("img"):
        assert picture["alt"]
        drawn = filled.get(picture["src"])
        assert drawn.headers["content-type"] == "image/svg+xml"
        assert b"<svg" in drawn.content


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_of_an_empty_store_says_so(bare: TestClient, view: str) -> None:
    answer = bare.get(view)
    assert answer.status_code == 200
    assert 'class="failed"' not in answer.text
    assert "nan" not in re.findall(r"\w+", Page(answer.text).text.lower())


@pytest.mark.parametrize("view", VIEWS)
def test_everything_that_a_view_names_is_here(filled: TestClient, view: str) -> None:
    addresses = set(Page(filled.get(view).text).addresses())
    assert all(address.startswith(("/", "#")) and not address.startswith("//") for address in addresses)
    own = {address for address in addresses if address.startswith("/page/") and "sign" not in address}
    assert {filled.get(address).status_code for address in own} == {200}


def test_nothing_inline_may_run_and_no_site_may_frame_it(filled: TestClient) -> None:
    answer = filled.get("/")
    rules = answer.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'" in rules
    assert "unsafe" not in rules
    assert "frame-ancestors 'none'" in rules
    page = Page(answer.text)
    assert all("src" in script for script in page.all("script"))
    assert not [name for _, attributes in page.elements for name in attributes if name in ("style", "onclick")]


def test_a_link_shows_the_same_window_filter_and_group(filled: TestClient) -> None:
    answer = filled.get(
        "/trend?metric=bench.latency_p95_ms&by=quant&where=dataset = banter-chat&days=20&zone=Asia/Tokyo"
    )
    page = Page(answer.text)
    values = {field["name"]: field["value"] for field in page.all("input") if field["name"] != "where"}
    assert (values["days"], values["by"], values["zone"]) == ("20", "quant", "Asia/Tokyo")
    assert "q4_k_m" in page.text
    links = [address for address in page.addresses() if address.startswith("/drivers?")]
    assert all("days=20" in address and "banter-chat" in address for address in links)
    assert links


def test_the_rows_behind_a_figure_are_those_of_the_filters(filled: TestClient) -> None:
    page = Page(filled.get("/rows?table=bench_runs&where=quant = q4_k_m&days=30").text)
    assert "q4_k_m" in page.text
    assert "q8_0" not in page.text.partition("Show")[2]


def test_the_statement_is_judged_like_the_tools(filled: TestClient) -> None:
    answer = filled.get("/rows", params={"sql": "SELECT * FROM file('/etc/passwd')"})
    assert 'class="failed"' in answer.text
    assert "root:" not in answer.text


def test_another_site_cannot_have_a_statement_run(filled: TestClient) -> None:
    headers = {"sec-fetch-site": "cross-site"}
    answer = filled.get("/rows", params={"sql": "SELECT 41 + 1 AS answer"}, headers=headers)
    assert "press Show" in answer.text
    assert ">42<" not in answer.text
    assert ">42<" in filled.get("/rows", params={"sql": "SELECT 41 + 1 AS answer"}).text


@pytest.mark.parametrize("address", ["/?days=x", "/trend?zone=Mars", "/?where=model", "/trend?metric=no.such"])
def test_an_address_that_means_nothing_is_a_sentence(filled: TestClient, address: str) -> None:
    answer = filled.get(address)
    assert 'class="failed"' in answer.text
    assert "Traceback" not in answer.text


# -- signing in --------------------------------------------------------------------------------------------------------


@pytest.fixture
def guarded(sampled: Settings, tmp_path: Path) -> Iterator[tuple[TestClient, str]]:
    """A server behind tokens, and the token of a reader."""
    muse = sampled.muse.model_copy(update={"tokens_file": tmp_path / "tokens.json"})
    token = TokenFile(tmp_path / "tokens.json").create("eyes", "reader", None)
    with browser(Settings(sampled.clickhouse, muse)) as client:
        yield client, token


def signed_in(client: TestClient, token: str, to: str = "/data") -> object:
    mark = next(field["value"] for field in Page(client.get(to).text).all("input") if field["name"] == "mark")
    return client.post("/page/sign-in", data={"token": token, "mark": mark, "to": to})


def test_nobody_sees_a_view_or_a_picture_without_a_token(guarded: tuple[TestClient, str]) -> None:
    client, _ = guarded
    answers = [client.get(path) for path in (*VIEWS, "/page/picture/overview/2/0.svg")]
    assert {answer.status_code for answer in answers} == {401}
    assert all("<table" not in answer.text for answer in answers)


def test_a_reader_signs_in_sees_and_signs_out(guarded: tuple[TestClient, str]) -> None:
    client, token = guarded
    answer = signed_in(client, token)
    assert (answer.status_code, answer.headers["location"]) == (303, "/data")  # type: ignore[attr-defined]
    cookie = answer.headers["set-cookie"].lower()  # type: ignore[attr-defined]
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    page = Page(client.get("/data").text)
    assert "bench_runs" in page.text
    mark = next(field["value"] for field in page.all("input") if field["name"] == "mark")
    assert client.post("/page/sign-out", data={"mark": mark}).status_code == 303
    assert client.get("/data").status_code == 401


def test_a_form_of_another_site_signs_nobody_in(guarded: tuple[TestClient, str]) -> None:
    client, token = guarded
    client.get("/")
    assert client.post("/page/sign-in", data={"token": token, "mark": "x" * 32}).status_code == 403
    assert client.post("/page/sign-in", data={"token": token}).status_code == 403
    assert client.get("/data").status_code == 401


def test_a_wrong_token_is_refused_and_no_other_site_is_led_to(guarded: tuple[TestClient, str]) -> None:
    client, token = guarded
    assert signed_in(client, "muse_wrong").status_code == 401  # type: ignore[attr-defined]
    mark = client.cookies["muse_form"]
    to = {"token": token, "mark": mark, "to": "//evil.example/data"}
    assert client.post("/page/sign-in", data=to).headers["location"] == "/"


def test_the_cookie_opens_the_page_alone(guarded: tuple[TestClient, str]) -> None:
    client, token = guarded
    signed_in(client, token)
    assert client.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "ping"}).status_code == 401


def test_the_page_is_off_where_others_reach_the_server(sampled: Settings, tmp_path: Path) -> None:
    muse = sampled.muse.model_copy(update={"tokens_file": tmp_path / "t.json", "allowed_hosts": ["127.0.0.1"]})
    TokenFile(tmp_path / "t.json").create("eyes", "reader", None)
    settings = Settings(sampled.clickhouse, muse)
    with browser(settings, "0.0.0.0") as client:  # noqa: S104  # built, not bound
        assert client.get("/").status_code == 404
    with browser(settings, "0.0.0.0", ui=True) as client:  # noqa: S104
        assert client.get("/").status_code == 401
    with browser(settings, ui=False) as client:
        assert client.get("/").status_code == 404
