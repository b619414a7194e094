"""Materialized views that no revision creates and that write into our tables, wherever they lie."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.evolution.ddl_parts import writes_to


@dataclass(frozen=True)
class ForeignWriter:
    """A view of somebody else, and the table of ours that it writes into."""

    view: str
    """With its database, unless it lies in ours."""
    table: str
    replaces: bool
    """Whether each refresh puts its rows in the place of all that the table holds."""

    @property
    def sentence(self) -> str:
        what = "replaces the rows of" if self.replaces else "writes into"
        return f"view {self.view}, which no revision creates, {what} {self.table}"


def foreign_writers(connection: Connection, database: str, ours: Collection[str]) -> list[ForeignWriter]:
    """`ours`: the names of our tables and views. Only views that the account may see are found."""
    statement = (
        "SELECT database, name, create_table_query FROM system.tables WHERE engine = 'MaterializedView' "
        f"AND (database = {quote(database)} OR position(create_table_query, {quote(database)}) > 0) "
        "AND position(database, '__scratch_') = 0 ORDER BY database, name"
    )
    found = []
    for its_database, name, create in connection.exec_driver_sql(statement.replace("%", "%%")):
        target = writes_to(create)
        if target is None or target.database != database or target.table not in ours:
            continue
        if its_database == database and name in ours:
            continue
        view = name if its_database == database else f"{its_database}.{name}"
        found.append(ForeignWriter(view, target.table, target.replaced))
    return found
