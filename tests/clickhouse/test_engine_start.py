"""The engine starts beside other threads, by chDB's ADBC driver, and without it where that is not to be had."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Rounds that another thread makes while the store is opened, each with a pause of 0.2 ms.
PROGRAM = """
import contextlib, os, sys, threading, time
from chimera_metrics.integrations.clickhouse import engine_start, store as stores
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

stood = []
standing = engine_start.standing

@contextlib.contextmanager
def seen(path):
    with standing(path):
        stood.append(os.path.exists(os.path.join(path, "status")))  # the engine's own file
        yield

stores.standing = seen
store = open_store(sys.argv[1])
other = threading.Thread(target=go_on, daemon=True)
other.start()
store.open_early()
ended = True
other.join()
assert store.is_open
with store.lease({}) as handle:
    assert handle.connection.query("SELECT 42").bytes() == b"42\\n"
print(rounds, *stood)
"""


def opened(store: Path, version: int) -> tuple[int, list[str]]:
    """Rounds of the other thread, and whether the engine stood before `connect` was called, where it may."""
    program = [sys.executable, "-c", PROGRAM, str(store), str(version)]
    said = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
    rounds, *stood = said.split()
    return int(rounds), stood


def test_other_threads_run_meanwhile(tmp_path: Path) -> None:
    rounds, stood = opened(tmp_path / "store", 1_000_000)
    assert rounds > 20
    assert stood == ["True"]


def test_where_the_driver_is_of_another_version_connect_starts_it(tmp_path: Path) -> None:
    assert opened(tmp_path / "store", 7)[1] == ["False"]


@pytest.mark.parametrize(("path", "stands"), [("a b", ["True"]), ("ä:x=1", []), ("100%&more", [])])
def test_a_folder_of_any_name_is_opened_as_before(tmp_path: Path, path: str, stands: list[str]) -> None:
    assert opened(tmp_path / path, 1_000_000)[1] == stands
    opened(tmp_path / path, 7)
