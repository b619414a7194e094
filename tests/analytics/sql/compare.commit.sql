SELECT
    min(bench_runs.ts) AS first,
    count(*) AS n
FROM bench_runs
WHERE (bench_runs.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (bench_runs.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC')) AND startsWith(ifNull(toString(bench_runs.commit_sha), ''), '3f2a91c')
