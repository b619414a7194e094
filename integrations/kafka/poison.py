"""Messages that cannot be rows: into a topic for them, or aside on the disk, with topic, partition and offset."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import orjson

from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.integrations.kafka.messages import Poison, made_at
from chimera_metrics.integrations.masking.columns import mask_text
from chimera_metrics.integrations.private_files import open_private, private_folder

_DELIVERY_S = 30.0
# Of a message's text; the whole one is in Kafka, at its offset.
_SHOWN = 2_000


class Undelivered(MuseError):
    """The topic for what cannot be stored does not take it."""

    kind = "undelivered"


class Aside(Protocol):
    """Where poison goes. When `keep` returns it is there."""

    def keep(self, poison: Sequence[Poison]) -> None: ...


class DeadLetters:
    """Sends poison to a topic: the message as it was, and headers that say whence it came and what is wrong.

    A consumer that dies between this and the store sends it again; its headers tell the two from each other.
    """

    def __init__(self, producer: Any, topic: str) -> None:
        self._producer = producer
        self._topic = topic
        self._lock = threading.Lock()

    def keep(self, poison: Sequence[Poison]) -> None:
        with self._lock:  # of two that wait for their deliveries, one may hear of the other's
            self._send(poison)

    def _send(self, poison: Sequence[Poison]) -> None:
        failed: list[str] = []

        def told(error: Any, _: Any) -> None:
            if error is not None:
                failed.append(str(error))

        for one in poison:
            message = one.message
            headers = [
                *(message.headers() or ()),
                ("muse-error", one.reason.encode("utf-8", "replace")),
                ("muse-topic", message.topic().encode()),
                ("muse-partition", b"%d" % message.partition()),
                ("muse-offset", b"%d" % message.offset()),
            ]
            while True:
                try:
                    self._producer.produce(
                        self._topic, value=message.value(), key=message.key(), headers=headers, on_delivery=told
                    )
                    break
                except BufferError:
                    self._producer.poll(0.1)
        left = self._producer.flush(_DELIVERY_S)
        if left or failed:
            why = failed[0] if failed else "no answer"
            raise Undelivered(f"The topic {self._topic} took not all that cannot be stored ({why}); see --dead-letter.")


class PoisonFiles:
    """Keeps poison in a file for each partition beside the quarantine: a JSON object a line, masked like a row."""

    def __init__(self, folder: Path, masking: bool) -> None:
        self.folder = folder
        self._masking = masking
        self._kept: dict[Path, int] = {}

    def keep(self, poison: Sequence[Poison]) -> None:
        for one in poison:
            path = self.folder / f"{one.message.topic()}-{one.message.partition()}.jsonl"
            if path not in self._kept:
                private_folder(self.folder)
                self._kept[path] = _last_offset(path)
            if one.message.offset() > self._kept[path]:
                self._append(path, one)
                self._kept[path] = one.message.offset()

    def _append(self, path: Path, one: Poison) -> None:
        message = one.message
        text = (message.value() or b"")[:_SHOWN].decode("utf-8", "replace")
        said = {
            "topic": message.topic(),
            "partition": message.partition(),
            "offset": message.offset(),
            "ts": made_at(message),
            "error": self._masked(one.reason),
            "value": self._masked(text),
        }
        with open(open_private(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), "ab") as file:
            file.write(orjson.dumps(said) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _masked(self, text: str) -> str:
        return mask_text(text)[0] if self._masking else text


def _last_offset(path: Path) -> int:
    """The offset of the last line that is whole; -1 for a file that has none."""
    last = -1
    with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
        for line in file:
            with contextlib.suppress(ValueError, KeyError, TypeError):
                last = max(last, int(orjson.loads(line)["offset"]))
    return last
