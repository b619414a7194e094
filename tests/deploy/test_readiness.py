"""Whether a server is ready, and why not: `/readyz`, and the image's health check that asks it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from chimera_metrics.apps import healthcheck
from chimera_metrics.integrations.config import ClickHouseSettings
from tests.server.processes import environment, http

SECRET = "hush-7f3a"


def served(url: str) -> list[str]:
    """The command of such a server, as the first process of a container has it."""
    return ["muse", "serve", "--transport", "http", "--host", "0.0.0.0", f"--port={urlsplit(url).port}"]  # noqa: S104


def test_a_server_that_is_well(
    embedded: ClickHouseSettings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with http(environment(embedded, tmp_path)) as (url, _):
        assert httpx2.get(url.replace("/mcp", "/readyz")).json() == {"status": "ok"}
        assert healthcheck.main(served(url)) == 0
        assert '"ok"' in capsys.readouterr().out
    assert healthcheck.main(served(url)) == 1  # it has ended
    assert "No answer" in capsys.readouterr().out


def test_a_container_that_serves_no_page_is_well_while_it_runs() -> None:
    assert healthcheck.main(["muse", "serve"]) == 0
    assert healthcheck.main(["muse", "verify", "--json"]) == 0


def test_an_unreachable_server_is_named_without_its_address_or_account(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    closed = ClickHouseSettings(host="127.0.0.1", port=1, username="ada", password=SECRET)
    with http(environment(closed, tmp_path, CH_CA_CERT="", CH_RETRY_ATTEMPTS="0")) as (url, _):
        answer = httpx2.get(url.replace("/mcp", "/readyz"), timeout=10)
        assert (answer.status_code, answer.json()["cause"]) == (503, "unreachable")
        assert "check CH_HOST, CH_PORT" in answer.json()["advice"]
        assert healthcheck.main(served(url)) == 1
    said = answer.text + capsys.readouterr().out
    for hidden in (SECRET, "ada", "127.0.0.1", str(tmp_path)):
        assert hidden not in said


def test_a_wrong_password_and_a_store_in_the_way_have_their_own_names(
    native: ClickHouseSettings, tmp_path: Path
) -> None:
    wrong = native.model_copy(update={"password": type(native.password)(SECRET)})
    (tmp_path / "store").write_text("a file where the store should be")
    for settings, cause in (
        (wrong, "access_refused"),
        (ClickHouseSettings(path=str(tmp_path / "store")), "store_unusable"),
    ):
        with http(environment(settings, tmp_path, CH_RETRY_ATTEMPTS="0")) as (url, _):
            answer = httpx2.get(url.replace("/mcp", "/readyz"), timeout=10)
            assert (answer.status_code, answer.json()["cause"]) == (503, cause)
            assert SECRET not in answer.text
