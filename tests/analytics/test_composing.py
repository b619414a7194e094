"""Selects compose: filtered, limited, joined, nested, cached, on SQLAlchemy alone."""

from __future__ import annotations

import subprocess
import sys

from sqlalchemy import select

from chimera_metrics.analytics import aggregate, estimate, series
from chimera_metrics.models import FACT_TABLES
from tests.analytics.conftest import Store, at, days
from tests.analytics.rows import bench, llm, ui


def test_a_select_takes_another_condition_and_a_limit(store: Store) -> None:
    store.insert(
        "ui_events", [ui(at(8), 1, latency_ms=5.0), ui(at(9), 1, latency_ms=50.0), ui(at(9), 2, latency_ms=90.0)]
    )
    question = aggregate(["ui.events"], window=days(7), granularity="day", exact=True)
    table = FACT_TABLES["ui_events"]
    rows = store.run(question.select.where(table.c.latency_ms > 10).limit(1))
    assert [(row["ts"].day, row["events"]) for row in rows] == [(9, 2)]


def test_two_questions_join(store: Store) -> None:
    store.insert("llm_events", [llm(at(9), model="a", status=status) for status in ("success", "failure")])
    store.insert("bench_runs", [bench(at(9), 1, 70.0, model="a"), bench(at(9), 2, 80.0, model="b")])
    errors = aggregate(["llm.error_rate"], window=days(7), group_by=["model"]).select.subquery("errors")
    speed = aggregate(["bench.latency_p95_ms"], window=days(7), group_by=["model"]).select.subquery("speed")
    both = select(errors.c.model, errors.c.error_rate, speed.c.latency_p95_ms).join_from(
        errors, speed, errors.c.model == speed.c.model
    )
    assert store.run(both) == [{"model": "a", "error_rate": 0.5, "latency_p95_ms": 70.0}]


def test_an_estimate_is_an_executable_of_its_own(store: Store) -> None:
    store.insert("llm_events", [llm(at(9)), llm(at(8))])
    [row] = store.run(
        estimate(aggregate(["llm.calls"], window=days(7), exact=True, filters=[{"column": "model", "value": "x"}]))
    )
    assert (row["table"], row["rows"]) == ("llm_events", 2)


def test_statements_that_differ_in_a_level_or_value_are_not_mixed_up_by_the_cache(store: Store) -> None:
    """SQLAlchemy keeps compiled statements; a p50 must not answer for a p95, nor one model for another."""
    store.insert("llm_events", [llm(at(9), float(n), model=f"m{n}") for n in range(1, 102)])
    for level in (50, 95):
        [row] = store.run(aggregate([f"p{level}(llm_events.latency_ms)"], window=days(7), exact=True).select)
        assert row == {f"p{level}_latency_ms": level + 1}
    for model in ("m1", "m2"):
        filters = [{"column": "model", "value": model}]
        [row] = store.run(series("llm.latency_mean_ms", window=days(7), filters=filters).select)
        assert row["value"] == float(model[1:])


def test_importing_analytics_loads_no_numpy_engine_or_settings() -> None:
    heavy = [
        "numpy",
        "scipy",
        "matplotlib",
        "pydantic",
        "chdb",
        "chimera_metrics.integrations",
        "chimera_metrics.analytics.inference",
    ]
    code = f"import sys, analytics; print([name for name in {heavy!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
