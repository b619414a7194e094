SELECT countIf(deployments.status = 'ready') / nullIf(countIf((deployments.status IN ('ready', 'error'))), 0) AS success_rate
FROM deployments
WHERE (deployments.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (deployments.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
