"""`muse query` and `muse describe`: what the tools answer, at a shell."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chimera_metrics.apps.answer_tables import lines_of
from tests.apps.support import Shell

TWO = "SELECT number AS n, 'v' || toString(number) AS name, NULL AS nothing FROM numbers(2)"


@pytest.fixture
def asked(sampled: Path) -> Shell:
    """Commands that only read the samples."""
    return Shell(CH_PATH=str(sampled))


def test_a_query_is_a_table_and_what_it_took_goes_to_stderr(asked: Shell) -> None:
    done = asked.run("muse", "query", TWO)
    assert done.stdout.splitlines() == ["n  name  nothing", "0  v0    null", "1  v1    null"]
    assert done.stderr.startswith("2 rows in ")


def test_json_is_the_tools_answer(asked: Shell) -> None:
    answer = asked.json("muse", "query", TWO)
    assert answer["rows"] == [[0, "v0", None], [1, "v1", None]]
    assert [column["name"] for column in answer["columns"]] == ["n", "name", "nothing"]
    assert answer["truncated"] is False


@pytest.mark.parametrize("command", [("query", "SELECT 1"), ("describe",)])
def test_two_forms_at_once_are_refused(asked: Shell, command: tuple[str, ...]) -> None:
    refused = asked.run("muse", *command, "--csv", "--json", code=2)
    assert refused.stderr.endswith("Error: An answer has one form; name one of --json, --csv.\n")
    assert refused.stdout == ""
    assert asked.run("muse", *command, "--table").stdout == asked.run("muse", *command).stdout


def test_csv_has_all_rows_and_every_byte(asked: Shell) -> None:
    statement = "SELECT number, concat('a\"b', char(27), '\n') AS text FROM numbers(1000)"
    text = asked.run("muse", "query", statement, "--csv").stdout
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[0] == ["number", "text"]
    assert rows[1:] == [[str(n), 'a"b\x1b\n'] for n in range(1000)]


def test_a_table_escapes_what_a_terminal_would_obey(asked: Shell) -> None:
    assert asked.run("muse", "query", "SELECT char(27) || '[2J' AS x").stdout == "x\n\\u{1b}[2J\n"


def test_parameters_limits_and_a_cut_are_those_of_the_tool(asked: Shell) -> None:
    statement = "SELECT number FROM numbers({n:UInt32})"
    done = asked.run("muse", "query", statement, "-p", "n=9", "--max-rows", "2")
    assert done.stdout.splitlines() == ["number", "     0", "     1"]
    assert "Stopped at 2 rows; raise max_rows" in done.stderr
    refused = asked.run("muse", "query", statement, "-p", "n=900000", "--max-bytes", "1000", code=1)
    assert refused.stderr.startswith("muse: The statement would read more than 1,000 bytes (max_bytes)")
    assert "--param 'n' is not name=value" in asked.run("muse", "query", statement, "-p", "n", code=1).stderr


@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"]])
def test_the_guard_is_the_tools(asked: Shell, form: list[str]) -> None:
    done = asked.run("muse", "query", "DROP TABLE ui_events", *form, code=1)
    assert done.stderr.startswith("muse: DROP may not run here")
    assert done.stdout == ""


@pytest.mark.parametrize("command", [["query", "SELECT 1"], ["describe"], ["query", "SELECT 1", "--csv"]])
def test_without_a_store_it_says_so_and_makes_none(tmp_path: Path, command: list[str]) -> None:
    done = Shell(CH_PATH=str(tmp_path / "none")).run("muse", *command, code=1)
    assert done.stderr.startswith(f"muse: There is no store at {tmp_path / 'none'}.")
    assert not (tmp_path / "none").exists()


def test_describe_lists_tables_and_shows_one(asked: Shell) -> None:
    every = asked.run("muse", "describe").stdout
    assert "Benchmark runs of language models" in every
    one = asked.run("muse", "describe", "bench_runs").stdout
    assert "latency_p95_ms" in one
    assert "Metrics: bench.runs" in one
    assert asked.json("muse", "describe", "bench_runs")["tables"][0]["name"] == "bench_runs"
    wrong = asked.run("muse", "describe", "bench_run", code=1).stderr
    assert "Did you mean 'bench_runs'?" in wrong


def test_a_template_goes_through_backfill(tmp_path: Path) -> None:
    shell = Shell(CH_PATH=str(tmp_path / "store"))
    file = tmp_path / "ui_events.csv"
    done = shell.run("muse", "describe", "ui_events", "--csv")
    header = done.stdout.removesuffix("\n").split(",")
    assert header[:2] == ["ts", "session_id"]
    assert "needed: session_id, event_type." in done.stderr
    file.write_text(done.stdout)
    assert shell.json("muse", "backfill", "--days", "9", "--source", str(file))["ui_events"]["received"] == 0
    moment = datetime.now(UTC) - timedelta(days=1)
    values: dict[str, Any] = {"ts": moment.isoformat(), "session_id": "00000000-0000-4000-8000-000000000001"}
    values["event_type"] = "query_submit"
    file.write_text(done.stdout + ",".join(values.get(name, "") for name in header) + "\n")
    assert shell.json("muse", "backfill", "--days", "9", "--source", str(file))["ui_events"]["inserted"] == 1


def test_what_query_writes_as_csv_goes_through_backfill(asked: Shell, tmp_path: Path) -> None:
    file = tmp_path / "ui_events.csv"
    columns = "ts, session_id, commit_sha, event_type, latency_ms, user_agent, metadata, schema_version"
    file.write_text(asked.run("muse", "query", f"SELECT {columns} FROM ui_events", "--csv").stdout)
    other = Shell(CH_PATH=str(tmp_path / "store"))
    stored = other.json("muse", "backfill", "--days", "40", "--source", str(file))["ui_events"]
    [[rows]] = asked.json("muse", "query", "SELECT count() FROM ui_events")["rows"]
    assert (stored["inserted"], stored["rejected_count"]) == (rows, 0)


# -- lines on a narrow terminal ------------------------------------------------------------------------------------

LONG = "a text of many words that does not fit beside anything on a narrow terminal"


def test_a_wide_column_is_folded_between_words() -> None:
    found = list(lines_of(["n", "text"], [[1, LONG], [22, "b"]], 40))
    assert found[0] == " n  text"
    assert found[1] == " 1  a text of many words that does not"
    assert found[-1] == "22  b"
    assert max(map(len, found)) <= 40


def test_rows_are_blocks_of_lines_where_no_table_fits() -> None:
    names = [f"column_{n}" for n in range(4)]
    found = list(lines_of(names, [[LONG] * 4], 40))
    assert found[0] == "-- row 1 --"
    assert found[1] == "column_0  a text of many words that does"
    assert max(map(len, found)) <= 40
    assert " ".join(line[10:].strip() for line in found[1:4]) == LONG


def test_characters_of_two_places_stay_in_their_column() -> None:
    found = list(lines_of(["a", "b"], [["漢字", 1], ["x", 2]], 40))
    assert found == ["a     b", "漢字  1", "x     2"]


def test_lists_are_json() -> None:
    assert list(lines_of(["a"], [[[1, "x"]], [True]], None)) == [
        "a",
        json.dumps([1, "x"], separators=(",", ":")),
        "true",
    ]
