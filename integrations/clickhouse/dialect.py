"""`clickhouse+chdb:///path`: clickhouse-sqlalchemy's dialect on the embedded engine.

Types, table engines and compilers are clickhouse-sqlalchemy's own. It stands on the base dialect rather than on the
native one, whose module loads clickhouse-driver: a tenth of a second at every start, for nothing on this engine.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from clickhouse_sqlalchemy.drivers.base import ClickHouseDialect, ClickHouseExecutionContextBase
from clickhouse_sqlalchemy.drivers.compilers.sqlcompiler import ClickHouseSQLCompiler
from sqlalchemy.engine.interfaces import ExecuteStyle
from sqlalchemy.engine.url import URL
from sqlalchemy.sql.elements import TextClause

from chimera_metrics.integrations.clickhouse import chdb_dbapi
from chimera_metrics.integrations.clickhouse.dbapi import READ_SETTINGS
from chimera_metrics.integrations.clickhouse.store import MEMORY, open_store
from chimera_metrics.models.base import DATABASE


class _Context(ClickHouseExecutionContextBase):
    def pre_exec(self) -> None:
        # An INSERT with values goes to the cursor's `executemany`, which writes whole columns.
        if self.isinsert and self.compiled.statement.select is None and self.parameters != [{}]:
            self.execute_style = ExecuteStyle.EXECUTEMANY


class _Compiler(ClickHouseSQLCompiler):
    def visit_insert(self, insert_stmt: Any, asfrom: bool = False, **kw: Any) -> str:
        text = str(super().visit_insert(insert_stmt, asfrom=asfrom, **kw))
        if kw.get("literal_binds") or insert_stmt._values:
            return text
        # The values do not travel in the text.
        start = text.lower().rfind("values (")
        return text if start == -1 else text[: start + len("values")]


class ClickHouseDialect_chdb(ClickHouseDialect):  # clickhouse-sqlalchemy's way of naming
    """The embedded engine. The URL's path is the store's folder; `?database=` names the database."""

    driver = "chdb"
    execution_ctx_cls = _Context
    statement_compiler = _Compiler
    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        return chdb_dbapi

    def create_connect_args(self, url: URL) -> tuple[tuple[Any, ...], dict[str, Any]]:
        path = url.database or MEMORY
        return (), {"path": path, "database": str(url.query.get("database", DATABASE))}

    def connect(self, *_: Any, path: str = MEMORY, database: str = DATABASE, **__: Any) -> chdb_dbapi.ChdbConnection:
        return chdb_dbapi.ChdbConnection(open_store(path), database, READ_SETTINGS)

    def _execute(self, connection: Any, sql: Any, scalar: bool = False, **parameters: Any) -> Any:
        # The dialect's own questions, such as reflection's, go the way of every statement.
        statement = TextClause(sql) if isinstance(sql, str) else sql
        return (connection.scalar if scalar else connection.execute)(statement, parameters)


dialect = ClickHouseDialect_chdb
