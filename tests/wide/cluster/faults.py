"""Faulted runs on the old servers: a batch by our order of work, a fault, a retry elsewhere, then everything counted.

The order of work is the writer's: look into the ledger, send a block a day, acknowledge in the ledger. What stands for
a block's token there is its content, by which a replicated table knows a block on whichever replica it arrives.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from clickhouse_driver import Client

from tests.wide.cluster.old_servers import OldCluster, Server

FAULTS = ("retried on another server", "fetches stopped", "answer lost", "killed in the insert", "killed and away")
WAYS = ("a shard's own table", "Distributed", "each shard's part")
ROWS = 60
_FIRST = datetime(2026, 3, 1, tzinfo=UTC)
_TRIES = 60
_NAMES = "(ts, session_id, run, n, latency_ms)"
_COLUMNS = "(ts DateTime, session_id UUID, run UInt32, n UInt64, latency_ms Float64)"
DDL = (
    "CREATE DATABASE IF NOT EXISTS shop ON CLUSTER 'muse'",
    f"CREATE TABLE shop.ui_events_local {_COLUMNS} ENGINE = MergeTree() PARTITION BY toDate(ts) ORDER BY (run, ts)",
    "CREATE TABLE shop.insert_ledger (idempotency_key String, rows UInt32) ENGINE = MergeTree() "
    "ORDER BY idempotency_key",
    "CREATE TABLE shop.ui_events_hourly (hour DateTime, run UInt32, events AggregateFunction(count), "
    "told AggregateFunction(sum, UInt64)) ENGINE = AggregatingMergeTree() PARTITION BY toDate(hour) "
    "ORDER BY (run, hour)",
    "CREATE MATERIALIZED VIEW shop.ui_events_hourly_mv TO shop.ui_events_hourly AS SELECT toStartOfHour(ts) AS hour, "
    "run, countState() AS events, sumState(n) AS told FROM shop.ui_events_local GROUP BY hour, run",
    f"CREATE TABLE shop.ui_events {_COLUMNS} ENGINE = Distributed(muse, shop, ui_events_local, "
    "cityHash64(toString(session_id)))",
)


@dataclass(frozen=True, slots=True)
class Run:
    """What became of one batch."""

    fault: str
    way: str
    acknowledged: int
    stored: int
    distinct: int
    apart: int
    """Rows by which replicas of one shard differ, once all are back."""
    in_rollup: int
    repaired: int

    @property
    def holds(self) -> bool:
        """Whether every row is there once, on every replica, and in the rollup after its repair."""
        right = self.acknowledged == self.stored == self.distinct == self.repaired
        return right and self.acknowledged > 0 and self.apart == 0

    @property
    def lost(self) -> int:
        return max(0, self.acknowledged - self.distinct)

    @property
    def doubled(self) -> int:
        return self.stored - self.distinct


class Story:
    """The runs, one after another, on one cluster."""

    def __init__(self, cluster: OldCluster, seed: int) -> None:
        self._cluster = cluster
        self._chance = random.Random(seed)
        for statement in DDL:
            cluster.everywhere(statement)

    def run(self, number: int) -> Run:
        fault, way = FAULTS[number % len(FAULTS)], WAYS[number // len(FAULTS) % len(WAYS)]
        first = self._chance.choice(self._cluster.servers)
        pool = [first, *self._cluster.others(first)] if way == WAYS[0] else list(self._cluster.servers)
        others = [one for one in pool if one is not first]
        batch = self._batch(number)
        table = "ui_events" if way == WAYS[1] else "ui_events_local"
        with _FAULT[fault](first, others, self._chance):
            acknowledged = self._store(batch, number, table, [first, *others], fault, cut=way == WAYS[2])
        self._settle()
        return self._counted(number, fault, way, acknowledged)

    def control(self) -> int:
        """How many rows a retry doubles that the engine does not know for one: what the runs would show otherwise."""
        number = 1_000_000
        [day, _], [one, other] = self._batch(number), self._cluster.servers[:2]
        for server in (one, other):
            server.run(f"INSERT INTO shop.ui_events_local {_NAMES} VALUES", day, insert_deduplicate=0)
        self._settle()
        stored, distinct = self._rows_of(one, number)
        return stored - distinct

    def _batch(self, number: int) -> list[list[tuple[Any, ...]]]:
        """Two days of rows, each row with a number of its own."""
        days = []
        for day in range(2):
            start = _FIRST + timedelta(days=(2 * number + day) % 60)
            ids = range((2 * number + day) * ROWS, (2 * number + day + 1) * ROWS)
            days.append(
                [(start + timedelta(minutes=n % 600), UUID(int=n % 7 + 1), number, n, float(n % 9)) for n in ids]
            )
        return days

    def _store(
        self,
        days: Sequence[list[tuple[Any, ...]]],
        number: int,
        table: str,
        servers: Sequence[Server],
        fault: str,
        cut: bool,
    ) -> int:
        """By our order of work, each try on the next server, until the batch is acknowledged."""
        lost_answers = 2 if fault in {"retried on another server", "fetches stopped", "answer lost"} else 0
        for turn in range(_TRIES):
            server = servers[turn % len(servers)]
            try:
                known = server.run(f"SELECT any(rows) FROM shop.insert_ledger WHERE idempotency_key = 'batch {number}'")
                if known and known[0][0]:
                    return int(known[0][0])
                for to, rows in (part for day in days for part in _parts(day, server, servers, turn, cut)):
                    insert = f"INSERT INTO shop.{table} {_NAMES} VALUES"
                    if fault == "answer lost" and lost_answers:
                        lost_answers -= 1
                        _hang_up(to, insert, rows)
                    to.run(insert, rows, insert_distributed_sync=1)
                if lost_answers:
                    lost_answers -= 1
                    raise ConnectionError("the answer was lost")
                count = sum(map(len, days))
                server.run("INSERT INTO shop.insert_ledger VALUES", [(f"batch {number}", count)])
                return count
            except Exception:  # noqa: BLE001  # whatever a server that was killed makes of a call
                time.sleep(self._chance.uniform(0.02, 0.3))
        return 0

    def _settle(self) -> None:
        """All servers are back, and have fetched what they lacked."""
        for server in self._cluster.servers:
            if server.process is None:
                server.start()
        for server in self._cluster.servers:
            server.run("SYSTEM START FETCHES")
            for table in ("ui_events_local", "ui_events_hourly", "insert_ledger"):
                _patiently(server, f"SYSTEM SYNC REPLICA shop.{table}")

    def _counted(self, number: int, fault: str, way: str, acknowledged: int) -> Run:
        stored = distinct = apart = 0
        for shard in (1, 2):
            found = {self._rows_of(server, number) for server in self._cluster.servers if server.shard == shard}
            apart += max(rows for rows, _ in found) - min(rows for rows, _ in found)
            rows, kinds = max(found)
            stored, distinct = stored + rows, distinct + kinds
        before = self._rollup(number)
        if before != stored:
            self._repair(number)
        return Run(fault, way, acknowledged, stored, distinct, apart, before, self._rollup(number))

    def _rows_of(self, server: Server, number: int) -> tuple[int, int]:
        asked = f"SELECT count(), uniqExact(n) FROM shop.ui_events_local WHERE run = {number}"
        return _patiently(server, asked)[0][0], _patiently(server, asked)[0][1]

    def _rollup(self, number: int) -> int:
        asked = f"SELECT countMerge(events) FROM shop.ui_events_hourly WHERE run = {number}"
        found = {one.shard: _patiently(one, asked)[0][0] for one in self._cluster.servers}
        return sum(found.values())

    def _repair(self, number: int) -> None:
        """As `muse backfill --rollups` does it: the day made from its rows beside, and put in the old one's place."""
        days = [(_FIRST + timedelta(days=(2 * number + day) % 60)).date() for day in range(2)]
        for server in {one.shard: one for one in self._cluster.servers}.values():
            for day in days:
                server.run("DROP TABLE IF EXISTS shop.beside")
                server.run(
                    "CREATE TABLE shop.beside (hour DateTime, run UInt32, events AggregateFunction(count), told "
                    "AggregateFunction(sum, UInt64)) ENGINE = AggregatingMergeTree() PARTITION BY toDate(hour) "
                    "ORDER BY (run, hour)"
                )
                server.run(
                    "INSERT INTO shop.beside SELECT toStartOfHour(ts) AS hour, run, countState(), sumState(n) "
                    f"FROM shop.ui_events_local WHERE toDate(ts) = '{day}' GROUP BY hour, run"
                )
                server.run(f"ALTER TABLE shop.ui_events_hourly REPLACE PARTITION '{day}' FROM shop.beside")
                server.run("DROP TABLE shop.beside")
        self._settle()


