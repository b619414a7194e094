"""Types, identifiers and DDL of both dialects, with every text in them escaped as ClickHouse reads it."""

from __future__ import annotations

from typing import Any

from clickhouse_sqlalchemy.drivers.base import ClickHouseIdentifierPreparer
from clickhouse_sqlalchemy.drivers.compilers.ddlcompiler import ClickHouseDDLCompiler
from clickhouse_sqlalchemy.drivers.compilers.typecompiler import ClickHouseTypeCompiler
from sqlalchemy import types as sa

from chimera_metrics.integrations.clickhouse.literals import quote


class Preparer(ClickHouseIdentifierPreparer):
    """A backslash escapes in ClickHouse's quoted names too, and a bare `inf` or `nan` is a number."""

    reserved_words = ClickHouseIdentifierPreparer.reserved_words | {"inf", "nan", "null", "true", "false"}

    def _escape_identifier(self, value: str) -> str:
        return str(super()._escape_identifier(value.replace("\\", "\\\\")))


class TypeCompiler(ClickHouseTypeCompiler):
    """SQLAlchemy's own types where ClickHouse has a type that means the same."""

    def _render_enum(self, db_type: str, type_: Any, **kw: Any) -> str:
        enum_class = getattr(type_, "enum_class", None)
        if enum_class is None or not all(isinstance(one.value, int) for one in enum_class):
            names = [str(name) for name in type_.enums]
            pairs = list(zip(names, range(1, len(names) + 1), strict=True))
            db_type = "Enum8" if len(names) < 128 else "Enum16"
        else:
            pairs = [(one.name, one.value) for one in enum_class]
        return f"{db_type}({', '.join(f'{quote(name)} = {value}' for name, value in pairs)})"

    def visit_datetime(self, type_: Any, **kw: Any) -> str:
        # SQLAlchemy's own `DateTime(timezone=True)` is an instant, which every DateTime of ClickHouse is.
        return f"DateTime({_zone(type_)})" if isinstance(type_.timezone, str) else "DateTime"

    def visit_datetime64(self, type_: Any, **kw: Any) -> str:
        return f"DateTime64({type_.precision}{', ' + _zone(type_) if type_.timezone else ''})"

    def visit_numeric(self, type_: Any, **kw: Any) -> str:
        if type_.precision is None:
            return f"Decimal(38, {type_.scale if type_.scale is not None else 10})"
        return f"Decimal({type_.precision}, {type_.scale or 0})"

    def visit_ARRAY(self, type_: Any, **kw: Any) -> str:
        text = str(self.process(type_.item_type, **kw))
        for _ in range(type_.dimensions or 1):
            text = f"Array({text})"
        return text

    def visit_ch_raw(self, type_: Any, **kw: Any) -> str:
        return str(type_.spec)

    def visit_integer(self, type_: Any, **kw: Any) -> str:
        return "Int32"

    def visit_big_integer(self, type_: Any, **kw: Any) -> str:
        return "Int64"

    def visit_small_integer(self, type_: Any, **kw: Any) -> str:
        return "Int16"

    def visit_float(self, type_: Any, **kw: Any) -> str:
        return "Float64"

    def visit_double(self, type_: Any, **kw: Any) -> str:
        return "Float64"

    def visit_text(self, type_: Any, **kw: Any) -> str:
        return "String"

    visit_unicode = visit_unicode_text = visit_large_binary = visit_text

    def visit_interval(self, type_: Any, **kw: Any) -> str:
        return "IntervalMicrosecond"

    def visit_time(self, type_: Any, **kw: Any) -> str:
        return "Time64(6)"


def _zone(type_: Any) -> str:
    """The zone's literal; a reflected type has it in quotes."""
    return quote(str(type_.timezone).strip("'"))


class DDLCompiler(ClickHouseDDLCompiler):
    """As clickhouse-sqlalchemy's; a default given as text is quoted as every literal is."""

    def _get_default_string(self, default: Any, name: str) -> str:
        if isinstance(default, str):
            return str(self.sql_compiler.render_literal_value(default, sa.String()))
        return str(super()._get_default_string(default, name))
