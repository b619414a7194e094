"""The views of MCP Apps in Chromium: by a small host on the reference host's library, and by the Inspector."""

from __future__ import annotations

import functools
import http.server
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from tests.hosts import node
from tests.server.processes import environment
from tests.server.processes import http as served
from tests.wide.browser.chromium import chromium, libraries
from tests.wide.environments import CACHE, ROOT, whole_environment
from tests.wide.outcomes import Outcome
from tests.wide.stores import make_store

HOST = ROOT / "tests" / "wide" / "apps" / "node"
_FAULTS = ("faults", "errors", "foreign", "serious")


def call(name: str, tool: str, says: list[str], marks: int = 0, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "tool": tool, "arguments": arguments, "says": says, "marks": marks}


MEAN = "llm.latency_mean_ms"
PLANTED = [{"column": "operation", "value": "planted"}]
P95 = "bench.latency_p95_ms"
#: On the samples. The words are what a person looks for: figures with their units.
CALLS = [
    call("trend", "query_trend", [f"{P95} by day", " ms newest", "commit 5d8a17f4"], 30, metric=P95, days=40),
    call("trend-groups", "query_trend", ["by model", "calls"], 60, metric="llm.calls", days=30, group_by=["model"]),
    call("trend-hours", "query_trend", ["llm.calls by hour"], 20, metric="llm.calls", days=2, granularity="hour"),
    call("trend-data", "get_trend_data", ["llm.error_rate by day", "%"], 10, metric="llm.error_rate", days=30),
    call("compare", "query_compare", ["Compared", "worse"], 10, metrics=["llm.calls", MEAN], group_by=["model"]),
    call(
        "drivers",
        "query_drivers",
        [f"What moved {MEAN}", "model moved", " ms", "by rate"],
        3,
        metric=MEAN,
        filters=PLANTED,
    ),
    call("drivers-none", "query_drivers", ["none is beyond what chance gives", "the rest"], 2, metric=P95, days=12),
    call("forecast", "query_forecast", ["7 ahead", "Measured, then forecast", "calls"], 40, metric="llm.calls"),
    call("forecast-one", "query_forecast", ["1 ahead", "calls"], 20, metric="llm.calls", horizon=1),
    call("performance", "get_performance_summary", ["Benchmarks: p95 latency", " ms", " USD"], 2, days=14),
    call("mistake", "query_trend", ["latncy"], metric="llm.latncy"),
]
EMPTY = [
    call("empty-trend", "query_trend", ["llm.calls by day"], metric="llm.calls"),
    call("empty-compare", "query_compare", ["Compared"], metrics=["llm.calls"]),
    call("empty-drivers", "query_drivers", ["What moved"], metric="llm.calls"),
    call("empty-forecast", "query_forecast", ["7 ahead"], metric="llm.calls"),
    call("empty-performance", "get_performance_summary", ["no benchmark runs"]),
]


def plant(path: str) -> None:
    """Two models of which one grew slow a week ago: the samples have nothing that stands out so."""
    today = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    call = {"source": "council", "operation": "planted", "status": "success"}
    rows = [
        call
        | {"ts": today - timedelta(days=day, minutes=7 * n), "model": model}
        | {"latency_ms": (900 if model == "moved" and day <= 7 else 300) + 11 * n % 40 + 3 * day % 13}
        for day in range(1, 36)
        for model in ("moved", "steady")
        for n in range(24)
    ]
    with ClickHouseClient(ClickHouseSettings(path=path)) as client:
        client.insert_llm_events(rows)


def run() -> Iterator[Outcome]:
    with tempfile.TemporaryDirectory(prefix="muse-apps-") as name:
        folder = Path(name)
        for store, calls in (("samples", CALLS), ("empty", EMPTY)):
            variables = environment(
                ClickHouseSettings(path=f"{name}/{store}"), folder, MUSE_ALLOWED_ORIGINS="http://127.0.0.1"
            )
            make_store(variables, sampled=store == "samples")
            if store == "samples":
                plant(f"{name}/{store}")
            with served(variables) as (url, _):
                yield by_small_host(url, store, calls, folder)
                if store == "samples":
                    yield by_inspector(url)


def by_small_host(url: str, store: str, calls: list[dict[str, Any]], folder: Path) -> Outcome:
    pages = bundled()
    written = folder / f"{store}.json"
    written.write_text(json.dumps(calls))
    axe = pages / "node_modules" / "axe-core" / "axe.min.js"
    with site(pages) as host, site(pages) as sandbox:
        words: list[str | Path] = [axe, f"{host}/host.html", f"{sandbox}/sandbox.html", url, pictures(), written]
        return outcome("tests.wide.apps.looks", words, "small host", store)


def by_inspector(url: str) -> Outcome:
    return outcome(
        "tests.wide.apps.inspector",
        [node.node(), node.programs() / node.INSPECTOR, url, pictures()],
        "Inspector",
        "tab Apps",
    )


def outcome(module: str, words: list[str | Path], where: str, what: str) -> Outcome:
    folder = chromium()
    started = time.monotonic()
    binary = folder / "usr/lib/chromium/chromium"
    told = subprocess.run(
        [whole_environment("browser"), "-m", module, binary, *words],
        env=node.path() | {"LD_LIBRARY_PATH": libraries(folder), "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    lines = [json.loads(line) for line in told.stdout.splitlines() if line.startswith("{")]
    faults = [line for line in lines if any(line[key] for key in _FAULTS)]
    for line in faults:
        print(f"  {where}, {what}: {line}", flush=True)
    if told.returncode:
        print(told.stderr[-2500:], flush=True)
    failed = len(faults) + int(told.returncode != 0 or not lines)
    return Outcome(where, what, len(lines) - len(faults), failed, 0, time.monotonic() - started)


def pictures() -> Path:
    folder = CACHE / "pictures" / "apps"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def bundled() -> Path:
    """The folder with the host's pages, its program in one file."""
    folder = node.programs(HOST / "package.json").parent
    for file in ("host.html", "host.mjs", "sandbox.html"):
        shutil.copy(HOST / file, folder)
    esbuild = folder / "node_modules" / "esbuild" / "bin" / "esbuild"
    words: list[str | Path] = [
        node.node(),
        esbuild,
        "host.mjs",
        "--bundle",
        "--format=esm",
        "--outfile=host.js",
        "--log-level=error",
    ]
    subprocess.run(words, cwd=folder, check=True, env=os.environ | node.path())
    return folder


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def site(folder: Path) -> Iterator[str]:
    """The folder's files on a port of this machine."""
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=made.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{made.server_port}"
    finally:
        made.shutdown()
        made.server_close()
