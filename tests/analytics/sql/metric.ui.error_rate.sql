SELECT sumIf(ui_events_hourly.events, ui_events_hourly.event_type = 'error') / nullIf(sum(ui_events_hourly.events), 0) AS error_rate
FROM ui_events_hourly
WHERE (ui_events_hourly.hour >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events_hourly.hour < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
