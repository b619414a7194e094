"""`alembic` as an operator runs it: the settings decide, and what goes wrong is one sentence."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from alembic import command

from chimera_metrics.integrations.clickhouse.store import open_store
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, parse
from chimera_metrics.integrations.evolution import runner
from tests.support.wire_process import Address

ROOT = Path(__file__).parents[2]


def alembic(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "alembic", "-c", str(ROOT / "alembic.ini"), *arguments],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_empty_folder_is_brought_to_head_and_checked(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    assert alembic("upgrade", "head", CH_PATH=store).returncode == 0
    checked = alembic("check", CH_PATH=store)
    assert (checked.returncode, checked.stdout.strip()) == (0, "No new upgrade operations detected.")


def test_alembic_takes_the_leave_to_destroy_as_an_x_argument(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    assert alembic("upgrade", "head", CH_PATH=store).returncode == 0
    settings = parse(ClickHouseSettings, path=store)
    with ClickHouseClient(settings) as client:
        client.insert_episodes([{"series": "s", "episode_num": 1, "title": "t"}])
    open_store(store).close()
    refused = alembic("downgrade", "base", CH_PATH=store)
    assert refused.returncode != 0
    assert "would destroy the 1 row of insert_ledger, and was not run" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert alembic("-x", "allow_destructive=1", "downgrade", "base", CH_PATH=store).returncode == 0


WRONG = {
    "a wrong setting": ({"CH_PORT": "many"}, "CH_PORT holds 'many', but takes a whole number"),
    "no server": ({"CH_HOST": "127.0.0.1", "CH_PORT": "1"}, "The server 127.0.0.1:1 cannot be reached"),
    "a path that is no folder": ({"CH_PATH": "/dev/null"}, "CH_PATH names /dev/null, which is not a folder"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_one_sentence(case: str) -> None:
    environment, sentence = WRONG[case]
    ran = alembic("upgrade", "head", **environment)
    assert ran.returncode != 0
    assert sentence in ran.stderr
    assert "Traceback" not in ran.stderr + ran.stdout


def test_a_wrong_password_is_one_sentence(address: Address) -> None:
    ran = alembic(
        "upgrade", "head", CH_HOST=address.host, CH_PORT=str(address.port), CH_SECURE="false", CH_PASSWORD="wrong"
    )
    assert ran.returncode != 0
    assert "refused user default: wrong user or password" in ran.stderr
    assert "Traceback" not in ran.stderr + ran.stdout


MIGRATE = """
import sys
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.integrations.clickhouse.store import open_store
from chimera_metrics.integrations.config import ClickHouseSettings, parse
print("begun", flush=True)
runner.upgrade(parse(ClickHouseSettings, path=sys.argv[1]))
"""


@pytest.mark.parametrize("after_s", [0.5, 0.9])
def test_killed_for_real_and_run_again(tmp_path: Path, after_s: float) -> None:
    """kill -9 at a moment of chance; the lock of the dead falls at once, and the second run ends at head."""
    store = str(tmp_path / "store")
    with subprocess.Popen([sys.executable, "-c", MIGRATE, store], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)
    settings = parse(ClickHouseSettings, path=store)
    try:
        runner.upgrade(settings)
        command.check(runner.config(settings))
        assert runner.is_current(settings)
    finally:
        open_store(store).close()
