SELECT
    bench_runs.model AS model,
    bench_runs.quant AS quant,
    bench_runs.dataset AS dataset,
    countIf(bench_runs.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AS runs,
    avgOrNullIf(bench_runs.latency_p50_ms, bench_runs.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AS latency_p50_ms,
    avgOrNullIf(bench_runs.latency_p95_ms, bench_runs.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AS latency_p95_ms,
    avgOrNullIf(bench_runs.latency_p99_ms, bench_runs.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AS latency_p99_ms,
    avgOrNullIf(bench_runs.tokens_per_sec, bench_runs.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AS tokens_per_sec,
    avgOrNullIf(bench_runs.cost_per_1k, bench_runs.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AS cost_per_1k,
    avgOrNullIf(bench_runs.memory_peak_mb, bench_runs.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AS memory_peak_mb,
    countIf(bench_runs.ts < toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AS runs_before,
    avgOrNullIf(bench_runs.latency_p50_ms, bench_runs.ts < toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AS latency_p50_ms_before,
    avgOrNullIf(bench_runs.latency_p95_ms, bench_runs.ts < toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AS latency_p95_ms_before,
    avgOrNullIf(bench_runs.latency_p99_ms, bench_runs.ts < toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AS latency_p99_ms_before,
    avgOrNullIf(bench_runs.tokens_per_sec, bench_runs.ts < toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AS tokens_per_sec_before,
    avgOrNullIf(bench_runs.cost_per_1k, bench_runs.ts < toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AS cost_per_1k_before,
    avgOrNullIf(bench_runs.memory_peak_mb, bench_runs.ts < toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AS memory_peak_mb_before
FROM
(
    SELECT
        bench_runs.ts AS ts,
        bench_runs.cost_per_1k AS cost_per_1k,
        bench_runs.dataset AS dataset,
        bench_runs.latency_p50_ms AS latency_p50_ms,
        bench_runs.latency_p95_ms AS latency_p95_ms,
        bench_runs.latency_p99_ms AS latency_p99_ms,
        bench_runs.memory_peak_mb AS memory_peak_mb,
        bench_runs.model AS model,
        bench_runs.quant AS quant,
        bench_runs.tokens_per_sec AS tokens_per_sec
    FROM bench_runs
    WHERE bench_runs.run_id IN (
        SELECT bench_runs.run_id
        FROM bench_runs
        WHERE (bench_runs.ts >= toDateTime64('2026-05-27 00:00:00.000', 3, 'UTC')) AND (bench_runs.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC')) AND (bench_runs.model = 'opus') AND (bench_runs.dataset = 'chat')
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
WHERE (bench_runs.ts >= toDateTime64('2026-05-27 00:00:00.000', 3, 'UTC')) AND (bench_runs.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC')) AND (bench_runs.model = 'opus') AND (bench_runs.dataset = 'chat')
GROUP BY
    bench_runs.model,
    bench_runs.quant,
    bench_runs.dataset
ORDER BY
    model ASC,
    quant ASC,
    dataset ASC
LIMIT 500
