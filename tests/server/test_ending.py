"""The end of an HTTP server behind a balancer: `/readyz` says so first, and calls under way are answered."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from functools import partial
from http.client import HTTPResponse
from pathlib import Path

import httpx2
import pytest

from chimera_metrics.integrations.config import ClickHouseSettings
from tests.server.processes import MUSE, ROOT, environment, http
from tests.server.test_cancel import SLOW, _message, _post
from tests.server.test_serving import headers

# Counts for part of a second.
CALL = _message("tools/call", name="query", arguments={"sql": "SELECT sum(number % 7) FROM numbers(200000000)"})

# Ctrl-C in the middle of an import that takes any fault for its own.
SWALLOWED = """
import contextlib, os, signal, sys
class Importing:
    def find_spec(self, name, path=None, target=None):
        if name == "{module}":
            with contextlib.suppress(BaseException):
                os.kill(os.getpid(), signal.SIGINT)
                sum(range(1000))
sys.meta_path.insert(0, Importing())
"""


def test_a_server_that_is_told_to_end_drains_first(embedded: ClickHouseSettings, tmp_path: Path) -> None:
    with http(environment(embedded, tmp_path)) as (url, pid):
        ready = url.replace("/mcp", "/readyz")
        assert httpx2.get(ready, timeout=20).status_code == 200
        asking, found = under_way(url)
        os.kill(pid, signal.SIGTERM)
        told = time.monotonic()
        time.sleep(0.3)
        answer = httpx2.get(ready, timeout=20)
        assert (answer.status_code, answer.json()["cause"]) == (503, "ending")
        other = httpx2.post(url, headers=headers(), json=_message("tools/list"), timeout=20)
        assert (other.status_code, other.headers["connection"]) == (200, "close")
        asking.join(60)
        assert found[0].status_code == 200
        assert 2.5 < ends_after(url, told) < 10


def test_a_second_word_ends_it_at_once(embedded: ClickHouseSettings, tmp_path: Path) -> None:
    with http(environment(embedded, tmp_path)) as (url, pid):
        assert httpx2.get(url.replace("/mcp", "/readyz"), timeout=20).status_code == 200  # the store is open
        for _ in range(2):
            os.kill(pid, signal.SIGTERM)
            time.sleep(0.1)
        assert ends_after(url, time.monotonic()) < 2


def test_a_call_that_the_end_cuts_off_is_answered_by_the_protocol(embedded: ClickHouseSettings, tmp_path: Path) -> None:
    with http(environment(embedded, tmp_path)) as (url, pid):
        assert httpx2.get(url.replace("/mcp", "/readyz"), timeout=20).status_code == 200  # the store is open
        with _post(url, _message("tools/call", name="query", arguments={"sql": SLOW})) as connection:
            time.sleep(0.5)
            os.kill(pid, signal.SIGINT)
            connection.settimeout(10)
            response = HTTPResponse(connection)
            response.begin()
            said = json.loads(response.read())
    assert (response.status, said["error"]["code"]) == (200, -32000)


@pytest.mark.parametrize("module", ["pydantic_settings", "sqlalchemy", "uvicorn"])
def test_ctrl_c_while_it_starts_ends_it_whatever_an_import_makes_of_it(
    embedded: ClickHouseSettings, tmp_path: Path, module: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(SWALLOWED.format(module=module))
    words = [MUSE, "serve", "--transport", "http", "--port", "0"]
    variables = environment(embedded, tmp_path) | {"PYTHONPATH": str(tmp_path)}
    with subprocess.Popen(words, env=variables, cwd=ROOT, stderr=subprocess.PIPE) as process:
        try:
            _, said = process.communicate(timeout=20)
        finally:
            process.kill()
    assert (process.returncode, said) == (-signal.SIGINT, b"")


def under_way(url: str) -> tuple[threading.Thread, list[httpx2.Response]]:
    """A thread whose call the server has begun, and where its answer will be; a call that was too quick is repeated."""
    for _ in range(20):
        found: list[httpx2.Response] = []
        post = partial(httpx2.post, url, headers=headers(), json=CALL, timeout=60)
        asking = threading.Thread(target=lambda found=found, post=post: found.append(post()))
        asking.start()
        while asking.is_alive():
            if "muse_calls_running 1" in httpx2.get(url.replace("/mcp", "/metrics"), timeout=20).text:
                return asking, found
    raise AssertionError("no call was seen under way")


def ends_after(url: str, told: float) -> float:
    """Seconds until nobody listens any more."""
    while time.monotonic() < told + 15:
        try:
            httpx2.get(url.replace("/mcp", "/livez"), timeout=2)
        except httpx2.TransportError:
            return time.monotonic() - told
        time.sleep(0.05)
    return 15.0
