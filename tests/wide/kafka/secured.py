"""`muse consume` over TLS and with a login: stored once, and what it says where either is refused."""

from __future__ import annotations

import ssl
import tempfile
import time
from pathlib import Path

from chimera_metrics.integrations.evolution import runner
from tests.support.native_wire.certificates import make_certificates
from tests.wide.kafka.brokers import Broker, running
from tests.wide.kafka.front import Front, front
from tests.wide.kafka.story import DEAD, PARTITIONS, TOPIC, Story, messages
from tests.wide.outcomes import Outcome

EVENTS = 600
SEED = 5
USER, PASSWORD, WRONG = "muse", "right-4711", "wrong-0815"


def outcome() -> Outcome:
    print(f"\nTLS and SASL: {EVENTS:,} events", flush=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="muse-kafka-") as name:
        story = _through_a_front(Path(name))
        story.faults += _by_the_broker_itself(Path(name))
        if story.faults:
            print((Path(name) / "consumers.log").read_text()[-4000:])
    for fault in story.faults:
        print(f"  TLS and SASL: {fault}", flush=True)
    took = time.monotonic() - started
    return Outcome("tansu", "TLS and SASL", int(not story.faults), len(story.faults), 0, took)


def _through_a_front(folder: Path) -> Story:
    authority, served = make_certificates(folder / "certificates")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(served)
    login = {
        "security.protocol": "sasl_ssl",
        "ssl.ca.location": str(authority),
        "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.username": USER,
        "sasl.password": PASSWORD,
    }
    with front(tls, {USER: PASSWORD}) as before, running(Broker("tansu", folder, before, login)) as broker:
        variables = {
            "MUSE_KAFKA_TLS": "true",
            "MUSE_KAFKA_CA_CERT": str(authority),
            "MUSE_KAFKA_USERNAME": USER,
            "MUSE_KAFKA_PASSWORD": PASSWORD,
        }
        story = Story(broker, folder, EVENTS, variables)
        runner.upgrade(story.settings)
        try:
            another, _ = make_certificates(folder / "others")
            _tell(story, before, str(another))
        finally:
            story.end()
    return story


def _tell(story: Story, before: Front, another_authority: str) -> None:
    story.broker.create(TOPIC, partitions=PARTITIONS)
    story.broker.create(DEAD, partitions=1)
    given, poison = messages(story.events, SEED, poisoned=0.02)
    half = len(given) // 2
    story.broker.produce(TOPIC, given[:half])
    _sentence(story, "refuses the login", "MUSE_KAFKA_PASSWORD", MUSE_KAFKA_PASSWORD=WRONG)
    _sentence(story, "is not trusted", "MUSE_KAFKA_CA_CERT", MUSE_KAFKA_CA_CERT=another_authority)
    first = story.start()  # by SCRAM-SHA-512, the default
    story.wait_for(_events(given[:half]), 60)
    story.stop(first)
    story.broker.produce(TOPIC, given[half:])
    story.variables["MUSE_KAFKA_SASL"] = "PLAIN"
    before.logins_to_cut = 4  # a login that breaks off is not a refusal
    second = story.start()
    story.wait_for(story.events, 60)
    story.stop(second)
    if before.logins_to_cut:
        story.faults.append(f"{before.logins_to_cut} logins were not cut off")
    story.judge(poison)


def _events(given: list[tuple[int, bytes | None]]) -> int:
    return sum(value is not None and value.startswith(b'{"ts"') for _, value in given)


def _by_the_broker_itself(folder: Path) -> list[str]:
    """tansu asks for a login, and knows nobody."""
    with running(Broker("tansu", folder, words=["--authentication"])) as broker:
        story = Story(broker, folder, 0, {"MUSE_KAFKA_USERNAME": USER, "MUSE_KAFKA_PASSWORD": WRONG})
        _sentence(story, "refuses the login", "unknown-user", MUSE_KAFKA_SASL="SCRAM-SHA-512")
    return story.faults


def _sentence(story: Story, *words: str, **variables: str) -> None:
    """One line beside the log's, which has these words and no secret."""
    said = story.refused(**variables)
    lines = [line for line in said.splitlines() if not line.startswith("2")]  # the log's begin with the time
    if len(lines) != 1 or not all(word in lines[0] for word in words) or PASSWORD in said or WRONG in said:
        story.faults.append(f"with {', '.join(variables)} set wrong it says {said!r}")
    print(f"  {lines[0] if lines else said}", flush=True)
