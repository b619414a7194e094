"""Every Select gives the same Python values on the embedded engine and over the native protocol."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.config import ClickHouseSettings
from tests.analytics.conftest import Store, at
from tests.analytics.rows import bench, commit, deployment, episode, llm, session, ui, watcher
from tests.analytics.snapshots import SELECTS
from tests.conftest import empty

ROWS: dict[str, list[dict[str, Any]]] = {
    "llm_events": [llm(at(day), 10.0 * day, cost_usd=Decimal("0.25"), tokens_in=day) for day in (5, 6, 9)],
    "ui_events": [ui(at(day), day % 2, "error" if day == 9 else "query_submit", 3.5 * day) for day in (5, 6, 8, 9)],
    "bench_runs": [
        bench(at(day), day, 9.0 * day, model="opus", commit_sha=commit(day), cost_per_1k=Decimal("0.002"))
        for day in (2, 5, 6, 9)
    ],
    "episodes": [episode(at(9), 1, confidence_score=0.5, cost_total=Decimal("1.5"))],
    "deployments": [deployment(at(9), 1, duration_ms=5.0)],
    "watcher_runs": [watcher(at(9), lag_seconds=60.0)],
    "session_stats": [session(at(9, 3), 1, 0.5)],
}


@pytest.fixture(scope="module")
def over_the_wire(native: ClickHouseSettings) -> Iterator[Executor]:
    executor = Executor(native)
    empty(executor)  # other tests of this process use the same store
    yield executor
    empty(executor)
    executor.close()


def alike(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-12)
    return type(one) is type(other) and bool(one == other)


def test_values_and_types_are_the_same(store: Store, over_the_wire: Executor) -> None:
    for table, rows in ROWS.items():
        store.insert(table, rows)
        names = sorted({name for row in rows for name in row})
        over_the_wire.insert(table, names, [[row.get(name) for row in rows] for name in names])
    for name, statement in SELECTS.items():
        if name == "estimate":
            continue  # counts parts, which differ
        ours, theirs = (sorted(one.read(statement).rows, key=repr) for one in (store.executor, over_the_wire))
        assert len(ours) == len(theirs), name
        for row, other in zip(ours, theirs, strict=True):
            assert all(map(alike, row, other)), (name, row, other)
