"""The SQL that a person who knows the schema would write for each tool's answer: the measure of the tools' own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient

FEW = 100_000
P95 = "quantilesDDMerge(0.01, 0.5, 0.9, 0.95, 0.99)(latency_quantiles_ms)[3]"
EXACT = "quantileExactInclusive(0.95)(latency_ms)"
MEASURES = ("latency_p50_ms", "latency_p95_ms", "latency_p99_ms", "tokens_per_sec", "cost_per_1k", "memory_peak_mb")
GROUP = "model, quant, dataset"


def by_hand(name: str, client: ClickHouseClient) -> list[str]:
    """The statements for one tool of bench.analytics; with few rows exact, as the tool's answer is."""

    def since(days: int) -> str:
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return f"'{midnight - timedelta(days=days):%Y-%m-%d %H:%M:%S}'"

    def few(table: str, days: int) -> bool:
        return int(client.executor.scalar(f"SELECT count() FROM {table} WHERE ts >= {since(days)}")) <= FEW

    def daily(table: str, days: int, columns: str) -> str:
        if few(table, days):
            return (
                f"SELECT toStartOfDay(ts) AS day, {EXACT} AS p95, count(latency_ms) AS n{columns} FROM {table} "
                f"WHERE ts >= {since(days)} AND ts < now64() GROUP BY day ORDER BY day"
            )
        return (
            f"SELECT toStartOfDay(hour) AS day, {P95} AS p95, sum(latency_count) AS n{columns} FROM {table}_hourly "
            f"WHERE hour >= {since(days)} AND hour < now() GROUP BY day ORDER BY day"
        )

    match name:
        case "query: count() of ui_events":
            return ["SELECT count() FROM ui_events"]
        case "query.aggregate, from the rollup":
            return [_by_event_type(since(30), few("ui_events", 30))]
        case "query.aggregate, rows of 30 days":
            p95, sessions = (
                (EXACT, "uniqExact") if few("ui_events", 30) else ("quantileDD(0.01, 0.95)(latency_ms)", "uniq")
            )
            return [
                f"SELECT count(), avg(latency_ms), {p95}, {sessions}(session_id) FROM ui_events "
                f"WHERE ts >= {since(30)} AND ts < now64() AND schema_version >= 1"
            ]
        case "query.trend":
            return [daily("ui_events", 30, "")]
        case "query.correlation":
            x, y = daily("ui_events", 30, ""), daily("llm_events", 30, "")
            return [f"SELECT * FROM ({x}) AS x FULL JOIN ({y}) AS y USING day ORDER BY day"]
        case "get.trend_data":
            return [
                "SELECT toStartOfDay(hour) AS day, sumIf(events, status != 'success') / sum(events), sum(events) "
                f"FROM llm_events_hourly WHERE hour >= {since(90)} AND hour < now() GROUP BY day ORDER BY day"
            ]
        case "get.correlation_data":
            return _correlation_data(since(7))
        case "get.performance_summary":
            return _performance(since(7), since(14), few("llm_events", 14), few("ui_events", 14))
        case _:
            few_calls, few_events = few("llm_events", 14), few("ui_events", 14)
            compared = [_calls_by_day(since(14), few_calls), _events_by_day(since(14), few_events)]
            return [_quality(since(7), few("ui_events", 7)), *compared, *_FRESHNESS]


# Whether the newest commits that the Watcher saw have their rows, and how old the newest rows are.
_FRESHNESS = (
    "SELECT argMax(hearts_commit, ts) AS h, argMax(packs_commit, ts) AS p, argMax(status, ts), max(ts), "
    "(SELECT count() FROM (SELECT 1 FROM bench_runs WHERE commit_sha = (SELECT argMax(hearts_commit, ts) FROM "
    "watcher_runs WHERE ts > now() - INTERVAL 30 DAY) AND ts > now() - INTERVAL 31 DAY LIMIT 1)), "
    "(SELECT count() FROM (SELECT 1 FROM ui_events WHERE commit_sha = (SELECT argMax(packs_commit, ts) FROM "
    "watcher_runs WHERE ts > now() - INTERVAL 30 DAY) AND ts > now() - INTERVAL 31 DAY LIMIT 1)) "
    "FROM watcher_runs WHERE ts > now() - INTERVAL 30 DAY",
    "SELECT table, max(max_time) FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table",
)


