"""Every kind of change: autogenerate sees it, its revision runs, nothing is left to see, and the way back is exact."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from clickhouse_sqlalchemy import engines
from clickhouse_sqlalchemy import types as ch
from sqlalchemy import Connection, MetaData, text

from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import SchemaMismatch, StatementFailed
from chimera_metrics.integrations.evolution.canonical import Schema, read
from chimera_metrics.integrations.evolution.engines import migration_engine
from tests.evolution.conftest import Rows, running
from tests.evolution.things import SUMMED, Project, column, columns, index, merge_tree, projection, things

KINDS: dict[str, tuple[Callable[[], MetaData], list[str]]] = {
    "column added": (
        lambda: things(columns(price=column("price", ch.Decimal(18, 6), default="1", comment="It's 5 % off"))),
        ["ensure_column"],
    ),
    "column dropped": (lambda: things(columns(note=None)), ["remove_column"]),
    "type widened": (
        lambda: things(columns(weight=column("weight", ch.UInt64(), comment="How heavy [g]", codec="ZSTD(1)"))),
        ["modify_column"],
    ),
    "type narrowed": (
        lambda: things(columns(weight=column("weight", ch.UInt16(), comment="How heavy [g]", codec="ZSTD(1)"))),
        ["rebuild_table"],
    ),
    "type of a key column": (lambda: things(columns(id=column("id", ch.UInt32()))), ["rebuild_table"]),
    "default changed": (
        lambda: things(columns(note=column("note", ch.Nullable(ch.String()), default="'%(never)s'"))),
        ["modify_column"],
    ),
    "default dropped": (lambda: things(columns(note=column("note", ch.Nullable(ch.String())))), ["modify_column"]),
    "codec changed": (
        lambda: things(columns(weight=column("weight", ch.UInt32(), comment="How heavy [g]", codec="T64, ZSTD(3)"))),
        ["modify_column"],
    ),
    "codec dropped": (
        lambda: things(columns(weight=column("weight", ch.UInt32(), comment="How heavy [g]"))),
        ["modify_column"],
    ),
    "column comment changed": (
        lambda: things(columns(weight=column("weight", ch.UInt32(), comment="Its \\ 'mass'", codec="ZSTD(1)"))),
        ["modify_column"],
    ),
    "column comment dropped": (
        lambda: things(columns(kind=column("kind", ch.LowCardinality(ch.String())))),
        ["modify_column"],
    ),
    "table comment changed": (lambda: things(comment="Other: 100 % 'things'"), ["set_table_comment"]),
    "table comment dropped": (lambda: things(comment=None), ["set_table_comment"]),
    "engine": (lambda: things(engine=merge_tree(kind=engines.ReplacingMergeTree)), ["rebuild_table"]),
    "version of the engine": (
        lambda: things(engine=merge_tree(kind=engines.ReplacingMergeTree, version="seen")),
        ["rebuild_table"],
    ),
    "order key extended by a new column": (
        lambda: things(columns(place=column("place", ch.String())), merge_tree(order_by=("kind", "id", "place"))),
        ["extend_order_key"],
    ),
    "order key changed": (lambda: things(engine=merge_tree(order_by=("id",))), ["rebuild_table"]),
    "primary key": (lambda: things(engine=merge_tree(primary_key=("kind",))), ["rebuild_table"]),
    "partition key": (lambda: things(engine=merge_tree(partition_by=text("day"))), ["rebuild_table"]),
    "setting changed": (
        lambda: things(engine=merge_tree(non_replicated_deduplication_window=50)),
        ["set_table_settings"],
    ),
    "setting added": (lambda: things(engine=merge_tree(min_rows_for_wide_part=7)), ["set_table_settings"]),
    "setting that is fixed": (lambda: things(engine=merge_tree(index_granularity=256)), ["rebuild_table"]),
    "TTL": (lambda: things(engine=merge_tree(ttl=text("day + toIntervalDay(40000)"))), ["set_table_ttl"]),
    "skip index added": (lambda: things(parts=[index()]), ["ensure_index"]),
    "projection added": (lambda: things(parts=[projection()]), ["ensure_projection"]),
    "SELECT of a view": (lambda: things(view=SUMMED.replace("GROUP", "WHERE kind != '50%' GROUP")), ["modify_view"]),
    "comment of a view": (lambda: things(view_comment="Other"), ["set_table_comment"]),
    "view dropped": (lambda: things(view=None), ["remove_view"]),
    "table added": (lambda: things(more=True), ["ensure_table"]),
    "several at once": (
        lambda: things(
            columns(price=column("price", ch.Float64()), note=None),
            merge_tree(min_rows_for_wide_part=7),
            [index()],
            view=SUMMED.replace("weight)", "weight + 1)"),
        ),
        ["ensure_column", "set_table_settings", "ensure_index", "modify_view", "remove_column"],
    ),
}
# The statements are the same on both engines; these stand for them over the native wire.
NATIVE = ["partition key", "SELECT of a view", "several at once"]

# What changes an index, a projection or a view is tested from a schema that has them.
FROM_PARTS: dict[str, tuple[Callable[[], MetaData], list[str]]] = {
    "skip index changed": (
        lambda: things(parts=[index("set(10)"), projection()], more=True),
        ["remove_index", "ensure_index"],
    ),
    "skip index dropped": (lambda: things(parts=[projection()], more=True), ["remove_index"]),
    "projection changed": (
        lambda: things(parts=[index(), projection("SELECT kind, sum(weight) GROUP BY kind")], more=True),
        ["remove_projection", "ensure_projection"],
    ),
    "projection dropped": (lambda: things(parts=[index()], more=True), ["remove_projection"]),
    "type of an indexed column": (
        lambda: things(
            columns(weight=column("weight", ch.UInt64(), comment="How heavy [g]", codec="ZSTD(1)")),
            parts=[index(), projection()],
            more=True,
        ),
        ["rebuild_table"],
    ),
    "table dropped": (lambda: things(parts=[index(), projection()]), ["remove_table"]),
}


def with_parts() -> MetaData:
    return things(parts=[index(), projection()], more=True)


def verbs(revision: str) -> list[str]:
    upgrade = revision.partition("def upgrade")[2].partition("def downgrade")[0]
    return re.findall(r"op\.(\w+)\(", "\n".join(line for line in upgrade.splitlines() if "#" not in line))


def standing(connection: Connection, settings: ClickHouseSettings) -> Schema:
    return {name: form for name, form in read(connection, settings.database).items() if name != "alembic_version"}


FILL = """
INSERT INTO things (id, day, kind, weight)
SETTINGS insert_deduplicate = 0 SELECT number, toDate('2024-01-30') + number % 4, 'k', number FROM numbers(9)"""
COUNT = "SELECT count(), sum(id), sum(weight), max(seen) FROM things"


class Base:
    """A schema at its first revision, to change and to bring back."""

    def __init__(self, name: str, metadata: MetaData, settings: ClickHouseSettings, folder: Path) -> None:
        self.metadata = metadata
        self.settings = settings.model_copy(update={"database": f"evolution_{name}"})
        self.project = Project(folder / f"{name}_{'embedded' if settings.embedded else 'native'}", self.settings)
        if not self.project.revisions():
            self.project.revise(metadata, "first")
            self.project.upgrade(metadata)
            self.project.check(metadata)

    def there_and_back(self, changed: MetaData, expected: list[str], rows: Rows, connection: Connection) -> None:
        rows("TRUNCATE TABLE things")
        rows(FILL)
        counted, before = rows(COUNT), standing(connection, self.settings)
        assert verbs(self.project.revise(changed)) == expected
        self.project.upgrade(changed, allow_destructive=True)
        self.project.check(changed)
        assert rows(COUNT) == counted
        rows(FILL)
        self.project.downgrade(changed, allow_destructive=True)
        assert standing(connection, self.settings) == before
        assert rows("SELECT count() FROM things") == [(18,)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("projects")


def run(base: Base, kind: tuple[Callable[[], MetaData], list[str]]) -> None:
    changed, expected = kind
    engine = migration_engine(base.settings)
    try:
        with engine.connect() as connection:
            base.there_and_back(changed(), expected, running(connection), connection)
        base.project.forget("0002")
    except BaseException:
        base.project.start_anew()
        raise
    finally:
        engine.dispose()


@pytest.mark.parametrize(
    ("settings", "kind"),
    [*(("embedded", kind) for kind in KINDS), *(("native", kind) for kind in NATIVE)],
    indirect=["settings"],
)
def test_a_change(kind: str, settings: ClickHouseSettings, folder: Path) -> None:
    run(Base("plain", things(), settings, folder), KINDS[kind])


@pytest.mark.parametrize(("settings", "kind"), [("embedded", kind) for kind in FROM_PARTS], indirect=["settings"])
def test_a_change_of_parts(kind: str, settings: ClickHouseSettings, folder: Path) -> None:
    run(Base("parts", with_parts(), settings, folder), FROM_PARTS[kind])


def test_what_revisions_did_not_make_is_left_alone(settings: ClickHouseSettings, tmp_path: Path, rows: Rows) -> None:
    project = Project(tmp_path / "project", settings)
    project.revise(things())
    project.upgrade(things())
    rows("CREATE TABLE theirs (a UInt8) ENGINE = MergeTree ORDER BY a")
    rows("CREATE VIEW their_view AS SELECT a FROM theirs")
    rows("CREATE MATERIALIZED VIEW their_mv ENGINE = MergeTree ORDER BY a AS SELECT a FROM theirs")
    rows("CREATE TABLE their_log (a UInt8) ENGINE = Log")
    project.check(things())


def test_a_table_of_another_kind_in_a_models_place_is_told(embedded: ClickHouseSettings, tmp_path: Path) -> None:
    project = Project(tmp_path / "project", embedded)
    engine = migration_engine(embedded)
    with engine.connect() as connection:
        running(connection)("CREATE TABLE things (a UInt8) ENGINE = Log")
    engine.dispose()
    with pytest.raises(SchemaMismatch, match="things stands already and is not a table of the MergeTree family"):
        project.revise(things())


def test_a_revision_is_numbered_after_the_last(embedded: ClickHouseSettings, tmp_path: Path) -> None:
    project = Project(tmp_path / "project", embedded)
    project.revise(things(), "first of all")
    assert [file.name for file in project.revisions()] == ["0001_first_of_all.py"]


def test_a_narrowing_that_would_lose_a_value_leaves_the_table_as_it_was(
    embedded: ClickHouseSettings, tmp_path: Path
) -> None:
    project = Project(tmp_path / "project", embedded)
    project.revise(things())
    project.upgrade(things())
    engine = migration_engine(embedded)
    with engine.connect() as connection:
        rows = running(connection)
        rows("INSERT INTO things (id, day, kind, weight) VALUES (1, '2024-01-01', 'k', 70000)")
        narrow = things(columns(weight=column("weight", ch.UInt16(), comment="How heavy [g]", codec="ZSTD(1)")))
        project.revise(narrow)
        with pytest.raises(StatementFailed, match="cannot be safely converted"):
            project.upgrade(narrow)
        assert rows("SELECT weight FROM things") == [(70000,)]
        assert rows("SELECT version_num FROM alembic_version") == [("0001",)]
    engine.dispose()
