"""The twelve stories end to end: one call of `query.drivers`, beside the SQL of a client of mcp-clickhouse.

Run: .venv/bin/python -m bench.drivers surface 1, which installs mcp-clickhouse under .cache/ where it is not.
Each story is stored in a store of its own and asked about over stdio, by a client that knows tables and columns. By SQL
it asks for both windows, and for both by each word and each pair of words, and names what contributes most: it knows
nothing of chance. The cube, from which `drivers` itself could be computed, is one statement.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import orjson

from bench.driver_commits import commit_store
from bench.driver_stories import FIRST_SEED, store
from bench.surface import Side, beside_command, sides
from bench.wire_client import WireClient
from chimera_metrics.analytics.inference.driver_cube import Cube
from chimera_metrics.integrations.clickhouse.store import open_store
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner

DAYS = 35
STORIES = {
    "one": "rate", "cross": "rate", "mix": "mean", "silent": "count", "creep": "mean", "commit": "ms", "two": "rate",
    "new": "rate", "rare": "rate", "volume": "count", "none": "rate", "everywhere": "rate",
}  # fmt: skip
METRICS = {
    "rate": ("llm.error_rate", "llm_events", "countIf(status != 'success')"),
    "mean": ("llm.cost_per_call_usd", "llm_events", "sum(toFloat64(cost_usd))"),
    "count": ("llm.calls", "llm_events", "count()"),
    "ms": ("bench.latency_p95_ms", "bench_runs", "sum(latency_p95_ms)"),
}
# The column `operation` holds another dimension where a story is about that.
THIRD = {"rare": "customer", "volume": "client"}
Where = dict[str, str]


@dataclass
class Asked:
    """What was sent and came back, in bytes, by how many calls; and what was named first, {} for everything."""

    calls: int = 0
    size: int = 0
    named: Where | None = None

    def call(self, client: WireClient, tool: str, arguments: Mapping[str, Any]) -> Any:
        text = client.call(tool, arguments)
        self.calls += 1
        self.size += len(orjson.dumps(arguments)) + len(text)
        return orjson.loads(text)


def told(settings: ClickHouseSettings, story: str, seed: int) -> list[Where]:
    """Stores the story up to yesterday, and returns its causes."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [midnight - timedelta(days=DAYS - day) for day in range(DAYS)]
    rng = np.random.default_rng(seed)
    if story == "commit":
        cube, birth, cause = commit_store(seed, 1.4)
        columns, causes = _runs(cube, birth), [cause]
    else:
        cube, causes = store(story, STORIES[story], seed)
        columns = _calls(cube, STORIES[story], THIRD.get(story, "operation"))
    ids = [UUID(bytes=rng.bytes(16)) for _ in cube.day]
    times = [
        days[day] + timedelta(seconds=float(at))
        for day, at in zip(cube.day, rng.random(len(ids)) * 86_399, strict=True)
    ]
    columns |= {"ts": times, "run_id": ids}
    runner.upgrade(settings)
    with ClickHouseClient(settings) as client:
        client.executor.insert(METRICS[STORIES[story]][1], list(columns), list(columns.values()))
    open_store(settings.store_path).close()
    third = THIRD.get(story, "operation")
    return [{_column(dim, third): f"{dim} {word}" for dim, word in cause.items()} for cause in causes]


def _column(dim: str, third: str) -> str:
    return "operation" if dim == third else dim


def _calls(cube: Cube, metric: str, third: str) -> dict[str, list[Any]]:
    return {
        **{_column(dim, third): [f"{dim} {word}" for word in cube.words[dim]] for dim in ("source", "model", third)},
        "status": ["failure" if metric == "rate" and s else "success" for s in cube.s],
        "cost_usd": [round(Decimal(float(s)), 9) if metric == "mean" else Decimal("0.01") for s in cube.s],
    }


def _runs(cube: Cube, birth: int) -> dict[str, list[Any]]:
    return {
        **{dim: [f"{dim} {word}" for word in cube.words[dim]] for dim in ("model", "quant")},
        "dataset": ["chat"] * len(cube.s),
        "latency_p95_ms": list(cube.s),
        "commit_sha": [f"{int(day >= birth) + 1:040x}" for day in cube.day],
    }


