"""What indexes, rollups and the layout of ui_events save in reading and in bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bench.generate import statements
from bench.storage.store import DAYS, ROWS, UNTIL, Asked, Disk, Store
from chimera_metrics.models.rollups import LLM_EVENTS_HOURLY_MV

SINCE = (UNTIL - timedelta(days=30)).isoformat()
# The engine remembers which granules a condition met before: a question asked twice would read like one with an index.
FRESH = {"use_query_condition_cache": 0}
WITHOUT = {**FRESH, "use_skip_indexes": 0}


@dataclass(frozen=True)
class Index:
    """A data-skipping index: the rows that it is for, and whether a model has it."""

    table: str
    column: str
    kind: str
    granularity: int = 1
    kept: bool = False


INDEXES = (
    Index("ui_events", "session_id", "bloom_filter(0.01)", kept=True),
    Index("ui_events", "session_id", "bloom_filter(0.025)"),
    Index("ui_events", "session_id", "bloom_filter(0.01)", granularity=4),
    Index("ui_events", "commit_sha", "bloom_filter(0.01)", kept=True),
    Index("llm_events", "run_id", "bloom_filter(0.01)"),
    Index("bench_runs", "commit_sha", "bloom_filter(0.01)"),
    Index("deployments", "episode_run_id", "bloom_filter(0.01)"),
    Index("session_stats", "session_id", "bloom_filter(0.01)"),
)


@dataclass(frozen=True)
class Skipped:
    """Parts and granules of a look-up as EXPLAIN tells them, bytes read and time, with and without the index."""

    index: Index
    bytes: float
    per_row: float
    parts: tuple[int, int]
    granules: tuple[int, int]
    bytes_read: tuple[int, int]
    time: float


def granules(store: Store, statement: str, session: Mapping[str, Any] = FRESH) -> tuple[int, int]:
    """Parts and granules that the statement would read."""
    text = "\n".join(row[0] for row in store.ask(f"EXPLAIN indexes = 1 {statement}", session).rows)
    parts, found = re.findall(r"Parts: (\d+)/", text), re.findall(r"Granules: (\d+)/", text)
    return int(parts[-1]), int(found[-1])


def sample(store: Store, table: str, column: str) -> str:
    """A value from the middle: statistics of a part know its least and its greatest."""
    (value,) = store.one(
        f"SELECT toString({column}) FROM {table} WHERE isNotNull({column}) ORDER BY cityHash64({column}) LIMIT 1"
    )
    return str(value)


def fastest(store: Store, statement: str, session: Mapping[str, Any] = FRESH, repeats: int = 7) -> Asked:
    return min((store.ask(statement, session) for _ in range(repeats)), key=lambda asked: asked.elapsed_ms)


def measure_index(store: Store, index: Index) -> Skipped:
    """On a copy of the model's table that has no index but this one; the question is for a value's whole rows."""
    ddl = re.sub(r", INDEX \w+ .*? GRANULARITY \d+", "", store.ddl(index.table, "trial.indexed"))
    store.run(ddl)
    store.run(f"ALTER TABLE trial.indexed ADD INDEX i {index.column} TYPE {index.kind} GRANULARITY {index.granularity}")
    store.run(f"INSERT INTO trial.indexed SELECT * FROM chimera_metrics.{index.table}")
    store.merge("trial", "indexed")
    disk = store.disk("trial", "indexed")
    value = sample(store, "trial.indexed", index.column)
    question = f"SELECT * FROM trial.indexed WHERE {index.column} = '{value}'"
    if index.column == "commit_sha":
        question = question.replace("*", "count(), avg(latency_ms)" if index.table == "ui_events" else "count()")
    plans = granules(store, question), granules(store, question, WITHOUT)
    asked = fastest(store, question), fastest(store, question, WITHOUT)
    store.run("DROP TABLE trial.indexed SYNC")
    return Skipped(
        index,
        disk.index_bytes / disk.rows,
        disk.per_row,
        (plans[0][0], plans[1][0]),
        (plans[0][1], plans[1][1]),
        (asked[0].bytes_read, asked[1].bytes_read),
        asked[0].elapsed_ms / asked[1].elapsed_ms,
    )


# Question, table, the Select over rows, over the rollup. The sketch is the same, so that work is compared, not methods.
QUESTIONS = (
    (
        "p95 by day over 30 days",
        "ui_events",
        "SELECT toDate(ts) AS day, quantilesDD(0.01, 0.95)(latency_ms) FROM ui_events "
        f"WHERE ts >= '{SINCE}' GROUP BY day",
        "SELECT toDate(hour) AS day, quantilesDDMerge(0.01, 0.5, 0.9, 0.95, 0.99)(latency_quantiles_ms)[3] "
        f"FROM ui_events_hourly WHERE hour >= '{SINCE}' GROUP BY day",
    ),
    (
        "events by type by day",
        "ui_events",
        f"SELECT event_type, toDate(ts) AS day, count() FROM ui_events WHERE ts >= '{SINCE}' GROUP BY event_type, day",
        f"SELECT event_type, toDate(hour) AS day, sum(events) FROM ui_events_hourly WHERE hour >= '{SINCE}' "
        "GROUP BY event_type, day",
    ),
    (
        "sessions by day",
        "ui_events",
        f"SELECT toDate(ts) AS day, uniq(session_id) FROM ui_events WHERE ts >= '{SINCE}' GROUP BY day",
        f"SELECT toDate(hour) AS day, uniqMerge(sessions) FROM ui_events_hourly WHERE hour >= '{SINCE}' GROUP BY day",
    ),
    (
        "p95 by source and day",
        "llm_events",
        "SELECT source, toDate(ts) AS day, quantilesDD(0.01, 0.95)(latency_ms) FROM llm_events "
        f"WHERE ts >= '{SINCE}' GROUP BY source, day",
        "SELECT source, toDate(hour) AS day, quantilesDDMerge(0.01, 0.5, 0.9, 0.95, 0.99)(latency_quantiles_ms)[3] "
        f"FROM llm_events_hourly WHERE hour >= '{SINCE}' GROUP BY source, day",
    ),
    (
        "llm cost by model by day",
        "llm_events",
        f"SELECT model, toDate(ts) AS day, sum(cost_usd) FROM llm_events WHERE ts >= '{SINCE}' GROUP BY model, day",
        f"SELECT model, toDate(hour) AS day, sum(cost_usd) FROM llm_events_hourly WHERE hour >= '{SINCE}' "
        "GROUP BY model, day",
    ),
)


@dataclass(frozen=True)
class Rolled:
    """One question read from rows and from the rollup."""

    question: str
    table: str
    rows: Asked
    rollup: Asked


def measure_rollups(store: Store, dense: int) -> list[Rolled]:
    """On the store's rows, and p95 of LLM calls once more on two days of `dense` calls each."""
    found = [
        Rolled(question, table, fastest(store, over_rows), fastest(store, over_rollup))
        for question, table, over_rows, over_rollup in QUESTIONS
    ]
    for table in ("llm_events", "llm_events_hourly"):
        store.run(store.ddl(table, f"trial.{table}"))
    store.fill("trial", "llm_events", 2 * dense, days=2)
    filling = LLM_EVENTS_HOURLY_MV.query.replace("FROM llm_events", "FROM trial.llm_events")
    store.run(f"INSERT INTO trial.llm_events_hourly {filling}")
    question, table, *selects = QUESTIONS[3]
    asked = [fastest(store, select.replace("FROM ", "FROM trial.")) for select in selects]
    found.append(Rolled(f"{question}, {dense:,} calls a day", table, *asked))
    for table in ("llm_events", "llm_events_hourly"):
        store.run(f"DROP TABLE trial.{table} SYNC")
    return found


