SELECT sum(ui_events_hourly.latency_sum_ms) / nullIf(sum(ui_events_hourly.latency_count), 0) AS latency_mean_ms
FROM ui_events_hourly
WHERE (ui_events_hourly.hour >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events_hourly.hour < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
