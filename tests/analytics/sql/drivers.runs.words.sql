SELECT
    cube.model,
    cube.quant,
    cube.dataset,
    grouping(cube.model) AS not_by_model,
    grouping(cube.quant) AS not_by_quant,
    grouping(cube.dataset) AS not_by_dataset,
    sum(cube.n) AS n
FROM
(
    SELECT
        toNullable(bench_runs.model) AS model,
        toNullable(bench_runs.quant) AS quant,
        toNullable(bench_runs.dataset) AS dataset,
        count(bench_runs.latency_p95_ms) AS n
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
            WHERE (bench_runs.ts >= toDateTime64('2026-05-27 00:00:00.000', 3, 'UTC')) AND (bench_runs.ts < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC'))
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
    WHERE (bench_runs.ts >= toDateTime64('2026-05-27 00:00:00.000', 3, 'UTC')) AND (bench_runs.ts < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC'))
    GROUP BY
        bench_runs.model,
        bench_runs.quant,
        bench_runs.dataset
) AS cube
GROUP BY
    GROUPING SETS (
        (),
        (cube.model),
        (cube.quant),
        (cube.dataset))
ORDER BY
    n DESC,
    model ASC,
    quant ASC,
    dataset ASC
LIMIT 101 BY
    not_by_model,
    not_by_quant,
    not_by_dataset
