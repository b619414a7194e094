SELECT countIf(watcher_runs.status = 'valid') / nullIf(count(*), 0) AS valid_rate
FROM watcher_runs
WHERE (watcher_runs.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (watcher_runs.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
