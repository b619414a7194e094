"""What `drivers` costs on large tables: CPU beside one GROUP BY over the same columns, in turn in one run.

Run: .venv/bin/python -m bench.drivers times 5. The engine makes 10 million `llm_events` on 50 days up to today, in a
temporary store; `large 3` makes 100 million, which takes ten minutes and 10 GB.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

from bench import analytics

ROWS, LARGE, DAYS = 10_000_000, 100_000_000, 50
FOUR = "source, model, operation, status"
# What is asked, and the columns and aggregates of the GROUP BY beside it.
CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "error rate": ({"metric": "llm.error_rate"}, "source, model, operation", "count(), countIf(status != 'success')"),
    "mean of tokens": ({"metric": "avg(llm_events.tokens_in)"}, FOUR, "count(tokens_in), sum(tokens_in)"),
    "cost": ({"metric": "llm.cost_usd"}, FOUR, "count(), sum(cost_usd)"),
    "p95 of latency": ({"metric": "llm.latency_p95_ms"}, FOUR, "count(), countIf(latency_ms > 100)"),
    "mean of tokens, by hour too": (
        {
            "metric": "avg(llm_events.tokens_in)",
            "dimensions": ["source", "model", "operation", "status", "hour_of_day"],
        },
        f"{FOUR}, toHour(ts)",
        "count(tokens_in), sum(tokens_in)",
    ),
}


def times(repeats: int, rows: int = ROWS) -> Iterator[str]:
    """The table, of the median of so many repetitions."""
    analytics.DAYS = DAYS
    with tempfile.TemporaryDirectory() as folder:
        store = analytics.Store(folder)
        try:
            store.fill("llm_events", rows)
            yield from _table(store, repeats)
        finally:
            store.client.close()


def _table(store: analytics.Store, repeats: int) -> Iterator[str]:
    yield "| drivers of | reads | statements | wall, ms | CPU, ms | one GROUP BY, CPU ms | ratio | inference, CPU ms |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for name, (given, columns, values) in CASES.items():
        sql = (
            f"SELECT toStartOfDay(ts) AS day, {columns}, {values} FROM llm_events "
            f"WHERE ts >= today() - 42 AND ts < today() GROUP BY day, {columns}"
        )
        walls, ours, hands, statements = [], [], [], 0
        source = ""
        for _ in range(repeats + 1):
            hands.append(_cpu(lambda sql=sql: store.read(sql))[1])  # type: ignore[misc]
            store.traced.clear()
            answer: list[Any] = []
            wall, cpu = _cpu(lambda given=given, into=answer: into.append(store.client.drivers(**given)))  # type: ignore[misc]
            walls.append(wall)
            ours.append(cpu)
            statements, source = len(store.traced), answer[0].source
        wall, cpu, hand = (statistics.median(each[1:]) for each in (walls, ours, hands))  # the first loads libraries
        cells = (name, source, f"{statements}", f"{wall:.0f}", f"{cpu:.0f}", f"{hand:.0f}", f"{cpu / hand:.2f}")
        yield f"| {' | '.join((*cells, f'{_inference(store, given):.0f}'))} |"


def _inference(store: analytics.Store, given: dict[str, Any]) -> float:
    """CPU ms of the inference alone, of the same cube."""
    from chimera_metrics.analytics import inference

    took: list[float] = []
    real = inference.drivers

    def timed(*arguments: Any, **more: Any) -> Any:
        began = time.process_time()
        try:
            return real(*arguments, **more)
        finally:
            took.append((time.process_time() - began) * 1000)

    inference.drivers = timed
    try:
        store.client.drivers(**given)
    finally:
        inference.drivers = real
    return took[0]


def _cpu(run: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU milliseconds, of all threads: the engine runs in this process."""
    began, cpu = time.perf_counter(), time.process_time()
    run()
    return (time.perf_counter() - began) * 1000, (time.process_time() - cpu) * 1000
