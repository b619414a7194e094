"""A database that stands already: told apart table by table, recorded only when equal, else brought there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from alembic import command

from chimera_metrics import models
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import SchemaMismatch
from chimera_metrics.integrations.evolution import adopt, runner
from chimera_metrics.integrations.evolution.engines import migration_connection
from tests.evolution.conftest import Rows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the revisions that a test may write into."""
    shutil.copytree(runner.script_location(), tmp_path / "alembic")
    return tmp_path / "alembic"


def states(report: adopt.AdoptReport) -> dict[str, str]:
    return {table.name: table.state for table in report.tables}


def test_a_database_equal_to_a_revision_is_recorded_as_that_one(settings: ClickHouseSettings, rows: Rows) -> None:
    runner.upgrade(settings, "0002")
    rows("DROP TABLE alembic_version SYNC")
    report = adopt.plan(settings)
    assert (report.matches, report.recorded, report.settled) == ("0002", (), False)
    assert adopt.carry_out(settings, models.metadata).action == "stamped"
    assert runner.current(settings) == "0002"
    assert adopt.plan(settings).settled


def test_two_version_rows_are_set_right(embedded: ClickHouseSettings) -> None:
    runner.upgrade(embedded)
    with migration_connection(embedded) as connection:
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('0001')")
    with pytest.raises(SchemaMismatch, match=r"names 2 revisions, 0001 and 0005, where one is right. Run `muse adopt`"):
        runner.upgrade(embedded)
    assert adopt.carry_out(embedded, models.metadata).revision == "0005"
    assert runner.is_current(embedded)


def test_a_database_that_differs_is_not_recorded_but_brought_there(
    settings: ClickHouseSettings, rows: Rows, folder: Path
) -> None:
    runner.upgrade(settings, "0001")
    rows("DROP TABLE alembic_version SYNC")
    rows("ALTER TABLE episodes DROP COLUMN file_path, ADD COLUMN theirs UInt8")
    rows("ALTER TABLE deployments MODIFY COLUMN duration_ms Nullable(Float32)")
    rows("CREATE TABLE their_own (a UInt8) ENGINE = MergeTree ORDER BY a")
    rows("INSERT INTO episodes (series, episode_num, title, theirs) VALUES ('s', 1, 't', 7)")
    report = adopt.plan(settings)
    assert report.matches is None
    found = states(report)
    assert (found["watcher_runs"], found["ui_events_hourly"], found["their_own"]) == ("same", "missing", "foreign")
    differing = {name for name, state in found.items() if state == "differs"}
    assert differing == {"episodes", "deployments", "ui_events", "bench_runs", "llm_events"}
    done = adopt.carry_out(settings, models.metadata, folder)
    assert done.action == "written"
    assert done.path is not None
    assert "Not dropped" in done.path.read_text(encoding="utf-8")
    config = runner.config(settings)
    config.set_main_option("script_location", str(folder))
    command.upgrade(config, "head")
    assert rows("SELECT version_num FROM alembic_version") == [(done.revision,)]
    assert rows("SELECT series, theirs FROM episodes") == [("s", 7)]
    after = {table.name: table.differences for table in adopt.plan(settings).tables if table.state == "differs"}
    assert after == {"episodes": ("column theirs is not known",)}


def test_a_migration_over_another_table_is_refused_and_names_adopt(embedded: ClickHouseSettings) -> None:
    with migration_connection(embedded) as connection:
        connection.exec_driver_sql("CREATE TABLE episodes (a UInt8) ENGINE = MergeTree ORDER BY a")
    with pytest.raises(SchemaMismatch, match=r"episodes stands already and is not what .* Run `muse adopt`"):
        runner.upgrade(embedded)
    assert runner.current(embedded) is None


def test_nothing_is_to_adopt_where_all_is_well(embedded: ClickHouseSettings) -> None:
    runner.upgrade(embedded)
    done = adopt.carry_out(embedded, models.metadata)
    assert (done.action, done.revision) == ("nothing", "0005")


def test_an_empty_database_misses_everything(embedded: ClickHouseSettings) -> None:
    assert set(states(adopt.plan(embedded)).values()) == {"missing"}
    assert "Run `muse upgrade`" in adopt.carry_out(embedded, models.metadata).sentence
