SELECT
    toStartOfDay(bench_runs.ts, 'UTC') AS ts,
    toFloat64(avgOrNull(bench_runs.latency_p95_ms)) AS latency_p95_ms,
    count(bench_runs.latency_p95_ms) AS latency_p95_ms_n
FROM
(
    SELECT
        bench_runs.ts AS ts,
        bench_runs.latency_p95_ms AS latency_p95_ms,
        bench_runs.model AS model
    FROM bench_runs
    WHERE bench_runs.run_id IN (
        SELECT bench_runs.run_id
        FROM bench_runs
        WHERE (bench_runs.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (bench_runs.ts < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC')) AND (bench_runs.model = 'llama')
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
WHERE (bench_runs.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (bench_runs.ts < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC')) AND (bench_runs.model = 'llama')
GROUP BY toStartOfDay(bench_runs.ts, 'UTC')
ORDER BY ts ASC
