SELECT uniqExact(tuple(toDayOfWeek(addSeconds(toDateTime(bench_runs.ts, 'UTC'), 19800), 0, 'UTC'))) AS groups
FROM
(
    SELECT bench_runs.ts AS ts
    FROM bench_runs
    WHERE bench_runs.run_id IN (
        SELECT bench_runs.run_id
        FROM bench_runs
        WHERE (bench_runs.ts >= toDateTime64('2026-06-02 18:30:00.000', 3, 'UTC')) AND (bench_runs.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC')) AND (toHour(addSeconds(toDateTime(bench_runs.ts, 'UTC'), 19800), 'UTC') < 9)
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
WHERE (bench_runs.ts >= toDateTime64('2026-06-02 18:30:00.000', 3, 'UTC')) AND (bench_runs.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC')) AND (toHour(addSeconds(toDateTime(bench_runs.ts, 'UTC'), 19800), 'UTC') < 9)
