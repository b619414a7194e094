SELECT avgOrNull(session_stats.avg_latency_ms) AS latency_mean_ms
FROM session_stats
WHERE (session_stats.hour >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (session_stats.hour < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
