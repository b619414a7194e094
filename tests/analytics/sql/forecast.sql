SELECT
    subtractSeconds(toStartOfDay(addSeconds(toDateTime(llm_events_hourly.hour, 'UTC'), 7200), 'UTC'), 7200) AS ts,
    toFloat64(sum(llm_events_hourly.cost_usd)) AS value,
    sum(llm_events_hourly.events) AS n
FROM llm_events_hourly
WHERE (llm_events_hourly.hour >= toDateTime64('2026-05-10 22:00:00.000', 3, 'UTC')) AND (llm_events_hourly.hour < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC')) AND (llm_events_hourly.model IN ('opus', 'haiku'))
GROUP BY subtractSeconds(toStartOfDay(addSeconds(toDateTime(llm_events_hourly.hour, 'UTC'), 7200), 'UTC'), 7200)
ORDER BY ts ASC
