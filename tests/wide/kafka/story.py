"""A topic of events and poison, consumers that are killed while they store it, and what is in the store in the end."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import MuseError
from tests.wide.environments import ROOT
from tests.wide.kafka.brokers import Broker

PARTITIONS = 4
TOPIC, DEAD = "ui", "ui-dead"
MUSE = Path(sys.executable).with_name("muse")
#: Five kinds of poison: no JSON, no text, no object, a column that is wrong, a message without a value.
POISON: tuple[bytes | None, ...] = (
    b'{"session_id": ',
    b"\xff\xfe\x00",
    b"[1, 2]",
    b'{"session_id": "no id", "event_type": "error", "latency_ms": "slow"}',
    None,
)


def event(number: int, chance: random.Random) -> bytes:
    return orjson.dumps(
        {
            "ts": f"2026-11-{1 + number % 9:02d} 10:{number % 60:02d}:00",
            "session_id": str(uuid.UUID(int=number + 1)),
            "event_type": chance.choice(["query_submit", "overlay_open", "error"]),
            "latency_ms": chance.randrange(1, 900) + 0.25,
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
            "metadata": orjson.dumps({"place": chance.randrange(10**9)}).decode(),
            "schema_version": 1,
        }
    )


def messages(events: int, seed: int, poisoned: float = 0.002) -> tuple[list[tuple[int, bytes | None]], int]:
    """Events with poison among them, each with its partition; and how many are poison."""
    chance = random.Random(seed)
    made: list[tuple[int, bytes | None]] = []
    poison = 0
    for number in range(events):
        made.append((chance.randrange(PARTITIONS), event(number, chance)))
        if chance.random() < poisoned:
            made.append((chance.randrange(PARTITIONS), POISON[poison % len(POISON)]))
            poison += 1
    return made, poison


@dataclass(slots=True)
class Story:
    """Consumers of one broker into one embedded store."""

    broker: Broker
    folder: Path
    events: int
    variables: dict[str, str] = field(default_factory=dict)
    """Settings of the consumers beside those of the store."""
    faults: list[str] = field(default_factory=list)
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def settings(self) -> ClickHouseSettings:
        return ClickHouseSettings(path=str(self.folder / "store"), store_idle=0, store_wait=60)

    def start(self) -> subprocess.Popen[bytes]:
        with open(self.folder / "consumers.log", "ab") as log:
            process = subprocess.Popen(self._words, env=self._environment(), cwd=ROOT, stdout=log, stderr=log)
        self._running.append(process)
        return process

    def refused(self, **variables: str) -> str:
        """What a consumer says that cannot begin."""
        environment = self._environment() | variables
        done = subprocess.run(self._words, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60)
        if done.returncode != 1:
            self.faults.append(f"a consumer with {', '.join(variables)} set wrong ended with {done.returncode}")
        return done.stdout + done.stderr

    @property
    def _words(self) -> list[str]:
        words = [str(MUSE), "consume", "--brokers", self.broker.address, "--group", "g", "--topic", TOPIC]
        return [*words, "--table", "ui_events", "--dead-letter", DEAD]

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CH_", "MUSE_"))}
        return kept | {"CH_PATH": str(self.folder / "store"), "CH_STORE_WAIT": "60"} | self.variables

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """As an operator stops it."""
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
        if code != 0:
            self.faults.append(f"a consumer that was told to stop ended with {code}")

    def stored(self) -> int:
        with ClickHouseClient(self.settings) as client, contextlib.suppress(MuseError):
            return int(client.executor.scalar("SELECT count() FROM ui_events"))
        return 0

    def wait_for_more(self, within_s: float) -> None:
        """Until something more is stored: a kill before a consumer has its partitions shows nothing."""
        before, deadline = self.stored(), time.monotonic() + within_s
        while self.stored() == before and time.monotonic() < deadline:
            time.sleep(0.2)

    def wait_for(self, events: int, within_s: float) -> None:
        deadline = time.monotonic() + within_s
        while (stored := self.stored()) < events:
            if time.monotonic() > deadline:
                self.faults.append(f"only {stored:,} of {events:,} events after {within_s:g} s")
                return
            time.sleep(1)

    def judge(self, poison: int) -> None:
        """Every event once, in the table and in the rollup, and every poison in its topic."""
        with ClickHouseClient(self.settings) as client:
            rows = client.executor.read("SELECT count(), uniqExact(session_id) FROM ui_events").rows[0]
            hourly = client.executor.scalar("SELECT sum(events) FROM ui_events_hourly")
        for what, found in (("rows", rows[0]), ("different rows", rows[1]), ("events in the rollup", hourly)):
            if int(found) != self.events:
                self.faults.append(f"{found:,} {what}, not {self.events:,}")
        if (found := len(set(self.dead_letters()))) != poison:
            self.faults.append(f"{found:,} different messages in the topic for poison, not {poison:,}")

    def judge_log(self, most: int) -> None:
        """That a broker was away is said once for each consumer, not at every attempt to reach it."""
        lines = (self.folder / "consumers.log").read_text().splitlines()
        lost, back = (sum(f" is {word} " in line for line in lines) for word in ("lost", "back"))
        if not 0 < back <= lost <= most:
            self.faults.append(f"a broker was lost {lost} times and back {back} times, as the log has it")

    def dead_letters(self) -> Iterator[tuple[bytes, bytes]]:
        """Partition and offset of each message in the topic for poison."""
        from confluent_kafka import Consumer, TopicPartition

        consumer = Consumer(self.broker.client | {"group.id": "look"})
        consumer.assign([TopicPartition(DEAD, 0, 0)])
        idle = 0
        while idle < 3:
            found = [one for one in consumer.consume(1000, 1.0) if one.error() is None]
            idle = 0 if found else idle + 1
            for one in found:
                headers: dict[str, bytes] = dict(one.headers() or [])  # type: ignore[arg-type]
                yield headers["muse-partition"], headers["muse-offset"]
        consumer.close()

    def end(self) -> None:
        for process in self._running:
            if process.poll() is None:
                self.kill(process)
