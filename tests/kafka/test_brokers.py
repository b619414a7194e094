"""A broker that is away is said twice: when it goes, and when it is back."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from chimera_metrics.integrations.kafka.brokers import Brokers

KafkaError = pytest.importorskip("confluent_kafka").KafkaError
REFUSED = "Connect to ipv4#10.0.0.7:9092 failed: Connection refused (after 0ms in state CONNECT)"
DOWN = KafkaError(KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down")


def refused(name: str) -> Any:
    return KafkaError(KafkaError._TRANSPORT, f"{name}: {REFUSED}")


def states(**nodes: str) -> str:
    """Statistics in which the broker of each port has a state."""
    found = {port: {"nodename": f"kafka:{port.removeprefix('p')}", "state": state} for port, state in nodes.items()}
    return orjson.dumps({"brokers": found}).decode()


def test_a_broker_is_lost_once_and_back_once() -> None:
    said: list[str] = []
    brokers = Brokers(said.append)
    for name in ("kafka:9092/bootstrap", "ssl://kafka:9092/1", "GroupCoordinator: kafka:9092", "kafka:9092/bootstrap"):
        brokers.failed(refused(name))
        brokers.failed(DOWN)
    brokers.told(states(p9092="CONNECT", p9093="UP"))
    lost = "Kafka: kafka:9092 is lost (Connect to ipv4#10.0.0.7:9092 failed: Connection refused); it is tried again."
    assert said == [lost]
    brokers.told(states(p9092="UP"))
    brokers.told(states(p9092="UP"))
    assert said == [lost, "Kafka: kafka:9092 is back after 0 s."]
    brokers.failed(refused("kafka:9092/1"))
    assert said[2:] == [lost]


def test_each_broker_is_said_for_itself() -> None:
    said: list[str] = []
    brokers = Brokers(said.append)
    for port in (9092, 9093, 9092):
        brokers.failed(refused(f"kafka:{port}/bootstrap"))
    assert [line.split()[1] for line in said] == ["kafka:9092", "kafka:9093"]


def test_what_is_no_lost_connection_is_said_as_it_is() -> None:
    said: list[str] = []
    brokers = Brokers(said.append)
    brokers.failed(KafkaError(KafkaError.REBALANCE_IN_PROGRESS, "The group rebalances"))
    assert said == ["Kafka: The group rebalances"]


def test_connections_that_were_closed_are_said_once() -> None:
    said: list[str] = []
    brokers = Brokers(said.append)
    for _ in range(3):
        brokers.failed(DOWN)
    brokers.told(states(p9092="CONNECT"))
    assert said == ["Kafka: no broker answers (1/1 brokers are down); they are tried again."]
    brokers.told(states(p9092="UP"))
    assert said[1:] == ["Kafka: kafka:9092 answers again after 0 s."]
