"""Webhooks: signed, bounded, not redirected; a receiver that is killed and slow for a while gets every alarm."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import MuseSettings
from chimera_metrics.integrations.watches import operations, webhooks
from chimera_metrics.integrations.watches.turns import Turns
from chimera_metrics.integrations.watches.webhooks import NotDelivered, deliver, deliver_waiting, signature
from tests.watches.conftest import SECRET, Receiver, store
from tests.watches.test_watching import METRIC


def test_a_message_is_signed_and_names_its_alarm(client: ClickHouseClient, receiver: Receiver) -> None:
    store(client, 50.0, last=1)
    client.watch_set("slow", METRIC, "above", value=130.0, webhook=receiver.url)
    assert operations.run(client).delivered == 1
    [(headers, body)] = receiver.got
    [alarm] = client.watch_list().alarms
    assert headers["X-Muse-Alarm"] == alarm.id == receiver.messages[0]["id"]
    assert headers["X-Muse-Signature"] == f"sha256={signature(SECRET, headers['X-Muse-Timestamp'], body)}"
    assert abs(int(headers["X-Muse-Timestamp"]) - datetime.now(UTC).timestamp()) < 60
    assert operations.run(client).delivered == 0


def test_every_alarm_arrives_at_a_receiver_that_is_killed_and_slow(
    client: ClickHouseClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "TIMEOUT_S", 0.5)
    turns, now = Turns(client.executor), datetime.now(UTC)
    ids = [f"00000000-0000-4000-8000-00000000000{n}" for n in range(6)]
    for one in ids:
        turns.queue("webhook", one, {"to": receiver.url, "message": {"id": one}}, now)
        turns.queue("webhook", one, {"to": receiver.url, "message": {"id": one}}, now)
    receiver.kill()
    assert deliver_waiting(turns, client.muse, now) == (0, 6)
    assert deliver_waiting(turns, client.muse, now + timedelta(seconds=20)) == (0, 0)  # not due yet
    receiver.delay_s = 2.0
    receiver.start()
    assert deliver_waiting(turns, client.muse, now + timedelta(seconds=40)) == (0, 6)
    receiver.delay_s, receiver.status = 0.0, 503
    assert deliver_waiting(turns, client.muse, now + timedelta(seconds=120)) == (0, 6)
    receiver.status = 204
    assert deliver_waiting(turns, client.muse, now + timedelta(hours=1)) == (6, 0)
    assert deliver_waiting(turns, client.muse, now + timedelta(hours=2)) == (0, 0)
    assert {headers["X-Muse-Alarm"] for headers, _ in receiver.got} == set(ids)


def test_a_delivery_whose_server_died_is_taken_over(client: ClickHouseClient, receiver: Receiver) -> None:
    turns, now = Turns(client.executor), datetime.now(UTC)
    turns.queue("webhook", "a", {"to": receiver.url, "message": {}}, now)
    assert turns.claim("webhook", "a", now) is not None  # and is never heard of again
    assert deliver_waiting(turns, client.muse, now + timedelta(seconds=60)) == (0, 0)
    assert deliver_waiting(turns, client.muse, now + timedelta(seconds=130)) == (1, 0)


def test_what_is_not_delivered_for_days_is_given_up(client: ClickHouseClient, receiver: Receiver) -> None:
    turns, now = Turns(client.executor), datetime.now(UTC)
    turns.queue("webhook", "a", {"to": receiver.url, "message": {}}, now)
    receiver.kill()
    assert deliver_waiting(turns, client.muse, now + timedelta(days=4)) == (0, 1)
    assert turns.waiting("webhook") == []


def test_a_redirect_is_not_followed(muse: MuseSettings, receiver: Receiver) -> None:
    other = Receiver()
    receiver.status, receiver.location = 307, other.url
    with pytest.raises(NotDelivered, match="answered 307"):
        deliver(receiver.url, "a", {}, muse)
    other.kill()
    assert other.got == []


def test_a_name_that_resolves_to_this_machine_gets_nothing() -> None:
    muse = MuseSettings(webhook_hosts=("localhost",), webhook_secret=SECRET)
    with pytest.raises(NotDelivered, match="not public"):
        deliver("https://localhost/x", "a", {}, muse)


def test_an_answer_that_never_ends_is_cut_off(muse: MuseSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "TIMEOUT_S", 0.3)
    silent = socket.create_server(("127.0.0.1", 0))  # takes the connection and says nothing
    with silent, pytest.raises(NotDelivered, match="no answer"):
        deliver(f"http://127.0.0.1:{silent.getsockname()[1]}/x", "a", {}, muse)
