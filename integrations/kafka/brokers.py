"""Which brokers are lost: said once when one is, with the first reason, and once when it is back."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import orjson

from chimera_metrics.integrations.kafka import connection

#: How often librdkafka tells the states of its connections, in milliseconds.
STATES_MS = 2_000
#: "ssl://kafka:9093/bootstrap: Connect failed", or "GroupCoordinator: kafka:9093: Disconnected".
_NAMED = re.compile(r"^(?:GroupCoordinator: )?(?:\w+://)?(?P<address>[^\s/]+:\d+)(?:/\w+)?: (?P<why>.*)$", re.DOTALL)

_ALL = ""


class Brokers:
    """librdkafka connects again and again by itself, and tells of every attempt."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._lost: dict[str, float] = {}

    def failed(self, error: Any) -> None:
        """What librdkafka tells of a connection, or of anything else that may mend itself."""
        kinds = connection.library().KafkaError
        named = _NAMED.match(error.str())
        if error.code() == kinds._ALL_BROKERS_DOWN:
            if not self._lost:  # a connection that was closed is not named
                self._lost[_ALL] = time.monotonic()
                self._log(f"Kafka: no broker answers ({error.str()}); they are tried again.")
            return
        if named is None or error.code() not in (kinds._TRANSPORT, kinds._RESOLVE, kinds._TIMED_OUT):
            self._log(f"Kafka: {error.str()}")
            return
        if named["address"] not in self._lost:
            self._lost[named["address"]] = time.monotonic()
            self._log(f"Kafka: {named['address']} is lost ({connection.plain(named['why'])}); it is tried again.")

    def told(self, statistics: str) -> None:
        """librdkafka's statistics, in which each connection has its state."""
        if not self._lost:
            return
        now = time.monotonic()
        for one in orjson.loads(statistics)["brokers"].values():
            if one["state"] != "UP":
                continue
            if (since := self._lost.pop(one["nodename"], None)) is not None:
                self._log(f"Kafka: {one['nodename']} is back after {now - since:.0f} s.")
            if (since := self._lost.pop(_ALL, None)) is not None:
                self._log(f"Kafka: {one['nodename']} answers again after {now - since:.0f} s.")
