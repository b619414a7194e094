"""Rows in each of the seven tables, the same in number and sums for every run."""

from __future__ import annotations

from tests.evolution.conftest import Rows

FACTS = ("bench_runs", "llm_events", "ui_events", "episodes", "deployments", "watcher_runs", "session_stats")

# What stands in braces is put in by `fill`.
_TS = "toDateTime64('2024-03-01 00:00:00', 3, 'UTC') + toIntervalHour(number * 11 % {hours})"
_UUID = "reinterpretAsUUID(number + {})"
INSERTS = {
    "bench_runs": f"(ts, run_id, model, quant, dataset, latency_p95_ms, cost_per_1k) SELECT {_TS}, "
    f"{_UUID.format(1)}, 'm', 'q4', 'd', number, 0.25 FROM numbers(30)",
    "llm_events": "(ts, run_id, source, model, operation, tokens_in, latency_ms, cost_usd, status) "
    f"SELECT {_TS}, {_UUID.format(2)}, 'council', 'm', 'write', number, if(number % 3 = 0, NULL, number), "
    "0.000125, 'success' FROM numbers(50)",
    "ui_events": "(ts, session_id, event_type, latency_ms) "
    f"SELECT {_TS}, {_UUID.format('3 + intDiv(number, 4)')}, 'overlay_open', number FROM numbers(40)",
    "episodes": f"(ts, run_id, series, episode_num, title) SELECT {_TS}, {_UUID.format(4)}, 's', number, 't' "
    "FROM numbers(5)",
    "deployments": f"(ts, run_id, status, duration_ms) SELECT {_TS}, {_UUID.format(5)}, 'ready', number "
    "FROM numbers(6)",
    "watcher_runs": f"(ts, run_id, status, lag_seconds) SELECT {_TS}, {_UUID.format(6)}, 'valid', number "
    "FROM numbers(7)",
    "session_stats": "(hour, session_id, error_rate, abandonment_rate, events_count, duration_seconds) "
    "SELECT toDateTime('2024-03-01 00:00:00', 'UTC') + toIntervalDay(number % {days}), "
    f"{_UUID.format(7)}, 0.5, 0, number, "
    "1 FROM numbers(8)",
}
_SUMS = {
    "bench_runs": "sum(latency_p95_ms), sum(cost_per_1k), max(received_at)",
    "llm_events": "sum(tokens_in), sum(latency_ms), sum(cost_usd)",
    "ui_events": "sum(latency_ms), uniqExact(session_id), sum(schema_version)",
    "episodes": "sum(episode_num), max(ts), any(title)",
    "deployments": "sum(duration_ms), max(ts), any(status)",
    "watcher_runs": "sum(lag_seconds), max(ts), any(status)",
    "session_stats": "sum(events_count), sum(error_rate), max(hour)",
}


def fill(rows: Rows, days: int = 2) -> None:
    for table, template in INSERTS.items():
        insert = template.replace("{hours}", str(days * 24)).replace("{days}", str(days))
        names, _, select = insert.partition(" SELECT ")
        # Filled twice, equal rows are meant: they are data, not a retry.
        rows(f"INSERT INTO {table} {names} SETTINGS insert_deduplicate = 0 SELECT {select}")


def sums(rows: Rows) -> dict[str, str]:
    """Count and sums of each table."""
    parts = [f"SELECT '{table}', toString((count(), {sums})) FROM {table}" for table, sums in _SUMS.items()]
    return {str(table): str(values) for table, values in rows(" UNION ALL ".join(parts))}
