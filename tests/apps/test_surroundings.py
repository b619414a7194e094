"""What a shell gives a command that it needs: streams that are closed or full, and a time zone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(sys.executable).parent


def shell(line: str, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CH_", "MUSE_"))}
    return subprocess.run(
        ["sh", "-c", line],
        env=clean | {"PATH": f"{PROGRAMS}:{os.environ['PATH']}"} | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("muse status >&-", 0),
        ("muse query 'SELECT 1' --csv >&-", 0),
        ("muse describe >&- 2>&-", 0),
        ("muse backfill --days 1 --source samples 2>&-", 1),
    ],
)
def test_a_closed_stream_is_written_nothing(sampled: Path, tmp_path: Path, line: str, code: int) -> None:
    done = shell(f"cd {tmp_path}; {line}", CH_PATH=str(sampled))
    assert (done.returncode, done.stdout) == (code, "")
    assert "Traceback" not in done.stderr
    assert "Error" not in done.stderr


def test_no_statement_can_come_from_a_closed_stdin(sampled: Path) -> None:
    done = shell("muse query <&-", CH_PATH=str(sampled))
    assert done.returncode == 1
    assert done.stderr.startswith("muse: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("option", ["--help", "--version", "retention --help"])
def test_help_that_cannot_be_written_is_one_sentence(option: str) -> None:
    done = shell(f"muse {option} >/dev/full")
    assert (done.returncode, done.stderr) == (
        1,
        "muse: No space left on device; make room, and run this again.\n",
    )


@pytest.mark.parametrize(("command", "zone"), [("status", "Nonsense/Zone"), ("query 'SELECT 1'", "CET-1CEST")])
def test_a_time_zone_that_the_engine_lacks_is_one_sentence(sampled: Path, command: str, zone: str) -> None:
    done = shell(f"muse {command}", CH_PATH=str(sampled), TZ=zone)
    said = done.stderr + done.stdout
    assert done.returncode == 1
    assert f"TZ holds '{zone}', but the engine takes the name of an IANA time zone; write one such as" in said
    assert "Traceback" not in said
    assert "pip install" not in said


def test_a_server_says_so_too(sampled: Path) -> None:
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    call = {"name": "query", "arguments": {"sql": "SELECT 1"}}
    lines = [
        json.dumps({"jsonrpc": "2.0", "id": id_, "method": method, "params": params})
        for id_, (method, params) in enumerate([("initialize", hello), ("tools/call", call)])
    ]
    done = shell(f"printf '%s\\n' '{lines[0]}' '{lines[1]}' | muse serve", CH_PATH=str(sampled), TZ="Nonsense/Zone")
    assert "TZ holds 'Nonsense/Zone', but the engine takes the name of an IANA time zone" in done.stdout
    assert "Traceback" not in done.stderr