def _by_event_type(since: str, few: bool) -> str:
    if few:
        read = f"count() AS total, {EXACT} FROM ui_events WHERE ts >= {since} AND ts < now64()"
    else:
        read = f"sum(events) AS total, {P95} FROM ui_events_hourly WHERE hour >= {since} AND hour < now()"
    return f"SELECT event_type, {read} GROUP BY event_type ORDER BY total DESC LIMIT 100"


def _runs(since: str, columns: str) -> str:
    """Each run of the window once, in its last received row."""
    return (
        f"(SELECT ts, {columns} FROM bench_runs WHERE run_id IN (SELECT run_id FROM bench_runs WHERE ts >= {since} "
        f"AND ts < now64()) ORDER BY received_at DESC, ts DESC LIMIT 1 BY {GROUP}, run_id)"
    )


def _correlation_data(since: str) -> list[str]:
    hearts = (
        "SELECT toStartOfDay(ts) AS day, avg(latency_p95_ms) AS p95, avg(cost_per_1k) AS cost, count() AS runs "
        f"FROM {_runs(since, 'latency_p95_ms, cost_per_1k')} WHERE ts >= {since} AND ts < now64() GROUP BY day"
    )
    packs = (
        "SELECT toStartOfDay(hour) AS day, sum(latency_sum_ms) / sum(latency_count) AS mean, "
        "sumIf(events, event_type = 'error') / sum(events) AS errors, sum(events) AS total FROM ui_events_hourly "
        f"WHERE hour >= {since} AND hour < now() GROUP BY day"
    )
    sessions = (
        "SELECT day, avg(last = 'error' OR n = 1) AS abandoned FROM (SELECT toStartOfDay(ts) AS day, session_id, "
        f"argMax(event_type, ts) AS last, count() AS n FROM ui_events WHERE ts >= {since} AND ts < now64() "
        "GROUP BY day, session_id) GROUP BY day"
    )
    return [
        f"SELECT * FROM ({hearts}) AS h FULL JOIN ({packs}) AS p USING day FULL JOIN ({sessions}) AS s USING day",
        f"SELECT toStartOfDay(ts) AS day, {GROUP}, count(), avg(latency_p95_ms) FROM "
        f"{_runs(since, f'{GROUP}, latency_p95_ms')} WHERE ts >= {since} AND ts < now64() "
        f"GROUP BY day, {GROUP} ORDER BY day",
        "SELECT (SELECT max(ts) FROM bench_runs), (SELECT max(ts) FROM ui_events)",
    ]


def _performance(since: str, before: str, few_calls: bool, few_events: bool) -> list[str]:
    means = ", ".join(f"avgIf({m}, ts >= {since}), avgIf({m}, ts < {since})" for m in MEASURES)
    inside = f"ts >= {before} AND ts < now64()"
    calls = (
        f"count(), countIf(status != 'success') / count(), {EXACT}, sum(tokens_in), sum(tokens_out), sum(cost_usd) "
        f"FROM llm_events WHERE ts >= {since} AND ts < now64()"
        if few_calls
        else f"sum(events), sumIf(events, status != 'success') / sum(events), {P95}, sum(tokens_in), sum(tokens_out), "
        f"sum(cost_usd) FROM llm_events_hourly WHERE hour >= {since} AND hour < now()"
    )
    return [
        f"SELECT {GROUP}, countIf(ts >= {since}), countIf(ts < {since}), {means} FROM "
        f"{_runs(before, ', '.join((GROUP, *MEASURES)))} WHERE {inside} GROUP BY {GROUP} ORDER BY {GROUP}",
        _histories(since),
        f"SELECT source, model, {calls} GROUP BY source, model",
        _by_event_type(since, few_events),
        _calls_by_day(before, few_calls, "source, model"),
        _events_by_day(before, few_events, "event_type"),
    ]


