"""`muse status`: a line for each question, and an exit code."""

from __future__ import annotations

from pathlib import Path

from tests.apps.support import Shell


def test_lines_for_people_and_json_for_programs(shell: Shell) -> None:
    text = shell.run("python", "-m", "apps.muse_cli", "status", "--clickhouse").stdout
    for line in ("connection", "latency", "schema", "ui_events", "hearts freshness", "dedup window", "disk", "guard"):
        assert line in text
    found = shell.json("muse", "status")
    assert found["healthy"]
    assert {check["level"] for check in found["checks"]} <= {"ok", "warning"}


def test_a_store_without_tables_says_what_to_run(tmp_path: Path) -> None:
    done = Shell(CH_PATH=str(tmp_path / "new")).run("muse", "status", code=1)
    assert "FAIL schema" in done.stdout
    assert "-> Run `muse upgrade`." in done.stdout


def test_a_mistyped_path_is_answered_and_makes_no_folder(tmp_path: Path) -> None:
    path = tmp_path / "stroe"
    done = Shell(CH_PATH=str(path)).run("muse", "status", code=1)
    assert f"FAIL schema  there is no store at {path}\n" in done.stdout
    assert "If you have one already, set CH_PATH to its folder." in done.stdout
    assert not Shell(CH_PATH=str(path)).json("muse", "status", code=1)["healthy"]
    assert not path.exists()


def test_no_server_is_exit_code_1_and_a_sentence() -> None:
    done = Shell(CH_HOST="127.0.0.1", CH_PORT="1", CH_PASSWORD="hush-7f3a").run("muse", "status", code=1)
    assert "Check CH_HOST, CH_PORT and the network." in done.stdout
    assert "hush-7f3a" not in done.stdout + done.stderr
