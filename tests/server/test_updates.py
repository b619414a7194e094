"""Alarms as a resource: read, completed, and told of when they change, over both ways in and by both generations."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import anyio
import mcp
import pytest
from mcp import stdio_client
from mcp.client.stdio import StdioServerParameters
from mcp.client.subscriptions import ResourceUpdated, Subscription
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError
from mcp_types import ResourceTemplateReference, ResourceUpdatedNotification, TextResourceContents

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.integrations.watches import operations
from chimera_metrics.server.updates import Updates
from tests.server import processes
from tests.server.processes import ROOT, environment, http
from tests.watches.conftest import store
from tests.watches.test_watching import METRIC

#: A server that looks at the store more often than each ten seconds.
QUICK = """#!{python}
from chimera_metrics.apps.muse_cli import main
from chimera_metrics.server import updates
updates.EVERY_S = 0.1
main()
"""
PATIENCE_S = 20
Session = Callable[[mcp.Client], Awaitable[Any]]
Way = Callable[[], AbstractContextManager[Any]]


@pytest.fixture
def settings(tmp_path: Path) -> ClickHouseSettings:
    """A store in which a watch has something to say."""
    found = ClickHouseSettings(path=str(tmp_path / "store"))
    runner.upgrade(found)
    with ClickHouseClient(found) as client:
        store(client, 50.0, last=1)
        for name in ("slow", "other"):
            client.watch_set(name, METRIC, "above", value=130.0 if name == "slow" else 1e6)
    return found


@pytest.fixture
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    script = tmp_path / "muse"
    script.write_text(QUICK.format(python=sys.executable))
    script.chmod(0o700)
    monkeypatch.setattr(processes, "MUSE", str(script))
    return str(script)


@contextmanager
def reached(way: str, settings: ClickHouseSettings, quick: str, folder: Path, **muse: str) -> Iterator[Any]:
    """What a client connects to."""
    variables = environment(settings, folder, **muse)
    if way == "stdio":
        yield stdio_client(StdioServerParameters(command=quick, args=["serve"], env=variables, cwd=str(ROOT)))
    else:
        with http(variables) as (url, _):
            yield url


def raise_alarm(settings: ClickHouseSettings) -> str:
    """As another process does, such as `muse watch run`."""
    with ClickHouseClient(settings) as client:
        assert operations.run(client).raised == 1
        return str(client.watch_list().alarms[0].id)


async def on_a_thread(work: Callable[..., Any], *given: Any) -> Any:
    return await anyio.to_thread.run_sync(work, *given)


def promised(client: mcp.Client) -> tuple[Any, Any]:
    """Whether updates of resources are promised, and changes of the list of tools, which never changes."""
    found = client.server_capabilities.model_dump()
    return found["resources"]["subscribe"], found["tools"]["list_changed"]


async def uri_of(heard: Subscription) -> str:
    """The resource of the next update."""
    event = await anext(heard)
    assert isinstance(event, ResourceUpdated)
    return event.uri


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(PATIENCE_S):
        while not condition():
            await anyio.sleep(0.02)


async def alarms(client: mcp.Client, uri: str = "muse://alarms") -> Any:
    [contents] = (await client.read_resource(uri, cache_mode="bypass")).contents
    assert isinstance(contents, TextResourceContents)
    return json.loads(contents.text)


@pytest.mark.parametrize("way", ["stdio", "http"])
def test_a_stream_tells_of_an_alarm_and_that_it_was_seen(
    way: str, settings: ClickHouseSettings, quick: str, tmp_path: Path
) -> None:
    async def session(target: Any) -> None:
        async with mcp.Client(target) as client:
            assert promised(client) == (True, False)
            wanted = ["muse://alarms", "muse://alarms/slow", "muse://alarms/other", "muse://catalog"]
            async with client.listen(resource_subscriptions=wanted, tools_list_changed=True) as heard:
                assert heard.honored.resource_subscriptions == wanted[:3]
                assert heard.honored.tools_list_changed is None
                alarm = await on_a_thread(raise_alarm, settings)
                assert {await uri_of(heard), await uri_of(heard)} == {"muse://alarms", "muse://alarms/slow"}
                assert (await alarms(client))["open"] == 1
                await on_a_thread(acknowledge, settings, alarm)
                assert (await uri_of(heard)).startswith("muse://alarms")
                assert (await alarms(client, "muse://alarms/slow"))["alarms"][0]["state"] == "acknowledged"

    def acknowledge(settings: ClickHouseSettings, alarm: str) -> None:
        with ClickHouseClient(settings) as client:
            operations.acknowledge(client, alarm, "ann")

    with reached(way, settings, quick, tmp_path) as target:
        anyio.run(session, target)


def test_a_server_that_ends_ends_its_streams(settings: ClickHouseSettings, quick: str, tmp_path: Path) -> None:
    async def session(url: str, pid: int) -> None:
        async with mcp.Client(url) as client, client.listen(resource_subscriptions=["muse://alarms"]) as heard:
            os.kill(pid, signal.SIGTERM)
            with anyio.fail_after(PATIENCE_S):
                assert [event async for event in heard] == []  # a stream that broke would raise

    with http(environment(settings, tmp_path)) as (url, pid):
        anyio.run(session, url, pid)


@pytest.mark.parametrize(("way", "muse"), [("stdio", {}), ("http", {"MUSE_STATELESS": "false"})])
def test_after_a_handshake_a_subscription_tells_until_it_is_ended(
    way: str, muse: dict[str, str], settings: ClickHouseSettings, quick: str, tmp_path: Path
) -> None:
    told: list[str] = []

    async def note(message: Any) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            told.append(str(message.params.uri))

    async def session(target: Any) -> None:
        async with mcp.Client(target, mode="legacy", message_handler=note) as client:
            assert promised(client) == (True, False)
            with pytest.warns(MCPDeprecationWarning):
                await client.subscribe_resource("muse://alarms")
            await on_a_thread(raise_alarm, settings)
            await until(lambda: told == ["muse://alarms"])
            with pytest.warns(MCPDeprecationWarning):
                await client.unsubscribe_resource("muse://alarms")
            with pytest.warns(MCPDeprecationWarning), pytest.raises(MCPError, match="muse://catalog are not told of"):
                await client.subscribe_resource("muse://catalog")

    with reached(way, settings, quick, tmp_path, **muse) as target:
        anyio.run(session, target)


def test_without_sessions_a_client_with_a_handshake_is_promised_nothing(
    settings: ClickHouseSettings, quick: str, tmp_path: Path
) -> None:
    async def session(target: Any) -> None:
        async with mcp.Client(target, mode="legacy") as client:
            assert promised(client) == (False, False)
            with pytest.warns(MCPDeprecationWarning), pytest.raises(MCPError, match="Method not found"):
                await client.subscribe_resource("muse://alarms")

    with reached("http", settings, quick, tmp_path) as target:
        anyio.run(session, target)


def test_the_resource_and_its_completion(settings: ClickHouseSettings, quick: str, tmp_path: Path) -> None:
    async def session(target: Any) -> None:
        async with mcp.Client(target) as client:
            assert await alarms(client) == {"open": 0, "alarms": []}
            assert await alarms(client, "muse://alarms/other") == {"open": 0, "alarms": []}
            with pytest.raises(MCPError, match="There is no resource muse://alarms/none"):
                await alarms(client, "muse://alarms/none")
            template = ResourceTemplateReference(type="ref/resource", uri="muse://alarms/{watch}")
            found = await client.complete(template, {"name": "watch", "value": "s"})
            assert found.completion.values == ["slow"]

    with reached("stdio", settings, quick, tmp_path) as target:
        anyio.run(session, target)


def test_the_store_is_looked_at_only_while_somebody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chimera_metrics.server.updates.EVERY_S", 0.01)
    looks: list[int] = []
    told: list[str] = []

    def look() -> dict[str, int]:
        looks.append(1)
        return {"slow": len(looks) // 3}

    updates = Updates(look)
    updates.prepare()
    leave = updates.listen(told.append)
    ends = time.monotonic() + PATIENCE_S
    while len(told) < 4 and time.monotonic() < ends:
        time.sleep(0.005)
    leave()
    updates.close()
    assert told[:4] == ["muse://alarms", "muse://alarms/slow"] * 2
    seen = len(looks)
    time.sleep(0.05)
    assert len(looks) == seen
