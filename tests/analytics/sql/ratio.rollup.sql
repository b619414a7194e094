SELECT
    llm_events_hourly.model AS model,
    toFloat64(sum(llm_events_hourly.cost_usd)) / nullIf(toFloat64(sum(llm_events_hourly.events)), 0) AS cost_usd_per_calls
FROM llm_events_hourly
WHERE (llm_events_hourly.hour >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events_hourly.hour < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
GROUP BY llm_events_hourly.model
ORDER BY
    cost_usd_per_calls DESC,
    model ASC
LIMIT 100
