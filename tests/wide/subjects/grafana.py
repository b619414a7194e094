"""Grafana's dashboard against Grafana's own types, and the rules on `/metrics` by Prometheus' own tool."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2

from chimera_metrics.integrations.config import ClickHouseSettings
from tests.hosts import node
from tests.server.processes import environment, http
from tests.wide.environments import CACHE, ROOT
from tests.wide.outcomes import Outcome

HERE = ROOT / "tests" / "wide" / "grafana"
RULES = ROOT / "deploy" / "prometheus" / "alerts.yaml"
BOARD = ROOT / "deploy" / "grafana" / "dashboard.json"
#: What the check must find, or it finds nothing.
WRONG = (
    '{"titel": "Muse", "schemaVersion": 39}',
    '{"schemaVersion": 39, "panels": [{"type": "stat", "gridPos": {"x": 0, "y": 0, "w": "wide", "h": 8}}]}',
    '{"schemaVersion": 39, "panels": [{"type": "stat", "fieldConfig": {"defaults": {"unit": 5}, "overrides": []}}]}',
)
# JSON holds the words that an enum stands for.
_TYPED = """import type { Dashboard } from "@grafana/schema";
type Plain<T> = T extends string ? `${T}` : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
export const board: Plain<Dashboard> = %s;
"""
_TSC = ["--noEmit", "--strict", "--skipLibCheck", "--module", "esnext", "--moduleResolution", "bundler", "--types", ""]


def run() -> Iterator[Outcome]:
    yield typed()
    yield by_promtool()


def typed() -> Outcome:
    started = time.monotonic()
    folder = node.programs(HERE / "node" / "package.json").parent
    passed = failed = 0
    for text, right in ((BOARD.read_text(), True), *((wrong, False) for wrong in WRONG)):
        file = folder / "dashboard.ts"
        file.write_text(_TYPED % text)
        words: list[str | Path] = [node.node(), folder / "node_modules" / "typescript" / "bin" / "tsc", *_TSC, file]
        told = subprocess.run(words, cwd=folder, env=node.path(), capture_output=True, text=True, check=False)
        agrees = (told.returncode == 0) is right
        passed, failed = passed + agrees, failed + (not agrees)
        if not agrees:
            print(f"  {text[:60]}: {told.stdout[:1500]} {told.stderr[:500]}", flush=True)
    return Outcome("Grafana", "types of the dashboard", passed, failed, 0, time.monotonic() - started)


def by_promtool() -> Outcome:
    started = time.monotonic()
    tool = promtool()
    faults = [
        words
        for words in (["check", "rules", str(RULES)], ["test", "rules", str(HERE / "alerts.test.yaml")])
        if not _runs([str(tool), *words])
    ]
    if not _runs([str(tool), "check", "metrics"], metrics()):
        faults.append(["check", "metrics"])
    return Outcome("promtool", "rules and metrics", 3 - len(faults), len(faults), 0, time.monotonic() - started)


def _runs(words: list[str], given: str = "") -> bool:
    told = subprocess.run(words, input=given, capture_output=True, text=True, check=False)
    if told.returncode:
        print(f"  {' '.join(words)}: {told.stdout[-1500:]} {told.stderr[-1500:]}", flush=True)
    return told.returncode == 0


def metrics() -> str:
    """What a server says that has answered and refused something."""
    with tempfile.TemporaryDirectory(prefix="muse-metrics-") as name:
        variables = environment(ClickHouseSettings(path=f"{name}/store"), Path(name))
        with http(variables) as (url, _):
            hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
            headers = {"Accept": "application/json, text/event-stream"}
            for id_, method, params in (
                (1, "initialize", hello),
                (2, "tools/call", {"name": "query", "arguments": {"sql": "SELECT 1"}}),
                (3, "tools/call", {"name": "query", "arguments": {"sql": "DROP TABLE ui_events"}}),
            ):
                message = {"jsonrpc": "2.0", "id": id_, "method": method, "params": params}
                httpx2.post(
                    url, content=json.dumps(message), headers=headers | {"Content-Type": "application/json"}, timeout=60
                )
            return httpx2.get(url.replace("/mcp", "/metrics")).text


def promtool(cache: Path = CACHE) -> Path:
    """Prometheus' tool from Debian's package, of which the rest (300 MB) is not kept."""
    tool = cache / "promtool" / "promtool"
    if not tool.exists():
        print("Setting up wide/promtool …", flush=True)
        tool.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="muse-promtool-") as name:
            fetch = ["apt-get", "download", "-qq", "prometheus"]
            if subprocess.run(fetch, cwd=name, check=False, capture_output=True).returncode:
                subprocess.run(["apt-get", "update", "-qq"], check=False, capture_output=True)
                subprocess.run(fetch, cwd=name, check=True, capture_output=True)
            [package] = Path(name).glob("*.deb")
            subprocess.run(["dpkg", "-x", package, name], check=True)
            shutil.copy(Path(name) / "usr" / "bin" / "promtool", tool)
    return tool
