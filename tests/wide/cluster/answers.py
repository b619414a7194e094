"""Rows by which answers are compared, and the comparison: whether two stores answer a Select alike."""

from __future__ import annotations

import math
import random
from typing import Any

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.errors import MuseError
from tests.analytics.conftest import at
from tests.analytics.rows import bench, llm, session, ui, uuid
from tests.analytics.test_both_engines import ROWS


def some_rows() -> dict[str, list[dict[str, Any]]]:
    """Those of the suite and many more; benchmark runs that were sent again, also on another day."""
    chance = random.Random(21)
    kinds = ("query_submit", "overlay_open", "error")
    found = {table: list(rows) for table, rows in ROWS.items()}
    for number in range(300):
        day = chance.randrange(1, 10)
        found["ui_events"].append(ui(at(day), number % 23, chance.choice(kinds), float(chance.randrange(1, 900))))
        found["llm_events"].append(
            llm(at(day), float(chance.randrange(1, 900)), tokens_in=number) | {"run_id": uuid(number)}
        )
        found["bench_runs"].append(bench(at(day), 100 + number % 60, float(number), model="llama"))
        found["session_stats"].append(session(at(day, 3), number % 23, chance.choice((0.0, 0.25, 0.5))))
    return found


def differs(statement: Any, one: Executor, other: Executor) -> str:
    """How the second store's answer differs from the first one's; '' where it does not."""
    try:
        text = one.compile(statement)
        wanted, found = (sorted(store.read(text).rows, key=repr) for store in (one, other))
    except MuseError as error:
        return f"{type(error).__name__}: {error.sentence[:200]}"
    if len(wanted) != len(found):
        return f"{len(found)} rows, not {len(wanted)}"
    apart = [(a, b) for a, b in zip(wanted, found, strict=True) if not all(map(_alike, a, b))]
    return f"{apart[0][1]} is not {apart[0][0]}"[:300] if apart else ""


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_alike, one, other))
    return bool(one == other)
