SELECT
    toHour(addSeconds(toDateTime(llm_events_hourly.hour, 'UTC'), plus(7200, multiply(-3600, toDateTime(llm_events_hourly.hour, 'UTC') >= toDateTime('2026-10-25 01:00:00', 'UTC')))), 'UTC') AS hour_of_day,
    sum(llm_events_hourly.events) AS calls
FROM llm_events_hourly
WHERE (llm_events_hourly.hour >= toDateTime64('2026-10-10 22:00:00.000', 3, 'UTC')) AND (llm_events_hourly.hour < toDateTime64('2026-11-10 12:34:56.000', 3, 'UTC')) AND (toDayOfWeek(addSeconds(toDateTime(llm_events_hourly.hour, 'UTC'), plus(7200, multiply(-3600, toDateTime(llm_events_hourly.hour, 'UTC') >= toDateTime('2026-10-25 01:00:00', 'UTC')))), 0, 'UTC') IN (6, 7))
GROUP BY toHour(addSeconds(toDateTime(llm_events_hourly.hour, 'UTC'), plus(7200, multiply(-3600, toDateTime(llm_events_hourly.hour, 'UTC') >= toDateTime('2026-10-25 01:00:00', 'UTC')))), 'UTC')
ORDER BY
    calls DESC,
    hour_of_day ASC
LIMIT 100
