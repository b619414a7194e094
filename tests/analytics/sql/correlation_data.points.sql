SELECT
    aligned.ts AS ts,
    max(aligned.hearts_latency_p95_ms) AS hearts_latency_p95_ms,
    max(aligned.hearts_cost_per_1k) AS hearts_cost_per_1k,
    max(aligned.packs_latency_ms) AS packs_latency_ms,
    max(aligned.packs_error_rate) AS packs_error_rate,
    max(aligned.packs_abandonment_rate) AS packs_abandonment_rate,
    max(aligned.hearts_rows) AS hearts_rows,
    max(aligned.packs_rows) AS packs_rows
FROM
(
    SELECT
        toStartOfDay(bench_runs.ts, 'UTC') AS ts,
        toFloat64(avgOrNull(bench_runs.latency_p95_ms)) AS hearts_latency_p95_ms,
        toFloat64(avgOrNull(bench_runs.cost_per_1k)) AS hearts_cost_per_1k,
        CAST(NULL, 'Nullable(Float64)') AS packs_latency_ms,
        CAST(NULL, 'Nullable(Float64)') AS packs_error_rate,
        CAST(NULL, 'Nullable(Float64)') AS packs_abandonment_rate,
        count(*) AS hearts_rows,
        0 AS packs_rows
    FROM
    (
        SELECT
            bench_runs.ts AS ts,
            bench_runs.cost_per_1k AS cost_per_1k,
            bench_runs.latency_p95_ms AS latency_p95_ms
        FROM bench_runs
        WHERE bench_runs.run_id IN (
            SELECT bench_runs.run_id
            FROM bench_runs
            WHERE (bench_runs.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (bench_runs.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
        )
        ORDER BY
            bench_runs.received_at DESC,
            bench_runs.ts DESC
        LIMIT 1 BY
            model,
            quant,
            dataset,
            run_id
    ) AS bench_runs
    WHERE (bench_runs.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (bench_runs.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
    GROUP BY toStartOfDay(bench_runs.ts, 'UTC')
    UNION ALL
    SELECT
        toStartOfDay(ui_events_hourly.hour, 'UTC') AS ts,
        CAST(NULL, 'Nullable(Float64)') AS hearts_latency_p95_ms,
        CAST(NULL, 'Nullable(Float64)') AS hearts_cost_per_1k,
        toFloat64(sum(ui_events_hourly.latency_sum_ms) / nullIf(sum(ui_events_hourly.latency_count), 0)) AS packs_latency_ms,
        toFloat64(sumIf(ui_events_hourly.events, ui_events_hourly.event_type = 'error') / nullIf(sum(ui_events_hourly.events), 0)) AS packs_error_rate,
        CAST(NULL, 'Nullable(Float64)') AS packs_abandonment_rate,
        0 AS hearts_rows,
        sum(ui_events_hourly.events) AS packs_rows
    FROM ui_events_hourly
    WHERE (ui_events_hourly.hour >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events_hourly.hour < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
    GROUP BY toStartOfDay(ui_events_hourly.hour, 'UTC')
    UNION ALL
    SELECT
        sessions.ts AS ts,
        CAST(NULL, 'Nullable(Float64)') AS hearts_latency_p95_ms,
        CAST(NULL, 'Nullable(Float64)') AS hearts_cost_per_1k,
        CAST(NULL, 'Nullable(Float64)') AS packs_latency_ms,
        CAST(NULL, 'Nullable(Float64)') AS packs_error_rate,
        toFloat64(avgOrNull(sessions.abandoned)) AS packs_abandonment_rate,
        0 AS hearts_rows,
        0 AS packs_rows
    FROM
    (
        SELECT
            toStartOfDay(ui_events.ts, 'UTC') AS ts,
            ui_events.session_id AS session_id,
            (count(*) = 1) OR (max(ui_events.ts) = maxIf(ui_events.ts, ui_events.event_type = 'error')) AS abandoned
        FROM ui_events
        WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
        GROUP BY
            toStartOfDay(ui_events.ts, 'UTC'),
            ui_events.session_id
    ) AS sessions
    GROUP BY sessions.ts
) AS aligned
GROUP BY aligned.ts
ORDER BY ts ASC
