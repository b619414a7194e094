"""Health pages, Prometheus' text, spans, and both generations of the protocol, with sessions and without."""

from __future__ import annotations

import json
import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO, cast

import anyio
import httpx2
import mcp
import pytest
from mcp.client.stdio import StdioServerParameters, stdio_client

from chimera_metrics.integrations.clickhouse.statements import Traced
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, Settings
from chimera_metrics.server.context import ServerContext
from chimera_metrics.server.metrics import Metrics
from tests.server.processes import ROOT, environment, http


@pytest.fixture(scope="module")
def served(embedded: ClickHouseSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with http(environment(embedded, tmp_path_factory.mktemp("health"))) as (url, _):
        yield url


@pytest.fixture(scope="module")
def two(embedded: ClickHouseSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Two servers without sessions on one store, as behind a balancer."""
    words = {"MUSE_STATELESS": "true", "CH_STORE_IDLE": "0"}
    with (
        http(environment(embedded, tmp_path_factory.mktemp("one"), **words)) as (one, _),
        http(environment(embedded, tmp_path_factory.mktemp("other"), **words)) as (other, _),
    ):
        yield one, other


async def _ask(url: str, mode: Any) -> tuple[bool, str]:
    async with mcp.Client(url, mode=mode) as client:
        result = await client.call_tool("query", {"sql": "SELECT 1"})
        return result.is_error, client.protocol_version


@pytest.mark.parametrize(("mode", "version"), [("auto", "2026-07-28"), ("legacy", "2025-11-25")])
def test_both_generations_are_spoken(served: str, mode: Any, version: str) -> None:
    assert anyio.run(_ask, served, mode) == (False, version)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_without_sessions_any_of_several_servers_answers(two: tuple[str, str], mode: Any) -> None:
    for url in (*two, *two):
        assert anyio.run(_ask, url, mode)[0] is False


def test_health_pages_and_metrics(served: str) -> None:
    base = served.removesuffix("/mcp")
    anyio.run(_ask, served, "auto")
    assert httpx2.get(f"{base}/livez").json() == {"status": "ok"}
    assert httpx2.get(f"{base}/readyz").json() == {"status": "ok"}
    page = httpx2.get(f"{base}/metrics")
    assert page.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found = dict(re.findall(r"^(\w+(?:\{[^}]*\})?) (\S+)$", page.text, re.MULTILINE))
    assert float(found['muse_calls_total{tool="query",outcome="ok"}']) >= 1
    assert float(found['muse_call_seconds_bucket{tool="query",le="+Inf"}']) >= 1
    assert float(found["process_resident_memory_bytes"]) > 10_000_000
    assert float(found["muse_calls_running"]) == 0


def test_a_store_that_does_not_answer_is_not_ready_within_two_seconds(tmp_path: Path) -> None:
    unreachable = ClickHouseSettings(host="192.0.2.1", port=9)  # an address that answers nobody
    with http(environment(unreachable, tmp_path, CH_CA_CERT="")) as (url, _):
        started = time.monotonic()
        answer = httpx2.get(url.replace("/mcp", "/readyz"), timeout=10)
        assert time.monotonic() - started < 3
        assert answer.status_code == 503
        assert httpx2.get(url.replace("/mcp", "/livez")).status_code == 200


def test_however_many_ask_the_store_is_asked_once(embedded: ClickHouseSettings, tmp_path: Path) -> None:
    settings = Settings(embedded, MuseSettings(audit_dir=tmp_path))
    asked: list[str] = []

    def slow(traced: Traced) -> None:
        if traced.statement == "SELECT 1":
            asked.append(traced.query_id)
            time.sleep(0.1)

    client = ClickHouseClient(settings.clickhouse, settings.muse, tracer=slow)
    context = ServerContext(settings, client)
    threads = [threading.Thread(target=context.ready) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    context.close()
    assert len(asked) == 1


def test_the_exposition_counts_in_buckets() -> None:
    metrics = Metrics()
    for seconds in (0.004, 0.02, 100.0):
        metrics.begin()
        metrics.end("query", "ok", seconds, rows=2, size=10)
    text = metrics.text({"extra": ("More.", 1.5)})
    for line in (
        'muse_calls_total{tool="query",outcome="ok"} 3',
        'muse_call_seconds_bucket{tool="query",le="0.005"} 1',
        'muse_call_seconds_bucket{tool="query",le="0.025"} 2',
        'muse_call_seconds_bucket{tool="query",le="30.0"} 2',
        'muse_call_seconds_bucket{tool="query",le="+Inf"} 3',
        'muse_rows_total{tool="query"} 6',
        "extra 1.5",
    ):
        assert line in text.splitlines()


def test_no_digit_of_a_count_or_a_time_is_lost() -> None:
    metrics = Metrics()
    metrics.begin()
    metrics.end("query", "ok", 1_234_567.25, rows=1_234_567, size=12_345_678_901)
    found = dict(line.split() for line in metrics.text({"g": ("G.", 98_765_432.0)}).splitlines() if line[0] != "#")
    assert found['muse_rows_total{tool="query"}'] == "1234567"
    assert found['muse_answer_bytes_total{tool="query"}'] == "12345678901"
    assert found['muse_call_seconds_sum{tool="query"}'] == "1234567.25"
    assert found["g"] == "98765432"
    assert abs(float(found["process_start_time_seconds"]) - time.time()) < 5


def test_a_call_is_a_span_with_its_statement(store: Settings) -> None:
    # In a process of its own: a tracer provider is set once, for good.
    code = (
        "import anyio, mcp, sys\n"
        "from opentelemetry import trace\n"
        "from opentelemetry.sdk.trace import TracerProvider\n"
        "from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor\n"
        "provider = TracerProvider()\n"
        "provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(out=sys.stderr)))\n"
        "trace.set_tracer_provider(provider)\n"
        "from chimera_metrics.apps.muse_cli import main\n"
        "main(['serve'])\n"
    )
    variables = environment(store.clickhouse, store.muse.audit_dir or Path())
    server = StdioServerParameters(command=sys.executable, args=["-c", code], env=variables, cwd=str(ROOT))

    async def session(errors: TextIO) -> None:
        async with mcp.Client(stdio_client(server, errlog=errors)) as client:
            await client.call_tool("query", {"sql": "SELECT 'jane.doe@example.org'"})

    with tempfile.TemporaryFile("w+") as errors:
        anyio.run(session, cast("TextIO", errors))
        errors.seek(0)
        text = errors.read()
    assert "jane.doe" not in text
    spans = {span["name"]: span for span in _objects(text)}
    ours, calls = spans["muse query"], spans["tools/call query"]
    assert ours["parent_id"] == calls["context"]["span_id"]
    assert ours["attributes"]["db.system.name"] == "clickhouse"
    assert ours["attributes"]["db.query.text"].startswith("SELECT '")
    assert (ours["attributes"]["muse.outcome"], ours["attributes"]["muse.rows"]) == ("ok", 1)


def _objects(text: str) -> Iterator[Any]:
    """JSON objects that stand one behind the other."""
    decoder, place = json.JSONDecoder(), text.find("{")
    while place >= 0:
        found, end = decoder.raw_decode(text, place)
        yield found
        place = text.find("{", end)
