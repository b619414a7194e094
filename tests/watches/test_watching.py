"""Watches on both engines: what raises an alarm, once; what is set, listed, silenced, acknowledged, removed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings
from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.integrations.watches import operations
from tests.watches.conftest import set_back, store

METRIC = "avg(llm_events.latency_ms)"


def test_a_step_of_one_group_raises_one_alarm_once(client: ClickHouseClient) -> None:
    store(client, 0.0, "calm")
    store(client, 9.0, "moved")
    client.watch_set("latency", METRIC, group_by="model")
    set_back(client)
    assert operations.run(client).raised == 1
    assert operations.run(client).looks == 0
    [alarm] = client.watch_list().alarms
    assert (alarm.watch, alarm.series, alarm.direction, alarm.state) == ("latency", '{"model":"moved"}', "up", "open")
    first = datetime.fromisoformat(alarm.first).date()
    assert abs((first - datetime.now(UTC).date()).days + 8) <= 1
    assert client.watch_list().watches[0].open_alarms == 1


def test_a_quiet_series_raises_none_and_says_when_it_was_looked_at(client: ClickHouseClient) -> None:
    store(client, 0.0)
    client.watch_set("latency", METRIC)
    set_back(client)
    answer = operations.run(client)
    assert (answer.looks, answer.raised) == (1, 0)
    [watch] = client.watch_list().watches
    assert watch.last_look is not None


def test_of_several_servers_one_judges_each_look(settings: ClickHouseSettings, client: ClickHouseClient) -> None:
    store(client, 9.0)
    client.watch_set("latency", METRIC)
    set_back(client)
    others = [ClickHouseClient(settings, client.muse) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(operations.run, others))
    for other in others:
        other.close()
    assert sum(answer.looks for answer in answers) == 1
    assert len(client.watch_list().alarms) == 1


def test_an_alarm_says_its_threshold_and_value(client: ClickHouseClient) -> None:
    store(client, 50.0, last=1)
    client.watch_set("slow", METRIC, "above", value=130.0, clear=110.0)
    assert operations.run(client).raised == 1
    [alarm] = client.watch_list().alarms
    assert (alarm.threshold, alarm.state, alarm.value > 145) == (130.0, "open", True)


def test_an_alarm_is_acknowledged_once_and_a_watch_is_removed(client: ClickHouseClient) -> None:
    store(client, 50.0, last=1)
    client.watch_set("slow", METRIC, "above", value=130.0)
    operations.run(client)
    [alarm] = client.watch_list().alarms
    operations.acknowledge(client, alarm.id, "ann")
    assert operations.acknowledge(client, alarm.id, "bob").acknowledged_by == "ann"
    assert client.watch_list().alarms[0].state == "acknowledged"
    assert client.watch_remove("slow").removed == "slow"
    assert client.watch_list().watches == []
    assert len(client.watch_list().alarms) == 1


def test_the_same_definition_again_changes_nothing_and_another_begins_anew(client: ClickHouseClient) -> None:
    first = client.watch_set("slow", METRIC, "above", value=130.0)
    assert client.watch_set("slow", METRIC, "above", value=130.0) == first
    assert client.watch_set("slow", METRIC, "above", value=120.0).since > first.since


def test_a_watch_for_a_value_that_no_row_has_says_so_and_stands(client: ClickHouseClient) -> None:
    """A count of nothing is always below its threshold."""
    store(client, 0.0, "alpha")
    rule: dict[str, Any] = {"metric": "llm.calls", "when": "below", "value": 100.0}
    said = "No row of llm_events has model = Alpha; known are alpha (did you mean alpha?)."
    for _ in range(2):
        assert said in client.watch_set("few", filters={"model": "Alpha"}, **rule).notes
    assert [one.name for one in client.watch_list().watches] == ["few"]
    assert client.watch_set("few", filters={"model": "alpha"}, **rule).notes == []
    never = client.watch_set("never", "rate(llm_events.status = error)", "above", value=0.1)
    assert any(note.startswith("No row of llm_events has status = error") for note in never.notes)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"metric": "llm.latncy"}, "latncy"),
        ({"when": "sometimes"}, "takes one of change, drift, above, below"),
        ({"when": "above"}, "needs a value"),
        ({"when": "above", "value": 1.0, "clear": 2.0}, "takes at most value"),
        ({"granularity": "hour"}, "looks at days or weeks"),
        ({"value": 3.0}, "takes neither"),
        ({"group_by": "run_id"}, "split"),
        ({"name": "a b"}, "letters, digits"),
        ({"webhook": "http://example.org/x"}, "MUSE_WEBHOOK_HOSTS"),
        ({"webhook": "http://ann:pw@127.0.0.1/x"}, "without a user"),
        ({"webhook": "file:///etc/passwd"}, "takes an address"),
        ({"filters": {"column": "model", "op": "=", "value": "password=Hunter2xyz"}}, "filter on model holds .*secret"),
        ({"filters": {"column": "model", "op": "in", "values": ["m", "bob@example.com"]}}, "masked .email."),
        ({"filters": {"model": "call +49 30 901820"}}, "masked .phone."),
        ({"name": "ghp_" + "aB3dE6gH9jK2mN5pQ8rS1tU4vW7xY0zAbC"}, "looks like a secret"),
    ],
)
def test_a_wrong_watch_is_refused_with_a_sentence(client: ClickHouseClient, rule: dict[str, Any], says: str) -> None:
    with pytest.raises(MuseError, match=says):
        client.watch_set(**{"name": "w", "metric": METRIC} | rule)
    assert client.watch_list().watches == []


def test_a_filter_by_what_is_stored_is_taken_and_without_masks_any(
    settings: ClickHouseSettings, client: ClickHouseClient, muse: MuseSettings
) -> None:
    for value in ("gpt-4o-2024-08-06", "password=[secret]", "[email]"):
        made = client.watch_set("w", METRIC, filters={"column": "model", "op": "=", "value": value})
        assert made.filters[0]["value"] == value
    secret = {"column": "model", "op": "=", "value": "password=Hunter2xyz"}
    with ClickHouseClient(settings, muse.model_copy(update={"masking": False})) as other:
        assert other.watch_set("w", METRIC, filters=secret).filters[0]["value"] == "password=Hunter2xyz"


def test_a_webhook_needs_a_secret(settings: ClickHouseSettings, client: ClickHouseClient) -> None:
    muse = MuseSettings(webhook_hosts=("127.0.0.1",))
    with ClickHouseClient(settings, muse) as other, pytest.raises(MuseError, match="MUSE_WEBHOOK_SECRET"):
        other.watch_set("w", METRIC, webhook="http://127.0.0.1:1/x")


def test_a_silenced_watch_records_and_sends_nothing(client: ClickHouseClient, receiver: Any) -> None:
    store(client, 50.0, last=1)
    client.watch_set("slow", METRIC, "above", value=130.0, webhook=receiver.url)
    operations.silence(client, "slow", datetime.now(UTC) + timedelta(hours=1))
    answer = operations.run(client)
    assert (answer.raised, answer.delivered, receiver.got) == (1, 0, [])
