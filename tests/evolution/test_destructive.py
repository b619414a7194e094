"""A step that would destroy what stands is refused with what it would destroy, counted, until it is allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic import command
from clickhouse_sqlalchemy import engines
from clickhouse_sqlalchemy import types as ch
from sqlalchemy import MetaData, text

from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import DestructiveStep
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.integrations.evolution.engines import migration_engine
from tests.evolution.conftest import Rows, running
from tests.evolution.filling import fill
from tests.evolution.things import Project, column, columns, merge_tree, things

ROWS = """
INSERT INTO things (id, day, kind, weight, note)
SELECT number % 8, toDate('2024-01-30'), 'k', number, if(number < 3, NULL, 'n') FROM numbers(9)"""


def finer() -> MetaData:
    """A column that can be narrowed without the engine saying a word."""
    return things(columns(price=column("price", ch.Decimal(18, 6)), at=column("at", ch.DateTime64(6, "UTC"))))


def coarser() -> MetaData:
    return things(columns(price=column("price", ch.Decimal(18, 2)), at=column("at", ch.DateTime64(6, "UTC"))))


FINER = "ALTER TABLE things UPDATE price = 1.005, at = '2024-01-01 00:00:00.000001' WHERE id < 2"
# What the models want instead, where they start from, and what is said to be lost.
Schemas = Callable[[], MetaData]
LOSING: dict[str, tuple[Schemas, Schemas, str]] = {
    "a column dropped": (things, lambda: things(columns(note=None)), "the values of note in 6 rows of things"),
    "a table dropped": (lambda: things(more=True), things, "the 2 rows of more"),
    "a Decimal with fewer places": (finer, coarser, r"3 values of price in things, which Decimal\(18, 2\) cannot hold"),
    "a time with fewer places": (
        finer,
        lambda: things(
            columns(price=column("price", ch.Decimal(18, 6)), at=column("at", ch.DateTime64(3, "UTC"))),
        ),
        r"3 values of at in things, which DateTime64\(3, 'UTC'\) cannot hold",
    ),
    "a table's TTL": (
        things,
        lambda: things(engine=merge_tree(ttl=text("day + toIntervalDay(30)"))),
        "rows of things as they age, 9 rows of 9 at once",
    ),
    "an engine that merges": (
        things,
        lambda: things(engine=merge_tree(kind=engines.ReplacingMergeTree)),
        r"1 row of things that share their key \(kind, id\) with another row",
    ),
    "a column dropped by a rebuild": (
        things,
        lambda: things(columns(note=None), merge_tree(order_by=("id",))),
        "the values of note in 6 rows of things",
    ),
}


@pytest.fixture
def rows(embedded: ClickHouseSettings) -> Iterator[Rows]:
    engine = migration_engine(embedded)
    with engine.connect() as connection:
        yield running(connection)
    engine.dispose()


@pytest.mark.parametrize("case", LOSING)
def test_a_step_that_loses_is_refused_until_allowed(
    case: str, embedded: ClickHouseSettings, rows: Rows, tmp_path: Path
) -> None:
    before, after, lost = LOSING[case]
    project = Project(tmp_path / "project", embedded)
    project.revise(before())
    project.upgrade(before())
    rows(ROWS)
    if before is finer:
        rows(FINER)
    if case == "a table dropped":
        rows("INSERT INTO more SELECT number FROM numbers(2)")
    stood = rows("SELECT * FROM things ORDER BY ALL")
    project.revise(after())
    with pytest.raises(DestructiveStep, match=f"^The upgrade from 0001 to 0002 would destroy .*{lost}.*not run: if"):
        project.upgrade(after())
    assert rows("SELECT * FROM things ORDER BY ALL") == stood
    # Nothing was begun either: the way back is open.
    assert rows(
        "SELECT comment FROM system.tables WHERE database = currentDatabase() AND name = 'alembic_version'"
    ) == [("The schema's revision. Last step begun: nothing -> 0001.",)]
    project.upgrade(after(), allow_destructive=True)
    project.check(after())


KEEPING: dict[str, tuple[Schemas, Schemas]] = {
    "an empty table": (lambda: things(more=True), things),
    "a column that holds nothing": (
        lambda: things(columns(empty=column("empty", ch.Nullable(ch.UInt8())))),
        things,
    ),
    "a narrower type that all values fit": (
        things,
        lambda: things(columns(weight=column("weight", ch.UInt16(), comment="How heavy [g]", codec="ZSTD(1)"))),
    ),
    "a view": (things, lambda: things(view=None)),
    "a TTL taken away": (
        lambda: things(engine=merge_tree(ttl=text("day + toIntervalDay(40000)"))),
        things,
    ),
}


@pytest.mark.parametrize("case", KEEPING)
def test_a_step_that_loses_nothing_needs_no_leave(
    case: str, embedded: ClickHouseSettings, rows: Rows, tmp_path: Path
) -> None:
    before, after = KEEPING[case]
    project = Project(tmp_path / "project", embedded)
    project.revise(before())
    project.upgrade(before())
    rows(ROWS)
    project.revise(after())
    project.upgrade(after())
    assert rows("SELECT count() FROM things") == [(9,)]


# Written by hand, as revisions may be.
BY_HAND = {
    "modify_column that narrows": (
        'op.modify_column("things", "weight", "UInt8")',
        "2 values of weight in things, which UInt8 cannot hold",
    ),
    "modify_column to not null": ('op.modify_column("things", "note", "String")', "3 values of note in things"),
    "modify_column with a TTL": (
        """op.modify_column("things", "weight", "UInt32 TTL day + toIntervalDay(30)")""",
        "the values of weight in rows of things as they age, 9 rows of 9 at once",
    ),
    "modify_column to an alias": ("""op.modify_column("things", "note", "String ALIAS 'x'")""", "values of note in 6"),
    "a statement as text": (
        'op.execute("ALTER TABLE things DELETE WHERE id = 1")',
        r"what stands in things \(9 rows\)",
    ),
    "alembic's own drop": ('op.drop_table("things")', r"what stands in things \(9 rows\)"),
    "a truncation": ('op.execute("TRUNCATE TABLE things")', r"what stands in things \(9 rows\)"),
    "a step that asks the database": (
        'op.get_bind().exec_driver_sql("SELECT 1")\n    op.remove_column("things", "note")',
        "values of note in 6 rows",
    ),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_what_is_written_by_hand_is_looked_through_too(
    case: str, embedded: ClickHouseSettings, rows: Rows, tmp_path: Path
) -> None:
    call, lost = BY_HAND[case]
    project = Project(tmp_path / "project", embedded)
    project.revise(things())
    project.upgrade(things())
    rows(ROWS)
    rows("ALTER TABLE things UPDATE weight = 300 WHERE id IN (1, 2)")
    head = 'revision = "0002"\ndown_revision = "0001"\n'
    body = f"from alembic import op\n\n{head}\n\ndef upgrade():\n    {call}\n\n\ndef downgrade():\n    pass\n"
    (project.folder / "versions" / "0002_by_hand.py").write_text(body)
    stood = rows("SELECT * FROM things ORDER BY ALL")
    with pytest.raises(DestructiveStep, match=lost):
        project.upgrade(things())
    assert rows("SELECT * FROM things ORDER BY ALL") == stood


def test_a_downgrade_names_the_rows_that_it_would_drop(embedded: ClickHouseSettings, rows: Rows) -> None:
    runner.upgrade(embedded)
    fill(rows)
    runner.downgrade(embedded, "0001")  # the ledger is empty, and rollups can be made again from their rows
    with pytest.raises(
        DestructiveStep, match="The downgrade from 0001 to nothing would destroy the 8 rows of session_"
    ):
        runner.downgrade(embedded, "base")
    assert rows("SELECT count() FROM llm_events") == [(50,)]
    runner.downgrade(embedded, "base", allow_destructive=True)


def test_a_rollup_that_is_the_last_copy_is_not_dropped(embedded: ClickHouseSettings, rows: Rows) -> None:
    runner.upgrade(embedded)
    fill(rows)
    rows("ALTER TABLE llm_events DROP PARTITION '2024-03-01'")
    lost = r"what only llm_events_hourly still tells of \d+ rows on 1 days, which llm_events has lost"
    with pytest.raises(DestructiveStep, match=lost):
        runner.downgrade(embedded, "0001")


def test_filling_leaves_days_of_which_the_rollup_tells_more(
    embedded: ClickHouseSettings, rows: Rows, caplog: pytest.LogCaptureFixture
) -> None:
    runner.upgrade(embedded, "0002")
    fill(rows, days=3)
    told = rows("SELECT sum(events) FROM llm_events_hourly")
    rows("ALTER TABLE llm_events DROP PARTITION '2024-03-01'")
    rows("ALTER TABLE llm_events_hourly DROP PARTITION '2024-03-03'")
    command.stamp(runner.config(embedded), "0001")
    runner.upgrade(embedded, "0002")
    assert rows("SELECT sum(events) FROM llm_events_hourly") == told
    assert "llm_events_hourly keeps 1 days as they are (2024-03-01 to 2024-03-01)" in caplog.text


def test_printed_statements_carry_the_warning(
    embedded: ClickHouseSettings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Project(tmp_path / "project", embedded)
    project.revise(things())
    project.upgrade(things())
    project.revise(things(columns(note=None)))
    command.upgrade(project.config(things()), "0001:0002", sql=True)
    printed = capsys.readouterr().out
    assert "-- Destroys the values of note: needs --allow-destructive." in printed
    assert printed.index("-- Destroys") < printed.index("DROP COLUMN")
