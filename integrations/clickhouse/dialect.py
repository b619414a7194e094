"""`clickhouse+chdb:///path`: clickhouse-sqlalchemy's dialect on the embedded engine.

Types, table engines and compilers are clickhouse-sqlalchemy's own; only the connection and two small repairs are ours.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from clickhouse_sqlalchemy.drivers.native.base import ClickHouseDialect_native
from sqlalchemy.engine.url import URL

from integrations.clickhouse import chdb_dbapi
from integrations.clickhouse.dbapi import READ_SETTINGS
from integrations.clickhouse.store import MEMORY, open_store
from models.base import DATABASE


class ClickHouseDialect_chdb(ClickHouseDialect_native):  # clickhouse-sqlalchemy's way of naming
    """The embedded engine. The URL's path is the store's folder; `?database=` names the database."""

    driver = "chdb"
    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        return chdb_dbapi

    def create_connect_args(self, url: URL) -> tuple[tuple[Any, ...], dict[str, Any]]:
        path = url.database or MEMORY
        return (), {"path": path, "database": str(url.query.get("database", DATABASE))}

    def connect(self, *_: Any, path: str = MEMORY, database: str = DATABASE, **__: Any) -> chdb_dbapi.ChdbConnection:
        return chdb_dbapi.ChdbConnection(open_store(path), database, READ_SETTINGS)


dialect = ClickHouseDialect_chdb
