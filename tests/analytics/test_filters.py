"""Filters: values cast to the column's type and bound, wrong ones refused in a sentence."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from chimera_metrics.analytics import QuestionError, aggregate, filter_of
from chimera_metrics.models import FACT_TABLES
from tests.analytics.conftest import Store, at, days
from tests.analytics.rows import bench, llm, ui, uuid


def of(table: str, column: str, op: str, value: Any = None, values: Any = None) -> Any:
    given = {"column": column, "op": op, "value": value, "values": values}
    return filter_of(FACT_TABLES[table], {key: part for key, part in given.items() if part is not None})


@pytest.mark.parametrize(
    ("table", "column", "given", "cast"),
    [
        ("llm_events", "latency_ms", " 12.5 ", 12.5),
        ("llm_events", "tokens_in", "12", 12),
        ("llm_events", "tokens_in", "12.5", 12.5),
        ("llm_events", "cost_usd", "0.10", Decimal("0.10")),
        ("llm_events", "ts", "2026-06-01T02:00:00+02:00", datetime(2026, 6, 1, tzinfo=UTC)),
        ("llm_events", "model", "a'b\\", "a'b\\"),
        ("ui_events", "session_id", "6F1C1C9E6D0E4A559D5E0B2F3A1C4D5E", "6f1c1c9e-6d0e-4a55-9d5e-0b2f3a1c4d5e"),
        ("ui_events", "commit_sha", "a" * 40, "a" * 40),
    ],
)
def test_values_take_the_type_of_the_column(table: str, column: str, given: str, cast: Any) -> None:
    assert of(table, column, "=", given).values == (cast,)


@pytest.mark.parametrize(
    ("table", "given", "sentence"),
    [
        (
            "llm_events",
            {"column": "modl", "value": "x"},
            "Unknown column 'modl'. Did you mean 'model'? llm_events has: ",
        ),
        ("llm_events", {"column": "model", "op": "=~", "value": "x"}, "Unknown operator '=~'. Did you mean '='?"),
        ("llm_events", {"colum": "model", "value": "x"}, "Unknown field of a filter 'colum'. Did you mean 'column'?"),
        ("llm_events", {"value": "x"}, "A filter needs a column: write {column, op, value}. An example is"),
        (
            "llm_events",
            {"column": "model", "op": "in", "value": "('x', 'y')"},
            "The filter on llm_events.model with op 'in' needs `values`, a list of at least one value, such as {",
        ),
        (
            "llm_events",
            {"column": "model", "op": "in", "values": []},
            "The filter on llm_events.model with op 'in' needs",
        ),
        (
            "llm_events",
            {"column": "model"},
            "The filter on llm_events.model with op '=' needs one `value`; op 'in' takes",
        ),
        (
            "llm_events",
            {"column": "model", "op": "is null", "value": "x"},
            "The filter on llm_events.model with op 'is null' takes no value; leave it out.",
        ),
        (
            "llm_events",
            {"column": "latency_ms", "op": "ilike", "value": "1"},
            "`ilike` is for text, and llm_events.latency_ms holds numbers; use = or in.",
        ),
        (
            "llm_events",
            {"column": "latency_ms", "value": "nan"},
            "'nan' is not a value for llm_events.latency_ms, which",
        ),
        (
            "llm_events",
            {"column": "cost_usd", "value": "1e"},
            "'1e' is not a value for llm_events.cost_usd, which takes a",
        ),
        (
            "llm_events",
            {"column": "ts", "value": "now"},
            "'now' is not a value for llm_events.ts, which takes an ISO 8601",
        ),
        (
            "ui_events",
            {"column": "session_id", "value": "7"},
            "'7' is not a value for ui_events.session_id, which takes a UUID",
        ),
        (
            "bench_runs",
            {"column": "commit_sha", "value": "abc"},
            "'abc' is not a value for bench_runs.commit_sha, which takes 40 hexadecimal digits in lower case; `like`",
        ),
        (
            "llm_events",
            {"column": "latency_ms", "op": "like", "value": "1%"},
            "`like` is for text, and llm_events.latency_ms holds numbers; use = or in.",
        ),
    ],
)
def test_a_wrong_filter_is_one_sentence_with_the_correction(table: str, given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(QuestionError) as error:
        filter_of(FACT_TABLES[table], given)
    assert str(error.value).startswith(sentence)


@pytest.mark.parametrize(
    ("column", "op", "value", "count"),
    [
        ("session_id", "=", str(uuid(1)), 1),
        ("session_id", "!=", str(uuid(1)), 2),
        ("commit_sha", "like", "aa%", 1),
        ("commit_sha", "!=", "a" * 40, 1),
        ("commit_sha", "not in", ["a" * 40], 1),
        ("commit_sha", "is null", None, 1),
        ("commit_sha", "is not null", None, 2),
        ("commit_sha", "not like", "a%", 1),
        ("event_type", "ilike", "IT'S %", 1),
        ("event_type", "not in", ["it's 100%", "other"], 2),
        ("latency_ms", "<", "20", 1),
        ("latency_ms", "<=", "20", 2),
        ("ts", ">", "2026-06-09T12:00:00.500Z", 1),
        ("event_type", "like", "it's 100\\%", 1),
        ("schema_version", ">", "0.5", 3),
    ],
)
def test_the_engine_keeps_the_rows_that_meet_the_filter(
    store: Store, column: str, op: str, value: Any, count: int
) -> None:
    """Three events; a null commit meets no condition."""
    store.insert(
        "ui_events",
        [
            ui(at(9), 1, "it's 100%", 10.0) | {"commit_sha": "a" * 40},
            ui(at(9), 2, latency_ms=20.0) | {"commit_sha": "b" * 40},
            ui(at(9, 13), 3) | {"commit_sha": None},
        ],
    )
    question = aggregate(["ui.events"], window=days(7), filters=[{"column": column, "op": op, "value": value}])
    assert store.run(question.select) == [{"events": count}]


def test_values_are_bound_and_never_text_of_the_statement() -> None:
    question = aggregate(["llm.calls"], window=days(7), filters=[{"column": "model", "value": "x' OR 1=1 --"}])
    assert "OR 1=1" not in str(question.select)
    assert "x' OR 1=1 --" in question.parameters.values()


def test_a_list_of_ids_commits_or_costs(store: Store) -> None:
    store.insert("bench_runs", [bench(at(9), n, commit_sha="abc"[n] * 40) for n in range(3)])
    store.insert("llm_events", [llm(at(9), cost_usd=Decimal("0.1")), llm(at(9), cost_usd=Decimal("0.2"))])
    asked = [
        ("bench.runs", "run_id", [str(uuid(0)), str(uuid(2))], 2),
        ("bench.runs", "commit_sha", ["a" * 40, "c" * 40], 2),
        ("llm.calls", "cost_usd", ["0.2", 7], 1),
    ]
    for metric, column, values, count in asked:
        filters = [{"column": column, "op": "in", "values": values}]
        [row] = store.run(aggregate([metric], window=days(7), filters=filters).select)
        assert list(row.values()) == [count], column
