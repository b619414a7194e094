"""What the analytic tools cost: the database part beside the best hand-written SQL, inference apart, end to end.

    python -m bench.analytics [--ui 1000000,10000000,100000000] [--llm 10000000] [--runs 1000000] [--write]

The engine makes the rows, over 400 days up to today, in a temporary store with the whole schema (3 GB for 100 million,
some minutes). For each tool the statements that it runs are timed by the executor's tracer, and so is SQL written by
hand for the same answer, in turn. `--write` puts the tables into docs/performance.md.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from bench.analytics_by_hand import by_hand
from bench.analytics_outlook import outlook
from bench.generate import statements
from chimera_metrics.analytics import inference
from chimera_metrics.integrations.clickhouse.statements import Traced
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings
from chimera_metrics.integrations.evolution import runner

DAYS = 400
ROLLUPS = {"ui_events": "ui_events_hourly", "llm_events": "llm_events_hourly"}
DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"
OTHERS = {"episodes": 5_000, "deployments": 5_000, "watcher_runs": 40_000}

Call = Callable[[ClickHouseClient], Any]
ROWS_FILTER = [{"column": "schema_version", "op": ">=", "value": "1"}]
CALLS: dict[str, Call] = {
    "query: count() of ui_events": lambda c: c.query("SELECT count() FROM ui_events"),
    "query.aggregate, from the rollup": lambda c: c.aggregate(
        ["ui.events", "ui.latency_p95_ms"], group_by=["event_type"], days=30
    ),
    "query.aggregate, rows of 30 days": lambda c: c.aggregate(
        ["ui.events", "ui.latency_mean_ms", "ui.latency_p95_ms", "ui.sessions"], days=30, filters=ROWS_FILTER
    ),
    "query.trend": lambda c: c.trend("ui.latency_p95_ms", days=30),
    "query.correlation": lambda c: c.correlate("ui.latency_p95_ms", "llm.latency_p95_ms", days=30),
    "get.trend_data": lambda c: c.get_trend_data("llm.error_rate", days=90),
    "get.correlation_data": lambda c: c.get_correlation_data(days=7),
    "get.performance_summary": lambda c: c.get_performance_summary(days=7),
    "get.quality_metrics": lambda c: c.get_quality_metrics(days=7),
}
PROMISES = {  # seconds at 100 million, p95
    "query: count() of ui_events": 0.1,
    "query.aggregate, from the rollup": 0.1,
    "query.trend": 0.1,
    "query.aggregate, rows of 30 days": 1.0,
    "get.correlation_data": 2.0,
}


@dataclass
class Times:
    """Milliseconds of each repetition: the tool from call to result, its statements, and the SQL by hand."""

    whole: list[float] = field(default_factory=list)
    database: list[float] = field(default_factory=list)
    hand: list[float] = field(default_factory=list)


class Store:
    """A client whose statements are timed."""

    def __init__(self, path: str) -> None:
        self.traced: list[Traced] = []
        settings = ClickHouseSettings.model_validate({"path": path, "timeout": 3600, "store_idle": 3600})
        runner.upgrade(settings)
        self.client = ClickHouseClient(settings, MuseSettings(), tracer=self.traced.append)

    def fill(self, table: str, rows: int) -> float:
        """New rows, made by the engine; returns seconds."""
        run = self.client.executor.command
        for name in (table, *([ROLLUPS[table]] if table in ROLLUPS else [])):
            run(f"TRUNCATE TABLE {name}", {"max_partition_size_to_drop": 0, "max_table_size_to_drop": 0})
        started = time.perf_counter()
        tomorrow = datetime.now(UTC).date() + timedelta(days=1)
        for sql in statements(table, rows, DAYS, tomorrow):
            run(sql)
        return time.perf_counter() - started

    def read(self, text: str) -> None:
        """SQL by hand; like the tools' it says itself that a run counts once, so the session need not."""
        with self.client.executor.open(text, session={"final": 0}) as running:
            for _ in running.blocks():
                pass

    @contextmanager
    def timed(self, into: list[float]) -> Iterator[None]:
        self.traced.clear()
        yield
        into.append(sum(one.elapsed_ms for one in self.traced if one.kind == "read"))


def measure(store: Store, repeats: int) -> dict[str, Times]:
    """Each tool and its SQL by hand, in turn, so that what else the machine does meets both alike."""
    found = {}
    for name, call in CALLS.items():
        texts = by_hand(name, store.client)
        times = Times()
        for repeat in range(repeats + 1):
            once = Times()
            # Who comes second finds the caches warm: they take turns.
            for tool in (True, False) if repeat % 2 else (False, True):
                _once(store, call if tool else None, texts, once)
            if repeat:  # the first call loads libraries and caches
                times.whole += once.whole
                times.database += once.database
                times.hand += once.hand
        found[name] = times
    return found


