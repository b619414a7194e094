SELECT
    subtractSeconds(toDateTime(toStartOfMonth(addSeconds(toDateTime(ui_events_hourly.hour, 'UTC'), 7200), 'UTC'), 'UTC'), 7200) AS ts,
    sum(ui_events_hourly.events) AS events
FROM ui_events_hourly
WHERE (ui_events_hourly.hour >= toDateTime64('2026-05-10 22:00:00.000', 3, 'UTC')) AND (ui_events_hourly.hour < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
GROUP BY subtractSeconds(toDateTime(toStartOfMonth(addSeconds(toDateTime(ui_events_hourly.hour, 'UTC'), 7200), 'UTC'), 'UTC'), 7200)
ORDER BY ts ASC
