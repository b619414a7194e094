SELECT
    toStartOfDay(llm_events_hourly.hour, 'UTC') AS ts,
    toFloat64(toFloat64(sum(llm_events_hourly.cost_usd)) / nullIf(toFloat64(sum(llm_events_hourly.events)), 0)) AS cost_usd_per_calls,
    sum(llm_events_hourly.events) AS cost_usd_per_calls_n
FROM llm_events_hourly
WHERE (llm_events_hourly.hour >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events_hourly.hour < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC'))
GROUP BY toStartOfDay(llm_events_hourly.hour, 'UTC')
ORDER BY ts ASC
