SELECT
    toStartOfDay(bench_runs.ts, 'UTC') AS ts,
    bench_runs.model AS model,
    bench_runs.quant AS quant,
    bench_runs.dataset AS dataset,
    count(bench_runs.latency_p95_ms) AS n,
    toFloat64(avgOrNull(bench_runs.latency_p95_ms)) AS value,
    sum(multiply(toFloat64(bench_runs.latency_p95_ms), toFloat64(bench_runs.latency_p95_ms))) AS squares
FROM
(
    SELECT
        bench_runs.ts AS ts,
        bench_runs.dataset AS dataset,
        bench_runs.latency_p95_ms AS latency_p95_ms,
        bench_runs.model AS model,
        bench_runs.quant AS quant
    FROM bench_runs
    WHERE bench_runs.run_id IN (
        SELECT bench_runs.run_id
        FROM bench_runs
        WHERE (bench_runs.ts >= toDateTime64('2026-04-29 00:00:00.000', 3, 'UTC')) AND (bench_runs.ts < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC'))
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
WHERE (bench_runs.ts >= toDateTime64('2026-04-29 00:00:00.000', 3, 'UTC')) AND (bench_runs.ts < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC'))
GROUP BY
    toStartOfDay(bench_runs.ts, 'UTC'),
    bench_runs.model,
    bench_runs.quant,
    bench_runs.dataset
ORDER BY
    ts ASC,
    model ASC,
    quant ASC,
    dataset ASC
