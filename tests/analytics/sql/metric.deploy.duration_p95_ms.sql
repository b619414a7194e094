SELECT quantileExactInclusiveOrNull(0.95)(deployments.duration_ms) AS duration_p95_ms
FROM deployments
WHERE (deployments.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (deployments.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
