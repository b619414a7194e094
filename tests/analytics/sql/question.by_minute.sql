SELECT
    toStartOfMinute(ui_events.ts, 'UTC') AS ts,
    count(*) AS events
FROM ui_events
WHERE (ui_events.ts >= toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
GROUP BY toStartOfMinute(ui_events.ts, 'UTC')
ORDER BY ts ASC
