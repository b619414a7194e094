"""The audit trail: every call on a line before its answer leaves, each line in the table once."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import mcp
import orjson
import pytest
from mcp.client.stdio import stdio_client
from mcp_types import CallToolResult

from chimera_metrics.integrations.audit.shipping import Shipping
from chimera_metrics.integrations.audit.trail import AuditFile, AuditLine, audit_folder, files, read_lines, shown
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, Settings
from chimera_metrics.integrations.errors import Unreachable
from tests.server.conftest import converse
from tests.server.processes import ROOT, environment, stdio

Call = Callable[..., CallToolResult]


def lines(settings: Settings) -> list[dict[str, Any]]:
    found = [entry for path in files(audit_folder(settings)) for _, entry in read_lines(path)]
    assert None not in found
    return [entry for entry in found if entry is not None]


def test_a_call_is_a_line_with_who_what_and_how_it_ended(call: Call, store: Settings) -> None:
    answer = call("query", sql="SELECT 1 AS one", max_rows=5).structured_content
    assert answer is not None
    [line] = lines(store)
    assert line["tool"] == "query"
    assert orjson.loads(line["arguments"]) == {"sql": "SELECT 1 AS one", "max_rows": 5}
    assert line["statement"] == "SELECT 1 AS one"
    assert line["query_id"] == answer["query_id"]
    assert (line["rows"], line["outcome"], line["error"]) == (1, "ok", "")
    assert line["client"].startswith("mcp ")
    assert line["role"] == "writer"
    assert line["bytes"] > 100
    assert line["elapsed_ms"] > 0


ENDS = [
    ("query", {"sql": "SELECT 1"}, "ok"),
    ("query", {"sql": "DROP TABLE episodes"}, "refused"),
    ("query", {"sql": "SELECT * FROM audit_log"}, "refused"),
    ("query", {"sql": "SELECT nope FROM episodes"}, "error"),
    ("query", {"sgl": "SELECT 1"}, "error"),
    ("nothing", {}, "error"),
]


@pytest.mark.parametrize(("tool", "arguments", "outcome"), ENDS, ids=[f"{t}-{a}"[:40] for t, a, _ in ENDS])
def test_every_end_is_on_the_line(
    call: Call, store: Settings, tool: str, arguments: dict[str, Any], outcome: str
) -> None:
    result = call(tool, **arguments)
    [line] = lines(store)
    assert line["outcome"] == outcome
    assert result.is_error is (outcome != "ok")
    assert bool(line["error"]) is (outcome != "ok")


def test_an_insert_is_counted_and_its_rows_are_not_repeated(call: Call, store: Settings) -> None:
    call("insert.episodes", rows=[{"series": "s", "episode_num": 1, "title": "secret plans"}])
    [line] = lines(store)
    assert line["rows"] == 1
    assert line["statement"].startswith("INSERT INTO episodes (")
    assert orjson.loads(line["arguments"])["rows"] == "[1 rows]"
    assert "secret plans" not in orjson.dumps(line).decode()


def test_arguments_are_masked() -> None:
    given = {"sql": "SELECT 'jane.doe@example.org', '10.1.2.3'", "parameters": {"password": "hush"}}
    text, statement, error = shown(given, "SELECT 'jane.doe@example.org'", "no user 'joe.doe@example.org'")
    assert "jane.doe" not in text
    assert "10.1.2.3" not in text
    assert "hush" not in text
    assert "doe@" not in statement + error
    assert all(len(text) <= 4_000 for text in shown({"sql": "x" * 100_000}, "x" * 100_000, "x" * 100_000))
    assert "hush" not in shown({"parameters": {"password": "hush"}}, "", "")[0]
    assert shown({"n": 1}, "SELECT 1", "") == ('{"n":1}', "SELECT 1", "")


@pytest.mark.parametrize("sql", ["SELECT {password:String} AS a", "SELECT toUInt8({password:String})"])
def test_a_secret_parameter_is_nowhere_on_the_line(call: Call, store: Settings, sql: str) -> None:
    call("query", sql=sql, parameters={"password": "hunter4"})
    [line] = lines(store)
    assert "[secret]" in line["statement"]
    assert "hunter4" not in orjson.dumps(line).decode()


def test_rows_sent_as_text_are_not_repeated_either(call: Call, store: Settings) -> None:
    call("insert.episodes", rows='[{"series": "s", "episode_num": 1, "title": "secret plans"}]')
    call("insert.episodes", rows="[not rows, secret plans")
    found = [orjson.loads(line["arguments"])["rows"] for line in lines(store)]
    assert found == ["[1 rows]", "[23 characters]"]
    assert "secret plans" not in orjson.dumps(lines(store)).decode()


def test_the_file_is_its_owner_s_alone(call: Call, store: Settings) -> None:
    call("query", sql="SELECT 1")
    [path] = files(audit_folder(store))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_call_goes_unrecorded(call: Call, store: Settings) -> None:
    audit_folder(store).parent.mkdir(parents=True, exist_ok=True)
    audit_folder(store).write_text("a file where the folder should be")
    result = call("query", sql="SELECT 1")
    assert result.is_error
    assert "no call goes unrecorded. Make room" in str(result.content[0])


def test_switched_off_it_writes_nothing(store: Settings) -> None:
    off = Settings(store.clickhouse, store.muse.model_copy(update={"audit": False}))

    async def session(client: mcp.Client) -> Any:
        return await client.call_tool("query", {"sql": "SELECT 1"})

    assert not converse(off, session).is_error
    assert not audit_folder(off).exists()


def entries(count: int) -> list[AuditLine]:
    return [
        AuditLine(
            ts="2026-01-02T03:04:05.678Z",
            call_id=f"00000000-0000-4000-8000-{n:012}",
            who="jane",
            role="writer",
            client="test 1",
            tool="query",
            arguments="{}",
            statement="SELECT 1",
            query_id="q",
            rows=1,
            bytes=2,
            elapsed_ms=3.5,
            outcome="ok",
            error="",
        )
        for n in range(count)
    ]


def stored(executor: Executor) -> tuple[int, int]:
    """Rows in the table, and distinct calls among them."""
    [row] = executor.read("SELECT count(), uniqExact(call_id) FROM audit_log").rows
    return row[0], row[1]


@pytest.fixture
def shipping(executor: Executor, tmp_path: Path) -> Shipping:
    executor.command("TRUNCATE TABLE audit_log")
    file = AuditFile(tmp_path)
    for entry in entries(5_000):
        file.append(entry)
    file.close()
    return Shipping(tmp_path, executor)


def test_lines_arrive_once_however_often_they_are_shipped(shipping: Shipping, executor: Executor) -> None:
    assert [shipping.ship(), shipping.ship()] == [5_000, 0]
    assert stored(executor) == (5_000, 5_000)
    assert shipping.waiting() == 0


def test_the_table_holds_what_the_line_says(shipping: Shipping, executor: Executor) -> None:
    shipping.ship()
    [row] = executor.read("SELECT who, tool, rows, elapsed_ms, outcome, toString(ts) FROM audit_log LIMIT 1").rows
    assert row == ("jane", "query", 1, 3.5, "ok", "2026-01-02 03:04:05.678")


class Cut(Executor):
    """Fails its n-th insert, before or after the rows were stored."""

    def __init__(self, settings: ClickHouseSettings, nth: int, after: bool) -> None:
        super().__init__(settings)
        self.left, self.after = nth, after

    def insert(self, *arguments: Any, **words: Any) -> int:
        self.left -= 1
        if self.left == 0 and not self.after:
            raise Unreachable("cut before")
        stored_rows = super().insert(*arguments, **words)
        if self.left == 0:
            raise Unreachable("cut after")
        return stored_rows


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_cut_anywhere_each_line_still_arrives_once(
    shipping: Shipping, executor: Executor, nth: int, after: bool
) -> None:
    cut = Cut(executor.settings, nth, after)
    with pytest.raises(Unreachable):
        Shipping(shipping.folder, cut).ship()
    cut.engine.dispose()
    shipping.ship()
    assert stored(executor) == (5_000, 5_000)


class Busy(Executor):
    """While it stores lines, the next call ends."""

    def __init__(self, settings: ClickHouseSettings, file: AuditFile, calls: list[AuditLine]) -> None:
        super().__init__(settings)
        self.file, self.calls, self.inserts = file, calls, 0

    def insert(self, *arguments: Any, **words: Any) -> int:
        self.inserts += 1
        if self.calls:
            self.file.append(self.calls.pop())
        return super().insert(*arguments, **words)


def test_calls_that_end_while_lines_are_shipped_wait_for_the_next_time(executor: Executor, tmp_path: Path) -> None:
    executor.command("TRUNCATE TABLE audit_log")
    first, *later = entries(50)
    file = AuditFile(tmp_path)
    file.append(first)
    busy = Busy(executor.settings, file, later)
    shipping = Shipping(tmp_path, busy)
    assert (shipping.ship(), busy.inserts) == (1, 1)
    assert (shipping.ship(), busy.inserts) == (1, 2)
    busy.engine.dispose()


def test_a_torn_line_is_left_out_and_the_next_is_not(tmp_path: Path) -> None:
    file = AuditFile(tmp_path)
    first, second = entries(2)
    file.append(first)
    [path] = files(tmp_path)
    with path.open("ab") as torn:
        torn.write(b'{"call_id": "half\n')
    file.append(second)
    file.close()
    found = [entry for _, entry in read_lines(path)]
    assert [entry and entry["call_id"][-1] for entry in found] == ["0", None, "1"]


NO_ENTRIES: list[dict[str, Any]] = [
    {"call_id": "no uuid"},
    {"ts": "yesterday"},
    {"ts": "2026-01-02T03:04:05"},
    {"rows": -1},
    {"bytes": "2"},
    {"rows": 2**63},
    {"elapsed_ms": None},
    {"who": 5},
]


@pytest.mark.parametrize("bent", NO_ENTRIES, ids=str)
def test_a_line_that_the_table_would_refuse_keeps_nothing_back(
    executor: Executor, tmp_path: Path, bent: dict[str, Any]
) -> None:
    executor.command("TRUNCATE TABLE audit_log")
    file = AuditFile(tmp_path)
    first, second = entries(2)
    file.append(first)
    [path] = files(tmp_path)
    with path.open("ab") as written:
        written.write(orjson.dumps(orjson.loads(orjson.dumps(second)) | {"call_id": str(UUID(int=9))} | bent) + b"\n")
    file.append(second)
    file.close()
    assert Shipping(tmp_path, executor).ship() == 2
    assert stored(executor) == (2, 2)


def test_a_line_costs_less_than_it_may(tmp_path: Path) -> None:
    file = AuditFile(tmp_path)
    sql = "SELECT model, count() FROM bench_runs WHERE ts > now() - 3600 GROUP BY model"
    arguments = {"sql": sql, "max_rows": 200}
    [entry] = entries(1)
    took = []
    for _ in range(200):
        started = time.perf_counter()
        entry.arguments, entry.statement, entry.error = shown(arguments, sql, "")
        file.append(entry)
        took.append(time.perf_counter() - started)
    file.close()
    assert sorted(took)[100] < 0.0003


KILLED = """
import sys
from pathlib import Path
from chimera_metrics.integrations.audit.trail import AuditFile
from tests.server.test_audit import entries
file = AuditFile(Path(sys.argv[1]))
for entry in entries(1_000_000):
    file.append(entry)
    print(entry.call_id, flush=True)
"""


def test_kill_9_takes_no_line_whose_call_was_answered(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    answered = [process.stdout.readline().strip() for _ in range(500)]
    os.kill(process.pid, signal.SIGKILL)
    answered += process.stdout.read().splitlines()
    process.wait()
    process.stdout.close()
    [path] = files(tmp_path)
    written = [entry["call_id"] for _, entry in read_lines(path) if entry is not None]
    assert written[: len(answered)] == answered
    assert len(written) - len(answered) <= 1


def test_a_server_ships_its_lines_and_a_server_s_statements_carry_their_id(
    settings: ClickHouseSettings, tmp_path: Path
) -> None:
    import anyio

    async def session() -> None:
        async with mcp.Client(stdio_client(stdio(environment(settings, tmp_path)))) as client:
            await client.call_tool("query", {"sql": "SELECT getSetting('log_comment') AS comment"})

    anyio.run(session)
    found = Settings(settings, MuseSettings(audit_dir=tmp_path / "audit"))
    [line] = lines(found)
    with ClickHouseClient(settings, found.muse) as client:
        shipped = client.executor.scalar(f"SELECT count() FROM audit_log WHERE call_id = '{line['call_id']}'")
    assert shipped == 1
