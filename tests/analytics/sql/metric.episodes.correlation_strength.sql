SELECT avgOrNull(episodes.correlation_strength) AS correlation_strength
FROM episodes
WHERE (episodes.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (episodes.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
