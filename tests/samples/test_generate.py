"""The benchmark's rows: as many as asked for, the same on every call, and like what the pipeline's programs write."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from bench.generate import CHUNK_DAYS, TABLES, Draw, plain_table, statements
from chimera_metrics.models import FACT_TABLES

ROWS, DAYS, UNTIL = 10_000, 40, date(2026, 7, 1)
# In some rows these are null; what is not listed never is.
NULLABLE = {
    "bench_runs": {"commit_sha", "latency_p99_ms", "memory_peak_mb"},
    "llm_events": {"tokens_out", "latency_ms", "cost_usd", "error_msg"},
    "ui_events": {"commit_sha", "latency_ms", "user_agent"},
    "episodes": {"confidence_score", "correlation_strength", "file_path", "commit_sha"},
    "deployments": {"episode_run_id", "vercel_deployment_id", "url", "duration_ms", "error_msg"},
    "watcher_runs": {
        "hearts_commit",
        "packs_commit",
        "hearts_rows_found",
        "packs_rows_found",
        "lag_seconds",
        "duration_ms",
    },
    "session_stats": {"avg_latency_ms"},
}
# What holds for every row, as the engine sees it.
SANE = {
    "bench_runs": "latency_p50_ms BETWEEN 100 AND 900 AND latency_p50_ms < latency_p95_ms "
    "AND ifNull(latency_p95_ms < latency_p99_ms, 1) AND cost_per_1k BETWEEN 0.0001 AND 0.01 "
    "AND ifNull(memory_peak_mb, 9000) BETWEEN 5000 AND 20000 AND tokens_per_sec BETWEEN 10 AND 150",
    "llm_events": "tokens_in BETWEEN 10 AND 60000 AND ifNull(latency_ms, 1000) BETWEEN 50 AND 120000 "
    "AND (error_msg IS NULL) = (status = 'success') AND ifNull(cost_usd, 0.001) BETWEEN 0.000001 AND 1",
    "ui_events": "ifNull(latency_ms, 100) BETWEEN 10 AND 4000 AND isValidJSON(metadata) AND schema_version IN (1, 2)",
    "episodes": "ifNull(confidence_score, 0) BETWEEN 0 AND 1 AND ifNull(correlation_strength, 0) BETWEEN -1 AND 1 "
    "AND tokens_total > 1000 AND cost_total BETWEEN 0.001 AND 2",
    "deployments": "ifNull(duration_ms, 9000) BETWEEN 1000 AND 400000 AND (error_msg IS NULL) = (status != 'error')",
    "watcher_runs": "(hearts_rows_found IS NULL) = (status = 'error') AND ifNull(lag_seconds, 100) > 60 "
    "AND (ifNull(hearts_rows_found, 1) = 0) = (status = 'missing_hearts')",
    "session_stats": "error_rate BETWEEN 0 AND 1 AND abandonment_rate IN (0, 1) AND events_count >= 1 "
    "AND (events_count > 1 OR duration_seconds = 0) AND hour = toStartOfHour(hour)",
}


def _measure(path: str) -> dict[str, Any]:
    """Fill all tables twice with one seed and once with another, and ask what the tests want to know."""
    import chdb.session

    session: Any = chdb.session.Session  # untyped
    store = session(path)

    def ask(sql: str) -> list[Any]:
        answer = store.query(sql, "JSONCompactEachRow").data().splitlines()
        return [json.loads(line) for line in answer]

    facts: dict[str, Any] = {}
    for database, seed in (("one", 1), ("again", 1), ("other", 2)):
        store.query(f"CREATE DATABASE {database}")
        for table in TABLES:
            store.query(plain_table(table, database))
            for sql in statements(table, ROWS, DAYS, UNTIL, seed, database):
                store.query(sql)
            # cityHash64 of a null is null: hash the row's text.
            ((facts[f"{database} {table}"],),) = ask(
                f"SELECT toString(sum(cityHash64(toString(tuple(*))))) FROM {database}.{table}"
            )
    for table in TABLES:
        day = "toDate(hour)" if table == "session_stats" else "toDate(ts)"
        ids = "session_id" if table in ("session_stats", "ui_events") else "run_id"
        nulls = ", ".join(f"countIf({column} IS NULL)" for column in TABLES[table][1](Draw(1)))
        (facts[table],) = ask(
            f"SELECT count(), min({day}), max({day}), uniqExact({day}), uniqExact({ids}), "
            f"countIf(NOT ({SANE[table]})), countIf(toDayOfWeek({day}) = 5), countIf(toDayOfWeek({day}) = 7), "
            f"[{nulls}] FROM one.{table}"
        )
    (facts["sessions"],) = ask(
        "SELECT avg(n), max(n), max(s), sum(o) FROM (SELECT count() AS n, uniqExact(toDate(ts)) AS d, "
        "dateDiff('second', min(ts), max(ts)) AS s, d - 1 + (argMin(event_type, ts) != 'overlay_open') AS o "
        "FROM one.ui_events GROUP BY session_id)"
    )
    store.close()
    return facts


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    # In a process of its own: chDB opens one store a process, and other tests have theirs.
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        yield pool.apply(_measure, (str(tmp_path_factory.mktemp("store")),))


@pytest.mark.parametrize("table", TABLES)
def test_rows_are_as_asked_for_on_all_days_and_sane(facts: dict[str, Any], table: str) -> None:
    count, first, last, days, ids, insane, fridays, sundays, nulls = facts[table]
    assert (count, first, last, days) == (ROWS, "2026-05-22", "2026-06-30", DAYS)
    assert ids == ROWS if table != "ui_events" else ids < ROWS / 6
    assert insane == 0
    # Six Fridays and six Sundays: weights of 10 to 6.
    assert sundays == pytest.approx(fridays * 0.6, rel=0.05)
    columns = list(TABLES[table][1](Draw(1)))
    assert {column for column, missing in zip(columns, nulls, strict=True) if missing} == NULLABLE[table]


@pytest.mark.parametrize("table", TABLES)
def test_the_same_seed_gives_the_same_rows_and_another_does_not(facts: dict[str, Any], table: str) -> None:
    assert facts[f"one {table}"] == facts[f"again {table}"] != facts[f"other {table}"]


def test_sessions_have_8_events_on_average_open_first_and_lie_on_one_day(facts: dict[str, Any]) -> None:
    mean, longest, seconds, odd = facts["sessions"]
    assert 6.5 < mean < 9.5
    assert longest <= 32
    assert seconds < 1200
    assert odd == 0


@pytest.mark.parametrize("table", TABLES)
def test_every_column_that_a_caller_can_write_is_filled(table: str) -> None:
    writable = [c.name for c in FACT_TABLES[table].columns if c.dialect_options["clickhouse"]["materialized"] is None]
    assert sorted(writable) == sorted(TABLES[table][1](Draw(1)))


def test_one_statement_a_month_and_none_for_no_rows() -> None:
    assert len(list(statements("ui_events", 1_000_000, 400, UNTIL))) == -(-400 // CHUNK_DAYS)
    assert len(list(statements("ui_events", 1, 400, UNTIL))) == 1
    with pytest.raises(ValueError, match="at least 1"):
        next(statements("ui_events", 0, 400, UNTIL))
    with pytest.raises(ValueError, match="Unknown table 'events'"):
        next(statements("events", 1, 1, UNTIL))
