"""`muse consume` on two kinds of broker: killed, rebalanced, cut off and poisoned, and every event stored once."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from chimera_metrics.integrations.evolution import runner
from tests.wide.kafka import secured
from tests.wide.kafka.brokers import KINDS, Broker, running
from tests.wide.kafka.front import Front, front
from tests.wide.kafka.story import DEAD, PARTITIONS, TOPIC, Story, messages
from tests.wide.outcomes import Outcome

EVENTS = 20_000
KILLS = 3
CUTS = 3
SEED = 19


def run() -> Iterator[Outcome]:
    for kind in KINDS:
        yield outcome(kind)
    yield secured.outcome()


def outcome(kind: str, events: int = EVENTS, kills: int = KILLS) -> Outcome:
    print(f"\n{kind}: {events:,} events, {kills} kills", flush=True)
    started = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="muse-kafka-") as name,
        front() as before,
        running(Broker(kind, Path(name), before if kind == "tansu" else None)) as broker,
    ):
        broker.create(TOPIC, partitions=PARTITIONS)
        broker.create(DEAD, partitions=1)
        story = Story(broker, Path(name), events)
        runner.upgrade(story.settings)  # a migration that is killed has tests of its own
        try:
            tell(story, before, kills)
        finally:
            story.end()
        if story.faults:
            print((Path(name) / "consumers.log").read_text()[-4000:])
    for fault in story.faults:
        print(f"  {kind}: {fault}", flush=True)
    return Outcome(kind, "every event once", int(not story.faults), len(story.faults), 0, time.monotonic() - started)


def tell(story: Story, before: Front, kills: int) -> None:
    """Half of the messages before, the rest in pieces between the kills."""
    chance = random.Random(SEED)
    given, poison = messages(story.events, SEED)
    half = len(given) // 2
    story.broker.produce(TOPIC, given[:half])
    first, second = story.start(), story.start()
    size = -(-(len(given) - half) // kills)
    for kill in range(kills):
        story.broker.produce(TOPIC, given[half + kill * size : half + (kill + 1) * size])
        story.wait_for_more(30)
        time.sleep(chance.uniform(0, 1))
        story.kill(first)
        first, second = second, story.start()
        for _ in range(CUTS if before.to == story.broker.port else 0):
            before.cut()
            time.sleep(0.5)
    if story.broker.kind == "noida":  # it keeps its topics: all connections are cut, and it is back two seconds later
        story.broker.kill()
        time.sleep(2)
        story.broker.start()
    third = story.start()
    time.sleep(25)  # until it has started and has a part of the partitions
    story.stop(third)  # its partitions go back to the others
    story.wait_for(story.events, 240)
    story.stop(first)
    story.stop(second)
    if story.broker.kind == "tansu" and before.cut_off < CUTS * kills:
        story.faults.append(f"only {before.cut_off} connections were cut")
    story.judge(poison)
    if story.broker.kind == "noida":
        story.judge_log(most=6)  # two consumers run while it is away, and may reach it more than once
