"""The server over stdin and stdout, spoken to line by line."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import pytest

from chimera_metrics.integrations.config import ClickHouseSettings
from tests.server.processes import MUSE, ROOT, environment

HELLO = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "mcp", "version": "1"}},
}
# What the engine writes when a process ends while the engine still starts, as a slow machine lets it.
HALF_OPEN = b"Exception in global_context->shutdown(): The ShutdownTablesThreadPool is not initialized\n"
READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def call(id_: int | str, tool: str, **arguments: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id_, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


def line(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"


class Server:
    """`muse serve` and its wire."""

    def __init__(self, process: subprocess.Popen[bytes], to: IO[bytes], back: IO[bytes]) -> None:
        self.process, self.to, self.back = process, to, back

    def send(self, *messages: dict[str, Any] | bytes) -> None:
        self.to.write(b"".join(item if isinstance(item, bytes) else line(item) for item in messages))
        self.to.flush()

    def answer(self) -> Any:
        return json.loads(self.back.readline())


@pytest.fixture(params=["pipes", "a socket", "two sockets"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    settings = ClickHouseSettings(path=str(tmp_path / "store"))
    with contextlib.ExitStack() as stack:
        ours, theirs = map(stack.enter_context, socket.socketpair())
        # As Node starts its children: a socket for each direction.
        more, others = map(stack.enter_context, socket.socketpair())
        stdin: Any = subprocess.PIPE if request.param == "pipes" else theirs
        stdout: Any = others if request.param == "two sockets" else stdin
        process = subprocess.Popen(
            [MUSE, "serve"],
            env=environment(settings, tmp_path) | {"MUSE_LOG_LEVEL": "error"},
            cwd=ROOT,
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
        )
        theirs.close()
        others.close()
        to = process.stdin or stack.enter_context(ours.makefile("wb"))
        reading = more if request.param == "two sockets" else ours
        started = Server(process, to, process.stdout or stack.enter_context(reading.makefile("rb")))
        started.send(HELLO, READY)
        assert started.answer()["result"]["serverInfo"]["name"] == "chimera-metrics"
        yield started
        if process.stdin is not None:
            process.stdin.close()
        else:
            ours.shutdown(socket.SHUT_WR)
        assert process.wait(20) == 0
        assert process.stderr is not None
        with process.stderr:
            assert process.stderr.read().replace(HALF_OPEN, b"") == b""
        if process.stdout is not None:
            process.stdout.close()


def test_messages_that_come_in_one_piece_are_each_answered(server: Server) -> None:
    server.send(*(call(number, "query", sql=f"SELECT {number} AS n") for number in range(1, 30)))
    found = {
        answer["id"]: answer["result"]["structuredContent"]["rows"] for answer in (server.answer() for _ in range(29))
    }
    assert found == {number: [[number]] for number in range(1, 30)}


def test_what_is_no_message_gets_an_error_and_the_next_one_its_answer(server: Server) -> None:
    server.send(b"nonsense\n", b"\xff\xfe{\n", b"\n", call(1, "query", sql="SELECT 1 AS n"))
    assert [server.answer()["id"] for _ in range(3)] == [None, None, 1]


def test_long_lines_pass_both_ways(server: Server) -> None:
    rows = [{"session_id": str(UUID(int=number)), "event_type": "error"} for number in range(3000)]
    server.send(call(1, "insert.ui_events", rows=rows))
    assert server.answer()["result"]["structuredContent"]["inserted"] == 3000
    server.send(call(2, "query", sql="SELECT toString(number) AS n FROM numbers(4000)", max_rows=4000))
    answer = server.answer()["result"]
    assert answer["structuredContent"]["rows"][-1] == ["3999"]
    assert json.loads(answer["content"][0]["text"]) == answer["structuredContent"]


def test_an_id_of_many_digits_comes_back_as_it_was(server: Server) -> None:
    server.send(call(10**30, "query", sql="SELECT 1 AS n"))
    assert server.answer()["id"] == 10**30


def test_a_client_that_leaves_without_reading_ends_the_server(server: Server) -> None:
    server.send(*(call(number, "describe") for number in range(200)))


@pytest.mark.parametrize("given", ["a file", "/dev/null"])
def test_a_server_whose_stdin_is_no_pipe_reads_it_all_the_same(given: str, tmp_path: Path) -> None:
    file = tmp_path / "lines"
    file.write_bytes(line(HELLO) + line(READY))
    settings = ClickHouseSettings(path=str(tmp_path / "store"))
    with (file if given == "a file" else Path(given)).open("rb") as stdin:
        done = subprocess.run(
            [MUSE, "serve"], env=environment(settings, tmp_path), cwd=ROOT, stdin=stdin, capture_output=True, timeout=60
        )
    assert done.returncode == 0
    assert (b'"protocolVersion":"2025-06-18"' in done.stdout) == (given == "a file")


def test_nothing_that_the_first_answer_can_do_without_is_loaded(tmp_path: Path) -> None:
    heavy = ("mcp", "mcp_types", "anyio", "starlette", "opentelemetry.trace", "pyarrow", "pandas", "scipy")
    code = (
        "import atexit, sys\n"
        f"heavy = {heavy!r}\n"
        "atexit.register(lambda: print([name for name in heavy if name in sys.modules], file=sys.stderr))\n"
        "from chimera_metrics.apps.muse_cli import main\n"
        "main(['serve'])\n"
    )
    settings = ClickHouseSettings(path=str(tmp_path / "store"))
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment(settings, tmp_path, MUSE_LOG_LEVEL="error"),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    tools = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    for message in (
        HELLO,
        READY,
        tools,
        call(2, "query", sql="SELECT 1"),
        call(3, "query.aggregate", metrics=["ui.events"]),
    ):
        process.stdin.write(line(message))
        process.stdin.flush()
        if "id" in message:
            assert "result" in json.loads(process.stdout.readline())
    _, errors = process.communicate(timeout=20)
    assert errors.decode().strip() == "[]"


def test_a_call_that_is_stopped_because_the_client_left_is_not_answered(tmp_path: Path) -> None:
    settings = ClickHouseSettings(path=str(tmp_path / "store"))
    slow = call(1, "query", sql="SELECT sum(number % 7) FROM numbers_mt(1000000000000)")
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        [MUSE, "serve"], env=environment(settings, tmp_path), cwd=ROOT, stdin=theirs.fileno(), stdout=theirs.fileno()
    )
    theirs.close()
    with ours, ours.makefile("rb") as answers:
        ours.sendall(line(HELLO) + line(READY) + line(slow))
        answers.readline()
        time.sleep(1)
        started = time.monotonic()
    assert process.wait(20) == 0
    assert time.monotonic() - started < 10
    assert _outcomes(tmp_path) == ["cancelled"]


def test_a_stopped_call_writes_nothing_after_the_end_of_input(tmp_path: Path) -> None:
    settings = ClickHouseSettings(path=str(tmp_path / "store"))
    slow = call(1, "query", sql="SELECT sum(number % 7) FROM numbers_mt(1000000000000)")
    cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
    asked = line(HELLO) + line(READY) + line(slow) + line(cancel)
    done = subprocess.run(
        [MUSE, "serve"], env=environment(settings, tmp_path), cwd=ROOT, input=asked, stdout=subprocess.PIPE, timeout=60
    )
    assert [json.loads(answer)["id"] for answer in done.stdout.splitlines()] == [0]
    assert _outcomes(tmp_path) == ["cancelled"]


def test_a_pipe_is_answered_whole(tmp_path: Path) -> None:
    settings = ClickHouseSettings(path=str(tmp_path / "store"))
    rows = [{"session_id": str(UUID(int=number)), "event_type": "error"} for number in range(50)]
    asked: list[dict[str, Any]] = [
        HELLO,
        READY,
        call(1, "query", sql="SELECT count() > 0 AS n FROM (SELECT number % 7 FROM numbers(100000000))"),
        call(2, "insert.ui_events", rows=rows),
    ]
    done = subprocess.run(
        [MUSE, "serve"],
        env=environment(settings, tmp_path),
        cwd=ROOT,
        input=b"".join([line(one) for one in asked]),
        capture_output=True,
        timeout=60,
    )
    answers = {answer["id"]: answer["result"] for answer in map(json.loads, done.stdout.splitlines())}
    assert answers[1]["structuredContent"]["rows"] == [[1]]
    assert answers[2]["structuredContent"]["inserted"] == 50


def test_what_runs_longer_than_it_may_is_answered_after_the_end_too(tmp_path: Path) -> None:
    settings = ClickHouseSettings(path=str(tmp_path / "store"))
    slow = call(1, "query", sql="SELECT sum(number % 7) FROM numbers_mt(1000000000000)", timeout_s=1)
    done = subprocess.run(
        [MUSE, "serve"],
        env=environment(settings, tmp_path),
        cwd=ROOT,
        input=line(HELLO) + line(READY) + line(slow),
        capture_output=True,
        timeout=60,
    )
    assert json.loads(done.stdout.splitlines()[1])["result"]["isError"] is True


def _outcomes(folder: Path) -> list[str]:
    [file] = (folder / "audit").rglob("calls-*.jsonl")
    return [json.loads(audited)["outcome"] for audited in file.read_text().splitlines()]


def test_what_was_asked_before_the_end_is_answered(tmp_path: Path) -> None:
    settings = ClickHouseSettings(path=str(tmp_path / "store"))
    asked = (
        line(HELLO) + line(READY) + b"".join(line({"jsonrpc": "2.0", "id": n, "method": "ping"}) for n in range(1, 9))
    )
    for _ in range(5):
        done = subprocess.run(
            [MUSE, "serve"], env=environment(settings, tmp_path), cwd=ROOT, input=asked, capture_output=True, timeout=60
        )
        assert sorted(json.loads(answer)["id"] for answer in done.stdout.splitlines()) == list(range(9))


def test_with_every_thread_busy_a_ping_is_answered_and_a_cancel_taken(tmp_path: Path) -> None:
    settings = ClickHouseSettings(path=str(tmp_path / "store"))
    endless = "SELECT sum(number % 7) FROM numbers(1000000000000) SETTINGS max_threads = 1"
    slow = [line(call(number, "query", sql=endless)) for number in range(1, 130)]
    process = subprocess.Popen(
        [MUSE, "serve"], env=environment(settings, tmp_path), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"".join([line(HELLO), line(READY), *slow]))
        process.stdin.flush()
        process.stdout.readline()
        time.sleep(2)
        for number in range(1, 130):
            params = {"requestId": number}
            process.stdin.write(line({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}))
        started = time.monotonic()
        process.stdin.write(line({"jsonrpc": "2.0", "id": 500, "method": "ping"}))
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == 500
        process.stdin.write(line(call(501, "query", sql="SELECT 1")))
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == 501
        assert time.monotonic() - started < 10
        process.stdin.close()
    [file] = (tmp_path / "audit").rglob("calls-*.jsonl")
    outcomes = [json.loads(audited)["outcome"] for audited in file.read_text().splitlines()]
    assert (outcomes.count("cancelled"), outcomes.count("ok")) == (129, 1)


ENDLESS = "SELECT sum(number % 7) FROM numbers(1000000000000) SETTINGS max_threads = 1"


@pytest.mark.parametrize("how", ["interrupt", "doubled ids"])
def test_whatever_runs_is_stopped_at_the_end(tmp_path: Path, how: str) -> None:
    settings = ClickHouseSettings(path=str(tmp_path / "store"))
    process = subprocess.Popen(
        [MUSE, "serve"],
        env=environment(settings, tmp_path),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        endless = [line(call(id_, "query", sql=ENDLESS)) for id_ in (1, "1", 1)]
        process.stdin.write(b"".join([line(HELLO), line(READY), line(call(0, "query", sql="SELECT 1"))]))
        process.stdin.flush()
        for _ in range(2):  # the second answer says that the store is open
            process.stdout.readline()
        process.stdin.write(b"".join(endless))
        process.stdin.flush()
        time.sleep(1)
        started = time.monotonic()
        if how == "interrupt":
            process.send_signal(signal.SIGINT)
        else:
            process.stdin.close()
            process.stdout.close()
        process.wait(20)
        assert time.monotonic() - started < 5
    [file] = (tmp_path / "audit").rglob("calls-*.jsonl")
    assert [json.loads(audited)["outcome"] for audited in file.read_text().splitlines()] == ["ok", *["cancelled"] * 3]


def test_a_wire_on_which_nothing_can_be_written_ends_with_its_client(tmp_path: Path) -> None:
    settings = ClickHouseSettings(path=str(tmp_path / "store"))
    pings = [line({"jsonrpc": "2.0", "id": number, "method": "ping"}) for number in range(300)]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [MUSE, "serve"],
            env=environment(settings, tmp_path),
            cwd=ROOT,
            input=b"".join([line(HELLO), *pings]),
            stdout=full,
            timeout=30,
        )
    assert done.returncode == 0


def test_a_terminal_that_goes_away_ends_the_server(tmp_path: Path) -> None:
    settings = ClickHouseSettings(path=str(tmp_path / "store"))
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [MUSE, "serve"], env=environment(settings, tmp_path), cwd=ROOT, stdin=theirs, stdout=subprocess.PIPE
    )
    with process:
        os.close(theirs)
        time.sleep(1)
        os.close(ours)
        assert process.wait(20) == 0


@pytest.mark.parametrize("closed", ["<&-", ">&-"])
def test_without_stdin_or_stdout_there_is_a_sentence(tmp_path: Path, closed: str) -> None:
    settings = ClickHouseSettings(path=str(tmp_path / "store"))
    variables = environment(settings, tmp_path)
    done = subprocess.run(
        ["sh", "-c", f"exec {MUSE} serve {closed}"],
        env=variables,
        cwd=ROOT,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(b"muse: stdin or stdout is closed")


def test_a_tracer_provider_that_is_not_there_is_named_and_calls_are_answered(tmp_path: Path) -> None:
    settings = ClickHouseSettings(path=str(tmp_path / "store"))
    variables = environment(settings, tmp_path, OTEL_PYTHON_TRACER_PROVIDER="no_such_provider")
    process = subprocess.Popen(
        [MUSE, "serve"],
        env=variables,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(line(HELLO) + line(READY) + line(call(1, "query", sql="SELECT 1 AS n")))
        process.stdin.flush()
        answers = [json.loads(process.stdout.readline()) for _ in range(2)]
        assert answers[1]["result"]["structuredContent"]["rows"] == [[1]]
        process.stdin.close()
        said = process.stderr.read().decode()
    assert "OTEL_PYTHON_TRACER_PROVIDER names 'no_such_provider', but nothing of that name is installed" in said
    assert "Traceback" not in said


def test_threads_end_and_let_go_of_what_they_stored(tmp_path: Path) -> None:
    settings = ClickHouseSettings(path=str(tmp_path / "store"))
    process = subprocess.Popen(
        [MUSE, "serve"], env=environment(settings, tmp_path), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        many = [
            line(call(number, "query", sql=f"SELECT sum(number) + {number} FROM numbers(3e7)")) for number in range(60)
        ]
        process.stdin.write(b"".join([line(HELLO), line(READY), *many]))
        process.stdin.flush()
        for _ in range(61):
            process.stdout.readline()
        for number in range(100, 160):
            process.stdin.write(line(call(number, "query", sql="SELECT 1")))
            process.stdin.flush()
            process.stdout.readline()
        names = [(thread / "comm").read_text().strip() for thread in Path(f"/proc/{process.pid}/task").iterdir()]
        assert len(names) < 60, names
        process.stdin.close()
