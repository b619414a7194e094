"""The log of `muse serve`, colours, and outputs that do not know all characters."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from chimera_metrics.server.catalog.callers import local_user
from tests.apps.test_terminal import MUSE

HELLO = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
MESSAGES = [
    {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO},
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {
        "jsonrpc": "2.0",
        "id": 2,
        "method": "tools/call",
        "params": {"name": "query", "arguments": {"sql": "DROP TABLE users /* password=hush-7f3a */"}},
    },
]


def environment(store: Path, **variables: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CH_", "MUSE_"))}
    return clean | {"CH_PATH": str(store), "MUSE_AUDIT": "false"} | variables


def run(store: Path, *command: str, given: str = "", **variables: str) -> subprocess.CompletedProcess[bytes]:
    found = environment(store, **variables)
    return subprocess.run(
        [MUSE, *command], env=found, input=given.encode(), capture_output=True, timeout=120, check=False
    )


def serve(store: Path, **variables: str) -> str:
    """What a server that refuses one call logs."""
    given = "".join(json.dumps(message) + "\n" for message in MESSAGES)
    return run(store, "serve", given=given, **variables).stderr.decode()


def test_a_start_names_the_store_its_rows_and_a_refusal_its_cause(sampled: Path) -> None:
    text = serve(sampled)
    assert f"Serving the embedded store {sampled}, database chimera_metrics: it holds " in text
    assert " rows, the newest from " in text
    [refused] = [line for line in text.splitlines() if "refused" in line]
    assert refused.startswith(
        f"WARNING chimera_metrics.server.calls: query of {local_user()}: refused: DROP may not run"
    )
    assert "hush" not in text


def test_an_empty_store_is_said_at_the_start_with_how_to_fill_it(tmp_path: Path) -> None:
    text = serve(tmp_path / "store")
    assert "it is empty. `muse backfill --days N --source FOLDER` stores files" in text


def test_the_level_leaves_lines_out(sampled: Path) -> None:
    assert "Serving" not in serve(sampled, MUSE_LOG_LEVEL="WARNING")
    assert serve(sampled, MUSE_LOG_LEVEL="error") == ""


def test_json_in_a_file_of_its_own(sampled: Path, tmp_path: Path) -> None:
    file = tmp_path / "muse.log"
    assert serve(sampled, MUSE_LOG_FILE=str(file), MUSE_LOG_FORMAT="json") == ""
    lines: list[dict[str, Any]] = [json.loads(line) for line in file.read_text().splitlines()]
    assert {line["level"] for line in lines} == {"info", "warning"}
    assert all(list(line) == ["ts", "level", "logger", "message"] for line in lines)
    assert file.stat().st_mode & 0o077 == 0


def test_a_file_that_cannot_be_written_is_one_sentence(sampled: Path, tmp_path: Path) -> None:
    text = serve(sampled, MUSE_LOG_FILE=str(tmp_path / "none" / "muse.log"))
    assert text.startswith("muse: MUSE_LOG_FILE names")
    assert "Traceback" not in text


def test_over_http_a_refused_request_is_a_line(sampled: Path, tmp_path: Path) -> None:
    tokens = str(tmp_path / "tokens.json")
    assert run(sampled, "token", "create", "ann", MUSE_TOKENS_FILE=tokens).returncode == 0
    command = [str(MUSE), "serve", "--transport", "http", "--port", "0"]
    found = environment(sampled, MUSE_TOKENS_FILE=tokens)
    with subprocess.Popen(command, env=found, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        url = server.stderr.readline().split()[-1]
        headers = {"Authorization": "Bearer hush-7f3a", "Content-Type": "application/json"}
        with pytest.raises(HTTPError, match="401"):
            urlopen(Request(url, json.dumps(MESSAGES[0]).encode(), headers), timeout=30)  # noqa: S310  # our own server
        server.send_signal(signal.SIGINT)
        text = server.stderr.read()
    assert server.returncode == 130
    assert "WARNING chimera_metrics.server.http.serving: Refused 127.0.0.1: " in text
    assert "hush" not in text
    assert "Traceback" not in text


# -- colours and encodings -----------------------------------------------------------------------------------------


def test_colours_are_for_terminals_unless_forced(sampled: Path) -> None:
    assert b"\x1b[" not in run(sampled, "status").stdout
    forced = run(sampled, "status", FORCE_COLOR="1").stdout
    assert b"\x1b[32mok  \x1b[0m connection" in forced
    assert b"\x1b[" not in run(sampled, "status", FORCE_COLOR="1", NO_COLOR="1").stdout


@pytest.mark.parametrize(
    "command",
    [
        ["audit"],
        ["query", "SELECT '– … é 漢' AS x"],
        ["query", "SELECT 'é' AS x", "--json"],
        ["describe", "Zoë"],
        ["status"],
    ],
    ids=["audit", "query", "json", "error", "status"],
)
def test_any_encoding_takes_every_text(sampled: Path, command: list[str]) -> None:
    done = run(sampled, *command, LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert b"Traceback" not in done.stderr
    assert b"UnicodeEncodeError" not in done.stderr


def test_ascii_reads_well(sampled: Path) -> None:
    done = run(sampled, "query", "SELECT '– … é 漢' AS x", PYTHONIOENCODING="ascii")
    assert done.stdout == b"x\n- ... \\xe9 \\u6f22\n"


# -- Ctrl-C --------------------------------------------------------------------------------------------------------

LONG = {
    "query": ["query", "SELECT sum(number % 7) FROM numbers_mt(1000000000000)"],
    "serve": ["serve"],
    "backfill": ["backfill", "--days", "9000", "--source"],
}
LONG_FILE = 3_000_000  # rows; a fast machine takes 100,000 in a second
START_S = 60.0


def at_work(store: Path, name: str, log: Path, process: int) -> bool:
    """Whether a command is past its start, as it says itself or as its store shows."""
    if name == "serve":
        return "Serving the embedded store" in log.read_text()
    if name == "backfill":
        return any(store.with_name(f"{store.name}.backfill").glob("*.json"))
    return f'"pid": {process},' in (store / "muse.lock").read_text() and (store / "status").exists()


ENDS_S = 20.0  # a third of what the statement may take


@pytest.mark.parametrize("name", LONG)
def test_ctrl_c_is_quiet(tmp_path: Path, name: str) -> None:
    store, source = tmp_path / "store", tmp_path / "source"
    assert run(store, "upgrade").returncode == 0
    source.mkdir()
    row = json.dumps({"status": "valid", "ts": "2026-05-01T00:00:00Z"}) + "\n"
    (source / "watcher_runs.jsonl").write_text(row * (LONG_FILE if name == "backfill" else 1))
    command = [str(MUSE), *LONG[name], *([str(source)] if name == "backfill" else [])]
    pipe, log = subprocess.PIPE, tmp_path / "log"
    with (
        log.open("w") as said,
        subprocess.Popen(
            command, env=environment(store, CH_TIMEOUT="60"), stdin=pipe, stdout=pipe, stderr=said, text=True
        ) as running,
    ):
        deadline = time.monotonic() + START_S
        while not at_work(store, name, log, running.pid) and running.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.5)
        assert running.poll() is None, log.read_text()
        running.send_signal(signal.SIGINT)
        told = time.monotonic()
        running.communicate(timeout=60)
        assert name != "query" or time.monotonic() - told < ENDS_S
    err = log.read_text()
    assert running.returncode == 130, err
    assert "Traceback" not in err
    assert "Aborted" not in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_log_without_room_is_told_once_and_serves_on(sampled: Path) -> None:
    text = serve(sampled, MUSE_LOG_FILE="/dev/full")
    assert text.splitlines() == ["The log cannot be written to /dev/full ([Errno 28] No space left on device)."]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_a_log_is_not_written_through_the_link_of_another_user(sampled: Path, tmp_path: Path) -> None:
    (tmp_path / "log").symlink_to(tmp_path / "mine")
    os.chown(tmp_path / "log", 65534, 65534, follow_symlinks=False)
    assert "a link that another user made" in serve(sampled, MUSE_LOG_FILE=str(tmp_path / "log"))
    assert not (tmp_path / "mine").exists()
