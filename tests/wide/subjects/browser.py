"""The page at `/` in Chromium, on the samples and on an empty store, at a desk's and a phone's width."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from chimera_metrics.integrations.config import ClickHouseSettings
from tests.hosts import node
from tests.server.processes import environment, http
from tests.wide.browser.chromium import chromium, libraries
from tests.wide.environments import CACHE, ROOT, whole_environment
from tests.wide.outcomes import Outcome
from tests.wide.stores import make_store

VIEWS = ("/", "/trend", "/benchmarks", "/correlations", "/drivers", "/data", "/rows")
AXE = ROOT / "tests" / "wide" / "browser" / "node" / "package.json"


def run() -> Iterator[Outcome]:
    folder = chromium()
    python = whole_environment("browser")
    axe = node.programs(AXE) / "axe-core" / "axe.min.js"
    with tempfile.TemporaryDirectory(prefix="muse-browser-") as name:
        for store in ("samples", "empty"):
            variables = environment(ClickHouseSettings(path=f"{name}/{store}"), Path(name))
            make_store(variables, sampled=store == "samples")
            pictures = CACHE / "pictures" / store
            pictures.mkdir(parents=True, exist_ok=True)
            with http(variables) as (url, _):
                words: list[str | Path] = [
                    python,
                    "-m",
                    "tests.wide.browser.looks",
                    folder / "usr/lib/chromium/chromium",
                    axe,
                ]
                yield _outcome([*words, url.removesuffix("/mcp"), pictures, *VIEWS], store, libraries(folder))


def _outcome(words: list[str | Path], store: str, libraries_path: str) -> Outcome:
    started = time.monotonic()
    variables = os.environ | {"LD_LIBRARY_PATH": libraries_path, "PYTHONPATH": str(ROOT)}
    told = subprocess.run(words, env=variables, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    faults = [line for line in lines if line["status"] != 200 or any(line[key] for key in _FAULTS)]
    for line in faults:
        print(f"  {store}: {line}", flush=True)
    if told.returncode:
        print(told.stderr[-1500:], flush=True)
    failed = len(faults) + int(told.returncode != 0)
    return Outcome("Chromium", store, len(lines) - len(faults), failed, 0, time.monotonic() - started)


_FAULTS = ("errors", "foreign", "wide", "serious")