def by_drivers(side: Side, story: str) -> Asked:
    """One call of our tool."""
    asked = Asked()
    with WireClient(side.command, side.env) as client:
        answer = asked.call(client, "query_drivers", {"metric": METRICS[STORIES[story]][0]})
    if answer["drivers"]:
        asked.named = answer["drivers"][0]["where"]
    return asked


def by_sql(side: Side, story: str) -> tuple[Asked, Asked]:
    """The breakdowns, and apart from them the cube."""
    _, table, total = METRICS[STORIES[story]]
    dims = ("model", "quant") if table == "bench_runs" else ("source", "model", "operation")
    last = "ts >= today() - 7 AND ts < today()"
    asked, cube = Asked(), Asked()
    with WireClient(side.command, side.env) as client:

        def rows(into: Asked, select: str, days: int, keys: Sequence[str]) -> list[dict[str, Any]]:
            by = f" GROUP BY {', '.join(keys)}" if keys else ""
            listed = ", ".join((*keys, select))
            sql = f"SELECT {listed} FROM chimera_metrics.{table} WHERE ts >= today() - {days} AND ts < today(){by}"
            found = into.call(client, side.tool, {side.argument: sql})
            found = orjson.loads(found["result"]) if isinstance(found, dict) and "result" in found else found
            return (
                [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]
                if "rows" in found
                else list(found)
            )

        both = f"countIf({last}) AS n_after, count() - n_after AS n_before, " + ", ".join(
            f"{_if(total, condition)} AS s_{name}" for name, condition in (("after", last), ("before", f"NOT ({last})"))
        )
        every = rows(asked, both, 14, ())
        parts = [(keys, rows(asked, both, 14, keys)) for size in (1, 2) for keys in combinations(dims, size)]
        rows(cube, f"count() AS n, {total} AS s", DAYS, ("toDate(ts) AS day", *dims))
    asked.named = _largest(every[0], parts, is_mean=STORIES[story] != "count")
    return asked, cube


def _if(total: str, condition: str) -> str:
    name, _, inside = total.rstrip(")").partition("(")
    inside += ")" * (inside.count("(") - inside.count(")"))
    if name == "countIf":
        return f"countIf({inside} AND {condition})"
    return f"countIf({condition})" if not inside else f"{name}If({inside}, {condition})"


def _largest(every: dict[str, Any], parts: list[tuple[tuple[str, ...], list[dict[str, Any]]]], is_mean: bool) -> Where:
    """The word or pair whose part of the metric moved most: of its sum over all rows, or of its sum."""
    best: tuple[float, Where] = (-1.0, {})
    per = [float(every[f"n_{side}"]) if is_mean else 1.0 for side in ("before", "after")]
    for keys, rows in parts:
        for row in rows:
            moved = abs(float(row["s_after"]) / per[1] - float(row["s_before"]) / per[0])
            best = max(best, (moved, {key: str(row[key]) for key in keys}), key=lambda one: one[0])
    return best[1]


def surface(draws: int) -> Iterator[str]:
    """The table, of each story so many times."""
    logging.disable(logging.WARNING)
    beside = beside_command(None)
    yield "| story | `query.drivers`: calls, bytes | names | SQL: calls, bytes | contributes most | the cube: bytes |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for story, seed in ((story, FIRST_SEED + draw) for story in STORIES for draw in range(draws)):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            settings = ClickHouseSettings(path=str(folder / "store"), timeout=600)
            causes = told(settings, story, seed)
            both = sides(settings, folder, beside)
            ours = by_drivers(both["ours"], story)
            theirs, cube = by_sql(both["beside"], story)
        cells = (f"{ours.calls}, {ours.size:,}", _said(ours, causes), f"{theirs.calls}, {theirs.size:,}")
        yield f"| {' | '.join((story, *cells, _said(theirs, causes), f'{cube.size:,}'))} |"


def _said(asked: Asked, causes: list[Where]) -> str:
    if not causes:
        return "nothing, as it should" if asked.named is None else "something"
    return "the cause" if asked.named in causes else "nothing" if asked.named is None else "another"
