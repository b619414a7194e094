"""The ways of docs/architecture.md are what runs: short, no file twice, its files called in that order."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner
from tests.test_layers import PARTS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
STEP = re.compile(r"^\d\. `([\w/]+\.py)`", re.MULTILINE)
WAYS = {
    title: STEP.findall(way) for title, way in re.findall(r"^\*\*(An? [\w ]+)\*\*(.*?)(?=^\*\*)", PAGE, re.M | re.S)
}

FILTER = {"column": "model", "op": "=", "value": "llama"}
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "A filter": ("query.aggregate", {"metrics": ["avg(bench_runs.latency_p95_ms)"], "filters": [FILTER]}),
    "A row": ("insert.episodes", {"rows": [{"series": "weekly", "episode_num": 1, "title": "Latency"}]}),
    "An SQL text": ("query", {"sql": "SELECT {n:UInt8} AS n", "parameters": {"n": 1}}),
    "A setting": ("query", {"sql": "SELECT 1"}),
}


def test_the_page_shows_five_ways_of_at_most_eight_files_each_named_once() -> None:
    assert set(WAYS) == {*CALLS, "A migration step"}
    for title, files in WAYS.items():
        assert 5 <= len(files) <= 8, title
        assert len(set(files)) == len(files), title
        for file in files:
            assert (ROOT / file).is_file(), file


Called = dict[str, list[str]]


def start(tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("CH_", "MUSE_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.docs.calling", tmp_path / "called", *arguments],
        cwd=ROOT,
        env=environment | {"CH_PATH": str(tmp_path / "store")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def called_by(tmp_path: Path) -> Called:
    """The project's files that each thread called, one after the other, and all of them together."""
    found: Called = {}
    for line in (tmp_path / "called").read_text().splitlines():
        thread, file = line.split()
        for key in (thread, "all"):
            found.setdefault(key, []).append(file)
    return found


def called_by_serving(tmp_path: Path, tool: str, arguments: dict[str, Any]) -> Called:
    with start(tmp_path, "serve") as server:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(conversation(tool, arguments))
        server.stdin.flush()
        [answer] = [json.loads(server.stdout.readline()) for _ in range(2)][1:]
        assert answer["result"]["isError"] is False, answer
        server.stdin.close()
    return called_by(tmp_path)


def conversation(tool: str, arguments: dict[str, Any]) -> str:
    client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    messages: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": client},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": tool, "arguments": arguments}},
    ]
    return "".join(json.dumps({"jsonrpc": "2.0", **message}) + "\n" for message in messages)


# They run whatever there is to run, so they are called for other things before.
SHARED = {"integrations/clickhouse/executor.py", "integrations/evolution/impl.py"}


def takes(files: list[str], called: list[str]) -> bool:
    """Whether the files are called in their order, and each for the first time after the one before it."""
    rest = iter(called)
    first = [file for file in dict.fromkeys(called) if file in files and file not in SHARED]
    return all(file in rest for file in files) and first == [file for file in files if file not in SHARED]


@pytest.mark.parametrize("title", CALLS)
def test_a_call_takes_the_way_that_the_page_shows(title: str, tmp_path: Path) -> None:
    # The page does not show how a new store gets its schema.
    runner.upgrade(ClickHouseSettings(path=str(tmp_path / "store")))
    threads = called_by_serving(tmp_path, *CALLS[title])
    assert any(takes(WAYS[title], called) for called in threads.values()), WAYS[title]


def test_a_migration_step_takes_the_way_that_the_page_shows(tmp_path: Path) -> None:
    with start(tmp_path, "upgrade") as command:
        command.communicate()
    assert any(takes(WAYS["A migration step"], called) for called in called_by(tmp_path).values())


def test_the_page_shows_the_order_of_the_rooms_that_is_held() -> None:
    [block] = re.findall(r"```\n(analytics .*?)```", PAGE, re.DOTALL)
    rooms = re.split(r"^(?=\w)", block, flags=re.MULTILINE)[1:]
    shown = {}
    for room in rooms:
        name, parts = room.split(maxsplit=1)
        shown[name] = [[part.strip() for part in line.split("|")] for line in parts.split("<")]
    assert shown == PARTS