def _parts(
    day: list[tuple[Any, ...]], server: Server, servers: Sequence[Server], turn: int, cut: bool
) -> Iterator[tuple[Server, list[tuple[Any, ...]]]]:
    """What goes to which server: all to the one whose turn it is, or, as the writer cuts a block, each shard's part to
    one of its replicas, in every attempt the same rows."""
    if not cut:
        yield server, day
        return
    for shard in (1, 2):
        replicas = [one for one in servers if one.shard == shard]
        yield replicas[turn % len(replicas)], [row for row in day if row[3] % 2 == shard - 1]


def _patiently(server: Server, statement: str) -> list[tuple[Any, ...]]:
    """A server that has just started takes a moment to be a replica again."""
    for _ in range(100):
        with suppress(Exception):
            return server.run(statement)
        time.sleep(0.2)
    return server.run(statement)


def _hang_up(server: Server, insert: str, rows: list[tuple[Any, ...]]) -> None:
    """Sends rows and leaves before the answer."""
    client = Client("127.0.0.1", server.port, settings={"insert_distributed_sync": 1})
    client.connection.force_connect()
    client.connection.send_query(insert)
    client.connection.send_external_tables()
    sample = client.receive_sample_block()
    client.send_data(sample, rows)
    client.disconnect()
    raise ConnectionError("left before the answer")


@contextmanager
def _nothing(_: Server, __: Sequence[Server], ___: random.Random) -> Iterator[None]:
    yield


@contextmanager
def _fetches_stopped(_: Server, others: Sequence[Server], __: random.Random) -> Iterator[None]:
    for one in others:
        one.run("SYSTEM STOP FETCHES")
    try:
        yield
    finally:
        for one in others:
            one.run("SYSTEM START FETCHES")


@contextmanager
def _killed(first: Server, _: Sequence[Server], chance: random.Random, away_s: float = 0.5) -> Iterator[None]:
    def kill() -> None:
        time.sleep(chance.uniform(0, 0.08))
        first.kill()
        time.sleep(away_s)
        first.start()

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        thread.join()


@contextmanager
def _away(first: Server, others: Sequence[Server], chance: random.Random) -> Iterator[None]:
    """Killed, and back only when the batch is stored by others."""
    first.kill()
    try:
        yield
    finally:
        first.start()


_FAULT: dict[str, Callable[..., Any]] = {
    "retried on another server": _nothing,
    "fetches stopped": _fetches_stopped,
    "answer lost": _nothing,
    "killed in the insert": _killed,
    "killed and away": _away,
}
