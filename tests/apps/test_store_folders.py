"""Folders of a store that the engine reads as something else: one sentence, and nothing is made there or elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chimera_metrics.integrations.clickhouse.store import open_store
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import MuseError
from tests.apps.support import Shell

MUSE = Path(sys.executable).with_name("muse")
# `?` begins options of the engine, and it leaves a space out at the end.
WORDS = {"q?a": "a question mark", "q ": "a space", "q\n": "a space"}


@pytest.mark.parametrize("name", WORDS, ids=repr)
def test_a_folder_that_the_engine_would_not_open_is_refused(tmp_path: Path, name: str) -> None:
    refused = Shell(CH_PATH=str(tmp_path / name)).run("muse", "upgrade", code=1).stderr
    assert refused.startswith(f"muse: CH_PATH holds {str(tmp_path / name)!r}, but takes a folder")
    assert WORDS[name] in refused
    assert "rename it, or name another" in refused
    assert refused.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_so_is_one_to_which_a_link_leads(tmp_path: Path) -> None:
    (tmp_path / "q?a").mkdir()
    (tmp_path / "plain").symlink_to(tmp_path / "q?a")
    assert "a question mark" in Shell(CH_PATH=str(tmp_path / "plain")).run("muse", "upgrade", code=1).stderr
    with pytest.raises(MuseError, match=r"plain cannot be opened: name a folder without a question mark .*rename it"):
        open_store(str(tmp_path / "plain"))
    assert list((tmp_path / "q?a").iterdir()) == []


def test_so_is_one_in_which_the_command_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "q?a").mkdir()
    monkeypatch.chdir(tmp_path / "q?a")
    assert "a question mark" in Shell(CH_PATH="store").run("muse", "upgrade", code=1).stderr
    assert os.listdir(tmp_path) == ["q?a"]


def test_a_server_is_reached_whatever_the_folder_is_called() -> None:
    assert ClickHouseSettings(host="db", path="/srv/q?a").where == "db:9440"


@pytest.mark.parametrize("option", ["--from", "--to"])
def test_a_copy_names_its_option(tmp_path: Path, option: str) -> None:
    sides = {"--from": "clickhouse://u:p@127.0.0.1:1/d", "--to": "clickhouse://u:p@127.0.0.1:1/d"}
    sides[option] = str(tmp_path / "q?a")
    words = [word for side in sides.items() for word in side]
    refused = Shell(CH_PATH=str(tmp_path / "own")).run("muse", "copy", *words, code=1).stderr
    assert refused.startswith(f"muse: {option} takes a folder without a question mark in its path")


def test_a_backup_is_not_restored_into_one(shell: Shell, tmp_path: Path) -> None:
    shell.run("muse", "backup", "create")
    refused = shell.run("muse", "restore", "--to", str(tmp_path / "q?a"), code=1).stderr
    assert refused.startswith(f"muse: The embedded store {tmp_path / 'q?a'} cannot be opened: name a folder without")
    assert not any(path.name.startswith("q") for path in tmp_path.iterdir())


@pytest.mark.parametrize("name", ["o'q\"%20 #&", "%41", "a:b&c=d", "ä <x>"])
def test_a_folder_of_any_other_name_holds_its_store(tmp_path: Path, name: str) -> None:
    with ClickHouseClient(ClickHouseSettings(path=str(tmp_path / name))) as client:
        client.executor.command("CREATE DATABASE other")
    assert os.listdir(tmp_path) == [name]
    assert {"muse.lock", "metadata"} <= set(os.listdir(tmp_path / name))


@pytest.mark.parametrize("command", ["upgrade", "status"])
def test_a_folder_whose_name_is_no_text_is_refused(tmp_path: Path, command: str) -> None:
    environment = {name: value for name, value in os.environb.items() if not name.startswith((b"CH_", b"MUSE_"))}
    environment[b"CH_PATH"] = os.fsencode(tmp_path) + b"/\xff\xfe"
    done = subprocess.run([MUSE, command], env=environment, capture_output=True, cwd=tmp_path, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(b"muse: CH_PATH holds ")
    assert b"but takes a folder whose path is text in UTF-8" in done.stderr
    assert b"Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
