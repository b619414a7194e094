SELECT maxOrNull(watcher_runs.lag_seconds) AS lag_max_seconds
FROM watcher_runs
WHERE (watcher_runs.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (watcher_runs.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
