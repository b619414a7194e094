"""Thresholds over several looks, on both engines: raised, cleared, raised again; looks missed, and one that died."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.questions import asking
from chimera_metrics.integrations.watches import operations, turns
from chimera_metrics.integrations.watches.turns import Turns
from tests.watches.conftest import Receiver
from tests.watches.test_watching import METRIC


class Hours:
    """A store with one value an hour, and a clock that stands where the test puts it."""

    def __init__(self, client: ClickHouseClient, values: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
        self._client, self._patch = client, monkeypatch
        self.begin = asking.clock().replace(minute=0, second=0, microsecond=0)
        rows = [{"ts": self.begin + timedelta(hours=n, minutes=5), "latency_ms": v} for n, v in enumerate(values)]
        client.insert_llm_events(
            [row | {"source": "council", "model": "m", "operation": "write", "status": "success"} for row in rows]
        )

    def look(self, hour: int) -> Any:
        """Judges when that hour has just ended."""
        now = self.begin + timedelta(hours=hour + 1, minutes=1)
        self._patch.setattr(asking, "clock", lambda: now)
        return operations.run(self._client)

    def alarms(self) -> list[tuple[int, str]]:
        """The hour and the state of each alarm, oldest first."""
        found = self._client.watch_list().alarms
        return sorted((self._hour(alarm.bucket), alarm.state) for alarm in found)

    def _hour(self, bucket: str) -> int:
        return round((datetime.fromisoformat(bucket) - self.begin) / timedelta(hours=1))


def test_over_many_looks_a_swing_is_one_alarm_and_a_relapse_another(
    client: ClickHouseClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.watch_set("slow", METRIC, "above", granularity="hour", value=130.0, clear=110.0, webhook=receiver.url)
    hours = Hours(client, [100, 140, 120, 135, 105, 129, 150], monkeypatch)
    seen = []
    for hour in range(7):
        hours.look(hour)
        seen.append(hours.alarms())
    on, off = [(1, "open")], [(1, "cleared")]
    assert seen == [[], on, on, on, off, off, [(1, "cleared"), (6, "open")]]
    assert [message["value"] for message in receiver.messages] == [140.0, 150.0]
    assert hours.look(6).looks == 0
    assert client.watch_list().watches[0].open_alarms == 1


def test_below_is_cleared_from_the_other_side(client: ClickHouseClient, monkeypatch: pytest.MonkeyPatch) -> None:
    client.watch_set("fast", METRIC, "below", granularity="hour", value=50.0, clear=60.0)
    hours = Hours(client, [70, 40, 55, 60], monkeypatch)
    seen = []
    for hour in range(4):
        hours.look(hour)
        seen.append(hours.alarms())
    assert seen == [[], [(1, "open")], [(1, "open")], [(1, "cleared")]]


def test_what_happened_between_two_looks_is_on_record(
    client: ClickHouseClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.watch_set("slow", METRIC, "above", granularity="hour", value=130.0, clear=110.0, webhook=receiver.url)
    hours = Hours(client, [140, 105, 150, 100, 160, 120], monkeypatch)
    hours.look(0)
    assert hours.alarms() == [(0, "open")]
    hours.look(5)  # nobody looked for five hours
    assert hours.alarms() == [(0, "cleared"), (2, "cleared"), (4, "open")]
    assert [(one["value"], one["state"]) for one in receiver.messages] == [
        (140.0, "open"),
        (150.0, "cleared"),
        (160.0, "open"),
    ]


def test_an_alarm_of_a_look_that_died_is_told_of_by_the_next(
    client: ClickHouseClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        pass

    def die(*_: Any) -> None:
        raise Died

    client.watch_set("slow", METRIC, "above", granularity="hour", value=130.0, webhook=receiver.url)
    hours = Hours(client, [100, 140], monkeypatch)
    hours.look(0)
    queue = Turns.queue
    monkeypatch.setattr(Turns, "queue", die)
    with pytest.raises(Died):
        hours.look(1)
    monkeypatch.setattr(Turns, "queue", queue)
    assert (hours.alarms(), receiver.got) == ([(1, "open")], [])
    monkeypatch.setattr(turns, "DEAD_AFTER", timedelta(0))
    hours.look(1)
    assert hours.alarms() == [(1, "open")]
    assert [message["value"] for message in receiver.messages] == [140.0]
