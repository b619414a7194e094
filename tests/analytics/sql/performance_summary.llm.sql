SELECT
    few_or_many.source,
    few_or_many.model,
    few_or_many.calls,
    few_or_many.error_rate,
    few_or_many.latency_p95_ms,
    few_or_many.tokens_in,
    few_or_many.tokens_out,
    few_or_many.cost_usd
FROM
(
    SELECT
        llm_events.source AS source,
        llm_events.model AS model,
        count(*) AS calls,
        countIf(llm_events.status != 'success') / nullIf(count(*), 0) AS error_rate,
        quantileExactInclusiveOrNull(0.95)(llm_events.latency_ms) AS latency_p95_ms,
        ifNull(sum(llm_events.tokens_in), 0) AS tokens_in,
        ifNull(sum(llm_events.tokens_out), 0) AS tokens_out,
        ifNull(sum(llm_events.cost_usd), 0) AS cost_usd
    FROM llm_events
    WHERE (llm_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC')) AND (llm_events.model = 'opus') AND ((
        SELECT count(*) AS count_1
        FROM llm_events
        WHERE (llm_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
    ) <= 100000)
    GROUP BY
        llm_events.source,
        llm_events.model
    UNION ALL
    SELECT
        llm_events_hourly.source AS source,
        llm_events_hourly.model AS model,
        sum(llm_events_hourly.events) AS calls,
        sumIf(llm_events_hourly.events, llm_events_hourly.status != 'success') / nullIf(sum(llm_events_hourly.events), 0) AS error_rate,
        multiIf((sum(llm_events_hourly.latency_count) > 0), arrayElement(quantilesDDMerge(0.01, 0.5, 0.9, 0.95, 0.99)(llm_events_hourly.latency_quantiles_ms), 3), NULL) AS latency_p95_ms,
        sum(llm_events_hourly.tokens_in) AS tokens_in,
        sum(llm_events_hourly.tokens_out) AS tokens_out,
        sum(llm_events_hourly.cost_usd) AS cost_usd
    FROM llm_events_hourly
    WHERE (llm_events_hourly.hour >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events_hourly.hour < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC')) AND (llm_events_hourly.model = 'opus') AND ((
        SELECT count(*) AS count_1
        FROM llm_events
        WHERE (llm_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
    ) > 100000)
    GROUP BY
        llm_events_hourly.source,
        llm_events_hourly.model
) AS few_or_many
ORDER BY
    calls DESC,
    source ASC,
    model ASC
LIMIT 100
