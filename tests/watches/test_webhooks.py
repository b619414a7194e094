"""Webhooks: signed, bounded, not redirected; a receiver that is killed and slow for a while gets every alarm."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import MuseSettings
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.watches import operations, webhooks
from chimera_metrics.integrations.watches.turns import Turns
from chimera_metrics.integrations.watches.webhooks import (
    NotDelivered,
    check_address,
    deliver,
    deliver_waiting,
    signature,
)
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
    monkeypatch.setattr(webhooks, "TIMEOUT_S", 10)
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


# Names, and forms of addresses that only the resolver reads.
NAMES = ["localhost", "127.1", "2130706433", "0x7f000001", "10.1", "0xa9fea9fe"]
ADDRESSES = [  # none is listened on
    *("127.0.0.1", "10.0.0.8", "172.16.0.1", "192.168.1.2", "100.64.0.1", "169.254.169.254", "0.1.2.3", "224.0.0.1"),
    *(
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[fd00::8]",
        "[ff02::1]",
        "[::ffff:10.0.0.8]",
        "[2002:0a00:0008::1]",
        "[fec0::1]",
        "[2606:4700::5efe:127.0.0.1]",
        "[2606:4700::200:5efe:a9fe:a9fe]",
        "[3fff::1]",
        "[64:ff9b::a9fe:a9fe]",
        "[64:ff9b:1::7f00:1]",
        "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
        "192.88.99.1",
        "192.0.0.9",
        "[64:ff9b::a00:8]",
    ),
]


def listing(host: str, loopback: bool) -> MuseSettings:
    return MuseSettings(webhook_hosts=(host.strip("[]"),), webhook_secret=SECRET, webhook_loopback=loopback)


@pytest.mark.parametrize("loopback", [False, True])
@pytest.mark.parametrize("host", NAMES)
def test_a_name_that_resolves_to_a_private_address_gets_nothing(host: str, loopback: bool) -> None:
    with pytest.raises(NotDelivered, match="not public"):
        deliver(f"https://{host}/x", "a", {}, listing(host, loopback))


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("host", ADDRESSES)
def test_a_private_address_gets_nothing_though_it_is_listed(scheme: str, host: str) -> None:
    with pytest.raises(InvalidInput, match="public addresses only"):
        check_address(f"{scheme}://{host}:8443/x", listing(host, loopback=False))


@pytest.mark.parametrize("host", [host for host in ADDRESSES if host not in ("127.0.0.1", "[::1]")])
def test_the_setting_for_development_opens_this_machine_alone(host: str) -> None:
    with pytest.raises(InvalidInput, match="public addresses only"):
        check_address(f"https://{host}/x", listing(host, loopback=True))
    for own in ("127.0.0.1", "[::1]"):
        assert check_address(f"http://{own}/x", listing(own, loopback=True)).scheme == "http"


@pytest.mark.parametrize("host", ["8.8.8.8", "[2606:4700::1111]", "hooks.example.org"])
def test_a_public_address_is_reached_by_https_alone(host: str) -> None:
    assert check_address(f"https://{host}/x", listing(host, loopback=True)).hostname == host.strip("[]")
    with pytest.raises(InvalidInput, match="needs https"):
        check_address(f"http://{host}/x", listing(host, loopback=True))


def test_a_watch_set_when_more_was_allowed_sends_nothing(receiver: Receiver) -> None:
    with pytest.raises(InvalidInput, match="public addresses only"):
        deliver(receiver.url, "a", {}, listing("127.0.0.1", loopback=False))
    assert receiver.got == []


def test_an_answer_that_never_ends_is_cut_off(muse: MuseSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "TIMEOUT_S", 0.3)
    silent = socket.create_server(("127.0.0.1", 0))  # takes the connection and says nothing
    with silent, pytest.raises(NotDelivered, match="no answer"):
        deliver(f"http://127.0.0.1:{silent.getsockname()[1]}/x", "a", {}, muse)
