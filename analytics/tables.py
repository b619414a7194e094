"""The seven tables as questions see them: their time column, and the columns that may be named."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Table

from chimera_metrics.analytics.errors import QuestionError, unknown
from chimera_metrics.analytics.expressions import is_number, type_name
from chimera_metrics.models import FACT_TABLES, insertable

LARGE = frozenset({"llm_events", "ui_events"})
"""Tables so large that percentiles and distinct counts are approximate unless `exact` is asked for."""


def table_of(name: str) -> Table:
    """The table called `name`, or a QuestionError that names the nearest one."""
    found = FACT_TABLES.get(name, FACT_TABLES.get(name.lower()))
    if found is None:
        raise unknown("table", name, FACT_TABLES)
    return found


def columns_of(table: Table) -> dict[str, Column[Any]]:
    """The columns that callers write; what the store adds for itself stays out."""
    return {column.name: column for column in insertable(table)}


def column_of(table: Table, name: str) -> Column[Any]:
    """The column called `name`, or a QuestionError that names the nearest one."""
    columns = columns_of(table)
    if name not in columns:
        raise unknown("column", name, columns, f"{table.name} has")
    return columns[name]


def time_column(table: Table) -> str:
    """The column that places a row in time."""
    return "ts" if "ts" in table.columns else "hour"


def numeric_column(table: Table, name: str, aggregate: str) -> Column[Any]:
    """The column, which must hold numbers."""
    column = column_of(table, name)
    if not is_number(column.type):
        numbers = ", ".join(c.name for c in columns_of(table).values() if is_number(c.type))
        raise QuestionError(
            f"{aggregate} needs numbers, and {table.name}.{name} holds {type_name(column.type)}; "
            f"{table.name} has the numbers {numbers}."
        )
    return column
