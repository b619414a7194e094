SELECT
    aligned.ts AS ts,
    max(aligned.x) AS x,
    max(aligned.x_n) AS x_n,
    max(aligned.y) AS y,
    max(aligned.y_n) AS y_n
FROM
(
    SELECT
        toStartOfDay(bench_runs.ts, 'UTC') AS ts,
        toFloat64(avgOrNull(bench_runs.latency_p95_ms)) AS x,
        count(bench_runs.latency_p95_ms) AS x_n,
        CAST(NULL, 'Nullable(Float64)') AS y,
        0 AS y_n
    FROM
    (
        SELECT
            bench_runs.ts AS ts,
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
        CAST(NULL, 'Nullable(Float64)') AS x,
        0 AS x_n,
        toFloat64(sum(ui_events_hourly.latency_sum_ms) / nullIf(sum(ui_events_hourly.latency_count), 0)) AS y,
        sum(ui_events_hourly.latency_count) AS y_n
    FROM ui_events_hourly
    WHERE (ui_events_hourly.hour >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events_hourly.hour < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
    GROUP BY toStartOfDay(ui_events_hourly.hour, 'UTC')
) AS aligned
GROUP BY aligned.ts
ORDER BY ts ASC
