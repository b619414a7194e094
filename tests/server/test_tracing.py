"""Spans over HTTP: a tracer provider that cannot be had costs the spans, not the server."""

from __future__ import annotations

from pathlib import Path

import anyio
import mcp

from chimera_metrics.integrations.config import ClickHouseSettings
from tests.server.processes import environment, http


def test_a_tracer_provider_that_is_not_there_leaves_http_serving(tmp_path: Path) -> None:
    settings = ClickHouseSettings(path=str(tmp_path / "store"))
    variables = environment(settings, tmp_path, OTEL_PYTHON_TRACER_PROVIDER="no_such_provider")
    with http(variables) as (url, _):
        assert anyio.run(_ask, url) == [[1]]


async def _ask(url: str) -> object:
    async with mcp.Client(url) as client:
        answer = await client.call_tool("query", {"sql": "SELECT 1 AS n"})
    assert answer.structured_content is not None
    return answer.structured_content["rows"]
