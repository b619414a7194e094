"""Backup, damage the store, restore: equal rows, checksums and rollups. A bad backup is refused first."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.integrations.operations import backup
from chimera_metrics.integrations.operations.backup import BackupRefused, Manifest
from chimera_metrics.integrations.operations.backup_engine import Content, contents, session
from chimera_metrics.integrations.operations.verify import verify
from tests.operations.conftest import fill
from tests.support.wire_process import Wire


@pytest.fixture
def muse(tmp_path: Path) -> MuseSettings:
    return MuseSettings(backup_dir=tmp_path / "backups")


def create(client: ClickHouseClient, muse: MuseSettings, **how: object) -> Manifest:
    client.close()
    return backup.create(client.settings, muse, **how)  # type: ignore[arg-type]


def test_backup_damage_restore(full: ClickHouseClient, muse: MuseSettings, tmp_path: Path) -> None:
    before = full.execute_query("SELECT hour, sum(events) AS n FROM ui_events_hourly GROUP BY hour ORDER BY hour")
    create(full, muse, name="whole")
    full.insert_episodes([{"series": "later", "episode_num": 2, "title": "Two"}])
    made = create(full, muse, incremental=True, name="more")
    assert made.base == "whole"
    # The store is lost: half of its data files are overwritten.
    for index, file in enumerate(sorted(Path(full.settings.path).rglob("*.bin"))):
        if index % 2:
            file.write_bytes(b"\0" * file.stat().st_size)
    found, seconds = backup.restore(full.settings, muse, "more", str(tmp_path / "restored"))
    print(f"{found.rows} rows, {made.bytes} bytes, backed up in {made.seconds} s, restored in {seconds} s")  # noqa: T201
    settings = full.settings.model_copy(update={"path": str(tmp_path / "restored")})
    with ClickHouseClient(settings) as client:
        assert client.execute_query("SELECT count() AS n FROM episodes") == [{"n": 2}]
        after = client.execute_query("SELECT hour, sum(events) AS n FROM ui_events_hourly GROUP BY hour ORDER BY hour")
        assert after == before
        assert verify(client)["holds"]
        # The views came along: what is stored from now on is in the rollups too.
        client.insert_ui_events([{"session_id": "123e4567-e89b-12d3-a456-426614174000", "event_type": "overlay_open"}])
        assert verify(client)["holds"]
        assert client.health()["healthy"]


def test_verify_restores_into_a_store_that_is_gone_afterwards(full: ClickHouseClient, muse: MuseSettings) -> None:
    made = create(full, muse)
    found, seconds = backup.verify(full.settings, muse, None)
    assert found == made
    assert seconds > 0
    assert sorted(path.name for path in backup.folder_of(muse).iterdir()) == [made.name, f"{made.name}.json"]
    assert backup.manifests(muse) == [made]


def spoil_file(folder: Path) -> None:
    file = next(folder.glob("one/data/**/data.bin"))
    file.write_bytes(file.read_bytes()[:-1] + b"\xff")


def lose_file(folder: Path) -> None:
    next(folder.glob("one/data/**/data.bin")).unlink()


def add_file(folder: Path) -> None:
    (folder / "one" / "data" / "stranger").write_text("x")


def spoil_manifest(folder: Path) -> None:
    path = folder / "one.json"
    path.write_text(path.read_text().replace('"rows": 120', '"rows": 121'))


def foreign_manifest(folder: Path) -> None:
    (folder / "one.json").write_text(json.dumps({"name": "one", "tables": []}))


def no_manifest(folder: Path) -> None:
    (folder / "one.json").unlink()


BAD = [
    (spoil_file, "is damaged: data/.*was changed after it was written. Nothing was touched"),
    (lose_file, "is damaged: .* is missing. Nothing was touched"),
    (add_file, "holds data/stranger, which this program did not write. Nothing was touched"),
    (spoil_manifest, "is not a manifest that this program wrote"),
    (foreign_manifest, "is not a manifest that this program wrote"),
    (no_manifest, "There is no backup 'one'"),
]


@pytest.fixture(scope="session")
def one(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one backup and one that builds on it."""
    folder = tmp_path_factory.mktemp("backups")
    settings, muse = ClickHouseSettings(path=str(filled)), MuseSettings(backup_dir=folder)
    backup.create(settings, muse, name="one")
    backup.create(settings, muse, incremental=True, name="two")
    return folder


