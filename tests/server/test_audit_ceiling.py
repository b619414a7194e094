"""How long the audit files grow: several a day, the oldest removed, nothing lost by a kill or another process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from chimera_metrics.integrations.audit.shipping import Shipping
from chimera_metrics.integrations.audit.trail import AuditFile, AuditLine, Ceiling, arrived, files, read_lines
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from tests.server.processes import ROOT

LINE = AuditLine("2026-01-02T03:04:05.678Z", "", "w", "reader", "", "query", "{}", "S" * 500, "", 0, 0, 0.0, "ok", "")
SMALL = Ceiling(max_bytes=80_000, days=30)


def entry(number: int, day: str = "2026-01-02") -> AuditLine:
    return replace(LINE, ts=f"{day}T03:04:05.678Z", call_id=str(UUID(int=number)))


def kept(folder: Path) -> list[int]:
    return [UUID(line["call_id"]).int for path in files(folder) for _, line in read_lines(path) if line is not None]


def test_a_long_day_has_several_files_in_order(tmp_path: Path) -> None:
    file = AuditFile(tmp_path, SMALL)
    for number in range(60):
        file.append(entry(number))
    names = [path.name for path in files(tmp_path)]
    assert names[:3] == ["calls-2026-01-02.jsonl", "calls-2026-01-02.1.jsonl", "calls-2026-01-02.2.jsonl"]
    assert kept(tmp_path) == list(range(60))
    file.close()


def test_they_keep_to_their_size_and_the_newest_stay(tmp_path: Path) -> None:
    file = AuditFile(tmp_path, SMALL)
    for number in range(1000):
        file.append(entry(number))
        if number % 50 == 0:
            assert sum(path.stat().st_size for path in files(tmp_path)) <= SMALL.max_bytes
    found = kept(tmp_path)
    assert found == list(range(found[0], 1000))
    assert len(found) > 50
    file.close()


def test_they_keep_to_their_age(tmp_path: Path) -> None:
    file = AuditFile(tmp_path, SMALL)
    days = [(date(2026, 1, 1) + timedelta(days=number)).isoformat() for number in range(40)]
    for number, day in enumerate(days):
        file.append(entry(number, day))
    assert [path.name for path in files(tmp_path)] == [f"calls-{day}.jsonl" for day in days[-31:]]
    file.close()


def test_a_file_that_another_process_removed_takes_no_line_with_it(tmp_path: Path) -> None:
    file = AuditFile(tmp_path, SMALL)
    file.append(entry(1))
    files(tmp_path)[0].unlink()
    file.append(entry(2))
    assert kept(tmp_path) == [2]
    file.close()


def test_what_goes_before_it_arrived_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = AuditFile(tmp_path, SMALL)
    for number in range(300):
        file.append(entry(number))
    assert "before its last" in caplog.text
    assert "were in the table audit_log" in caplog.text
    file.close()


_WRITER = """
import sys
from pathlib import Path
from uuid import UUID
from chimera_metrics.integrations.audit.trail import AuditFile, AuditLine, Ceiling
file = AuditFile(Path(sys.argv[1]), Ceiling(4_000_000, 30))
for number in range(int(sys.argv[2]), 10**9, 2):
    words = ["w", "reader", "", "query", "{}", "S" * 500, "", 0, 0, 0.0, "ok", ""]
    file.append(AuditLine("2026-01-02T03:04:05.678Z", str(UUID(int=number)), *words))
    print(number, flush=True)
"""


def test_a_line_that_follows_on_the_piece_of_a_killed_writer_is_kept(tmp_path: Path) -> None:
    file = AuditFile(tmp_path)
    file.append(replace(entry(1), statement='{"ts":"2026'))
    [path] = files(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:-9])
    file.append(replace(entry(2), statement='{"ts":"2026'))
    file.close()
    assert kept(tmp_path) == [1, 2]


def write_until_killed(folder: Path) -> list[list[int]]:
    """Two processes on one folder, killed when files have been removed; the numbers that each said to have written."""
    outputs = [folder.with_name(f"said-{first}") for first in (0, 1)]
    running = []
    for first, output in enumerate(outputs):
        with output.open("w") as said:
            words = [sys.executable, "-c", _WRITER, str(folder), str(first)]
            running.append(subprocess.Popen(words, cwd=ROOT, stdout=said, stderr=subprocess.DEVNULL))
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        said_enough = all(output.stat().st_size > 5_000 for output in outputs)
        if said_enough and files(folder) and "-02.1" in files(folder)[0].name:
            break
        time.sleep(0.01)
    for process in running:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    return [[int(line) for line in output.read_text().split("\n")[:-1]] for output in outputs]


def test_writers_that_are_killed_while_files_change_lose_no_line(tmp_path: Path) -> None:
    said = write_until_killed(tmp_path / "audit")
    found = kept(tmp_path / "audit")
    assert files(tmp_path / "audit")[0].name != "calls-2026-01-02.jsonl"
    for numbers in said:
        mine = sorted(number for number in found if number % 2 == numbers[0] % 2)
        assert len(mine) > 20
        assert mine == list(range(mine[0], mine[-1] + 1, 2))
        assert mine[-1] >= numbers[-1]


def test_every_line_of_every_file_arrives_once_and_what_is_gone_is_forgotten(
    embedded: ClickHouseSettings, tmp_path: Path
) -> None:
    with ClickHouseClient(embedded) as client:
        client.executor.command("TRUNCATE TABLE audit_log")
    file, executor = AuditFile(tmp_path, SMALL), Executor(embedded)
    for number in range(50):
        file.append(entry(number))
    shipping = Shipping(tmp_path, executor)
    assert (shipping.ship(), shipping.ship(), shipping.waiting()) == (50, 0, 0)
    files(tmp_path)[0].unlink()
    file.append(entry(50))
    assert shipping.ship() == 1
    assert sorted(arrived(tmp_path)) == sorted(path.name for path in files(tmp_path))
    assert executor.scalar("SELECT uniqExact(call_id) = count() AND count() = 51 FROM audit_log") == 1
    file.close()
    executor.close()
