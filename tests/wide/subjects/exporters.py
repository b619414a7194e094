"""Five exporters of spans, live: six calls each, one row a call in `llm_events`, each column right or null."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from tests.otlp.test_mapping import COLUMNS, EXPECTED
from tests.server.processes import environment as variables
from tests.server.processes import http
from tests.wide.environments import ROOT, whole_environment
from tests.wide.exporters.model_api import model_api
from tests.wide.outcomes import Outcome
from tests.wide.stores import make_store

# Each by the recorded exporter that says what its rows hold.
LIKE = {
    "otel": "otel-genai",
    "openllmetry": "openllmetry",
    "openinference": "openinference",
    "langfuse": "langfuse",
    "litellm": "litellm",
}
CALLS = Path(__file__).parents[1] / "exporters" / "calls.py"
LONGEST_S = 120


def run() -> Iterator[Outcome]:
    pythons = {name: whole_environment(f"exporter_{name}") for name in LIKE}
    took: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="muse-exporters-") as folder:
        settings = ClickHouseSettings(path=str(Path(folder) / "store"))
        make_store(variables(settings, Path(folder)), sampled=False)
        with model_api() as api, http(variables(settings, Path(folder), MUSE_OTLP="1")) as (url, _):
            receiver = url.removesuffix("/mcp")
            for name, python in pythons.items():
                print(f"\n{name}: six calls", flush=True)
                started = time.monotonic()
                command = [str(python), str(CALLS), name, api, receiver]
                subprocess.run(command, cwd=ROOT, check=False, capture_output=True, timeout=LONGEST_S)
                took[name] = time.monotonic() - started
        with ClickHouseClient(settings) as client:
            for name in LIKE:
                yield judged(name, rows_of(client, name), took[name])


def rows_of(client: ClickHouseClient, exporter: str) -> list[dict[str, Any]]:
    columns = ", ".join((*COLUMNS, "run_id", "latency_ms", "cost_usd", "error_msg"))
    return client.execute_query(f"SELECT {columns} FROM llm_events WHERE source = '{exporter}' ORDER BY ts")


def judged(exporter: str, rows: list[dict[str, Any]], seconds: float) -> Outcome:
    faults = list(faults_of(exporter, rows))
    for fault in faults:
        print(f"  {exporter}: {fault}", flush=True)
    return Outcome(exporter, "one row a call", 4 - len(faults), len(faults), 0, seconds)


def faults_of(exporter: str, rows: list[dict[str, Any]]) -> Iterator[str]:
    expected = sorted(EXPECTED[LIKE[exporter]], key=str)
    found = sorted((tuple(row[column] for column in COLUMNS) for row in rows), key=str)
    if found != expected:
        yield f"rows {found} instead of {expected}"
    if len({row["run_id"] for row in rows}) != len(rows):
        yield "two rows of one run_id"
    if not all(0 < row["latency_ms"] < 5_000 for row in rows):
        yield f"latencies {[row['latency_ms'] for row in rows]}"
    costs = {row["model"] for row in rows if row["cost_usd"] is not None}
    if costs != ({"gpt-4o-mini", "text-embedding-3-small"} if exporter == "litellm" else set()):
        yield f"costs of {costs}"
