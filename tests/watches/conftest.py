"""Clients on empty tables with webhooks allowed to this machine, and a receiver that can be killed and be slow."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import orjson
import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings
from tests.conftest import empty

SECRET = "not known to anybody"
TABLES = ("watches", "watch_alarms", "watch_turns")


class Receiver:
    """A receiver of webhooks on a port that stays its own through `kill` and `start`."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.delay_s = 0.0
        self.status = 204
        self.location: str | None = None
        self.port = 0
        self._server: ThreadingHTTPServer | None = None
        self.start()

    def start(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                time.sleep(receiver.delay_s)
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((dict(self.headers), body))
                self.send_response(receiver.status)
                if receiver.location is not None:
                    self.send_header("Location", receiver.location)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def kill(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/muse"

    @property
    def messages(self) -> list[Any]:
        return [orjson.loads(body) for _, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.kill()


@pytest.fixture
def muse() -> MuseSettings:
    return MuseSettings(webhook_hosts=("127.0.0.1",), webhook_secret=SECRET, webhook_loopback=True)


@pytest.fixture
def client(settings: ClickHouseSettings, muse: MuseSettings) -> Iterator[ClickHouseClient]:
    """On empty tables, on each engine."""
    with ClickHouseClient(settings, muse) as made:
        empty(made.executor)
        for table in TABLES:
            made.executor.command(f"TRUNCATE TABLE {table}")
        yield made


def store(client: ClickHouseClient, shift: float, model: str = "m", days: int = 60, last: int = 8) -> None:
    """`days` whole days of latency around 100, the newest `last` of them `shift` higher; sd 1."""
    noise = np.random.default_rng(3).standard_normal(days)
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    client.insert_llm_events(
        [
            {"ts": midnight - timedelta(days=days - n, hours=-12), "source": "council", "model": model}
            | {"operation": "write", "status": "success"}
            | {"latency_ms": 100 + noise[n] + (shift if n >= days - last else 0)}
            for n in range(days)
        ]
    )


def set_back(client: ClickHouseClient, days: int = 8) -> None:
    """Makes every watch as if it had been set that many days ago."""
    client.executor.command(
        f"ALTER TABLE watches UPDATE since = since - toIntervalDay({days}) WHERE 1", {"mutations_sync": 2}
    )
