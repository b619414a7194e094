SELECT
    toStartOfMinute(ui_events.ts, 'UTC') AS ts,
    count(*) AS events
FROM ui_events
WHERE (ui_events.ts >= toDateTime64('2026-06-10 00:00:00.000000', 6, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 12:34:56.000000', 6, 'UTC'))
GROUP BY toStartOfMinute(ui_events.ts, 'UTC')
ORDER BY ts ASC
