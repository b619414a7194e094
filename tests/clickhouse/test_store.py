"""One embedded store, several processes: each gets its turn, and a crash leaves nothing to clean up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.store import open_store
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import StoreBusy

ROOT = Path(__file__).parents[2]
Python = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def python() -> Iterator[Python]:
    """Starts Python programs on the project, and ends those that still run."""
    started: list[subprocess.Popen[str]] = []

    def start(program: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={key: value for key, value in os.environ.items() if not key.startswith(("CH_", "MUSE_"))},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


PREAMBLE = """
import sys, time
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.config import ClickHouseSettings
executor = Executor(ClickHouseSettings(path=sys.argv[1]))
"""
HOLD = (
    PREAMBLE
    + "with executor.open('SELECT number FROM numbers(1000000000000)'):\n print('held', flush=True)\n time.sleep(60)\n"
)
COUNT = PREAMBLE + (
    "done = 0\nend = time.monotonic() + float(sys.argv[2])\n"
    "while time.monotonic() < end:\n"
    "    executor.command('INSERT INTO t VALUES (1)')\n    done += 1\n    time.sleep(float(sys.argv[3]))\n"
    "print(done)\n"
)


def _executor(path: str, **changes: object) -> Executor:
    return Executor(ClickHouseSettings(path=path).model_copy(update=changes))


def test_the_store_is_let_go_when_idle_and_opened_again_on_demand(store_path: str) -> None:
    executor = _executor(store_path, store_idle=0.1)
    assert executor.scalar("SELECT 1") == 1
    store = open_store(store_path)
    deadline = time.monotonic() + 5
    while store.is_open and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not store.is_open
    assert executor.scalar("SELECT 2") == 2
    assert store.opened == 2
    executor.close()


def test_a_busy_store_names_its_holder_and_what_to_do(store_path: str, python: Python) -> None:
    holder = python(HOLD, store_path)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    executor = _executor(store_path, store_wait=0.3)
    started = time.monotonic()
    with pytest.raises(StoreBusy) as caught:
        executor.scalar("SELECT 1")
    assert time.monotonic() - started < 2
    sentence = str(caught.value)
    assert f"process {holder.pid}) has had it since " in sentence
    assert "did not let it go within 0.3 s" in sentence
    assert sentence.endswith("stop it, or set CH_PATH to another folder.")


def test_a_killed_holder_leaves_nothing_behind(store_path: str, python: Python) -> None:
    holder = python(HOLD, store_path)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    executor = _executor(store_path)
    assert executor.scalar("SELECT 1") == 1
    executor.close()


HOLD_ENGINE = """
import fcntl, pathlib, sys, time
file = pathlib.Path(sys.argv[1], "status").open("a")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""


def test_an_engine_that_is_just_dying_is_waited_for(store_path: str, python: Python) -> None:
    executor = _executor(store_path, store_wait=5)
    executor.command("SELECT 1")
    executor.close()
    holder = python(HOLD_ENGINE, store_path, "0.5")
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    assert executor.scalar("SELECT 1") == 1


def test_a_foreign_program_that_has_the_store_is_told_from_damage(store_path: str, python: Python) -> None:
    executor = _executor(store_path, store_wait=0.5)
    executor.command("SELECT 1")
    executor.close()
    holder = python(HOLD_ENGINE, store_path, "60")
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(StoreBusy, match=r"a program that is not part of chimera-metrics\. Stop that program, or set"):
        executor.scalar("SELECT 1")


def test_processes_that_write_all_the_time_all_get_their_turn(store_path: str, python: Python) -> None:
    executor = _executor(store_path)
    executor.command("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a")
    executor.close()
    # Two that never pause and one that asks now and then: flock alone would starve the last.
    workers = [python(COUNT, store_path, "6", pause) for pause in ("0", "0", "0.3")]
    counts = []
    for worker in workers:
        out, err = worker.communicate(timeout=60)
        assert worker.returncode == 0, err
        counts.append(int(out))
    assert min(counts) >= 3
    assert executor.scalar("SELECT count() FROM t") == sum(counts)
    executor.close()


def test_a_lease_that_an_interrupt_left_behind_does_not_keep_the_process(store_path: str) -> None:
    store = open_store(store_path, wait_s=0.2)
    left = store.take({})
    store.close()
    assert store.is_open
    store.give(left, {})
    store.close()
    assert not store.is_open


def test_two_stores_in_one_process_take_turns(tmp_path: Path) -> None:
    first, second = _executor(str(tmp_path / "a")), _executor(str(tmp_path / "b"))
    for executor in (first, second):
        executor.command("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a")
    first.command("INSERT INTO t VALUES (1)")
    assert [executor.scalar("SELECT count() FROM t") for executor in (first, second, first)] == [1, 0, 1]
    first.close()
    second.close()


class SlowlyClosed:
    """What keeps a store's engine open, closed as slowly as a busy machine does."""

    def __init__(self, anchor: Any) -> None:
        self._anchor = anchor
        self.closes = threading.Event()

    def close(self) -> None:
        self.closes.set()
        time.sleep(0.2)
        self._anchor.close()


def test_a_store_that_is_being_closed_is_waited_for(tmp_path: Path) -> None:
    first, second = (open_store(str(tmp_path / name)) for name in "ab")
    with first.lease({}):
        pass
    first._anchor = anchor = SlowlyClosed(first._anchor)
    closing = threading.Thread(target=first.close)
    closing.start()
    assert anchor.closes.wait(5)
    with second.lease({}) as handle:
        assert handle.connection.query("SELECT 1", "TSV").bytes() == b"1\n"
    closing.join()
    second.close()


def test_all_spellings_of_a_folder_are_one_store(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "store")
    assert open_store(str(tmp_path / "store")) is open_store(f"{tmp_path}/./store/")
    (tmp_path / "store").mkdir()
    assert open_store(str(tmp_path / "store")) is open_store(str(tmp_path / "link"))


_BESIDE = """
import sys
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
with ClickHouseClient(ClickHouseSettings(path=sys.argv[1])) as client:
    assert client.execute_query("SELECT 1 AS one") == [{"one": 1}]
    import chdb  # which opens an engine in memory when it is imported for the first time
    assert chdb.engine_version
"""


def test_a_program_may_import_chdb_for_itself_while_a_store_is_open(tmp_path: Path) -> None:
    words = [sys.executable, "-c", _BESIDE, str(tmp_path / "store")]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