@dataclass(frozen=True)
class Layout:
    """One way to lay ui_events out: bytes, and milliseconds of a session's look-up."""

    name: str
    disk: Disk
    session_bytes: float
    lookup_ms: float


def measure_layouts(store: Store, dense: int) -> list[Layout]:
    """ui_events as modelled, with the engine's own block and part sizes, in another order, and on dense days."""
    modelled = store.ddl("ui_events", "trial.layout")
    narrow = re.sub(r"min_bytes_for_wide_part = \d+, min_compress_block_size = \d+, ", "", modelled)
    assert narrow != modelled
    ways = {
        "as modelled": modelled,
        "blocks of 64 kB": narrow.replace("SETTINGS ", "SETTINGS min_bytes_for_wide_part = 0, "),
        "the engine's own settings": narrow,
        "a text's length beside it": modelled.replace(
            "SETTINGS ", "SETTINGS string_serialization_version = 'single_stream', "
        ),
        "ordered by event_type, hour, session_id, ts": modelled.replace(
            "ORDER BY (event_type, ts)", "ORDER BY (event_type, toStartOfHour(ts), session_id, ts)"
        ),
    }
    (rows,) = store.one("SELECT count() FROM chimera_metrics.ui_events")
    found = []
    for name, ddl in ways.items():
        store.run(ddl)
        store.run("INSERT INTO trial.layout SELECT * FROM chimera_metrics.ui_events")
        found.append(_layout(store, f"{rows // DAYS:,} events a day, {name}"))
    for name in ("as modelled", "blocks of 64 kB"):
        store.run(ways[name])
        for statement in statements("ui_events", dense, 1, UNTIL, store.seed, "trial"):
            store.run(statement.replace("INSERT INTO trial.ui_events", "INSERT INTO trial.layout"))
        found.append(_layout(store, f"{dense:,} events in one day, {name}"))
    return found


def _layout(store: Store, name: str) -> Layout:
    store.merge("trial", "layout")
    disk, sizes = store.disk("trial", "layout"), store.columns("trial", "layout")
    session = sample(store, "trial.layout", "session_id")
    asked = fastest(store, f"SELECT * FROM trial.layout WHERE session_id = '{session}'")
    store.run("DROP TABLE trial.layout SYNC")
    return Layout(name, disk, sizes["session_id"][0] / disk.rows, asked.elapsed_ms)


def measure_small_days(store: Store) -> dict[str, Disk]:
    """What a day costs that has ten rows."""
    found = {}
    for table in ROWS:
        store.run(store.ddl(table, f"trial.{table}"))
        store.fill("trial", table, 10 * DAYS)
        found[table] = store.disk("trial", table)
        store.run(f"DROP TABLE trial.{table} SYNC")
    return found
