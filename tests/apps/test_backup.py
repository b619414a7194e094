"""`muse backup` and `muse restore`: made, listed, proven, restored, and used."""

from __future__ import annotations

from pathlib import Path

from tests.apps.support import Shell


def test_from_backup_to_a_restored_store_in_use(shell: Shell, tmp_path: Path) -> None:
    assert "`muse backup verify one` proves it." in shell.run("muse", "backup", "create", "--name", "one").stdout
    shell.run("muse", "backup", "create", "--incremental", "--name", "two")
    assert [one["base"] for one in shell.json("muse", "backup", "list")] == [None, "one"]
    assert "equal in rows, checksums and rollups" in shell.run("muse", "backup", "verify").stdout
    target = str(tmp_path / "restored")
    assert f"To use it, set CH_PATH to {target}." in shell.run("muse", "restore", "two", "--to", target).stdout
    restored = Shell(CH_PATH=target)
    assert restored.json("muse", "status")["healthy"]
    restored.run("muse", "verify")
    again = shell.run("muse", "restore", "--to", target, code=1)
    assert "is not empty, and a restore overwrites nothing" in again.stderr


def test_without_a_backup_it_says_what_to_run(shell: Shell) -> None:
    assert "run `muse backup create`" in shell.run("muse", "backup", "list").stdout
    assert "run `muse backup create`" in shell.run("muse", "backup", "verify", code=1).stderr


def test_old_ones_go_after_a_new_one_is_made(shell: Shell) -> None:
    shell.run("muse", "backup", "create", "--name", "one")
    shell.run("muse", "backup", "create", "--name", "two", "--keep", "2")
    assert "Removed 1 older: one." in shell.run("muse", "backup", "create", "--name", "three", "--keep", "2").stdout
    assert shell.json("muse", "backup", "create", "--name", "four", "--keep", "1")["removed"] == ["two", "three"]
    assert [one["name"] for one in shell.json("muse", "backup", "list")] == ["four"]
    found = shell.json("muse", "status")["backup"]
    assert (found["name"], 0 <= found["age_s"] < 120) == ("four", True)
    assert "newest four" in shell.run("muse", "status").stdout
