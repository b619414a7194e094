"""Over HTTP a key belongs to the name of a token, which a new token of that name keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mcp
from mcp_types import CallToolResult

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.server.http.tokens import TokenFile
from tests.conftest import empty
from tests.server.processes import environment, http
from tests.server.test_tokens import converse

EPISODE = {"series": "s", "episode_num": 1, "title": "t"}


def store(url: str, token: str, number: int, key: str | None) -> dict[str, Any]:
    """The answer of the tool, or its error under "error"."""

    async def work(client: mcp.Client) -> CallToolResult:
        named = {} if key is None else {"idempotency_key": key}
        return await client.call_tool("insert_episodes", {"rows": [EPISODE | {"episode_num": number}], **named})

    result: CallToolResult = converse(url, token, work)
    return {"error": str(result.content[0])} if result.is_error else dict(result.structured_content or {})


def test_a_key_belongs_to_the_name_of_a_token_also_when_it_is_renewed(
    embedded: ClickHouseSettings, tmp_path: Path
) -> None:
    with ClickHouseClient(embedded) as client:
        empty(client.executor)
    file = TokenFile(tmp_path / "tokens.json")
    ann, ben = (file.create(name, "writer", None) for name in ("ann", "ben"))
    with http(environment(embedded, tmp_path, MUSE_STATELESS="true")) as (url, _):
        first = store(url, ann, 1, "k")
        assert (first["inserted"], store(url, ben, 2, "k")["inserted"]) == (1, 1)
        assert "begin yours with another word" in store(url, ben, 3, "file:0")["error"]
        bare = store(url, ann, 4, None)
        foreign = store(url, ben, 4, None)
        assert (foreign["duplicates"], foreign["batch_id"]) == (1, None)
        assert "Z" not in foreign["note"]
        file.revoke("ann")
        renewed = file.create("ann", "writer", None)
        assert store(url, renewed, 1, "k")["batch_id"] == first["batch_id"]
        assert store(url, renewed, 4, None)["batch_id"] == bare["batch_id"]
        assert "'k' was used at" in store(url, renewed, 5, "k")["error"]
