"""Adopting a database that holds rows: its rollups are filled, nothing of it is lost, another project's table stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command

from chimera_metrics import models
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import SchemaMismatch
from chimera_metrics.integrations.evolution import adopt, runner
from chimera_metrics.integrations.operations.verify import verify
from tests.apps.support import Shell
from tests.evolution.conftest import Rows
from tests.evolution.filling import fill
from tests.evolution.test_adopt import folder as folder  # a fixture

BY_HAND = """
CREATE TABLE ui_events (ts {ts}, session_id UUID, event_type String, latency_ms Float64, mood String)
ENGINE = MergeTree ORDER BY {key}"""
THOUSAND = """
INSERT INTO ui_events SELECT toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + number * 100, generateUUIDv4(),
'overlay_open', number, 'calm' FROM numbers(1000)"""

on_embedded = pytest.mark.parametrize("settings", ["embedded"], indirect=True)


def carry_out(settings: ClickHouseSettings, folder: Path) -> str:
    """Adopts and upgrades; gives the text of the revision."""
    done = adopt.carry_out(settings, models.metadata, folder)
    assert done.path is not None, done.sentence
    config = runner.config(settings)
    config.set_main_option("script_location", str(folder))
    command.upgrade(config, "head")
    return done.path.read_text(encoding="utf-8")


@pytest.mark.parametrize("ts", ["DateTime64(3, 'UTC')", "DateTime"])
def test_rollups_over_rows_made_by_hand_are_filled(
    ts: str, settings: ClickHouseSettings, rows: Rows, folder: Path
) -> None:
    rows(BY_HAND.format(ts=ts, key="event_type"))
    rows(THOUSAND)
    carry_out(settings, folder)
    assert rows("SELECT sum(events) FROM ui_events_hourly") == [(1000,)]
    assert rows("SELECT count(), uniqExact(mood) FROM ui_events") == [(1000, 1)]
    answer = rows("SELECT uniqMerge(sessions) FROM ui_events_hourly")
    assert 980 <= int(str(answer[0][0])) <= 1020


@on_embedded
def test_a_table_that_is_rebuilt_keeps_its_own_columns(settings: ClickHouseSettings, rows: Rows, folder: Path) -> None:
    rows(
        BY_HAND.format(ts="DateTime64(3, 'UTC')", key="(mood, ts)").replace("mood String", "mood String CODEC(ZSTD(3))")
    )
    rows(THOUSAND)
    text = carry_out(settings, folder)
    assert "op.rebuild_table" in text
    assert "# Not dropped, because somebody may need it: columns mood of ui_events." in text
    assert rows("SELECT count(), countIf(mood = 'calm'), sum(latency_ms) FROM ui_events") == [(1000, 1000, 499500.0)]


@on_embedded
def test_a_schema_that_is_equal_but_whose_rollups_are_empty_is_filled(settings: ClickHouseSettings, rows: Rows) -> None:
    runner.upgrade(settings)
    fill(rows)
    for table in ("llm_events_hourly", "ui_events_hourly"):
        rows(f"TRUNCATE TABLE {table}")
    rows("DROP TABLE alembic_version SYNC")
    report = adopt.plan(settings)
    assert "llm_events_hourly lacks 50 rows of llm_events" in report.sentence
    assert "Filled what its rollups lacked" in adopt.carry_out(settings, models.metadata).sentence
    assert rows("SELECT sum(events) FROM llm_events_hourly") == [(50,)]
    assert adopt.plan(settings).settled


OTHERS = {"another id": "a1b2c3d4e5f6", "an id that we have too": "0002"}


@pytest.mark.parametrize("case", OTHERS)
def test_another_projects_version_table_is_left_alone_and_named(
    case: str, settings: ClickHouseSettings, rows: Rows
) -> None:
    rows("CREATE TABLE alembic_version (version_num String) ENGINE = MergeTree ORDER BY tuple()")
    rows(f"INSERT INTO alembic_version VALUES ('{OTHERS[case]}')")
    report = adopt.plan(settings)
    assert f"holds revision {OTHERS[case]} of another project and is left alone" in report.sentence
    named = f"alembic_version of {settings.database} holds revision {OTHERS[case]}, .* left alone"
    for attempt in (
        lambda: adopt.carry_out(settings, models.metadata),
        lambda: runner.upgrade(settings),
        lambda: runner.downgrade(settings, "base"),
    ):
        with pytest.raises(SchemaMismatch, match=named):
            attempt()
        assert rows("SELECT version_num FROM alembic_version") == [(OTHERS[case],)]
        assert rows("SHOW TABLES") == [("alembic_version",)]


@on_embedded
def test_it_is_renamed_when_asked(settings: ClickHouseSettings, rows: Rows) -> None:
    runner.upgrade(settings)
    rows("DROP TABLE alembic_version SYNC")
    rows("CREATE TABLE alembic_version (version_num String) ENGINE = MergeTree ORDER BY tuple()")
    rows("INSERT INTO alembic_version VALUES ('a1b2c3')")
    shell = Shell(CH_PATH=settings.path, CH_DATABASE=settings.database)
    assert "a1b2c3" in shell.run("muse", "adopt", "--yes", code=1).stderr
    assert "Recorded revision 0005" in shell.run("muse", "adopt", "--yes", "--set-aside-version-table").stdout
    assert rows("SELECT version_num FROM alembic_version_of_a1b2c3") == [("a1b2c3",)]
    assert runner.is_current(settings)


SHAPES = {
    "no tables": [],
    "one table of another shape": ["CREATE TABLE ui_events (a UInt8) ENGINE = MergeTree ORDER BY a"],
    "a time that may be null": [
        "CREATE TABLE deployments (ts Nullable(DateTime64(3, 'UTC')), run_id UUID, episode_run_id Nullable(UUID), "
        "status String, vercel_deployment_id Nullable(String), url Nullable(String), duration_ms Nullable(Float64), "
        "error_msg Nullable(String)) ENGINE = MergeTree ORDER BY tuple()",
        "INSERT INTO deployments (ts, status) VALUES (NULL, 'ready'), (now(), 'ready')",
    ],
    "texts for numbers": [
        "CREATE TABLE deployments (ts DateTime64(3, 'UTC'), run_id UUID, episode_run_id Nullable(UUID), "
        "status String, vercel_deployment_id Nullable(String), url Nullable(String), duration_ms String, "
        "error_msg Nullable(String)) ENGINE = MergeTree ORDER BY tuple()",
        "INSERT INTO deployments (ts, status) VALUES (now(), 'ready')",
    ],
    "a time that is text": [
        "CREATE TABLE watcher_runs (ts String, run_id UUID, hearts_commit String, packs_commit String, "
        "hearts_rows_found UInt8, packs_rows_found UInt8, lag_seconds Float32, status String, duration_ms Float32) "
        "ENGINE = MergeTree ORDER BY tuple()",
        "INSERT INTO watcher_runs (ts, status) VALUES ('yesterday', 'valid')",
    ],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_verify_answers_on_any_schema(shape: str, settings: ClickHouseSettings, rows: Rows) -> None:
    for statement in SHAPES[shape]:
        rows(statement)
    with ClickHouseClient(settings) as client:
        found = verify(client)
    assert not found["holds"]
    assert all(line["advice"] for line in found["checks"] if line["level"] != "ok")
    drift = next(line for line in found["checks"] if line["name"] == "drift")
    assert "episodes is missing" in drift["figure"] or "differences" in drift["figure"]
    if shape == "a time that may be null":
        assert {"name": "rows: deployments", "figure": "1 rows have no ts"}.items() <= {
            **next(line for line in found["checks"] if line["name"] == "rows: deployments")
        }.items()
