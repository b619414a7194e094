"""The end of an HTTP server behind a balancer: `/readyz` says so first, and calls under way are answered."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import httpx2

from chimera_metrics.integrations.config import ClickHouseSettings
from tests.server.processes import environment, http
from tests.server.test_cancel import _message
from tests.server.test_serving import headers

# Counts for about a second.
CALL = _message("tools/call", name="query", arguments={"sql": "SELECT sum(number % 7) FROM numbers(500000000)"})


def test_a_server_that_is_told_to_end_drains_first(embedded: ClickHouseSettings, tmp_path: Path) -> None:
    with http(environment(embedded, tmp_path)) as (url, pid):
        ready, found = url.replace("/mcp", "/readyz"), []
        assert httpx2.get(ready, timeout=20).status_code == 200
        asking = threading.Thread(target=lambda: found.append(httpx2.post(url, headers=headers(), json=CALL)))
        asking.start()
        os.kill(pid, signal.SIGTERM)
        told = time.monotonic()
        time.sleep(0.3)
        answer = httpx2.get(ready)
        assert (answer.status_code, answer.json()["cause"]) == (503, "ending")
        other = httpx2.post(url, headers=headers(), json=_message("tools/list"))
        assert (other.status_code, other.headers["connection"]) == (200, "close")
        asking.join(10)
        assert found[0].status_code == 200
        assert 2.5 < ends_after(url, told) < 10


def test_a_second_word_ends_it_at_once(embedded: ClickHouseSettings, tmp_path: Path) -> None:
    with http(environment(embedded, tmp_path)) as (url, pid):
        assert httpx2.get(url.replace("/mcp", "/readyz"), timeout=20).status_code == 200  # the store is open
        for _ in range(2):
            os.kill(pid, signal.SIGTERM)
            time.sleep(0.1)
        assert ends_after(url, time.monotonic()) < 2


def ends_after(url: str, told: float) -> float:
    """Seconds until nobody listens any more."""
    while time.monotonic() < told + 15:
        try:
            httpx2.get(url.replace("/mcp", "/livez"), timeout=2)
        except httpx2.TransportError:
            return time.monotonic() - told
        time.sleep(0.05)
    return 15.0
