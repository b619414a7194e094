"""Processes that die at the worst moment: the engine's own gap between log and part, and all other ends."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chimera_metrics.integrations.clickhouse import healing
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner
from tests.writing.rows import ROLLUPS, adds_up, counts, make_rows

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated store to copy."""
    path = tmp_path_factory.mktemp("template") / "store"
    settings = ClickHouseSettings(path=str(path))
    runner.upgrade(settings)
    with ClickHouseClient(settings):
        pass
    return path


@pytest.fixture
def store(template: Path, tmp_path: Path) -> ClickHouseSettings:
    shutil.copytree(template, tmp_path / "store", symlinks=True)
    return ClickHouseSettings(path=str(tmp_path / "store"))


def _die(settings: ClickHouseSettings, tables: str, nth: int) -> int:
    words = [sys.executable, "-m", "tests.writing.killing", settings.path, tables, str(nth), "60", "1"]
    return subprocess.run(words, cwd=ROOT, capture_output=True, timeout=60, check=False).returncode


@pytest.mark.parametrize(
    ("tables", "nth"), [("llm_events", 2), ("llm_events,llm_events_hourly", 1), ("bench_runs", 1), ("insert_ledger", 1)]
)
def test_killed_between_log_and_part_a_retry_stores_what_is_missing(
    store: ClickHouseSettings, tables: str, nth: int
) -> None:
    names = "llm_events,insert_ledger" if tables == "insert_ledger" else tables
    nth += 2 if "," in tables else 0  # past the parts of the table itself: to those of the rollup
    table = names.split(",")[0]
    assert _die(store, names, nth) == -9
    with ClickHouseClient(store) as client:
        answer = client.insert(table, make_rows(table, 60, 1, days=2))
        assert adds_up(answer)
        assert counts(client, table) == (60, 60)


@pytest.mark.parametrize("tables", ["llm_events,llm_events_hourly"])
def test_without_the_healing_the_same_kill_loses_rows(
    store: ClickHouseSettings, tables: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(healing, "heal", lambda _: 0)
    assert _die(store, tables, 3 if "," in tables else 1) == -9
    with ClickHouseClient(store) as client:
        client.insert("llm_events", make_rows("llm_events", 60, 1, days=2))
        assert counts(client, "llm_events") != (60, 60)


def test_a_log_line_without_its_part_is_dropped_and_no_other(store: ClickHouseSettings) -> None:
    with ClickHouseClient(store) as client:
        client.insert_ui_events(make_rows("ui_events", 20, 1, days=2))
        client.insert_ui_events(make_rows("ui_events", 20, 2, days=2))
        client.executor.command("OPTIMIZE TABLE ui_events FINAL")
    path = Path(store.path)
    assert healing.heal(path) == 0
    logs = {log: log.read_text() for log in path.glob("store/*/*/deduplication_logs/*.txt")}
    log = next(log for log, text in logs.items() if "20260301_" in text)
    log.write_text(logs[log] + "1\t20260301_900_900_0\t20260301_1_2\n1\t20260301_9")
    assert healing.heal(path) == 2
    assert log.read_text() == logs[log]


def test_a_store_that_was_closed_is_not_searched(store: ClickHouseSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> int:
        raise AssertionError

    monkeypatch.setattr(healing, "heal", refuse)
    for seed in (1, 2):
        with ClickHouseClient(store) as client:
            assert client.insert_ui_events(make_rows("ui_events", 1, seed))["inserted"] == 1


PROGRAM = """
import os, sys
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from tests.writing.rows import make_rows
client = ClickHouseClient(ClickHouseSettings(path=sys.argv[1]))
for table in sys.argv[2:]:
    for seed in range(5):
        print(table, client.insert(table, make_rows(table, 30, seed, days=3))["inserted"], flush=True)
os.kill(os.getpid(), 9)
"""


def test_what_was_acknowledged_is_there_after_kill_9(store: ClickHouseSettings) -> None:
    tables = ["ui_events", "llm_events", "bench_runs", "session_stats"]
    words = [sys.executable, "-c", PROGRAM, store.path, *tables]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -9, done.stderr
    assert done.stdout.split() == [word for table in tables for word in [table, "30"] * 5]
    with ClickHouseClient(store) as client:
        assert {table: counts(client, table) for table in tables} == dict.fromkeys(tables, (150, 150))
        again = client.insert("ui_events", make_rows("ui_events", 30, 2, days=3))
        assert (again["inserted"], again["duplicates"]) == (0, 30)


def test_the_rollups_of_the_tests_are_those_of_the_models() -> None:
    from chimera_metrics.models import VIEWS

    assert {view.source: view.target for view in VIEWS} == ROLLUPS
