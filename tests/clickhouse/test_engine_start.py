"""The engine starts beside other threads, by chDB's ADBC driver, and without it where that is not to be had."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Rounds that another thread makes while the store is opened, each with a pause of 0.2 ms.
PROGRAM = """
import sys, threading, time
from chimera_metrics.integrations.clickhouse import engine_start
from chimera_metrics.integrations.clickhouse.chdb_module import chdb, say_that_nobody_else_is_here
from chimera_metrics.integrations.clickhouse.store import open_store

say_that_nobody_else_is_here()
chdb()
engine_start._VERSION = int(sys.argv[2])
rounds, ended = 0, False

def go_on():
    global rounds
    while not ended:
        time.sleep(0.0002)
        rounds += 1

store = open_store(sys.argv[1])
other = threading.Thread(target=go_on, daemon=True)
other.start()
store.open_early()
ended = True
other.join()
assert store.is_open
with store.lease({}) as handle:
    assert handle.connection.query("SELECT 42").bytes() == b"42\\n"
print(rounds)
"""


def rounds(store: Path, version: int) -> int:
    program = [sys.executable, "-c", PROGRAM, str(store), str(version)]
    return int(subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout)


def test_other_threads_run_meanwhile(tmp_path: Path) -> None:
    assert rounds(tmp_path / "store", 1_000_000) > 20


def test_where_the_driver_is_of_another_version_connect_starts_it(tmp_path: Path) -> None:
    assert rounds(tmp_path / "store", 7) < 20


@pytest.mark.parametrize("path", ["a b", "ä?x=1", "100%&more"])
def test_a_folder_of_any_name_is_opened_as_before(tmp_path: Path, path: str) -> None:
    rounds(tmp_path / path, 1_000_000)
    assert rounds(tmp_path / path, 7) >= 0
