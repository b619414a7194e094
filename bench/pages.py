"""The first view of the page on a large store: first words, first picture, all of it, and the same again.

    python -m bench.pages [--rows 10000000] [--path DIR] [--view /] [--times 5]

Fills a temporary store with `llm_events` and `ui_events` of 400 days, half of the rows each, and benchmarks, episodes,
deployments and checks beside them (`--path` keeps a store for the next run). A server is started and answers once about
another window, so that it is warm and nothing is cached. Then the view is loaded as a browser does: the HTML as it
comes, each picture as soon as its place is known, six at a time. "first picture" is when the first of them is whole.
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from bench.generate import statements
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner
from tests.server.processes import environment, http

BESIDE = {"bench_runs": 20_000, "episodes": 2_000, "deployments": 2_000, "watcher_runs": 20_000}
DAYS, AT_ONCE = 400, 6
LIMIT_S = 120
_PICTURE = re.compile(r'<img[^>]* src="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Load:
    """Seconds from the request on."""

    words: float
    first_picture: float
    whole: float
    pictures: int


def fill(settings: ClickHouseSettings, rows: int) -> None:
    runner.upgrade(settings)
    executor = Executor(settings.model_copy(update={"timeout": 3600}))
    if not executor.scalar("SELECT count() FROM ui_events"):
        started = time.perf_counter()
        for table, count in {"llm_events": rows // 2, "ui_events": rows // 2, **BESIDE}.items():
            for sql in statements(table, count, DAYS, datetime.now(UTC).date()):
                executor.command(sql)
        print(f"{rows:,} rows made in {time.perf_counter() - started:.0f} s")
    executor.close()


def load(client: httpx2.Client, address: str) -> Load:
    """One load of a view with all its pictures."""
    began = time.perf_counter()
    done: list[Future[float]] = []
    words = 0.0

    def fetch(path: str) -> float:
        client.get(path.replace("&amp;", "&")).raise_for_status()
        return time.perf_counter() - began

    with ThreadPoolExecutor(AT_ONCE) as pool:
        with client.stream("GET", address) as answer:
            answer.raise_for_status()
            seen, text = 0, ""
            for part in answer.iter_text():
                words = words or time.perf_counter() - began
                text += part
                places = _PICTURE.findall(text)
                done += [pool.submit(fetch, place) for place in places[seen:]]
                seen = len(places)
        html = time.perf_counter() - began
        ended = [one.result() for one in done]
    return Load(words, min(ended, default=html), max([html, *ended]), len(ended))


def measured(url: str, view: str, times: int) -> tuple[list[Load], list[Load]]:
    """Loads of windows that nobody has asked for yet, each beside the same load again."""
    first, again = [], []
    with httpx2.Client(base_url=url.removesuffix("/mcp"), timeout=LIMIT_S) as client:
        load(client, f"{view}?days=3")
        for n in range(times):
            address = f"{view}?days={7 + n}"
            first.append(load(client, address))
            again.append(load(client, address))
    return first, again


def row(name: str, loads: Sequence[Load]) -> str:
    figures = [statistics.median(getattr(one, field) for one in loads) for field in ("words", "first_picture", "whole")]
    return f"{name:<10}" + "".join(f"{figure:>14.2f}" for figure in figures) + f"{loads[0].pictures:>10}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Load a view of the page on a large store.")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--path", type=Path, help="folder of the store, kept for the next run")
    parser.add_argument("--view", default="/")
    parser.add_argument("--times", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="muse-pages-") as name:
        folder = Path(name)
        settings = ClickHouseSettings(path=str(args.path or folder / "store"))
        fill(settings, args.rows)
        with http(environment(settings, folder)) as (url, _):
            first, again = measured(url, args.view, args.times)
    print(f"{args.view} on {args.rows:,} rows, median of {args.times} in seconds\n")
    print(f"{'':<10}{'first words':>14}{'first picture':>14}{'whole':>14}{'pictures':>10}")
    print(row("first", first))
    print(row("again", again))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
