SELECT
    ranked.ts,
    ranked.model,
    ranked.value,
    ranked.n
FROM
(
    SELECT
        weighed.ts AS ts,
        weighed.model AS model,
        weighed.value AS value,
        weighed.n AS n,
        weighed.weight AS weight,
        dense_rank() OVER (ORDER BY weighed.weight DESC, weighed.model ASC) AS place
    FROM
    (
        SELECT
            by_bucket.ts AS ts,
            by_bucket.model AS model,
            by_bucket.value AS value,
            by_bucket.n AS n,
            sum(by_bucket.n) OVER (PARTITION BY by_bucket.model) AS weight
        FROM
        (
            SELECT
                toStartOfDay(bench_runs.ts, 'UTC') AS ts,
                bench_runs.model AS model,
                toFloat64(avgOrNull(bench_runs.latency_p95_ms)) AS value,
                count(bench_runs.latency_p95_ms) AS n
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
            GROUP BY
                toStartOfDay(bench_runs.ts, 'UTC'),
                bench_runs.model
        ) AS by_bucket
    ) AS weighed
) AS ranked
WHERE ranked.place <= 50
ORDER BY
    model ASC,
    ts ASC
