"""Every command that the README shows runs on the engine at hand: also one that the README does not show yet."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import httpx2
import mcp
import pytest
from mcp.client.stdio import stdio_client

from chimera_metrics.apps.demo import CALLS
from tests.apps.support import Done, Shell
from tests.server.processes import MUSE, http, stdio
from tests.wide.on_engines.commands import README, shown

REPORT = Path(tempfile.gettempdir()) / "muse-report-of-the-readme.html"
# What a command needs behind it, or in its place where it is only the name of several.
MORE = {
    "muse retention": ("muse retention show", "muse retention set ui_events --keep-days 365", "muse retention apply"),
    "muse backup": ("muse backup create", "muse backup list", "muse backup verify"),
    "muse restore": ("muse backup create --name readme", "muse restore readme --to readme_restored"),
    "muse roles": ("muse roles plan",),
    "muse token": ("muse token create reader --role reader", "muse token list"),
    "muse quarantine": ("muse quarantine list",),
    "muse query SQL": ("muse query SELECT(1)",),
    "muse query SQL --json": ("muse query SELECT(1) --json",),
    "muse query SQL --csv": ("muse query SELECT(1) --csv",),
    "muse describe [TABLE]": ("muse describe", "muse describe episodes"),
    "muse describe TABLE --csv": ("muse describe episodes --csv",),
    "muse import FORMAT FILE…": ("muse import pytest-benchmark tests/bench_files/files/pytest-benchmark.json",),
    # A broker, and the history of a repository, are for the tests of these commands.
    "muse consume --brokers B --group G --topic T --table NAME [--mapping FILE]": ("muse consume --help",),
    "muse copy --from PATH_OR_URL [--to PATH_OR_URL]": ("muse copy --help",),
    "muse gate [--against REF] [--markdown FILE]": ("muse gate --help",),
    "muse report [--days N] [--html FILE] [--markdown FILE] [--png FOLDER]": (f"muse report --days 7 --html {REPORT}",),
}
# Commands that leave another schema behind work on a database of their own.
APART = {"muse downgrade 0002": "muse upgrade"}
SERVES = [command for command in shown() if command.startswith("muse serve")]
RUNS = [command for command in shown() if command not in SERVES]


@pytest.fixture(scope="module")
def filled(variables: Mapping[str, str]) -> dict[str, str]:
    shell = Shell(**variables)
    shell.run("muse", "upgrade")
    shell.run("muse", "backfill", "--days", "36", "--source", "samples", "--shift-to-now")
    return dict(variables) | {"MUSE_SOURCE_DIR": "samples"}


def run(command: str, settings: Mapping[str, str]) -> Done:
    """As a user runs it: in a clone's root, with the programs of its environment."""
    program, *arguments = command.split()
    return Shell(**settings).run(program, *arguments)


def test_the_commands_are_found_in_the_readme() -> None:
    assert {"muse upgrade", "alembic upgrade head", "muse verify", "python scripts/verify-data.py"} <= set(RUNS)
    assert set(SERVES) == {"muse serve", "muse serve --transport http", "muse serve --read-only", "muse serve --no-ui"}
    assert set(MORE) | set(APART) <= set(RUNS)


@pytest.mark.parametrize("command", RUNS)
def test_a_command_of_the_readme(command: str, filled: dict[str, str]) -> None:
    if command in APART:
        filled = filled | {"CH_DATABASE": "readme_apart"}
        run(APART[command], filled)
    for each in MORE.get(command, (command,)):
        done = run(each, filled)
        assert (done.stdout + done.stderr).strip(), "it says something"


async def call_every_tool(variables: dict[str, str], *arguments: str) -> list[str]:
    """Calls what the server offers as the demo does; which of them failed."""
    async with mcp.Client(stdio_client(stdio(variables, *arguments))) as client:
        offered = {tool.name for tool in (await client.list_tools()).tools}
        asked = [call for call in CALLS if call.name in offered]
        answers = [await client.call_tool(call.name, call.arguments) for call in asked]
    assert {call.name for call in asked} == offered
    return [f"{call.tool}: {answer.content}" for call, answer in zip(asked, answers, strict=True) if answer.is_error]


@pytest.mark.parametrize("command", [each for each in SERVES if "http" not in each])
def test_every_tool_answers_over_stdio(command: str, filled: dict[str, str]) -> None:
    assert anyio.run(call_every_tool, filled, *command.split()[2:]) == []


def test_the_server_is_ready_over_http(filled: dict[str, str]) -> None:
    with http(filled) as (address, _):
        answer = httpx2.get(address.removesuffix("/mcp") + "/readyz")
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("snippet", re.findall(r"```python\n(.*?)```", README, re.DOTALL), ids=["agent", "client"])
def test_a_snippet_of_the_readme(
    snippet: str, filled: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in filled.items():
        monkeypatch.setenv(name, value)
    placed = snippet.replace("/path/to/chimera-metrics/.venv/bin/muse", MUSE)
    placed = placed.replace('{"CH_PATH": "/path/to/store"}', repr(filled))
    found: dict[str, Any] = {}
    exec(placed, found)  # noqa: S102  # our own README
    assert found.get("rows") or "episodes" in capsys.readouterr().out
