"""A small schema that tests change one thing of, in revisions of its own."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from clickhouse_sqlalchemy import engines
from clickhouse_sqlalchemy import types as ch
from sqlalchemy import Column, MetaData, Table, text

from chimera_metrics.integrations.clickhouse.engine import make_engine
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.models.ddl import MaterializedView, Projection, SkipIndex

SUMMED = "SELECT day, count() AS n, sum(weight) AS weight FROM things GROUP BY day"


def column(name: str, type_: Any, **words: Any) -> Column[Any]:
    options = {f"clickhouse_{key}": words.pop(key) for key in ("codec", "materialized") if key in words}
    default = words.pop("default", None)
    return Column(name, type_, server_default=None if default is None else text(default), **words, **options)


def columns(**changed: Column[Any] | None) -> list[Column[Any]]:
    """The columns of `things`; a changed one stands in its place, a new one at the end, None drops one."""
    base = {
        "id": column("id", ch.UInt64()),
        "day": column("day", ch.Date()),
        "kind": column("kind", ch.LowCardinality(ch.String()), comment="What it is"),
        "weight": column("weight", ch.UInt32(), comment="How heavy [g]", codec="ZSTD(1)"),
        "note": column("note", ch.Nullable(ch.String()), default="'none yet: 100%'"),
        "seen": column("seen", ch.DateTime64(3, "UTC"), materialized=text("now64(3)")),
    }
    return [found for found in (base | changed).values() if found is not None]


def things(
    table_columns: Sequence[Column[Any]] | None = None,
    engine: Any = None,
    parts: Sequence[Any] = (),
    comment: str | None = "Things",
    view: str | None = SUMMED,
    view_comment: str = "Keeps sums.",
    more: bool = False,
) -> MetaData:
    """The schema, one part of it changed."""
    metadata = MetaData()
    Table(
        "things",
        metadata,
        *(columns() if table_columns is None else table_columns),
        merge_tree() if engine is None else engine,
        *parts,
        comment=comment,
    )
    Table(
        "sums",
        metadata,
        column("day", ch.Date()),
        column("n", ch.UInt64()),
        column("weight", ch.UInt64()),
        engines.SummingMergeTree(order_by=("day",), non_replicated_deduplication_window=100),
    )
    if view is not None:
        MaterializedView("sums_mv", target="sums", source="things", query=view, comment=view_comment, metadata=metadata)
    if more:
        Table("more", metadata, column("a", ch.UInt8()), engines.MergeTree(order_by=("a",)))
    return metadata


def merge_tree(**changed: Any) -> Any:
    kind = changed.pop("kind", engines.MergeTree)
    base = {
        "partition_by": text("toYYYYMM(day)"),
        "order_by": ("kind", "id"),
        "non_replicated_deduplication_window": 100,
    }
    return kind(**(base | changed))


def index(kind: str = "minmax", name: str = "by_weight") -> SkipIndex:
    return SkipIndex(name, "weight", kind, 2)


def projection(query: str = "SELECT day, sum(weight) GROUP BY day") -> Projection:
    return Projection("by_day", query)


class Project:
    """A folder of revisions, and alembic's commands on it."""

    def __init__(self, folder: Path, settings: ClickHouseSettings) -> None:
        self.folder = folder
        self.settings = settings
        if not folder.exists():
            source = runner.script_location()
            (folder / "versions").mkdir(parents=True)
            for name in ("env.py", "script.py.mako"):
                shutil.copy(source / name, folder / name)

    def revisions(self) -> list[Path]:
        return sorted((self.folder / "versions").glob("*.py"))

    def forget(self, revision: str) -> None:
        """Removes the file of a revision that has been taken back."""
        for file in (self.folder / "versions").glob(f"{revision}_*.py"):
            file.unlink()

    def start_anew(self) -> None:
        """Drops the database and every revision."""
        for file in self.revisions():
            file.unlink()
        engine = make_engine(self.settings.model_copy(update={"database": "default"}), session={})
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS `{self.settings.database}` SYNC")
        engine.dispose()

    def config(self, metadata: MetaData) -> Config:
        made = runner.config(self.settings)
        made.set_main_option("script_location", str(self.folder))
        made.attributes["metadata"] = metadata
        return made

    def revise(self, metadata: MetaData, message: str = "change") -> str:
        """Writes the revision that autogenerate finds; gives its text."""
        script = command.revision(self.config(metadata), message, autogenerate=True)
        assert script is not None
        assert not isinstance(script, list)
        return Path(script.path).read_text(encoding="utf-8")

    def upgrade(self, metadata: MetaData, allow_destructive: bool = False) -> None:
        command.upgrade(self._allowing(metadata, allow_destructive), "head")

    def downgrade(self, metadata: MetaData, revision: str = "-1", allow_destructive: bool = False) -> None:
        command.downgrade(self._allowing(metadata, allow_destructive), revision)

    def _allowing(self, metadata: MetaData, allow_destructive: bool) -> Config:
        made = self.config(metadata)
        made.attributes["allow_destructive"] = allow_destructive
        return made

    def check(self, metadata: MetaData) -> None:
        """Raises alembic's AutogenerateDiffsDetected if models and store differ."""
        command.check(self.config(metadata))
