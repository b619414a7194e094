SELECT uniqExact(tuple(toHour(toDateTime(llm_events_hourly.hour, 'UTC'), 'UTC'))) AS groups
FROM llm_events_hourly
WHERE (llm_events_hourly.hour >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events_hourly.hour < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
