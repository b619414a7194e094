"""From nothing to head and back, and head is what the models say."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection

from chimera_metrics import models
from chimera_metrics.integrations.clickhouse.store import open_store
from chimera_metrics.integrations.config import ClickHouseSettings, parse
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.integrations.evolution.canonical import Schema, read
from chimera_metrics.integrations.evolution.comparators import schema_of
from chimera_metrics.integrations.evolution.engines import migration_engine
from tests.evolution.conftest import Rows
from tests.evolution.filling import FACTS, fill, sums

ROOT = Path(__file__).parents[2]
OWN = {"alembic_version"}


def test_head_from_nothing_is_what_the_models_say(settings: ClickHouseSettings, connection: Connection) -> None:
    runner.upgrade(settings)
    stands = {name: form for name, form in read(connection, settings.database).items() if name not in OWN}
    wanted = schema_of(models.metadata, settings, connection)
    assert stands == wanted
    assert {name: list(form.columns) for name, form in stands.items()} == {
        name: list(form.columns) for name, form in wanted.items()
    }
    command.check(runner.config(settings))  # raises where it finds a difference


def test_downgrade_to_base_leaves_only_the_empty_version_table(settings: ClickHouseSettings, rows: Rows) -> None:
    runner.upgrade(settings)
    runner.downgrade(settings, "base")
    assert rows("SHOW TABLES") == [("alembic_version",)]
    assert runner.current(settings) is None


def test_after_every_step_the_version_table_holds_one_row(settings: ClickHouseSettings, rows: Rows) -> None:
    for revision in ("0001", "0002", "0003", "0004", "0005"):
        runner.upgrade(settings, revision)
        assert rows("SELECT version_num FROM alembic_version") == [(revision,)]
    for revision in ("0003", "0002", "0001"):
        runner.downgrade(settings, revision)
        assert rows("SELECT version_num FROM alembic_version") == [(revision,)]


def test_rows_and_sums_survive_the_way_from_the_first_revision_to_head_and_back(
    settings: ClickHouseSettings, rows: Rows
) -> None:
    runner.upgrade(settings, "0001")
    fill(rows)
    before = sums(rows)
    assert before.keys() == set(FACTS)
    assert not any(text.startswith("(0,") for text in before.values())
    runner.upgrade(settings)
    assert sums(rows) == before
    assert rows("SELECT sum(events), sum(tokens_in), sum(cost_usd) FROM llm_events_hourly") == rows(
        "SELECT count(), sum(tokens_in), sum(cost_usd) FROM llm_events"
    )
    assert rows("SELECT sum(events), uniqMerge(sessions) FROM ui_events_hourly") == rows(
        "SELECT count(), uniq(session_id) FROM ui_events"
    )
    runner.downgrade(settings, "0001")
    assert sums(rows) == before


def test_a_rollup_takes_in_what_comes_after_the_migration(settings: ClickHouseSettings, rows: Rows) -> None:
    runner.upgrade(settings, "0001")
    fill(rows)
    runner.upgrade(settings)
    fill(rows)
    for table in ("llm_events", "ui_events"):
        assert rows(f"SELECT sum(events) FROM {table}_hourly") == rows(f"SELECT count() FROM {table}")


def test_the_printed_statements_make_the_same_schema(settings: ClickHouseSettings, connection: Connection) -> None:
    printed = io.StringIO()
    config = runner.config(settings)
    config.output_buffer = printed
    command.upgrade(config, "head", sql=True)
    for statement in statements(printed.getvalue()):
        connection.exec_driver_sql(statement.replace("%", "%%"))
    stands = read(connection, settings.database)
    assert {n: f for n, f in stands.items() if n not in OWN} == schema_of(models.metadata, settings, connection)
    assert runner.is_current(settings)
    command.check(runner.config(settings))


def statements(printed: str) -> list[str]:
    """The statements of a script as a client runs them one by one."""
    without_remarks = "\n".join(line for line in printed.splitlines() if not line.startswith("--"))
    return [part.strip() for part in without_remarks.split(";\n") if part.strip()]


def test_statements_are_printed_without_any_connection(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "CH_HOST": "nowhere.invalid", "HOME": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head", "--sql"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.count("CREATE TABLE IF NOT EXISTS") == 15
    assert "version_num = '0005'" in ran.stdout or "version_num='0005'" in ran.stdout


def test_revisions_import_no_model() -> None:
    for file in (ROOT / "alembic" / "versions").glob("*.py"):
        assert "models" not in [
            word for line in file.read_text().splitlines() if "import " in line for word in line.split()
        ]


@pytest.fixture(scope="module")
def at_head(store_folder: Path) -> Iterator[Schema]:
    """What the revisions create, as the engine tells it."""
    settings = parse(ClickHouseSettings, path=str(store_folder), database="evolution_snapshots")
    runner.upgrade(settings)
    engine = migration_engine(settings)
    with engine.connect() as connection:
        yield read(connection, settings.database)
    engine.dispose()
    open_store(str(store_folder)).close()


SNAPSHOTS = Path(__file__).parent / "sql"


@pytest.mark.parametrize("table", [*sorted(models.metadata.tables), *(view.name for view in models.VIEWS)])
def test_every_create_statement_is_as_committed(at_head: Schema, table: str) -> None:
    text = at_head[table].ddl + "\n"
    snapshot = SNAPSHOTS / f"{table}.sql"
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        snapshot.write_text(text, encoding="utf-8")
    assert snapshot.is_file(), f"{snapshot.name} is missing; run the tests with UPDATE_SNAPSHOTS=1 and read the diff"
    assert text == snapshot.read_text(encoding="utf-8"), "run with UPDATE_SNAPSHOTS=1 and read the diff"


def test_every_table_of_the_revisions_has_its_statement_committed(at_head: Schema) -> None:
    assert sorted(file.stem for file in SNAPSHOTS.glob("*.sql")) == sorted(at_head.keys() - OWN)
