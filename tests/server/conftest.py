"""An in-memory client on the server, on each engine; stores empty at the start of each test."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import mcp
import pytest
from mcp_types import CallToolResult

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, Settings
from chimera_metrics.server.http.build import build_server
from tests.conftest import empty

Session = Callable[[mcp.Client], Awaitable[Any]]


@pytest.fixture
def store(settings: ClickHouseSettings, tmp_path: Path) -> Settings:
    """Settings of a server on empty tables."""
    with ClickHouseClient(settings) as client:
        empty(client.executor)
    return Settings(settings, MuseSettings(tool_names="dotted", audit_dir=tmp_path / "audit"))


@pytest.fixture
def call(store: Settings) -> Callable[..., CallToolResult]:
    """Calls one tool on a server of its own."""

    def call_once(tool: str, **arguments: Any) -> CallToolResult:
        async def session(client: mcp.Client) -> CallToolResult:
            return await client.call_tool(tool, arguments)

        result: CallToolResult = converse(store, session)
        return result

    return call_once


def converse(settings: Settings, session: Session, read_only: bool = False) -> Any:
    """Runs `session` with an in-memory client connected to a server on `settings`."""

    async def run() -> Any:
        async with mcp.Client(build_server(settings, read_only)) as client:
            return await session(client)

    return anyio.run(run)