def _once(store: Store, call: Call | None, texts: Sequence[str], into: Times) -> None:
    """The tool's call, or the SQL by hand."""
    started = time.perf_counter()
    if call is not None:
        with store.timed(into.database):
            call(store.client)
        into.whole.append((time.perf_counter() - started) * 1000)
        return
    with store.timed(into.hand):
        for text in texts:
            store.read(text)


def inference_times(points: int = 1000) -> dict[str, float]:
    """Milliseconds of each judgement on that many points."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(100, 5, points).tolist(), rng.normal(100, 5, points).tolist()
    case = [inference.Case(i, x[i * 20 : i * 20 + 10], y[i * 20 : i * 20 + 10]) for i in range(points // 20)]
    judged: dict[str, Callable[[], object]] = {
        "correlate (pearson)": lambda: inference.correlate(x, y),
        "correlate (spearman)": lambda: inference.correlate(x, y, method="spearman"),
        "correlate (kendall)": lambda: inference.correlate(x, y, method="kendall"),
        "correlate with 7 lags either way": lambda: inference.correlate(x, y, max_lag=7),
        "trend": lambda: inference.trend(x),
        "change points": lambda: inference.change_points(x),
        "anomalies (trend and changes known)": lambda: inference.anomalies(
            x, line=inference.trend(x[:20]), steps=inference.change_points(x[:5])
        ),
        f"regressions ({points // 20} cases of 20 runs)": lambda: inference.regressions(inference.compare_all(case)),
    }
    return {name: statistics.median(_milliseconds(run) for _ in range(5)) for name, run in judged.items()}


def _milliseconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return (time.perf_counter() - started) * 1000


def report(found: dict[int, dict[str, Times]]) -> list[str]:
    """The tables, as Markdown."""
    lines = []
    for rows, times in found.items():
        lines += [f"### {rows:,} ui_events", "", "| tool | database, ms | by hand, ms | ratio | p50, ms | p95, ms | |"]
        lines.append("| --- | ---: | ---: | ---: | ---: | ---: | --- |")
        for name, one in times.items():
            database, hand = statistics.median(one.database), statistics.median(one.hand)
            within = database <= 1.15 * hand + 5
            p95 = percentile(one.whole, 95)
            said = [] if within else ["above 1.15 × + 5 ms"]
            if rows == 100_000_000 and name in PROMISES and p95 > PROMISES[name] * 1000:
                said.append(f"above {PROMISES[name]:g} s")
            lines.append(
                f"| {name} | {database:.1f} | {hand:.1f} | {database / hand:.2f} | "
                f"{statistics.median(one.whole):.1f} | {p95:.1f} | {', '.join(said) or 'holds'} |"
            )
        lines.append("")
    return lines


def growth(found: dict[int, dict[str, Times]]) -> list[str]:
    sizes = list(found)
    lines = [f"| tool | {' | '.join(f'{size:,}' for size in sizes)} |", f"| --- |{' ---: |' * len(sizes)}"]
    for name in CALLS:
        cells = [f"{statistics.median(found[size][name].whole):.1f} ms" for size in sizes]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def percentile(values: Sequence[float], percent: int) -> float:
    return float(np.percentile(values, percent))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ui", default="1000000,10000000", help="rows of ui_events, several by commas")
    parser.add_argument("--llm", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    options = parser.parse_args()
    found: dict[int, dict[str, Times]] = {}
    ahead: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        try:
            for table, rows in {"llm_events": options.llm, "bench_runs": options.runs, **OTHERS}.items():
                print(f"{table}: {rows:,} rows in {store.fill(table, rows):.0f} s", flush=True)
            for rows in map(int, options.ui.split(",")):
                print(f"ui_events: {rows:,} rows in {store.fill('ui_events', rows):.0f} s", flush=True)
                found[rows] = measure(store, options.repeats)
                print("\n".join(report({rows: found[rows]})), flush=True)
                found_ahead = [f"### Forecast and anomalies, {rows:,} ui_events", "", *outlook(store.client, 5), ""]
                print("\n".join(found_ahead), flush=True)
                ahead += found_ahead
                gc.collect()
        finally:
            store.client.close()
    judged = [f"| {name} | {took:.1f} |" for name, took in inference_times().items()]
    inferred = ["| judgement of 1,000 points | ms |", "| --- | ---: |", *judged]
    text = "\n".join(
        [*report(found), *ahead, "### Inference apart", "", *inferred, "", "### Growth (p50)", "", *growth(found), ""]
    )
    print("\n".join([*inferred, "", *growth(found)]))
    if options.write:
        head = DOCUMENT.read_text().partition("## Measured")[0] if DOCUMENT.exists() else "# Performance\n\n"
        DOCUMENT.write_text(f"{head}## Measured\n\n{text}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
