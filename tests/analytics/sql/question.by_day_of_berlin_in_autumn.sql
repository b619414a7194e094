SELECT
    subtractSeconds(toStartOfDay(addSeconds(toDateTime(llm_events_hourly.hour, 'UTC'), plus(plus(7200, multiply(-86400, toDateTime(llm_events_hourly.hour, 'UTC') >= toDateTime('2026-10-25 22:00:00', 'UTC'))), multiply(82800, toDateTime(llm_events_hourly.hour, 'UTC') >= toDateTime('2026-10-25 23:00:00', 'UTC')))), 'UTC'), plus(7200, multiply(-3600, toDateTime(llm_events_hourly.hour, 'UTC') >= toDateTime('2026-10-25 23:00:00', 'UTC')))) AS ts,
    sum(llm_events_hourly.events) AS calls
FROM llm_events_hourly
WHERE (llm_events_hourly.hour >= toDateTime64('2026-10-10 22:00:00.000', 3, 'UTC')) AND (llm_events_hourly.hour < toDateTime64('2026-11-10 12:34:56.000', 3, 'UTC'))
GROUP BY subtractSeconds(toStartOfDay(addSeconds(toDateTime(llm_events_hourly.hour, 'UTC'), plus(plus(7200, multiply(-86400, toDateTime(llm_events_hourly.hour, 'UTC') >= toDateTime('2026-10-25 22:00:00', 'UTC'))), multiply(82800, toDateTime(llm_events_hourly.hour, 'UTC') >= toDateTime('2026-10-25 23:00:00', 'UTC')))), 'UTC'), plus(7200, multiply(-3600, toDateTime(llm_events_hourly.hour, 'UTC') >= toDateTime('2026-10-25 23:00:00', 'UTC'))))
ORDER BY ts ASC
