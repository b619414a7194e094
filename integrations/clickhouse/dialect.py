"""Both dialects: `clickhouse+chdb:///path`, the embedded engine, and `clickhouse+muse://…`, a server.

Types and table engines are clickhouse-sqlalchemy's own; its compilers are mended in compiler.py, operators.py and
ddl_compiler.py, its reflection in reflection.py. The dialects stand on its base dialect rather than on its native one,
whose module loads clickhouse-driver: a tenth of a second at every start, for nothing on the embedded engine.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from clickhouse_sqlalchemy.drivers.base import ClickHouseExecutionContextBase
from sqlalchemy.engine.interfaces import ExecuteStyle
from sqlalchemy.engine.url import URL
from sqlalchemy.sql.elements import TextClause
from sqlalchemy.util import asbool

from chimera_metrics.integrations.clickhouse import chdb_dbapi
from chimera_metrics.integrations.clickhouse.compiler import Compiler
from chimera_metrics.integrations.clickhouse.dbapi import READ_SETTINGS
from chimera_metrics.integrations.clickhouse.ddl_compiler import DDLCompiler, Preparer, TypeCompiler
from chimera_metrics.integrations.clickhouse.reflection import Reflection
from chimera_metrics.integrations.clickhouse.store import MEMORY, open_store
from chimera_metrics.integrations.clickhouse.values import COLSPECS
from chimera_metrics.models.base import DATABASE


class _Context(ClickHouseExecutionContextBase):
    def pre_exec(self) -> None:
        # An INSERT with values goes to the cursor's `executemany`, which writes whole columns.
        statement = self.compiled.statement if self.isinsert else None
        if statement is None or statement.select is not None or statement._multi_values or self.parameters == [{}]:
            return
        self.execute_style = ExecuteStyle.EXECUTEMANY


class MuseDialect(Reflection):
    """What both dialects share."""

    execution_ctx_cls = _Context
    statement_compiler = Compiler
    ddl_compiler = DDLCompiler
    type_compiler = TypeCompiler
    preparer = Preparer
    supports_statement_cache = True
    # `INSERT INTO … WITH … SELECT`, and `/` is never the division of whole numbers.
    cte_follows_insert = True
    div_is_floordiv = False
    supports_native_uuid = True
    colspecs = COLSPECS

    def do_executemany(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        # The compiled text ends with VALUES; which parameter each column has is known beside it.
        row = getattr(getattr(context, "compiled", None), "row_template", "")
        if row and statement.endswith("VALUES"):
            statement += row
        cursor.executemany(statement, parameters or [{}], context=context)

    def _execute(self, connection: Any, sql: Any, scalar: bool = False, **parameters: Any) -> Any:
        # The dialect's own questions, such as reflection's, go the way of every statement.
        statement = TextClause(sql) if isinstance(sql, str) else sql
        return (connection.scalar if scalar else connection.execute)(statement, parameters)


class ClickHouseDialect_chdb(MuseDialect):  # clickhouse-sqlalchemy's way of naming
    """The embedded engine. The URL's path is the store's folder; `?database=` names the database."""

    driver = "chdb"
    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        return chdb_dbapi

    def create_connect_args(self, url: URL) -> tuple[tuple[Any, ...], dict[str, Any]]:
        self.engine_reflection = asbool(url.query.get("engine_reflection", "true"))
        path = url.database or MEMORY
        return (), {"path": path, "database": str(url.query.get("database", DATABASE))}

    def connect(self, *_: Any, path: str = MEMORY, database: str = DATABASE, **options: Any) -> Any:
        if "server_version" in options:
            self.forced_server_version_string = options["server_version"]
        return chdb_dbapi.ChdbConnection(open_store(path), database, READ_SETTINGS)


class ClickHouseDialect_muse(MuseDialect):
    """A server, over the native protocol. `make_engine` opens the connections, from the settings."""

    driver = "muse"
    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        from chimera_metrics.integrations.clickhouse import native_dbapi

        return native_dbapi

    def connect(self, *_: Any, **options: Any) -> Any:
        from chimera_metrics.integrations.clickhouse.native_dbapi import NativeConnection
        from chimera_metrics.integrations.config import ClickHouseSettings

        return NativeConnection(ClickHouseSettings(**options), READ_SETTINGS)

    def create_connect_args(self, url: URL) -> tuple[tuple[Any, ...], dict[str, Any]]:
        known = {
            "host": url.host,
            "port": url.port,
            "username": url.username,
            "password": url.password,
            "database": url.database,
        }
        return (), {name: value for name, value in known.items() if value is not None} | dict(url.query)


dialect = ClickHouseDialect_chdb
