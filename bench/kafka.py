"""`muse consume` killed again and again on two kinds of broker, its rate beside reading and parsing alone, its memory.

    python -m bench.kafka [--events 300000] [--kills 50] [--rounds 3] [--only rates] [--on tansu]

Reading and parsing alone is one process that asks the brokers as `muse consume` does, and parses what comes by Python's
own `json.loads` or by orjson, which `muse consume` uses. The three run one after another in each round; the median of
their ratios counts. Where the machine has other work, two cores are not there for the consumer's threads, while what
reads alone needs one: the ratio is lower then. So it is on noida: at the end of a partition it answers at once where
others let a consumer wait, so that both ask and answer some thousand times a second while the consumer stores.

The brokers are those of `make test-wide`, which installs them: consumers are killed by SIGKILL at random moments, come
and go, lose their connections, and meet five kinds of poison. In the end every event must be once in the table and in
the rollup, and every poison in its topic.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import queue
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.integrations.kafka.connection import consumer_settings
from chimera_metrics.integrations.kafka.consumer import Consumer, Subscription
from tests.wide.kafka.brokers import KINDS, Broker, running
from tests.wide.kafka.story import PARTITIONS, TOPIC, messages
from tests.wide.subjects.kafka import outcome

SEED = 3
LEAST_RATE = 0.5
MOST_GROWTH = 1.2
_LOOKS = 20
#: Seconds, seconds of the processor, and bytes in memory on the way.
Told = tuple[float, float, list[int]]
_PAGE = os.sysconf("SC_PAGE_SIZE")


def alone(address: str, total: int, told: Any, parser: str) -> None:
    """Reads and parses `total` messages, as `muse consume` asks for them, and stores nothing; tells `Told`."""
    loads = json.loads if parser == "json" else orjson.loads
    from confluent_kafka import Consumer as Reader
    from confluent_kafka import TopicPartition

    reader = Reader(consumer_settings(address, "alone", MuseSettings()))
    reader.assign([TopicPartition(TOPIC, one, 0) for one in range(PARTITIONS)])
    started, worked, count = time.perf_counter(), time.process_time(), 0
    while count < total:
        for message in reader.consume(2_000, 0.2):
            if message.error() is None:
                count += 1
                with contextlib.suppress(ValueError):
                    loads(message.value() or b"")
    told.put((time.perf_counter() - started, time.process_time() - worked, []))
    reader.close()


def stored(address: str, total: int, told: Any, store: str, group: str) -> None:
    """`muse consume` from when it has its partitions until all is stored; tells `Told`."""
    started: list[tuple[float, float]] = []

    def log(line: str) -> None:
        if "Partitions of" in line:
            started.append((time.perf_counter(), time.process_time()))

    def watch() -> None:
        memory: list[int] = []
        while (done := consumer.handled) < total:
            if done >= total * (len(memory) + 1) / _LOOKS:
                memory.append(resident())
            time.sleep(0.05)
        began, worked = started[-1]
        told.put((time.perf_counter() - began, time.process_time() - worked, [*memory, resident()]))
        consumer.stop()

    with ClickHouseClient(ClickHouseSettings(path=store), MuseSettings()) as client:
        consumer = Consumer(client, Subscription(address, group, TOPIC, "ui_events"), log)
        threading.Thread(target=watch, daemon=True).start()
        consumer.run()


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


def measured(action: Callable[..., None], *words: Any) -> Told:
    """What `action` tells, run in a process of its own."""
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    process = context.Process(target=action, args=(*words[:2], told, *words[2:]))
    process.start()
    while True:
        with contextlib.suppress(queue.Empty):
            found: Told = told.get(timeout=1)
            process.join()
            return found
        if process.exitcode:
            raise RuntimeError(f"{action.__name__} ended with {process.exitcode}")


def rates(kind: str, events: int, rounds: int) -> bool:
    """Prints rates and memory; whether both are as asked."""
    ratios: dict[str, list[float]] = {"json": [], "orjson": []}
    growth = 0.0
    given, _ = messages(events, SEED)
    total = len(given)
    with tempfile.TemporaryDirectory(prefix="muse-kafka-") as name, running(Broker(kind, Path(name))) as broker:
        broker.create(TOPIC, partitions=PARTITIONS)
        broker.produce(TOPIC, given)
        for number in range(rounds):
            store = f"{name}/store-{number}"
            runner.upgrade(ClickHouseSettings(path=store))
            apart = {parser: measured(alone, broker.address, total, parser) for parser in ratios}
            whole, whole_cpu, memory = measured(stored, broker.address, total, store, f"g{number}")
            for parser, (seconds, _, _) in apart.items():
                ratios[parser].append(seconds / whole)
            early, late = memory[len(memory) // 3], memory[-1]
            growth = max(growth, late / early)
            print(
                f"{kind}: {total / whole:,.0f} messages a second stored; read and parsed alone by json.loads "
                f"{total / apart['json'][0]:,.0f}, by orjson {total / apart['orjson'][0]:,.0f}. Seconds of the "
                f"processor {whole_cpu:.1f}, {apart['json'][1]:.1f} and {apart['orjson'][1]:.1f}. Memory "
                f"{early / 1e6:,.0f} MB after a third, {late / 1e6:,.0f} MB in the end.",
                flush=True,
            )
    by_json, by_orjson = map(statistics.median, ratios.values())
    print(
        f"{kind}: of the rate of reading and parsing alone by json.loads {by_json:.2f} (at least {LEAST_RATE}), by "
        f"orjson {by_orjson:.2f}. Memory grows by {growth:.2f} at most (at most {MOST_GROWTH}).",
        flush=True,
    )
    return by_json >= LEAST_RATE and growth <= MOST_GROWTH


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--events", type=int, default=300_000)
    options.add_argument("--kills", type=int, default=50)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--only", choices=("rates", "kills"))
    options.add_argument("--on", choices=KINDS)
    chosen = options.parse_args()
    kept = True
    for kind in [chosen.on] if chosen.on else KINDS:
        if chosen.only != "kills":
            kept &= rates(kind, chosen.events, chosen.rounds)
        if chosen.only != "rates":
            found = outcome(kind, chosen.events, chosen.kills)
            print(f"{kind}: every event once: {'yes' if found.passed else 'NO'} ({found.seconds:.0f} s)", flush=True)
            kept &= bool(found.passed)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