@pytest.mark.parametrize(("spoil", "sentence"), BAD, ids=[spoil.__name__ for spoil, _ in BAD])
@pytest.mark.parametrize("name", ["one", "two"])
def test_a_bad_backup_is_refused_before_anything_is_touched(
    one: Path, tmp_path: Path, spoil: object, sentence: str, name: str
) -> None:
    folder = Path(shutil.copytree(one, tmp_path / "backups"))
    spoil(folder)  # type: ignore[operator]
    target = tmp_path / "new"
    settings = ClickHouseSettings(path=str(tmp_path / "unused"))
    with pytest.raises(BackupRefused, match=sentence):
        backup.restore(settings, MuseSettings(backup_dir=folder), name, str(target))
    assert not target.exists()


def test_a_restore_overwrites_nothing(one: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    settings = ClickHouseSettings(path=str(tmp_path / "unused"))
    with pytest.raises(BackupRefused, match="is not empty, and a restore overwrites nothing"):
        backup.restore(settings, MuseSettings(backup_dir=one), "one", str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_what_comes_back_different_is_told(one: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(store: object) -> object:
        found = contents(store)  # type: ignore[arg-type]
        return found | {"episodes": Content(7, "1")}

    monkeypatch.setattr(backup, "contents", other)
    settings = ClickHouseSettings(path=str(tmp_path / "unused"))
    with pytest.raises(BackupRefused, match=r"episodes should have 1 rows, checksum .* and has 7 rows"):
        backup.restore(settings, MuseSettings(backup_dir=one), "one", str(tmp_path / "new"))


def test_mistakes_are_sentences(full: ClickHouseClient, muse: MuseSettings, tmp_path: Path) -> None:
    full.close()
    with pytest.raises(BackupRefused, match=r"no backup in .*; run `muse backup create`"):
        backup.find(muse, None)
    with pytest.raises(BackupRefused, match="to build on; run `muse backup create` first"):
        backup.create(full.settings, muse, incremental=True)
    with pytest.raises(InvalidInput, match="A backup's name takes letters"):
        backup.create(full.settings, muse, name="../x")
    empty = full.settings.model_copy(update={"path": str(tmp_path / "empty")})
    with pytest.raises(BackupRefused, match="no schema yet"):
        backup.create(empty, muse)


def test_on_a_server(tmp_path: Path) -> None:
    backups = tmp_path / "server-backups"
    backups.mkdir()
    config = tmp_path / "config.xml"
    config.write_text(f"<clickhouse><backups><allowed_path>{backups}</allowed_path></backups></clickhouse>")
    muse = MuseSettings(backup_dir=tmp_path / "manifests")
    with Wire() as wire:
        address = wire.start(path=tmp_path / "wire", config_file=config)
        settings = ClickHouseSettings(host=address.host, port=address.port, secure=False)
        runner.upgrade(settings)
        with ClickHouseClient(settings) as client:
            fill(client)
        made = backup.create(settings, muse, name="one")
        found, _ = backup.restore(settings, muse, made.name, "chimera_restored")
        with session(settings.model_copy(update={"database": "chimera_restored"}), backups) as store:
            assert contents(store) == found.after
        with pytest.raises(BackupRefused, match="holds tables already"):
            backup.restore(settings, muse, made.name, "chimera_restored")
        backup.verify(settings, muse, None)
        with ClickHouseClient(settings) as client:
            assert client.executor.scalar("SELECT count() FROM system.databases WHERE name LIKE '%verify%'") == 0
