SELECT
    toStartOfDay(llm_events_hourly.hour, 'UTC') AS ts,
    llm_events_hourly.source AS source,
    llm_events_hourly.model AS model,
    llm_events_hourly.operation AS operation,
    llm_events_hourly.status AS status,
    sum(llm_events_hourly.events) AS n,
    toFloat64(sum(llm_events_hourly.cost_usd)) AS value
FROM llm_events_hourly
WHERE (llm_events_hourly.hour >= toDateTime64('2026-04-29 00:00:00.000', 3, 'UTC')) AND (llm_events_hourly.hour < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC'))
GROUP BY
    toStartOfDay(llm_events_hourly.hour, 'UTC'),
    llm_events_hourly.source,
    llm_events_hourly.model,
    llm_events_hourly.operation,
    llm_events_hourly.status
ORDER BY
    ts ASC,
    source ASC,
    model ASC,
    operation ASC,
    status ASC
