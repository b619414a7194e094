SELECT countIf(episodes.status = 'published') / nullIf(count(*), 0) AS published_rate
FROM episodes
WHERE (episodes.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (episodes.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
