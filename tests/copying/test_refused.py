"""What a copy refuses, each in one sentence, and what differs in the end."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.integrations.operations.copying import rollups, work
from chimera_metrics.integrations.operations.copying.addresses import settings_of
from chimera_metrics.integrations.operations.copying.book import CopyRefused
from chimera_metrics.integrations.operations.copying.comparing import CopyDiffers
from tests.apps.support import Shell
from tests.copying.conftest import PASSWORD, copy, held, send
from tests.copying.test_killed import address

OWN = ClickHouseSettings(host="db.example.org", username="ada", password="own", ca_cert="/etc/ca.pem")


def test_the_command_says_what_it_did_and_never_a_secret(
    source: ClickHouseSettings, target: ClickHouseSettings
) -> None:
    shell = Shell(CH_PATH=source.path)
    done = shell.json("muse", "copy", "--from", source.path, "--to", address(target))
    assert done["equal"]
    assert done["tables"]["ui_events"] == {"rows": 2120, "copied": 2120} | {
        "checksum": done["tables"]["ui_events"]["checksum"]
    }
    said = shell.run("muse", "copy", "--from", source.path, "--to", address(target)).stdout
    assert "Equal on both sides: rows, sums, checksums and rollups. 0 rows copied" in said
    for old, new, advice in (
        ("hush", "no", "Check the user and the password in its address."),
        (str(target.port), "1", "Check host and port in its address and the network."),
    ):
        failed = shell.run("muse", "copy", "--from", source.path, "--to", address(target).replace(old, new), code=1)
        assert "hush" not in failed.stderr
        assert failed.stderr.endswith(f"{advice}\n")
        assert failed.stderr.count("\n") == 1


def test_without_to_the_store_of_the_settings_is_filled(
    source: ClickHouseSettings, target: ClickHouseSettings, tmp_path: Path
) -> None:
    copy(source, target)
    other = tmp_path / "own"
    Shell(CH_PATH=str(other)).run("muse", "copy", "--from", address(target))
    assert held(ClickHouseSettings(path=str(other))) == held(source)


def test_two_folders_are_refused_with_what_to_do_instead(source: ClickHouseSettings, tmp_path: Path) -> None:
    with pytest.raises(CopyRefused, match="use `muse backup create` and `muse restore --to FOLDER`"):
        copy(source, ClickHouseSettings(path=str(tmp_path / "other")))
    assert not (tmp_path / "other").exists()


def test_a_folder_without_a_store_is_told_what_from_takes(tmp_path: Path) -> None:
    words = ("muse", "copy", "--from", str(tmp_path / "nope"), "--to", "clickhouse://u:p@127.0.0.1:1/d")
    said = Shell(CH_PATH=str(tmp_path / "own")).run(*words, code=1).stderr
    assert "--from takes the folder of a store, or clickhouse://" in said
    assert "or a folder" not in said


def test_a_target_with_rows_of_its_own_is_left_alone(source: ClickHouseSettings, target: ClickHouseSettings) -> None:
    send(target, 3)
    before = held(target)
    with pytest.raises(CopyRefused, match=r"holds other rows than the source \(3 of ui_events|of insert_ledger"):
        copy(source, target)
    assert held(target) == before


def test_rows_that_came_to_a_copy_are_left_alone(source: ClickHouseSettings, target: ClickHouseSettings) -> None:
    copy(source, target)
    send(target, 3)
    before = held(target)
    with pytest.raises(CopyRefused, match="that this copy did not put there"):
        copy(source, target)
    assert held(target) == before


def test_a_copy_that_a_backup_brought_is_known(source: ClickHouseSettings, target: ClickHouseSettings) -> None:
    copy(source, target)
    with ClickHouseClient(target) as client:
        client.executor.command("DROP TABLE muse_copies")
    assert copy(source, target).copied == {}


def test_a_copy_of_another_store_is_left_alone(
    source: ClickHouseSettings, target: ClickHouseSettings, tmp_path: Path
) -> None:
    copy(source, target)
    other = ClickHouseSettings(path=str(shutil.copytree(source.path, tmp_path / "other", symlinks=True)))
    with pytest.raises(CopyRefused, match="holds a copy of another store"):
        copy(other, target)


def test_one_store_by_two_names_is_refused(source: ClickHouseSettings, target: ClickHouseSettings) -> None:
    for other in (target, target.model_copy(update={"host": "localhost"})):
        with pytest.raises(CopyRefused, match="name the same store"):
            copy(target, other)
    with pytest.raises(CopyRefused, match="name the same store"):
        copy(source, source)


@pytest.mark.parametrize(("revision", "sentence"), [("0004", "run `muse upgrade`"), ("9999", "newer than")])
@pytest.mark.parametrize("side", ["source", "target"])
def test_another_schema_on_a_side_is_refused(
    source: ClickHouseSettings, target: ClickHouseSettings, side: str, revision: str, sentence: str
) -> None:
    settings = source if side == "source" else target
    send(target, 1)
    update = "ALTER TABLE alembic_version UPDATE version_num = '{}' WHERE 1 SETTINGS mutations_sync = 2"
    with ClickHouseClient(settings) as client:
        head = client.executor.scalar("SELECT version_num FROM alembic_version")
        client.executor.command(update.format(revision))
    try:
        with pytest.raises(CopyRefused, match=f"The {side}, .* has schema {revision}.*{sentence}"):
            copy(source, target)
    finally:
        with ClickHouseClient(settings) as client:
            client.executor.command(update.format(head))


def test_a_folder_without_a_store_is_refused_and_stays_empty(target: ClickHouseSettings, tmp_path: Path) -> None:
    with pytest.raises(MuseError, match="There is no store at"):
        copy(ClickHouseSettings(path=str(tmp_path / "typo")), target)
    assert not (tmp_path / "typo").exists()


def test_a_difference_in_the_end_is_an_error(
    source: ClickHouseSettings, target: ClickHouseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tampers(*arguments: object) -> object:
        with ClickHouseClient(target) as client:
            client.executor.command(
                "ALTER TABLE ui_events DELETE WHERE event_type = 'error' SETTINGS mutations_sync = 2"
            )
        return rollups.settle(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(work, "settle", tampers)
    with pytest.raises(CopyDiffers, match="is not what the source is: ui_events in"):
        copy(source, target)
    failed = Shell(CH_PATH=source.path).run("muse", "copy", "--from", source.path, "--to", address(target), code=1)
    assert failed.stderr.startswith("muse: The target")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("clickhouse://u:p%40ss@h/d", ("h", 9440, "u", "p@ss", "d", True)),
        ("clickhouse+native://u@h:9000/d?secure=false", ("h", 9000, "u", "", "d", False)),
        ("clickhouse://db.example.org", ("db.example.org", 9440, "ada", "own", "chimera_metrics", True)),
        ("clickhouse://eve@db.example.org", ("db.example.org", 9440, "eve", "", "chimera_metrics", True)),
        ("clickhouse://db.example.org:9441", ("db.example.org", 9441, "default", "", "chimera_metrics", True)),
        ("clickhouse://[::1]:9440/d", ("::1", 9440, "default", "", "d", True)),
    ],
)
def test_addresses(text: str, found: tuple[object, ...]) -> None:
    made = settings_of(text, "--from", OWN)
    password = made.password.get_secret_value()
    assert (made.host, made.port, made.username, password, made.database, made.secure) == found


@pytest.mark.parametrize("text", ["/srv/store", "clickhouse+chdb:///srv/store", "file:///srv/store"])
def test_folders(text: str) -> None:
    made = settings_of(text, "--to", OWN)
    assert (made.embedded, made.path) == (True, "/srv/store")


@pytest.mark.parametrize(
    "text",
    [
        f"clickhouse://u:{PASSWORD}@h/d",
        "https://u:hush@h:8443",
        "clickhouse://u:hush@h:8123/d",
        "clickhouse://u:hush@h:port/d",
        "clickhouse://u:hush@h/d?hush=1&zzz=2",
        "clickhouse://u:hush@h/hush-hush",
        "clickhouse://u:hush@h/d?secure=hush",
        "mysql://u:hush@h/d",
        "u:hush@h:9440",
        "clickhouse://u:hush@",
        "",
    ],
)
def test_a_wrong_address_is_one_sentence_without_its_secret(text: str) -> None:
    with pytest.raises(MuseError) as caught:
        settings_of(text, "--from", OWN)
    sentence = str(caught.value)
    assert "hush" not in sentence
    assert json.dumps(sentence).count("\\n") == 0
