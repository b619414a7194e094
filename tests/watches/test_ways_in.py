"""Watches by tools, by commands, in `muse status`, and judged by a server on its own."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from chimera_metrics.apps.muse_cli import main
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, Settings
from chimera_metrics.server.catalog.callers import Caller
from chimera_metrics.server.catalog.tool import Sentence
from chimera_metrics.server.context import ServerContext
from chimera_metrics.server.offer import Offer
from chimera_metrics.server.watching import Watching
from tests.watches.conftest import Receiver, store
from tests.watches.test_watching import METRIC

SLOW: dict[str, Any] = {"name": "slow", "metric": METRIC, "when": "above", "value": 130.0}


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["watch", *arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def test_tools_set_list_and_remove_and_only_writers_change(store_path: str) -> None:
    from chimera_metrics.integrations.clickhouse.statements import Cancellation

    settings = Settings(ClickHouseSettings(path=store_path), MuseSettings(audit=False))
    calls, context = Offer.of(settings).calls, ServerContext.on(settings)

    def call(role: Any, name: str, arguments: dict[str, Any]) -> Any:
        return calls.run(context, Caller("ann", role, ""), name, arguments, Cancellation()).fields

    made = call("writer", "watch.set", SLOW)
    assert (made["name"], made["set_by"], made["open_alarms"]) == ("slow", "ann", 0)
    assert [one["name"] for one in call("reader", "watch.list", {})["watches"]] == ["slow"]
    for name, arguments in (("watch.set", SLOW), ("watch.remove", {"name": "slow"})):
        with pytest.raises(Sentence, match="changes watches"):
            call("reader", name, arguments)
    assert call("writer", "watch.remove", {"name": "slow"}) == {"removed": "slow"}
    context.close()


def test_a_read_only_server_offers_the_list_alone(store_path: str) -> None:
    tools = Offer.of(Settings(ClickHouseSettings(path=store_path), MuseSettings()), read_only=True).calls.tools
    assert [name for name in tools if name.startswith("watch")] == ["watch.list"]


def test_the_commands_judge_list_silence_and_acknowledge(store_path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CH_PATH", store_path)
    monkeypatch.chdir(Path(store_path).parent)
    assert "No watch is set" in run("list")
    with ClickHouseClient(ClickHouseSettings(path=store_path)) as client:
        store(client, 50.0, last=1)
        client.watch_set(**SLOW)
    assert "1 looks, 1 alarms" in run("run")
    with ClickHouseClient(ClickHouseSettings(path=store_path)) as client:
        alarm = client.watch_list().alarms[0].id
        [line] = [one for one in client.health().checks if one.name == "watches"]
        assert (line.level, line.figure) == ("warning", "1 set, 1 alarm open")
    assert alarm in run("list")
    assert "no webhooks until 2030-01-31" in run("silence", "slow", "--until", "2030-01-31")
    assert "1999-01-01 00:00 UTC is past; give a time" in run("silence", "slow", "--until", "1999-01-01", code=1)
    assert "was acknowledged" in run("acknowledge", alarm)
    assert "is no alarm's id" in run("acknowledge", "x", code=1)
    assert "slo" in run("silence", "slwo", "--until", "2030-01-31", code=1)
    with ClickHouseClient(ClickHouseSettings(path=store_path)) as client:
        assert [one.level for one in client.health().checks if one.name == "watches"] == ["ok"]


def test_a_server_judges_and_sends_on_its_own(client: ClickHouseClient, receiver: Receiver) -> None:
    store(client, 50.0, last=1)
    client.watch_set(**SLOW, webhook=receiver.url)
    watching = Watching(client, every_s=0.1)
    ends = time.monotonic() + 20
    while not receiver.got and time.monotonic() < ends:
        time.sleep(0.05)
    watching.close()
    assert len(receiver.got) == 1
