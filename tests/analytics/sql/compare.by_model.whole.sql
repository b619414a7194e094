SELECT
    few_or_many.model,
    few_or_many.latency_p95_ms
FROM
(
    SELECT
        llm_events.model AS model,
        quantileExactInclusiveOrNull(0.95)(llm_events.latency_ms) AS latency_p95_ms
    FROM llm_events
    WHERE (llm_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events.ts < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC')) AND ((
        SELECT count(*) AS count_1
        FROM llm_events
        WHERE (llm_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events.ts < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC'))
    ) <= 100000)
    GROUP BY llm_events.model
    UNION ALL
    SELECT
        llm_events_hourly.model AS model,
        multiIf((sum(llm_events_hourly.latency_count) > 0), arrayElement(quantilesDDMerge(0.01, 0.5, 0.9, 0.95, 0.99)(llm_events_hourly.latency_quantiles_ms), 3), NULL) AS latency_p95_ms
    FROM llm_events_hourly
    WHERE (llm_events_hourly.hour >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events_hourly.hour < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC')) AND ((
        SELECT count(*) AS count_1
        FROM llm_events
        WHERE (llm_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events.ts < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC'))
    ) > 100000)
    GROUP BY llm_events_hourly.model
) AS few_or_many
ORDER BY
    latency_p95_ms DESC,
    model ASC
LIMIT 1000
