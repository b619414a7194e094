"""A Redis that several servers share, for answers and for rates: real, slow, gone, full of other things."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
import redis
from starlette.responses import PlainTextResponse

from chimera_metrics.integrations.answers.cache import Shared
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, Settings
from chimera_metrics.integrations.errors import SettingsError
from chimera_metrics.integrations.operations.shared_redis import lines
from chimera_metrics.integrations.redis_link import _PATIENCE, RedisLink, link_of
from chimera_metrics.server.http.door import Door
from chimera_metrics.server.http.serving import build_app
from tests.factories import BenchRunFactory, rows
from tests.server.cached import SUMMARY, CalledServer, called
from tests.server.test_door import knock
from tests.support.debian_programs import RedisServer, program, redis_server

pytestmark = pytest.mark.skipif(program("redis-server", "redis-server") is None, reason="Debian's Redis is not here")
PASSWORD = "hush-redis-93"
#: What a call may wait; and what it may where the machine is busy with other tests and nothing is said of time.
MOST_S, PATIENT_S = 0.05, 5.0


@pytest.fixture(scope="module")
def shared() -> Iterator[RedisServer]:
    with redis_server(PASSWORD) as made:
        yield made


@pytest.fixture
def link(shared: RedisServer) -> Iterator[RedisLink]:
    made = RedisLink(shared.url, b"k" * 32, PATIENT_S)
    until(lambda: made.answers)
    yield made
    made.close()


@pytest.fixture
def hanging(shared: RedisServer) -> Iterator[RedisLink]:
    """As a server has it, to a Redis that has just begun to hang."""
    made = RedisLink(shared.url, b"k" * 32)
    until(lambda: made.answers)
    os.kill(shared.pid, signal.SIGSTOP)
    yield made
    os.kill(shared.pid, signal.SIGCONT)
    until(lambda: made.answers)
    made.close()


@pytest.fixture
def pair(client: ClickHouseClient, shared: RedisServer, tmp_path: Path) -> Iterator[tuple[CalledServer, CalledServer]]:
    """Two servers on one store and one Redis, which is empty."""
    client.insert_bench_runs(rows(BenchRunFactory, 5))
    redis.Redis.from_url(shared.url).flushall()
    words = {"cache": shared.url, "servers": 2}
    with called(client.settings, tmp_path, **words) as one, called(client.settings, tmp_path, **words) as other:
        for server in (one, other):
            link_in(server)._within_s = PATIENT_S
            until(lambda server=server: link_in(server).answers)  # type: ignore[misc]
            server.cache._clock = lambda: 1_700_000_000.0
        yield one, other


def link_in(server: CalledServer) -> RedisLink:
    assert server.context.redis is not None
    return server.context.redis


def until(true: Callable[[], bool], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.005)


def settled(server: CalledServer) -> None:
    """What was sent to Redis without waiting is there."""
    link_in(server).ask(lambda client: client.ping())


def test_what_one_server_computed_the_other_knows(pair: tuple[CalledServer, CalledServer]) -> None:
    one, other = pair
    first = one.call(SUMMARY)
    settled(one)
    again = other.call(SUMMARY)
    assert other.questions() == []
    assert again.json == first.json
    other.call("insert.bench_runs", rows=[run | {"ts": run["ts"].isoformat()} for run in rows(BenchRunFactory, 6)[5:]])
    one.call(SUMMARY)
    assert (one.looks(), other.looks()) == ((0, 2), (1, 0))


def test_values_are_bounded_end_by_themselves_and_show_nothing(
    pair: tuple[CalledServer, CalledServer], shared: RedisServer
) -> None:
    pair[0].call(SUMMARY)
    settled(pair[0])
    raw = redis.Redis.from_url(shared.url)
    [key] = raw.keys("muse:answer:*")
    assert 0 < raw.pttl(key) <= 60_000
    assert "ada" not in str(raw.get(key))


@pytest.mark.parametrize(
    "planted", [b"", b"x" * 100, b'{"groups":[]}', b"\x80\x04\x95\x0b", b"0" * 5_000_000, "list"], ids=range(6)
)
def test_what_somebody_planted_is_computed_again(
    pair: tuple[CalledServer, CalledServer], shared: RedisServer, planted: Any
) -> None:
    first = pair[0].call(SUMMARY)
    settled(pair[0])
    raw = redis.Redis.from_url(shared.url)
    [key] = raw.keys("muse:answer:*")
    if planted == "list":
        raw.delete(key)
        raw.rpush(key, b"x")
    else:
        raw.set(key, planted)
    assert set(pair[1].call(SUMMARY).fields) == set(first.fields)
    assert pair[1].looks() == (0, 1)


def took_s(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def test_a_redis_that_hangs_costs_few_calls_little_and_others_nothing(
    hanging: RedisLink, caplog: pytest.LogCaptureFixture
) -> None:
    place = Shared(hanging)
    costs = [took_s(lambda: place.get(b"name")) for _ in range(_PATIENCE)]
    assert min(costs) < MOST_S
    assert sum(took_s(lambda: place.get(b"name")) for _ in range(100)) < MOST_S
    assert "does not answer" in caplog.text
    assert PASSWORD not in caplog.text


def test_a_late_answer_is_not_yet_the_end(hanging: RedisLink, shared: RedisServer) -> None:
    assert hanging.ask(lambda client: client.ping()) is None
    os.kill(shared.pid, signal.SIGCONT)
    assert hanging.answers
    hanging._within_s = PATIENT_S
    assert hanging.ask(lambda client: client.ping())
    assert hanging._late == 0


def test_a_redis_that_is_gone_is_no_error_and_is_found_again(
    pair: tuple[CalledServer, CalledServer], shared: RedisServer
) -> None:
    one, other = pair
    shared.stop()
    try:
        for _ in range(3):
            other.call(SUMMARY)
        assert other.looks() == (2, 1)  # it remembers for itself meanwhile
        until(lambda: not link_in(other).answers)
    finally:
        shared.start()
    for server in pair:
        until(lambda server=server: link_in(server).answers)  # type: ignore[misc]
    one.call("get.quality_metrics")
    settled(one)
    other.call("get.quality_metrics")
    assert other.looks() == (3, 1)


@pytest.mark.parametrize("wrong", [f"redis://:{PASSWORD}-not@127.0.0.1:{{}}", f"redis://:{PASSWORD}@127.0.0.1:1"])
def test_a_redis_that_lets_nobody_in_is_done_without(
    shared: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, wrong: str
) -> None:
    url = wrong.format(shared.port)
    with caplog.at_level(logging.INFO), called(ClickHouseSettings(path=":memory:"), tmp_path, cache=url) as server:
        until(lambda: "does not answer" in caplog.text)
        assert not link_in(server).answers
        assert server.cache.places[1].get(b"name") is None
    [line] = lines(MuseSettings(cache=url))
    assert (line["name"], line["level"]) == ("redis", "warning")
    assert PASSWORD not in caplog.text + str(line) + repr(server.context.settings)


def test_status_shows_the_sums_of_all_servers(pair: tuple[CalledServer, CalledServer], shared: RedisServer) -> None:
    for server in (*pair, *pair):
        server.call(SUMMARY)
        settled(server)
    for server in pair:
        server.cache.places[1].get(b"tells what was counted")
    [line] = lines(MuseSettings(cache=shared.url))
    assert line["level"] == "ok"
    assert line["figure"].endswith("; 3 answers found, 1 not")
    assert lines(MuseSettings()) == []


# -- rates -------------------------------------------------------------------------------------------------------------


def door(link: RedisLink | None, per_minute: int, share: int = 1) -> Door:
    return Door(
        PlainTextResponse("in"), [], [], per_minute, lambda *_: None, anonymous=per_minute,
        share=lambda whole: -(-whole // share), link=lambda: link,
    )  # fmt: skip


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer one"}, {}], ids=["token", "address"])
def test_a_rate_is_one_for_all_servers(link: RedisLink, shared: RedisServer, headers: dict[str, str]) -> None:
    redis.Redis.from_url(shared.url).flushall()
    one, other = door(link, 4), door(link, 4)
    statuses = [knock(where, "192.0.2.7", headers)[0].status_code for where in (one, other, one, other, one, other)]
    assert statuses == [200, 200, 200, 200, 429, 429]
    assert int(knock(one, "192.0.2.7", headers)[0].headers["Retry-After"]) in range(13, 17)
    assert knock(one, "192.0.2.8", {"Authorization": "Bearer two"})[0].status_code == 200
    assert not [key for key in redis.Redis.from_url(shared.url).scan_iter() if b"192" in key]


def test_guesses_at_one_server_count_at_the_other(link: RedisLink, shared: RedisServer) -> None:
    redis.Redis.from_url(shared.url).flushall()
    refusing = PlainTextResponse("no", status_code=401)
    doors = [Door(refusing, [], [], 100, lambda *_: None, anonymous=3, link=lambda: link) for _ in range(2)]
    guesses = [(doors[turn % 2], {"Authorization": f"Bearer {turn}"}) for turn in range(5)]
    statuses = [knock(where, "192.0.2.7", headers, path="/mcp")[0].status_code for where, headers in guesses]
    assert statuses == [401, 401, 401, 429, 429]


def test_without_redis_each_server_allows_its_share(hanging: RedisLink) -> None:
    for where in (door(None, 6, share=3), door(hanging, 6, share=3)):
        assert [answer.status_code for answer in knock(where, "192.0.2.7", {}, 3)] == [200, 200, 429]


def test_a_slow_redis_holds_no_request_up(hanging: RedisLink) -> None:
    where, plain = door(hanging, 1000), door(None, 1000)
    knock(where, "192.0.2.7", {}, _PATIENCE)
    # Where requests wait for Redis every try is late; that the machine is busy passes.
    for _ in range(5):
        usual = took_s(lambda: knock(plain, "192.0.2.7", {}, 20))
        took = took_s(lambda: knock(where, "192.0.2.7", {}, 20))
        if took < 2 * usual + MOST_S:
            return
    pytest.fail(f"{took:.3f} s, where {usual:.3f} s are usual")


def test_a_request_that_is_cancelled_meanwhile_stays_cancelled(link: RedisLink, shared: RedisServer) -> None:
    async def cancelled() -> bool:
        with anyio.move_on_after(0.001) as scope:
            await link.ask_soon(lambda _: time.sleep(0.01))
            await anyio.sleep(1)
        return scope.cancelled_caught

    assert anyio.run(cancelled)


# -- the extra ---------------------------------------------------------------------------------------------------------


def test_a_missing_extra_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    muse = MuseSettings(cache="redis://:hush@127.0.0.1", tokens_file=tmp_path / "tokens.json")
    settings = Settings(ClickHouseSettings(path=":memory:"), muse)
    for make in (lambda: link_of(settings), lambda: build_app(settings, "127.0.0.1")):
        with pytest.raises(SettingsError, match=r"pip install 'chimera-metrics\[redis\]'"):
            make()
    assert lines(muse)[0]["advice"].startswith("MUSE_CACHE names a Redis, which needs redis-py")
