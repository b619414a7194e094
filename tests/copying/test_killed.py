"""A copy that is stopped at any moment goes on, and nothing is lost or doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from urllib.parse import quote

import pytest

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.integrations.operations.copying import work
from tests.copying.conftest import PASSWORD, copy, held, send
from tests.support.wire_process import ROOT, Wire


class Killed(BaseException):
    """What no code expects."""


def address(settings: ClickHouseSettings) -> str:
    password = quote(PASSWORD, safe="")
    return (
        f"clickhouse://muse:{password}@{settings.host}:{settings.port}/{settings.database}?ca_cert={settings.ca_cert}"
    )


@pytest.mark.parametrize(
    ("moment", "before"),
    [
        ("INSERT INTO muse_copy_ui_events ", False),
        ("ALTER TABLE `ui_events` REPLACE", True),
        ("ALTER TABLE `ui_events` REPLACE", False),
        ("ALTER TABLE `insert_ledger` REPLACE", False),
        ("ALTER TABLE `ui_events_hourly` REPLACE", False),
    ],
)
def test_stopped_at_a_statement_it_goes_on(
    source: ClickHouseSettings,
    target: ClickHouseSettings,
    moment: str,
    before: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(work, "_PARTITIONS_TOGETHER", 7)
    seen: list[str] = []

    def stopping(original: object) -> object:
        def runs(self: Executor, statement: str, *more: object, **named: object) -> object:
            stops = f"INSERT INTO {statement} ".startswith(moment) or statement.startswith(moment)
            stops = stops and not seen
            seen.extend([statement] * stops)
            if stops and before:
                raise Killed
            answer = original(self, statement, *more, **named)  # type: ignore[operator]
            if stops:
                raise Killed
            return answer

        return runs

    with monkeypatch.context() as dying:
        for name in ("command", "insert"):
            dying.setattr(Executor, name, stopping(getattr(Executor, name)))
        with pytest.raises(Killed):
            copy(source, target)
    send(source, 25)
    assert copy(source, target).behind == {}
    assert held(source) == held(target)


def test_killed_for_good_while_the_server_stores_it_goes_on(
    source: ClickHouseSettings, target: ClickHouseSettings, wire: Wire
) -> None:
    words = [sys.executable, "-m", "chimera_metrics.apps.muse_cli", "copy", "--to", address(target)]
    for phase, table in (("after_engine_insert", "muse_copy_ui_events"), ("before_end_of_stream", "REPLACE")):
        wire.arm(phase, "stall", table=table)
        process = subprocess.Popen([*words, "--from", source.store_path], cwd=ROOT, env=dict(os.environ))
        deadline = time.monotonic() + 60
        while not any(fault["phase"] == phase for fault in wire.struck()):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        wire.disarm()
    assert copy(source, target).behind == {}
    assert held(source) == held(target)
    with ClickHouseClient(target) as client:
        left = "SELECT count() FROM system.tables WHERE database = currentDatabase() AND startsWith(name, 'muse_copy_')"
        assert client.executor.scalar(left) == 0


@pytest.mark.parametrize("stands_at", ["0001", "0003"])
def test_stopped_while_the_target_gets_its_schema_it_goes_on(
    source: ClickHouseSettings, database: ClickHouseSettings, stands_at: str
) -> None:
    target = database.model_copy(update={"database": f"stopped_at_{stands_at}"})
    runner.upgrade(target, stands_at)
    assert copy(source, target).behind == {}
    assert held(source) == held(target)
