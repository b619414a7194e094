SELECT
    bench_runs.commit_sha AS commit_sha,
    min(bench_runs.ts) AS first
FROM
(
    SELECT
        bench_runs.ts AS ts,
        bench_runs.commit_sha AS commit_sha
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
WHERE (bench_runs.ts >= toDateTime64('2026-04-29 00:00:00.000', 3, 'UTC')) AND (bench_runs.ts < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC')) AND (bench_runs.commit_sha IS NOT NULL)
GROUP BY bench_runs.commit_sha
ORDER BY first ASC
