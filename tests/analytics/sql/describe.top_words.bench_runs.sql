SELECT
    topK(10)(bench_runs.model) AS model,
    topK(10)(bench_runs.quant) AS quant,
    topK(10)(bench_runs.dataset) AS dataset
FROM bench_runs
WHERE bench_runs.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')
