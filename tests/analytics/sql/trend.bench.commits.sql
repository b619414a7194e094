SELECT
    bench_runs.model AS model,
    bench_runs.commit_sha AS commit_sha,
    min(bench_runs.ts) AS first_seen,
    toFloat64(avgOrNull(bench_runs.latency_p95_ms)) AS value,
    count(bench_runs.latency_p95_ms) AS n
FROM
(
    SELECT
        bench_runs.ts AS ts,
        bench_runs.commit_sha AS commit_sha,
        bench_runs.latency_p95_ms AS latency_p95_ms,
        bench_runs.model AS model
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
WHERE (bench_runs.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (bench_runs.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC')) AND (bench_runs.commit_sha IS NOT NULL)
GROUP BY
    bench_runs.model,
    bench_runs.commit_sha
ORDER BY
    model ASC,
    first_seen ASC,
    commit_sha ASC
