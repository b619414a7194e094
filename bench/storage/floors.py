"""The least that a column can take: the entropy of its values in the table's order, each column by itself.

Shannon's bound for made-up rows whose distributions are known. What one column tells about another (a session's
events lie within minutes, more tokens take longer) is left out: no codec of ClickHouse sees across columns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.storage.store import DAY, Store


@dataclass(frozen=True)
class Floor:
    """`sql` gives bits a row over the plain table; `random` are bytes a row of ids and random text that it counts."""

    sql: str
    random: str = "0"


def words(column: str) -> str:
    """New values drawn for each row; null is one of them."""
    return f"entropy(ifNull(toString({column}), ''))"


def share(condition: str) -> str:
    return f"(countIf({condition}) / count())"


def ids(column: str) -> Floor:
    return Floor(
        f"128 * uniqExact({column}) / count() + entropy({column} IS NULL)", f"16 * uniqExact({column}) / count()"
    )


def number(column: str, unit: float) -> Callable[[str], Floor]:
    """A measure given in steps of `unit`: the entropy of a fine histogram, and of the place within a bar."""

    def given(key: str) -> Floor:
        value = f"toFloat64({column})"
        wide = f"greatest((SELECT stddevPop({value}) FROM {{table}}) / 20, {unit!r})"
        place = f"entropy(floor({value} / width)) + log2(any(width) / {unit!r})"
        bits = f"entropy({column} IS NULL) + countIf({column} IS NOT NULL) / n * ({place})"
        return Floor(
            f"SELECT sum(bits * n) / sum(n) FROM (SELECT count() AS n, {bits} AS bits "
            f"FROM (SELECT *, {wide} AS width FROM {{table}}) GROUP BY {key})"
        )

    return given


def stray_time(column: str) -> Floor:
    """A time of the day, where rows lie by something else."""
    return Floor(
        f"SELECT entropy(toStartOfTenMinutes({column}) - toStartOfDay({column})) + log2(600000) FROM {{table}}"
    )


def sorted_time(column: str, key: str, day: str) -> Floor:
    """The order of n values is given, which takes log2(n!) bits off."""
    bits = f"entropy(toStartOfTenMinutes({column}) - toStartOfDay({column})) + log2(600000)"
    return Floor(
        f"SELECT sum(bits * n) / sum(n) FROM (SELECT count() AS n, {bits} - lgamma(n + 1) / log(2) / n AS bits "
        f"FROM {{table}} GROUP BY {key}, {day})"
    )


NONE = Floor("0")
_GAPS = """
SELECT entropy(episode_num - before) FROM (
    SELECT episode_num, lagInFrame(episode_num) OVER (PARTITION BY series, toDate(ts) ORDER BY episode_num) AS before
    FROM {table}
) WHERE before > 0"""


def _text(column: str, pattern: str, bits: int, condition: str) -> Floor:
    """Words around random characters that match `pattern` and carry `bits` where `condition` holds."""
    return Floor(
        f"entropy(replaceRegexpAll(ifNull({column}, ''), '{pattern}', '')) + {bits} * {share(condition)}",
        f"{bits} / 8 * {share(condition)}",
    )


FLOORS: dict[str, dict[str, Floor]] = {
    "bench_runs": {
        "ts": stray_time("ts"),
        "run_id": ids("run_id"),
        "commit_sha": NONE,
        "model": NONE,
        "quant": NONE,
        "dataset": NONE,
        **{
            name: number(name, unit)("model, quant, dataset")
            for name, unit in (
                ("latency_p50_ms", 0.001),
                ("latency_p95_ms", 0.001),
                ("latency_p99_ms", 0.001),
                ("tokens_per_sec", 0.01),
                ("cost_per_1k", 0.000001),
                ("memory_peak_mb", 0.1),
            )
        },
    },
    "llm_events": {
        "ts": sorted_time("ts", "source", DAY["llm_events"]),
        "run_id": ids("run_id"),
        "source": NONE,
        **{
            name: Floor(words(name)) for name in ("model", "operation", "tokens_in", "tokens_out", "cost_usd", "status")
        },
        "latency_ms": number("latency_ms", 0.001)("status"),
        "error_msg": _text("error_msg", "req_[0-9a-f]+", 64, "error_msg IS NOT NULL"),
    },
    "ui_events": {
        "ts": sorted_time("ts", "event_type", DAY["ui_events"]),
        "session_id": ids("session_id"),
        "commit_sha": NONE,
        "event_type": NONE,
        "latency_ms": number("latency_ms", 0.001)("event_type"),
        "user_agent": Floor("entropy(ifNull(user_agent, '')) * uniqExact(session_id) / count()"),
        "metadata": _text("metadata", '"trace":"[0-9a-f]+"', 64, "position(metadata, 'trace') > 0"),
        "schema_version": NONE,
    },
    "episodes": {
        "ts": stray_time("ts"),
        "run_id": ids("run_id"),
        "series": NONE,
        "episode_num": Floor(_GAPS),
        "title": Floor(words("title")),
        "confidence_score": Floor(words("confidence_score")),
        "correlation_strength": Floor(words("correlation_strength")),
        "tokens_total": number("tokens_total", 1)("tuple()"),
        "cost_total": number("cost_total", 0.000001)("tuple()"),
        "status": Floor(words("status")),
        "file_path": Floor(_GAPS),
        "commit_sha": Floor("entropy(status = 'failed')"),
    },
    "deployments": {
        "ts": sorted_time("ts", "tuple()", DAY["deployments"]),
        "run_id": ids("run_id"),
        "episode_run_id": ids("episode_run_id"),
        "status": Floor(words("status")),
        "vercel_deployment_id": _text("vercel_deployment_id", ".+", 128, "vercel_deployment_id IS NOT NULL"),
        "url": _text("url", "muse-[0-9a-f]+", 64, "url IS NOT NULL"),
        "duration_ms": number("duration_ms", 0.001)("tuple()"),
        "error_msg": Floor(words("error_msg")),
    },
    "watcher_runs": {
        "ts": sorted_time("ts", "tuple()", DAY["watcher_runs"]),
        "run_id": ids("run_id"),
        "hearts_commit": Floor("entropy(hearts_commit IS NULL)"),
        "packs_commit": Floor("entropy(packs_commit IS NULL)"),
        "hearts_rows_found": Floor(words("hearts_rows_found")),
        "packs_rows_found": Floor(words("packs_rows_found")),
        "lag_seconds": number("lag_seconds", 0.001)("status"),
        "status": Floor(words("status")),
        "duration_ms": number("duration_ms", 0.001)("tuple()"),
    },
    "session_stats": {
        "hour": NONE,
        "session_id": ids("session_id"),
        # All bits of a Float64 about 300: steps of 2 ** -44.
        "avg_latency_ms": number("avg_latency_ms", 2.0**-44)("tuple()"),
        **{name: Floor(words(name)) for name in ("error_rate", "abandonment_rate", "events_count")},
        "duration_seconds": number("duration_seconds", 0.001)("events_count"),
    },
}


def measure(store: Store, table: str) -> dict[str, tuple[float, float]]:
    """Of each column: the floor in bytes a row, and how much of it is ids and random text."""
    found = {}
    for column, floor in FLOORS[table].items():
        where = f"plain.{table}"
        bits = (
            floor.sql.format(table=where)
            if floor.sql.lstrip().startswith("SELECT")
            else f"SELECT {floor.sql} FROM {where}"
        )
        (value,) = store.one(bits)
        (random,) = store.one(f"SELECT {floor.random} FROM {where}")
        found[column] = (max(float(value), 0.0) / 8, float(random))
    return found
