"""Old backups go, and never one that is needed; the age of the newest stands in `muse status`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.operations import backup, backup_retention
from tests.conftest import empty


@pytest.fixture
def muse(tmp_path: Path) -> MuseSettings:
    return MuseSettings(backup_dir=tmp_path / "backups")


@pytest.fixture
def store(embedded: ClickHouseSettings) -> ClickHouseSettings:
    with ClickHouseClient(embedded) as client:
        empty(client.executor)
    return embedded


def make(store: ClickHouseSettings, muse: MuseSettings, name: str, days_old: float, incremental: bool = False) -> None:
    """A backup that says of itself that it was made so many days ago."""
    made = backup.create(store, muse, incremental, name)
    old = made.created_at
    at = (datetime.now(UTC) - timedelta(days=days_old)).isoformat(timespec="microseconds")
    body = {field: getattr(made, field) for field in made.__dataclass_fields__} | {"created_at": at}
    assert old != at
    backup._write(backup.folder_of(muse) / f"{name}.json", backup.Manifest(**body))


def names(muse: MuseSettings) -> list[str]:
    folder = backup.folder_of(muse)
    listed = [one.name for one in backup.manifests(muse)]
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == sorted(listed)
    assert not list(folder.glob("*.removing"))
    return listed


def test_the_newest_stay_and_what_they_build_on(store: ClickHouseSettings, muse: MuseSettings) -> None:
    make(store, muse, "a", 9)
    make(store, muse, "b", 8)
    make(store, muse, "b-on", 7, incremental=True)
    make(store, muse, "c", 6)
    removed = backup_retention.prune(store, muse, keep=2, keep_days=None)
    assert [one.name for one in removed] == ["a"]
    assert names(muse) == ["b", "b-on", "c"]
    backup.verify(store, muse, "b-on")
    assert [one.name for one in backup_retention.prune(store, muse, keep=1, keep_days=None)] == ["b", "b-on"]


def test_days_and_number_keep_each_their_own(store: ClickHouseSettings, muse: MuseSettings) -> None:
    for name, days in (("a", 40), ("b", 20), ("c", 10), ("d", 5)):
        make(store, muse, name, days)
    assert [one.name for one in backup_retention.prune(store, muse, keep=3, keep_days=7)] == ["a"]
    assert [one.name for one in backup_retention.prune(store, muse, keep=None, keep_days=15)] == ["b"]
    assert [one.name for one in backup_retention.prune(store, muse, keep=None, keep_days=1)] == ["c"]
    assert names(muse) == ["d"]  # the newest stays, however old
    assert backup_retention.prune(store, muse, keep=None, keep_days=None) == []


def test_another_store_s_backups_are_left_alone(store: ClickHouseSettings, muse: MuseSettings) -> None:
    make(store, muse, "theirs", 30)
    make(store, muse, "ours", 1)
    [theirs] = [one for one in backup.manifests(muse) if one.name == "theirs"]
    body = {field: getattr(theirs, field) for field in theirs.__dataclass_fields__} | {"where": "another store"}
    backup._write(backup.folder_of(muse) / "theirs.json", backup.Manifest(**body))
    assert backup_retention.prune(store, muse, keep=1, keep_days=None) == []
    assert names(muse) == ["theirs", "ours"]


def test_a_removal_that_was_stopped_is_finished_by_the_next(store: ClickHouseSettings, muse: MuseSettings) -> None:
    make(store, muse, "a", 2)
    make(store, muse, "b", 1)
    folder = backup.folder_of(muse)
    (folder / "a.json").rename(folder / "a.json.removing")
    assert [one.name for one in backup.manifests(muse)] == ["b"]
    backup_retention.prune(store, muse, keep=None, keep_days=None)
    assert names(muse) == ["b"]


def test_on_a_server_nothing_is_backed_up_and_then_not_removed(muse: MuseSettings) -> None:
    server = ClickHouseSettings(host="db.example.org")
    with pytest.raises(InvalidInput, match="no statement that removes one: leave --keep and --keep-days out"):
        backup_retention.check_keep(server, 3, None)


def status(store: ClickHouseSettings, muse: MuseSettings) -> tuple[dict[str, str], object]:
    with ClickHouseClient(store, muse) as client:
        found = client.health()
    [line] = [check for check in found.checks if check.name == "backup"]
    return dict(line), found.backup


def test_status_says_how_old_the_newest_is(store: ClickHouseSettings, muse: MuseSettings) -> None:
    strict = muse.model_copy(update={"backup_within_hours": 26.0})
    line, facts = status(store, muse)
    assert (line["level"], line["figure"], facts) == ("ok", "none yet", None)
    assert status(store, strict)[0]["advice"] == "Run `muse backup create`."
    make(store, muse, "a", 3)
    make(store, muse, "b", 2)
    line, facts = status(store, strict)
    assert (line["level"], line["figure"]) == ("warning", "newest b, 2.0 d old, of 2")
    assert "at most 26 h old (MUSE_BACKUP_WITHIN_HOURS)" in line["advice"]
    assert isinstance(facts, dict)
    assert (facts["name"], 172_800 <= facts["age_s"] < 172_900) == ("b", True)
    assert status(store, muse)[0]["level"] == "ok"


def test_status_names_a_manifest_that_is_damaged(store: ClickHouseSettings, muse: MuseSettings) -> None:
    make(store, muse, "a", 3)
    path = backup.folder_of(muse) / "a.json"
    path.write_text(re.sub('"rows": 0', '"rows": 1', path.read_text(), count=1))
    line, facts = status(store, muse)
    assert (line["level"], line["figure"], facts) == ("warning", "not known", None)
    assert "is not a manifest that this program wrote" in line["advice"]