def _histories(since: str) -> str:
    """The newest runs of each group, and those before the window, however long ago."""
    columns = f"ts, {GROUP}, commit_sha, {', '.join(MEASURES)}"
    once = f"SELECT {columns} FROM bench_runs ORDER BY received_at DESC, ts DESC LIMIT 1 BY {GROUP}, run_id"
    return (
        f"SELECT * FROM (SELECT * FROM ({once}) WHERE ts < now64() ORDER BY ts DESC LIMIT 200 BY {GROUP}, "
        f"ts < {since}) ORDER BY {GROUP}, ts"
    )


def _calls_by_day(before: str, few: bool, group: str = "") -> str:
    """The series by which two weeks are compared, and each week as a whole."""
    if few:
        read = f"countIf(status != 'success') / count(), count(), {EXACT}, sum(cost_usd) FROM llm_events"
    else:
        errors = "sumIf(events, status != 'success') / sum(events)"
        read = f"{errors}, sum(events), {P95}, sum(cost_usd) FROM llm_events_hourly"
    return _by_day(before, few, read, group)


def _events_by_day(before: str, few: bool, group: str = "") -> str:
    if few:
        read = f"avg(event_type = 'error'), count(), {EXACT} FROM ui_events"
    else:
        read = f"sumIf(events, event_type = 'error') / sum(events), sum(events), {P95} FROM ui_events_hourly"
    return _by_day(before, few, read, group)


def _by_day(before: str, few: bool, read: str, group: str) -> str:
    time = "ts" if few else "hour"
    keys = f"week, {group}" if group else "week"
    return (
        f"SELECT toStartOfWeek({time}) AS week, toStartOfDay({time}) AS day, {f'{group}, ' if group else ''}{read} "
        f"WHERE {time} >= {before} AND {time} < toStartOfDay(now()) "
        f"GROUP BY GROUPING SETS (({keys}, day), ({keys})) ORDER BY {keys}, day"
    )


def _quality(since: str, few: bool) -> str:
    inside = f"ts >= {since} AND ts < now64()"
    hours = f"hour >= {since} AND hour < now()"
    last = "argMax(status, ts) AS status, argMax(confidence_score, ts) AS score, argMax(correlation_strength, ts) AS r"
    ui = (
        f"SELECT count(), uniqExact(session_id), avg(event_type = 'error'), {EXACT} FROM ui_events WHERE {inside}"
        if few
        else f"SELECT sum(events), uniqMerge(sessions), sumIf(events, event_type = 'error') / sum(events), {P95} "
        f"FROM ui_events_hourly WHERE {hours}"
    )
    return (
        "SELECT * FROM "
        "(SELECT count(), sumMap(map(status, 1)), avg(score), countIf(score < 0.6), avg(r), sum(cost) FROM (SELECT "
        f"{last}, argMax(cost_total, ts) AS cost FROM episodes WHERE {inside} "
        "GROUP BY run_id, series, episode_num)) AS a, "
        "(SELECT count(), countIf(status = 'ready') / countIf(status IN ('ready', 'error')), "
        "quantileExactInclusive(0.5)(took) FROM (SELECT argMax(status, ts) AS status, argMax(duration_ms, ts) AS took "
        f"FROM deployments WHERE {inside} GROUP BY run_id, episode_run_id)) AS b, "
        "(SELECT sum(events), sumIf(events, status != 'success') / sum(events), sum(cost_usd) FROM llm_events_hourly "
        f"WHERE {hours}) AS c, ({ui}) AS d, "
        "(SELECT avg(last = 'error' OR n = 1) FROM (SELECT argMax(event_type, ts) AS last, count() AS n FROM ui_events "
        f"WHERE {inside} GROUP BY session_id)) AS e, "
        f"(SELECT count(), avg(status = 'valid'), max(lag_seconds), max(ts) FROM watcher_runs WHERE {inside}) AS f"
    )
