SELECT
    toStartOfHour(llm_events_hourly.hour, 'UTC') AS ts,
    toFloat64(sum(llm_events_hourly.events)) AS calls,
    sum(llm_events_hourly.events) AS calls_n,
    toFloat64(sumIf(llm_events_hourly.events, llm_events_hourly.status != 'success') / nullIf(sum(llm_events_hourly.events), 0)) AS error_rate,
    sum(llm_events_hourly.events) AS error_rate_n
FROM llm_events_hourly
WHERE (llm_events_hourly.hour >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events_hourly.hour < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
GROUP BY toStartOfHour(llm_events_hourly.hour, 'UTC')
ORDER BY ts ASC
