"""`muse roles`, `muse adopt` and `muse completion`."""

from __future__ import annotations

import subprocess

import pytest
from click.shell_completion import ShellComplete

from chimera_metrics.apps.muse_cli import main
from tests.apps.support import Shell


def test_a_plan_needs_no_server_and_apply_does(shell: Shell) -> None:
    text = shell.run("muse", "roles", "plan", "--user", "alice=reader", "--network", "10.0.0.0/8").stdout
    assert "ALTER USER `alice` HOST LOCAL, IP '10.0.0.0/8';" in text
    assert len(shell.json("muse", "roles", "plan")) == text.count(";\n") - 3
    assert "Roles are for a server: set CH_HOST" in shell.run("muse", "roles", "apply", code=1).stderr
    assert "--user holds 'alice'" in shell.run("muse", "roles", "plan", "--user", "alice", code=1).stderr


def test_adopt_reports_a_store_that_is_ours(shell: Shell) -> None:
    assert "as recorded." in shell.run("muse", "adopt").stdout
    found = shell.json("muse", "adopt")
    assert found["settled"]
    assert {table["state"] for table in found["tables"]} == {"same"}


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_completion_is_a_script_of_that_shell(shell: Shell, name: str) -> None:
    script = shell.run("muse", "completion", name).stdout
    assert f"_MUSE_COMPLETE={name}_complete" in script
    if name == "bash":
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_completion_knows_the_commands() -> None:
    found = ShellComplete(main, {}, "muse", "_MUSE_COMPLETE").get_completions([], "re")
    assert [item.value for item in found] == ["report", "restore", "retention"]
    assert [item.value for item in ShellComplete(main, {}, "muse", "").get_completions(["retention"], "")] == [
        "apply",
        "set",
        "show",
    ]


@pytest.mark.parametrize(
    "command",
    ["verify", "retention", "backup", "restore", "roles", "adopt", "completion", "token", "audit", "quarantine"],
)
def test_help_teaches(shell: Shell, command: str) -> None:
    assert "Usage: muse" in shell.run("muse", command, "--help").stdout
