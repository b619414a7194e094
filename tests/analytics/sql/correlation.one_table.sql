SELECT
    aligned.ts AS ts,
    max(aligned.x) AS x,
    max(aligned.x_n) AS x_n,
    max(aligned.y) AS y,
    max(aligned.y_n) AS y_n
FROM
(
    SELECT
        toStartOfDay(ui_events_hourly.hour, 'UTC') AS ts,
        toFloat64(sumIf(ui_events_hourly.events, ui_events_hourly.event_type = 'error') / nullIf(sum(ui_events_hourly.events), 0)) AS x,
        sum(ui_events_hourly.events) AS x_n,
        toFloat64(sum(ui_events_hourly.events)) AS y,
        sum(ui_events_hourly.events) AS y_n
    FROM ui_events_hourly
    WHERE (ui_events_hourly.hour >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events_hourly.hour < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
    GROUP BY toStartOfDay(ui_events_hourly.hour, 'UTC')
) AS aligned
GROUP BY aligned.ts
ORDER BY ts ASC
