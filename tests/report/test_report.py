"""`muse report`: one file that loads nothing, its Markdown and pictures; on the samples and on an empty store."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from chimera_metrics.analytics import QuestionError
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import Settings
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.report.scope import Scope, condition, filter_text
from chimera_metrics.integrations.report.writing import write_report
from tests.report.reading import Page
from tests.samples.test_answer_sizes import sampled
from tests.server.processes import environment

__all__ = ["sampled"]
COMMIT = "5d8a17f4c2e06b93a1f75d04e8c6293b7f10ad6e"
CHAPTERS = ["At a glance", "Trends", "Benchmarks", "Correlation", "Anomalies and drivers", "What will come"]
RUN = "123e4567-e89b-12d3-a456-426614174000"
HOSTILE = "<script>alert(1)</script>\"'|`*"


@pytest.fixture(scope="module")
def files(sampled: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    with ClickHouseClient(sampled.clickhouse, sampled.muse) as client:
        write_report(client, 7, folder / "week.html", folder / "week.md", folder / "pictures")
    return folder


def test_the_report_is_one_file_that_asks_no_host(files: Path) -> None:
    page = Page((files / "week.html").read_text())
    assert page.all("script") == []
    assert {address.partition(":")[0] if address[0] != "#" else "#" for address in page.addresses()} == {"#", "data"}
    assert "url(" not in (files / "week.html").read_text()
    for chapter in CHAPTERS:
        assert chapter in page.text


def test_the_report_names_the_step_and_its_commit(files: Path) -> None:
    page = Page((files / "week.html").read_text())
    assert COMMIT in {attributes.get("title") for _, attributes in page.elements}
    assert COMMIT[:10] in (files / "week.md").read_text()
    assert "Regressions" in page.text


def test_each_picture_is_svg_with_words_and_a_dark_form(files: Path) -> None:
    pictures = Page((files / "week.html").read_text()).all("img")
    assert len(pictures) >= 9
    for picture in pictures:
        assert len(picture["alt"]) > 20
        drawn = base64.b64decode(picture["src"].partition(",")[2]).decode()
        assert ElementTree.fromstring(drawn).tag.endswith("svg")  # noqa: S314  # our own
        assert "prefers-color-scheme: dark" in drawn


def test_each_section_shows_the_sql_that_ran(files: Path, sampled: Settings) -> None:
    source = (files / "week.html").read_text()
    assert source.count("<details>") >= 10
    assert "SELECT" in Page(source).text


def test_the_pictures_lie_in_the_folder_as_png(files: Path) -> None:
    found = sorted((files / "pictures").iterdir())
    assert len(found) >= 9
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in found)


def test_an_empty_store_has_a_report_that_says_so(store_path: str, tmp_path: Path) -> None:
    from chimera_metrics.integrations.config import ClickHouseSettings

    with ClickHouseClient(ClickHouseSettings(path=store_path)) as client:
        client.ensure_schema()
        write_report(client, 7, tmp_path / "a.html", tmp_path / "a.md", tmp_path / "png")
    text = (tmp_path / "a.md").read_text()
    assert Page((tmp_path / "a.html").read_text()).all("section")
    assert "nan" not in text.lower()
    assert "There are no benchmark runs in this window." in text


def test_stored_text_stays_text(store_path: str, tmp_path: Path) -> None:
    from chimera_metrics.integrations.config import ClickHouseSettings

    now = datetime.now(UTC).isoformat()
    run = {
        "ts": now,
        "run_id": RUN,
        "model": HOSTILE,
        "quant": "q",
        "dataset": "d",
        "latency_p95_ms": 1.0,
        "commit_sha": "a" * 40,
    }
    with ClickHouseClient(ClickHouseSettings(path=store_path)) as client:
        client.insert("bench_runs", [run])
        write_report(client, 7, tmp_path / "a.html", tmp_path / "a.md", None)
    page = Page((tmp_path / "a.html").read_text())
    assert page.all("script") == []
    assert HOSTILE in page.text
    assert "<script" not in (tmp_path / "a.md").read_text().replace("\\<script", "")


def test_the_command_writes_what_is_named(sampled: Settings, tmp_path: Path) -> None:
    muse = Path(sys.executable).with_name("muse")
    done = subprocess.run(
        [muse, "report", "--days", "14", "--markdown", tmp_path / "r.md"],
        env=environment(sampled.clickhouse, tmp_path), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "r.md" in done.stdout
    assert "the last 14 days" in (tmp_path / "r.md").read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_nothing_is_written_where_another_user_s_link_leads(sampled: Settings, tmp_path: Path) -> None:
    (tmp_path / "r.md").symlink_to(tmp_path / "mine")
    os.chown(tmp_path / "r.md", 65534, 65534, follow_symlinks=False)
    with (
        ClickHouseClient(sampled.clickhouse, sampled.muse) as client,
        pytest.raises(InvalidInput, match="it is a link that another user made"),
    ):
        write_report(client, 14, None, tmp_path / "r.md", None)
    assert not (tmp_path / "mine").exists()


def test_a_place_that_cannot_be_written_is_one_sentence(sampled: Settings, tmp_path: Path) -> None:
    muse = Path(sys.executable).with_name("muse")
    done = subprocess.run(
        [muse, "report", "--markdown", tmp_path / "none" / "r.md"],
        env=environment(sampled.clickhouse, tmp_path), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("text", ["model = opus", "status in success, failure", "error_msg is null", "latency_ms >= 5"])
def test_a_filter_reads_as_it_is_written(text: str) -> None:
    assert filter_text(condition(text)) == text


@pytest.mark.parametrize("query", [[("days", "x")], [("zone", "Mars")], [("where", "model")], [("granularity", "era")]])
def test_an_address_that_means_nothing_is_a_sentence(query: list[tuple[str, str]]) -> None:
    with pytest.raises(QuestionError):
        Scope.of(query)


def test_a_scope_and_its_address_are_the_same() -> None:
    scope = Scope.of([("days", "14"), ("by", "model,quant"), ("where", "model = a & b"), ("metric", "llm.calls")])
    from urllib.parse import parse_qsl

    assert Scope.of(parse_qsl(scope.query())) == scope
