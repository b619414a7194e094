SELECT
    few_or_many.ts,
    few_or_many.value,
    few_or_many.n
FROM
(
    SELECT
        toStartOfDay(llm_events.ts, 'UTC') AS ts,
        toFloat64(toFloat64(quantileExactInclusiveOrNull(0.99)(llm_events.latency_ms)) / nullIf(toFloat64(quantileExactInclusiveOrNull(0.5)(llm_events.latency_ms)), 0)) AS value,
        count(*) AS n
    FROM llm_events
    WHERE (llm_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC')) AND ((
        SELECT count(*) AS count_1
        FROM llm_events
        WHERE (llm_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
    ) <= 100000)
    GROUP BY toStartOfDay(llm_events.ts, 'UTC')
    UNION ALL
    SELECT
        toStartOfDay(llm_events_hourly.hour, 'UTC') AS ts,
        toFloat64(toFloat64(multiIf((sum(llm_events_hourly.latency_count) > 0), arrayElement(quantilesDDMerge(0.01, 0.5, 0.9, 0.95, 0.99)(llm_events_hourly.latency_quantiles_ms), 4), NULL)) / nullIf(toFloat64(multiIf((sum(llm_events_hourly.latency_count) > 0), arrayElement(quantilesDDMerge(0.01, 0.5, 0.9, 0.95, 0.99)(llm_events_hourly.latency_quantiles_ms), 1), NULL)), 0)) AS value,
        sum(llm_events_hourly.events) AS n
    FROM llm_events_hourly
    WHERE (llm_events_hourly.hour >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events_hourly.hour < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC')) AND ((
        SELECT count(*) AS count_1
        FROM llm_events
        WHERE (llm_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
    ) > 100000)
    GROUP BY toStartOfDay(llm_events_hourly.hour, 'UTC')
) AS few_or_many
ORDER BY ts ASC
