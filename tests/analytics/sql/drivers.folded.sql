SELECT
    toStartOfDay(llm_events_hourly.hour, 'UTC') AS ts,
    llm_events_hourly.source AS source,
    if(ifNull((llm_events_hourly.model IN ('opus', 'haiku')), 0), llm_events_hourly.model, '(other)') AS model,
    if(ifNull((llm_events_hourly.operation IN ('chat')), 0), llm_events_hourly.operation, '(other)') AS operation,
    sum(llm_events_hourly.events) AS n,
    toFloat64(sumIf(llm_events_hourly.events, llm_events_hourly.status != 'success') / nullIf(sum(llm_events_hourly.events), 0)) AS value
FROM llm_events_hourly
WHERE (llm_events_hourly.hour >= toDateTime64('2026-04-29 00:00:00.000', 3, 'UTC')) AND (llm_events_hourly.hour < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC'))
GROUP BY
    toStartOfDay(llm_events_hourly.hour, 'UTC'),
    llm_events_hourly.source,
    if(ifNull((llm_events_hourly.model IN ('opus', 'haiku')), 0), llm_events_hourly.model, '(other)'),
    if(ifNull((llm_events_hourly.operation IN ('chat')), 0), llm_events_hourly.operation, '(other)')
ORDER BY
    ts ASC,
    source ASC,
    model ASC,
    operation ASC
