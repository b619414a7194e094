"""The `muse` and `alembic` commands as a user runs them: output, sentences and exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from chimera_metrics.apps.muse_cli import main

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def run(command: str, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("CH_", "MUSE_"))}
    return subprocess.run(
        [BIN / command, *arguments],
        cwd=ROOT,
        env=environment | settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_alembic_upgrade_head_on_an_empty_path_and_then_check(store_path: str) -> None:
    upgraded = run("alembic", "upgrade", "head", CH_PATH=store_path)
    assert upgraded.returncode == 0, upgraded.stderr
    checked = run("alembic", "check", CH_PATH=store_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "No new upgrade operations detected." in checked.stdout + checked.stderr


def test_status_is_0_on_a_current_store_and_1_on_none(store_path: str) -> None:
    bare = run("muse", "status", CH_PATH=store_path)
    assert bare.returncode == 1
    assert "Run `muse upgrade`." in bare.stdout
    run("alembic", "upgrade", "head", CH_PATH=store_path)
    for command in (("muse", "status"), ("python", "-m", "apps.muse_cli", "status", "--clickhouse")):
        assert run(*command, CH_PATH=store_path).returncode == 0
    health = json.loads(run("muse", "status", "--json", CH_PATH=store_path).stdout)
    assert health["healthy"] is True
    assert {check["name"] for check in health["checks"]} >= {"connection", "version", "schema", "ui_events"}


def test_backfill_stores_the_samples_once(store_path: str) -> None:
    arguments = ("backfill", "--days", "36", "--source", "samples", "--shift-to-now", "--json")
    first = json.loads(run("muse", *arguments, CH_PATH=store_path).stdout)
    second = json.loads(run("muse", *arguments, CH_PATH=store_path).stdout)
    assert {table: counts["inserted"] for table, counts in first.items()} == {
        "bench_runs": 31,
        "llm_events": 60,
        "ui_events": 1243,
        "episodes": 3,
        "deployments": 2,
        "watcher_runs": 70,
        "session_stats": 176,
    }
    assert all(counts["inserted"] == 0 for counts in second.values())
    assert all(counts["duplicates"] == first[table]["inserted"] for table, counts in second.items())


WRONG = [
    (("status",), {"CH_PORT": "x"}, "CH_PORT holds 'x', but takes a whole number: native protocol port."),
    (("status",), {"CH_HSOT": "x"}, "CH_HSOT is not a setting; did you mean CH_HOST?"),
    (("status",), {"CH_SECURE": "perhaps"}, "CH_SECURE holds 'perhaps', but takes true or false"),
    (("serve",), {"MUSE_TOOLS": "query,poke"}, "MUSE_TOOLS holds 'poke', but takes one of"),
    (("serve", "--transport", "http", "--host", "0.0.0.0"), {}, "--host 0.0.0.0 can be reached from other machines"),  # noqa: S104
    (("backfill", "--days", "1"), {}, "No source: name a file or folder with --source, or set MUSE_SOURCE_DIR."),
    (("backfill", "--days", "1", "--source", "/nowhere"), {}, "There is no file or folder /nowhere"),
    (("backfill", "--days", "1", "--source", "docs"), {}, "holds no file named after a table"),
]


@pytest.mark.parametrize(("arguments", "settings", "sentence"), WRONG, ids=[sentence[:30] for _, _, sentence in WRONG])
def test_a_mistake_is_one_sentence_and_exit_code_1(
    store_path: str, arguments: tuple[str, ...], settings: dict[str, str], sentence: str
) -> None:
    done = run("muse", *arguments, **({"CH_PATH": store_path} | settings))
    assert done.returncode == 1
    assert sentence in done.stderr
    assert done.stderr.startswith("muse: ")
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_alembic_says_its_errors_in_a_sentence_too(store_path: str) -> None:
    done = run("alembic", "upgrade", "head", CH_HOST="127.0.0.1", CH_PORT="1")
    assert done.returncode != 0
    assert "cannot be reached or closed the connection. Check CH_HOST, CH_PORT and the network." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_password_never_shows(store_path: str) -> None:
    done = run("muse", "status", CH_HOST="127.0.0.1", CH_PORT="1", CH_PASSWORD="hush-7f3a")
    assert done.returncode == 1
    assert "hush-7f3a" not in done.stdout + done.stderr


@pytest.mark.parametrize("command", ["serve", "status", "backfill"])
def test_help_teaches(command: str) -> None:
    done = run("muse", command, "--help")
    assert done.returncode == 0
    assert "Usage: muse" in done.stdout


def _groups(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(command, click.Group):
        yield words
        for name, one in command.commands.items():
            yield from _groups(one, (*words, name))


@pytest.mark.parametrize("words", list(_groups(main)), ids=" ".join)
def test_no_line_of_a_list_of_commands_is_cut_off(words: tuple[str, ...]) -> None:
    """On a terminal of 80 columns."""
    told = CliRunner().invoke(main, [*words, "--help"], terminal_width=80, max_content_width=80).output
    listed = told.partition("Commands:")[2]
    assert listed
    assert "..." not in listed
