"""What clickhouse-sqlalchemy lacks: FixedString, skip indexes, projections, materialized views, documented columns.

Each is a small SQLAlchemy construct that renders in `CREATE TABLE`, so that a model reads like its DDL and
alembic can compare it with what the engine stores.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clickhouse_sqlalchemy import types as ch
from sqlalchemy import Column, MetaData, Table, event, text
from sqlalchemy import types as sa_types
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import MappedColumn, mapped_column
from sqlalchemy.schema import Constraint, ExecutableDDLElement
from sqlalchemy.sql.compiler import DDLCompiler
from sqlalchemy.sql.elements import TextClause
from sqlalchemy.types import UserDefinedType


class FixedString(ch.String):
    """`FixedString(n)`: exactly n bytes, here always hexadecimal text such as a commit id."""

    __visit_name__ = "string"

    def __init__(self, length: int) -> None:
        super().__init__(length=length)


class EngineType(UserDefinedType[Any]):
    """Any type by the engine's own name, where clickhouse-sqlalchemy has no class for it: `EngineType("Time")`."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: Any) -> str:
        return self.name


def type_text(type_: Any) -> str:
    """A column's type as the engine spells it."""
    from clickhouse_sqlalchemy.drivers.base import ClickHouseDialect

    return str(type_.compile(dialect=ClickHouseDialect()))


class SkipIndex(Constraint):
    """A data-skipping index: `INDEX name expression TYPE kind GRANULARITY n`."""

    __visit_name__ = "ch_skip_index"

    def __init__(self, name: str, expression: str, kind: str, granularity: int = 1) -> None:
        super().__init__(name=name)
        self.expression = expression
        self.kind = kind
        self.granularity = granularity

    @property
    def definition(self) -> str:
        return f"{self.expression} TYPE {self.kind} GRANULARITY {self.granularity}"

    # SQLAlchemy copies constraints when a table moves between MetaData objects.
    def _copy(self, **_: Any) -> SkipIndex:
        return SkipIndex(str(self.name), self.expression, self.kind, self.granularity)


class Projection(Constraint):
    """A projection: `PROJECTION name (SELECT …)`, a second order or pre-aggregation kept inside each part."""

    __visit_name__ = "ch_projection"

    def __init__(self, name: str, query: str) -> None:
        super().__init__(name=name)
        self.query = query

    def _copy(self, **_: Any) -> Projection:
        return Projection(str(self.name), self.query)


@compiles(SkipIndex)
def _render_skip_index(index: SkipIndex, compiler: DDLCompiler, **_: Any) -> str:
    return f"INDEX {compiler.preparer.quote(str(index.name))} {index.definition}"


@compiles(Projection)
def _render_projection(projection: Projection, compiler: DDLCompiler, **_: Any) -> str:
    return f"PROJECTION {compiler.preparer.quote(str(projection.name))} ({projection.query})"


class MaterializedView:
    """A view that writes into `target` whatever `query` makes of each block inserted into its source."""

    def __init__(self, name: str, target: str, source: str, query: str, comment: str, metadata: MetaData) -> None:
        self.name = name
        self.target = target
        self.source = source
        self.query = query
        self.comment = comment
        metadata.info.setdefault("materialized_views", {})[name] = self
        event.listen(metadata, "after_create", lambda _md, bind, **_kw: bind.execute(CreateView(self)))
        event.listen(metadata, "before_drop", lambda _md, bind, **_kw: bind.execute(DropView(self.name)))


class CreateView(ExecutableDDLElement):
    """`CREATE MATERIALIZED VIEW … TO … AS …`."""

    inherit_cache = False

    def __init__(self, view: MaterializedView) -> None:
        self.view = view


class DropView(ExecutableDDLElement):
    """`DROP VIEW …`."""

    inherit_cache = False

    def __init__(self, name: str) -> None:
        self.name = name


@compiles(CreateView)
def _render_create_view(create: CreateView, compiler: DDLCompiler, **_: Any) -> str:
    view, quote = create.view, compiler.preparer.quote
    comment = compiler.sql_compiler.render_literal_value(view.comment, sa_types.String())
    # The query is text, and text passes through the driver's %-formatting.
    query = view.query.strip().replace("%", "%%")
    names = f"{quote(view.name)} TO {quote(view.target)}"
    return f"CREATE MATERIALIZED VIEW IF NOT EXISTS {names} AS {query} COMMENT {comment}"


@compiles(DropView)
def _render_drop_view(drop: DropView, compiler: DDLCompiler, **_: Any) -> str:
    return f"DROP VIEW IF EXISTS {compiler.preparer.quote(drop.name)}"


def col(
    type_: Any,
    meaning: str,
    *,
    unit: str | None = None,
    codec: str | None = None,
    default: str | TextClause | None = None,
    materialized: TextClause | None = None,
    key: bool = False,
    words: Sequence[str] = (),
    required: bool = False,
    name: str | None = None,
    masked: bool | None = None,
    form: str | None = None,
    bounds: tuple[float | None, float | None] = (None, None),
) -> MappedColumn[Any]:
    """One documented column. `meaning` and `unit` become the engine's column comment.

    `key` marks the columns by which the ORM tells rows apart (the engine's own key stands in the table's engine),
    `words` the known values of an open set, `required` what an insert must name. `masked` says whether personal data
    and secrets are taken out of its texts; None leaves it to the rule of the column's type. `form` narrows what the
    type takes: "commit" for a FixedString, "hour" for a DateTime. `bounds` are the lowest and the highest number taken.
    """
    nullable = isinstance(type_, ch.Nullable) or (
        isinstance(type_, ch.LowCardinality) and isinstance(type_.nested_type, ch.Nullable)
    )
    return mapped_column(
        *((name,) if name else ()),
        type_,
        primary_key=key,
        nullable=nullable,
        comment=f"{meaning} [{unit}]" if unit else meaning,
        server_default=text(f"'{default}'") if isinstance(default, str) else default,
        info={
            "meaning": meaning,
            "unit": unit,
            "words": tuple(words),
            "required": required,
            "masked": masked,
            "form": form,
            "bounds": bounds,
        },
        clickhouse_codec=codec,
        clickhouse_materialized=materialized,
    )


def insertable(table: Table) -> tuple[Column[Any], ...]:
    """The columns that an insert may name, in order; a MATERIALIZED one is the engine's to set."""
    return tuple(c for c in table.columns if c.dialect_options["clickhouse"]["materialized"] is None)


def document(table: Table) -> Table:
    """Gives the columns that were not made by `col` the facts that every reader of a column counts on."""
    for column in table.columns:
        inner = column.type
        while isinstance(inner, ch.Nullable | ch.LowCardinality):
            inner = inner.nested_type
        column.info.setdefault("meaning", column.comment or column.name)
        column.info.setdefault("required", False)
        column.info.setdefault("bounds", (None, None))
        for name in ("unit", "masked", "form"):
            column.info.setdefault(name, None)
        if not column.info.get("words"):
            column.info["words"] = tuple(inner.enums) if isinstance(inner, ch.Enum) else ()
    return table
