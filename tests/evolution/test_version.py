"""The version table, whatever was done to it; and what a start of the server asks it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import SchemaMismatch
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.integrations.evolution.lock import LockTerms
from tests.evolution.conftest import Rows
from tests.evolution.killing import Killed, boundaries

SOON = LockTerms(stale_s=0)


def test_head_is_what_alembic_says() -> None:
    from alembic.script import ScriptDirectory

    from chimera_metrics.integrations.config import parse

    script = ScriptDirectory.from_config(runner.config(parse(ClickHouseSettings)))
    assert runner.head() == script.get_current_head()


def test_an_empty_store_has_no_revision(settings: ClickHouseSettings) -> None:
    assert runner.current(settings) is None
    assert not runner.is_current(settings)


def test_a_doubled_row_is_healed(settings: ClickHouseSettings, rows: Rows) -> None:
    runner.upgrade(settings)
    rows("INSERT INTO alembic_version VALUES ('0005')")
    assert not runner.is_current(settings)
    runner.upgrade(settings)
    assert rows("SELECT version_num FROM alembic_version") == [("0005",)]
    assert runner.is_current(settings)


def test_a_lost_row_is_told(embedded: ClickHouseSettings) -> None:
    runner.upgrade(embedded)
    from chimera_metrics.integrations.evolution.engines import migration_engine

    engine = migration_engine(embedded)
    with engine.connect() as connection:
        connection.exec_driver_sql("TRUNCATE TABLE alembic_version")
    engine.dispose()
    with pytest.raises(SchemaMismatch, match=r"bench_runs stands already .*cost_per_1k.* `muse adopt`"):
        runner.upgrade(embedded)


def test_a_downgrade_that_was_cut_off_is_not_taken_for_head(embedded: ClickHouseSettings) -> None:
    runner.upgrade(embedded)
    with boundaries(5), pytest.raises(Killed):
        runner.downgrade(embedded, "0004", lock=SOON)
    assert runner.current(embedded) == "0005"
    assert not runner.is_current(embedded)
    with pytest.raises(SchemaMismatch, match=r"from 0005 to 0004 was cut off .* run `muse downgrade 0004`"):
        runner.upgrade(embedded, lock=SOON)
    runner.downgrade(embedded, "0004", lock=SOON)
    runner.upgrade(embedded)
    assert runner.is_current(embedded)


def test_an_upgrade_that_was_cut_off_is_finished_before_a_downgrade(embedded: ClickHouseSettings) -> None:
    runner.upgrade(embedded, "0001")
    with boundaries(6), pytest.raises(Killed):
        runner.upgrade(embedded, lock=SOON)
    with pytest.raises(SchemaMismatch, match=r"from 0001 to 0002 was cut off .* run `muse upgrade 0002`"):
        runner.downgrade(embedded, "base", lock=SOON)


ASK = """
import sys
from sqlalchemy import Engine, event
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.integrations.config import ClickHouseSettings, parse
asked = []
event.listen(Engine, "before_cursor_execute", lambda c, k, statement, *rest: asked.append(statement))
current = runner.is_current(parse(ClickHouseSettings, path=sys.argv[1], database=sys.argv[2]))
loaded = [name for name in sys.modules if name == "alembic" or name.startswith("alembic.")]
print(current, len(asked), loaded)
"""


def test_a_start_on_a_store_at_head_asks_once_and_imports_no_alembic(embedded: ClickHouseSettings) -> None:
    runner.upgrade(embedded)
    ran = subprocess.run(
        [sys.executable, "-c", ASK, embedded.path, embedded.database], capture_output=True, text=True, check=True
    )
    assert ran.stdout.split(None, 2) == ["True", "1", "[]\n"]
