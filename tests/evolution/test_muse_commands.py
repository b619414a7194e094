"""`muse upgrade | downgrade | check | history`, on both engines, as an operator without an `alembic.ini` runs them."""

from __future__ import annotations

import pytest

from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner
from tests.apps.support import Shell
from tests.evolution.conftest import Rows

HEAD = "0005"


@pytest.fixture
def shell(settings: ClickHouseSettings) -> Shell:
    """Commands on an empty database, which does not even exist yet."""
    if settings.embedded:
        return Shell(CH_PATH=settings.path, CH_DATABASE=settings.database)
    return Shell(
        CH_HOST=str(settings.host),
        CH_PORT=str(settings.port),
        CH_SECURE="false",
        CH_PASSWORD=settings.password.get_secret_value(),
        CH_DATABASE=settings.database,
    )


def test_upgrade_makes_the_schema_says_each_step_and_may_be_run_again(shell: Shell, rows: Rows) -> None:
    first = shell.run("muse", "upgrade")
    steps = [line.partition(",")[0] for line in first.stdout.splitlines()[:-1]]
    ways = ["base -> 0001", "0001 -> 0002", "0002 -> 0003", "0003 -> 0004", "0004 -> 0005"]
    assert steps == [f"Running upgrade {way}" for way in ways]
    assert f"is at revision {HEAD}.\n" in first.stdout
    assert ("episodes",) in rows("SHOW TABLES")
    again = shell.run("muse", "upgrade")
    assert (again.stderr, again.stdout.splitlines()) == ("", first.stdout.splitlines()[-1:])


def test_revisions_are_named_or_counted_upwards_and_downwards(shell: Shell, settings: ClickHouseSettings) -> None:
    ways = {("upgrade", "0001"): "0001", ("upgrade", "+2"): "0003", ("downgrade", "-1"): "0002"}
    for words, revision in ways.items():
        assert f"is at revision {revision}" in shell.run("muse", *words).stdout
        assert runner.current(settings) == revision
    left = shell.run("muse", "downgrade", "base")
    assert left.stdout.splitlines()[-2].startswith("Running downgrade 0001 -> base,")
    assert f"is at no revision: it holds no tables; the newest is {HEAD}." in left.stdout
    assert runner.current(settings) is None


def test_a_downgrade_that_would_drop_rows_is_refused_until_allowed(shell: Shell, rows: Rows) -> None:
    shell.run("muse", "upgrade")
    rows("INSERT INTO retention_rules (table_name, keep_days) VALUES ('ui_events', 30)")
    refused = shell.run("muse", "downgrade", "0002", code=1).stderr
    assert refused.startswith(
        "muse: The downgrade from 0003 to 0002 would destroy the 1 row of retention_rules, and was"
    )
    assert "is at revision 0002" in shell.run("muse", "downgrade", "0002", "--allow-destructive").stdout
    assert f"is at revision {HEAD}" in shell.run("muse", "upgrade", "--allow-destructive").stdout


def test_check_names_what_differs_and_exits_1(shell: Shell, rows: Rows) -> None:
    shell.run("muse", "upgrade")
    assert "is as the models say." in shell.run("muse", "check").stdout
    rows("ALTER TABLE episodes ADD COLUMN extra String")
    rows("DROP TABLE ui_events_hourly_mv")
    view, column, conclusion = shell.run("muse", "check", code=1).stdout.splitlines()
    assert view.startswith("ensure view CREATE MATERIALIZED VIEW ui_events_hourly_mv TO ui_events_hourly")
    assert column == "remove column episodes extra"
    assert "differs from the models" in conclusion
    assert shell.json("muse", "check", code=1)["differences"][1] == column


def test_check_of_a_store_that_is_behind_asks_for_an_upgrade(shell: Shell) -> None:
    shell.run("muse", "upgrade", "0001")
    assert "is not the one that this version needs. Run `muse upgrade`" in shell.run("muse", "check", code=1).stderr


def test_history_marks_where_the_store_is(shell: Shell) -> None:
    def marked() -> list[str]:
        return [one["revision"] for one in shell.json("muse", "history") if one["recorded"]]

    assert marked() == []
    shell.run("muse", "upgrade", "0002")
    assert marked() == ["0002"]
    listed = shell.run("muse", "history").stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["revision", "0005", "0004", "0003", "0002", "0001"]
    assert listed[4].split()[1] == "here"


WRONG = {
    "upgrade nope": "Can't locate revision identified by 'nope'",
    "upgrade +9": "Relative revision +9 didn't produce 9 migrations",
    "downgrade -9": "Relative revision -9 didn't produce 9 migrations",
    "downgrade head": "Destination head is not a valid downgrade target from current head(s)",
}


@pytest.mark.parametrize("words", WRONG)
def test_a_revision_that_cannot_be_reached_is_one_sentence(shell: Shell, words: str) -> None:
    said = shell.run("muse", *words.split(), code=1).stderr
    assert said == f"muse: {WRONG[words]}; `muse history` lists the revisions.\n"


def test_the_statements_are_printed_without_a_connection() -> None:
    nowhere = Shell(CH_HOST="127.0.0.1", CH_PORT="1")
    printed = nowhere.run("muse", "upgrade", "--sql").stdout
    assert "CREATE TABLE IF NOT EXISTS episodes" in printed
    assert f"UPDATE version_num='{HEAD}'" in printed
    assert "cannot be reached" in nowhere.run("muse", "upgrade", code=1).stderr
