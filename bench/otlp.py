"""`/v1/traces` beside the insert tool: p95 of 100 spans and of the same 100 rows, and 10,000 spans sent three times.

    python -m bench.otlp [--pairs 200] [--spans 10000]

One server takes both, in turn, so that whatever else the machine does falls on both. The spans come as exporters send
them (protobuf), the rows as an agent sends them (a call of `insert.llm_events`), each on a kept connection. In the end
every span must be once in the table and in the rollup.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import random
import statistics
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench.http_calls import Connection, Target
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.integrations.otlp.mapping import row_of
from chimera_metrics.integrations.otlp.prices import Prices
from chimera_metrics.integrations.otlp.protobuf import read_protobuf
from tests.otlp.made import START_NS, request, span
from tests.server.processes import environment
from tests.server.processes import http as our_server

BATCH = 100
SENT = 3
MOST = 1.5
_WARM_UP = 10
_SEED = 7


def body(numbers: list[int]) -> bytes:
    """An export of calls of a model, in protobuf."""
    used = {"gen_ai.usage.input_tokens": 812, "gen_ai.usage.output_tokens": 140, "gen_ai.usage.cost": 0.000318}
    given = orjson.loads(request(*(span(number, **used) for number in numbers)))
    for one in given["resourceSpans"][0]["scopeSpans"][0]["spans"]:  # bytes in the JSON of protobuf's own library
        one["traceId"], one["spanId"] = _base64(one["traceId"]), _base64(one["spanId"])
    made: bytes = ParseDict(given, ExportTraceServiceRequest()).SerializeToString()
    return made


def _base64(digits: str) -> str:
    return base64.b64encode(bytes.fromhex(digits)).decode()


def rows(spans: bytes) -> list[dict[str, Any]]:
    """The rows that the spans become, under ids of their own."""
    prices = Prices(MuseSettings().prices)
    found = [row_of(one, prices) for one in read_protobuf(spans)]
    return [row | {"run_id": str(uuid.uuid4()), "cost_usd": str(row["cost_usd"])} for row in found]


class Exporter:
    """An exporter of spans on a kept connection."""

    def __init__(self, host: str, port: int) -> None:
        self._http = http.client.HTTPConnection(host, port, timeout=60)

    def send(self, spans: bytes) -> None:
        self._http.request("POST", "/v1/traces", spans, {"Content-Type": "application/x-protobuf"})
        response = self._http.getresponse()
        answer = response.read()
        assert response.status == 200, (response.status, answer)


def paired(exporter: Exporter, agent: Connection, pairs: int) -> dict[str, list[float]]:
    """Seconds of each: 100 spans, and the same 100 rows; which comes first takes turns."""
    took: dict[str, list[float]] = {"spans": [], "rows": []}
    for pair in range(-_WARM_UP, pairs):
        first = 1_000_000 + (pair + _WARM_UP) * BATCH
        spans = body(list(range(first, first + BATCH)))
        params = {"name": "insert.llm_events", "arguments": {"rows": rows(spans)}}
        call = orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
        for what in ("spans", "rows") if pair % 2 else ("rows", "spans"):
            began = time.perf_counter()
            if what == "spans":
                exporter.send(spans)
            else:
                assert b'"isError":true' not in agent.send(call)
            if pair >= 0:
                took[what].append(time.perf_counter() - began)
    return took


def resend(exporter: Exporter, total: int) -> None:
    """Sends each span three times, in other requests each time."""
    numbers, chance = list(range(total)), random.Random(_SEED)
    for size in (BATCH, 512, 77)[:SENT]:
        for start in range(0, total, size):
            exporter.send(body(numbers[start : start + size]))
        chance.shuffle(numbers)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--pairs", type=int, default=200)
    options.add_argument("--spans", type=int, default=10_000)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="muse-otlp-") as name:
        settings = ClickHouseSettings(path=f"{name}/store")
        runner.upgrade(settings)
        with our_server(environment(settings, Path(name)) | {"MUSE_OTLP": "true", "MUSE_RATE_LIMIT": "0"}) as (url, _):
            where = urlsplit(url)
            exporter = Exporter(where.hostname or "", where.port or 0)
            agent = Connection(Target(where.hostname or "", where.port or 0, "query", "sql"))
            took = paired(exporter, agent, chosen.pairs)
            resend(exporter, chosen.spans)
        with ClickHouseClient(settings) as client:
            sent = f"toUnixTimestamp(ts) <= {START_NS // 10**9 + chosen.spans}"
            counted = f"SELECT countIf({sent}), uniqExactIf(run_id, {sent}), count() FROM llm_events"
            *found, all_rows = map(int, client.executor.read(counted).rows[0])
            in_rollup = int(client.executor.scalar("SELECT sum(events) FROM llm_events_hourly"))
    p95 = {what: statistics.quantiles(seconds, n=20)[-1] * 1000 for what, seconds in took.items()}
    middle = {what: statistics.median(seconds) * 1000 for what, seconds in took.items()}
    ratio, once = p95["spans"] / p95["rows"], found == [chosen.spans] * 2 and in_rollup == all_rows
    print(
        f"{chosen.pairs} pairs of {BATCH}: p95 {p95['spans']:.1f} ms by /v1/traces, {p95['rows']:.1f} ms by the insert "
        f"tool: {ratio:.2f} (at most {MOST}); medians {middle['spans']:.1f} and {middle['rows']:.1f} ms."
    )
    stored = "each once" if once else f"NOT once, but {found}, {in_rollup} of {all_rows} in the rollup"
    print(f"{chosen.spans:,} spans sent {SENT} times: {stored}.")
    return 0 if ratio <= MOST and once else 1


if __name__ == "__main__":
    sys.exit(main())
