"""Settings as shells, editors and other programs have people write them: taken, or one sentence with the right form."""

from __future__ import annotations

from pathlib import Path

import pytest

from chimera_metrics.integrations import config
from chimera_metrics.integrations.errors import SettingsError


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The `.env` of an empty folder in which the program starts."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / ".env"


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("CH_PATH: /srv/store", "CH_PATH"),
        ("set CH_PATH=/srv/store", "CH_PATH"),
        ("setx CH_PASSWORD hush", "CH_PASSWORD"),
        ("$env:CH_PATH = '/srv/store'", "CH_PATH"),
        ('CH_PASSWORD="hush', "CH_PASSWORD"),
        ("CH_HOST", "CH_HOST"),
    ],
)
def test_a_line_of_ours_that_says_nothing_is_one_sentence(env: Path, line: str, name: str) -> None:
    env.write_text(f"# MUSE_TOOLS: a comment\nOTHER=1\n{line}\n")
    with pytest.raises(SettingsError) as refusal:
        config.load()
    assert str(refusal.value).startswith(f"Line 3 of {env} is not NAME=value; write {name}=…")
    assert "hush" not in str(refusal.value)


def test_a_line_of_another_programs_that_says_nothing_is_left_alone(
    env: Path, caplog: pytest.LogCaptureFixture
) -> None:
    env.write_text("what is this\nOTHER: 5\nCH_TIMEOUT=7\n")
    assert config.load().clickhouse.timeout == 7
    assert caplog.records == []


@pytest.mark.parametrize("value", ["file:///srv/store", "file:/srv/store", "$PLACE/store", "${PLACE}/store"])
def test_a_folder_in_another_form_is_that_folder(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("PLACE", "/srv")
    monkeypatch.setenv("CH_PATH", value)
    assert config.load().clickhouse.path == "/srv/store"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("CH_PATH", "clickhouse://u:p@h:9000/db", "takes a folder, not an address: for a server write CH_HOST"),
        ("CH_PATH", "s3://bucket/store", "takes a folder, not an address"),
        ("CH_PATH", "/srv/q?a", "takes a folder without a question mark in its path, from which on the engine reads"),
        (
            "CH_PATH",
            "/srv/q ",
            "takes a folder whose name does not end with a space, which the engine leaves out; rena",
        ),
        ("CH_PATH", "/srv/\udcff", "takes a folder whose path is text in UTF-8, as the engine reads it; rename it, or"),
        ("CH_PATH", "$NOWHERE/store", "takes a folder, but names a variable that is not set"),
        ("CH_PATH", "%APPDATA%\\store", "takes a folder, but names a variable that is not set"),
        ("CH_USERNAME", "", "CH_USERNAME holds '', but takes a text that is not empty: user on the server."),
        ("DATABASE_URL", "clickhouse://u:hush@h:9000/db", "DATABASE_URL is not a setting here; write CH_HOST with the"),
    ],
)
def test_a_value_that_means_something_else_is_one_sentence(
    env: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refusal:
        config.load()
    assert sentence in str(refusal.value)
    assert "hush" not in str(refusal.value)


def test_another_databases_address_is_another_programs(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://u:p@h/db")
    assert config.load().clickhouse.embedded


def test_words_with_one_meaning_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSE_TIMEZONE", "europe/berlin")
    monkeypatch.setenv("MUSE_LOG_LEVEL", "WARN")
    muse = config.load().muse
    assert (muse.timezone, muse.log_level) == ("Europe/Berlin", "warning")
