"""Writers and readers behind the balancer while one server after the other is killed, and what must be true then."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import redis

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from tests.wide.servers.callers import SUMMARY, Client, Seen, read, summarise, write
from tests.wide.servers.house import ALONE, House

CACHED = "/* answered from the cache */"


@dataclass(slots=True)
class Told:
    """How it went."""

    seen: Seen
    kills: int = 0
    acknowledged: int = 0
    stored: int = 0
    """Rows, when the last kill was over."""
    hits: int = 0
    misses: int = 0
    tool_ms: list[float] = field(default_factory=list)
    """Of each summary from the cache that one of several clients asked for, in the server, as the audit has it."""
    tool_alone_ms: list[float] = field(default_factory=list)
    """The same, of those that one client asked for alone."""
    alone_ms: list[float] = field(default_factory=list)
    """Of each summary that one client asked for alone, as that client sees it."""
    drained_s: float = 0.0
    lost: int = 0
    """Requests that failed while a server ended."""

    @property
    def faults(self) -> list[str]:
        return self.seen.faults

    @property
    def stale(self) -> int:
        """Answers that were older than what had been acknowledged."""
        return sum("events were counted when" in fault for fault in self.faults)


def tell(house: House, seconds: float, every_s: float = 10, callers: int = 8, quiet_s: float = 5) -> Told:
    """`seconds` of writing, reading and killing; then a quiet while for the cache, and a server is told to end."""
    told = Told(Seen())
    with ClickHouseClient(house.settings) as client:
        before = _count(client)
        _while(house, callers, told.seen, lambda: _kill_in_turn(house, told, seconds, every_s))
        told.stored, told.acknowledged = _count(client) - before, told.seen.acknowledged
        _judge(client, told)
        alone = Seen()
        for many, seen, token in ((1, alone, house.token_alone), (callers, told.seen, house.token)):
            Client(house.url, token).call(SUMMARY)  # once, for all
            quiet = threading.Event()
            threads = _started(summarise, house, many, seen, quiet, token=token)
            time.sleep(quiet_s)
            _end(quiet, threads)
        told.alone_ms, told.hits, told.misses = alone.took_ms, *_looks(house)
        _while(house, 2, told.seen, lambda: _drain(house, told))
        house.end()  # which ships the rest of the audit
        _judge_audit(client, told)
    return told


def _count(client: ClickHouseClient) -> int:
    return int(client.executor.scalar("SELECT count() FROM ui_events"))


def _while(house: House, callers: int, seen: Seen, work: Callable[[], None]) -> None:
    """Does the work while so many write and as many read."""
    ended = threading.Event()
    threads = _started(write, house, callers, seen, ended) + _started(read, house, callers, seen, ended)
    try:
        work()
    finally:
        _end(ended, threads)


def _started(work: Any, house: House, callers: int, *words: Any, token: str = "") -> list[threading.Thread]:
    clients = [Client(house.url, token or house.token) for _ in range(callers)]
    threads = [threading.Thread(target=work, args=(client, *words)) for client in clients]
    for thread in threads:
        thread.start()
    return threads


def _end(ended: threading.Event, threads: list[threading.Thread]) -> None:
    ended.set()
    for thread in threads:
        thread.join(60)
    if any(thread.is_alive() for thread in threads):
        raise TimeoutError("a caller waits for an answer for ever")


def _kill_in_turn(house: House, told: Told, seconds: float, every_s: float) -> None:
    started = time.monotonic()
    while (left_s := started + seconds - time.monotonic()) > 0:
        time.sleep(min(every_s, left_s))
        if time.monotonic() < started + seconds - 1:
            place = told.kills % len(house.ports)
            house.kill(place)
            told.kills += 1
            house.start(place)
    for place in range(len(house.ports)):
        house.wait_until_ready(place)


def _drain(house: House, told: Told) -> None:
    """One is told to end: no caller is to notice."""
    noticed = sum(told.seen.again.values())
    told.drained_s = house.stop(0)
    told.lost = sum(told.seen.again.values()) - noticed
    if told.lost:
        told.faults.append(f"{told.lost} requests were lost while a server ended: {told.seen.again}")
    if not 3 <= told.drained_s <= 10:
        told.faults.append(f"a server that was told to end did so after {told.drained_s:.1f} s")


def _judge(client: ClickHouseClient, told: Told) -> None:
    """What was acknowledged is stored, once, in the table and in its rollup."""
    hourly = int(client.executor.scalar("SELECT sum(events) FROM ui_events_hourly"))
    twice = int(
        client.executor.scalar("SELECT count() - uniqExact(session_id) FROM ui_events WHERE event_type = 'story'")
    )
    for what, found, wanted in (
        ("rows are stored", told.stored, told.seen.acknowledged),
        ("events are in the rollup", hourly, _count(client)),
        ("rows are stored twice", twice, 0),
    ):
        if found != wanted:
            told.faults.append(f"{found:,} {what}, not {wanted:,}")


def _looks(house: House) -> tuple[int, int]:
    client = redis.Redis.from_url(house.redis.url)
    return int(client.get("muse:hits") or 0), int(client.get("muse:misses") or 0)


def _judge_audit(client: ClickHouseClient, told: Told) -> None:
    """Every acknowledged batch is on record, whichever server took it and whatever became of that server."""
    lines = client.executor.read(
        "SELECT tool, elapsed_ms, statement, who FROM audit_log WHERE outcome = 'ok' AND tool IN "
        "('insert.ui_events', 'get.performance_summary')"
    ).rows
    inserts = sum(tool == "insert.ui_events" for tool, *_ in lines)
    if inserts < told.seen.batches:
        told.faults.append(f"{inserts:,} inserts are on record, but {told.seen.batches:,} were acknowledged")
    for _, took, statement, who in lines:
        if statement.startswith(CACHED):
            (told.tool_alone_ms if who == ALONE else told.tool_ms).append(float(took))


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else float("nan")
