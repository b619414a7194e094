SELECT few_or_many.p95_latency_ms
FROM
(
    SELECT quantileExactInclusiveOrNull(0.95)(llm_events.latency_ms) AS p95_latency_ms
    FROM llm_events
    WHERE (llm_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC')) AND ((
        SELECT count(*) AS count_1
        FROM llm_events
        WHERE (llm_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
    ) <= 100000)
    HAVING (
        SELECT count(*) AS count_1
        FROM llm_events
        WHERE (llm_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
    ) <= 100000
    UNION ALL
    SELECT multiIf((sum(llm_events_hourly.latency_count) > 0), arrayElement(quantilesDDMerge(0.01, 0.5, 0.9, 0.95, 0.99)(llm_events_hourly.latency_quantiles_ms), 3), NULL) AS p95_latency_ms
    FROM llm_events_hourly
    WHERE (llm_events_hourly.hour >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events_hourly.hour < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC')) AND ((
        SELECT count(*) AS count_1
        FROM llm_events
        WHERE (llm_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
    ) > 100000)
    HAVING (
        SELECT count(*) AS count_1
        FROM llm_events
        WHERE (llm_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
    ) > 100000
) AS few_or_many
