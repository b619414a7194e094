"""What every call finds: one typed context, made by the server's lifespan."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field

from integrations.clickhouse_client import ClickHouseClient
from integrations.config import Settings
from integrations.errors import SchemaMismatch


@dataclass
class ServerContext:
    """The client, behind the one check that the store's schema is the one that this program knows."""

    settings: Settings
    _client: ClickHouseClient
    _checked: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def client(self) -> ClickHouseClient:
        """The client, once the schema is known to be current. An embedded store is upgraded, a server's never."""
        if not self._checked:
            with self._lock:
                if not self._checked:
                    ensure_schema(self._client)
                    self._checked = True
        return self._client

    def warm_up(self) -> None:
        """Opens the store ahead of the first call; whatever is wrong with it, that call will say."""
        with contextlib.suppress(Exception):
            _ = self.client

    def close(self) -> None:
        self._client.close()


def ensure_schema(client: ClickHouseClient) -> None:
    """Brings an embedded store to the current schema; raises SchemaMismatch for a server that is not there."""
    from integrations.clickhouse.alembic_support import runner

    settings = client.settings
    if runner.is_current(settings):
        return
    if settings.embedded:
        runner.upgrade(settings)
        return
    raise SchemaMismatch(
        f"The schema of {settings.database} on {settings.where} is not the one that this version needs. "
        "Run `alembic upgrade head` there (or `muse adopt` for a database that was made by hand)."
    )
