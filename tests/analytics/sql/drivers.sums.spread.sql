SELECT divide(sum(within.squares), sum(within.level)) AS ratio
FROM
(
    SELECT
        sum(multiply(toFloat64(llm_events.cost_usd), toFloat64(llm_events.cost_usd))) AS squares,
        divide(multiply(sum(toFloat64(llm_events.cost_usd)), sum(toFloat64(llm_events.cost_usd))), count(llm_events.cost_usd)) AS level
    FROM llm_events
    WHERE (llm_events.ts >= toDateTime64('2026-06-09 00:00:00.000', 3, 'UTC')) AND (llm_events.ts < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC')) AND (llm_events.cost_usd IS NOT NULL)
    GROUP BY
        llm_events.source,
        llm_events.model,
        llm_events.operation,
        llm_events.status
) AS within
