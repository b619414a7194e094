SELECT
    ranked.ts,
    ranked.model,
    ranked.latency_p95_ms,
    ranked.latency_p95_ms_n,
    ranked.calls,
    ranked.calls_n
FROM
(
    SELECT
        weighed.ts AS ts,
        weighed.model AS model,
        weighed.latency_p95_ms AS latency_p95_ms,
        weighed.latency_p95_ms_n AS latency_p95_ms_n,
        weighed.calls AS calls,
        weighed.calls_n AS calls_n,
        weighed.weight AS weight,
        dense_rank() OVER (ORDER BY weighed.weight DESC, weighed.model ASC) AS place
    FROM
    (
        SELECT
            by_bucket.ts AS ts,
            by_bucket.model AS model,
            by_bucket.latency_p95_ms AS latency_p95_ms,
            by_bucket.latency_p95_ms_n AS latency_p95_ms_n,
            by_bucket.calls AS calls,
            by_bucket.calls_n AS calls_n,
            sum(by_bucket.latency_p95_ms_n) OVER (PARTITION BY by_bucket.model) AS weight
        FROM
        (
            SELECT
                few_or_many.ts AS ts,
                few_or_many.model AS model,
                few_or_many.latency_p95_ms AS latency_p95_ms,
                few_or_many.latency_p95_ms_n AS latency_p95_ms_n,
                few_or_many.calls AS calls,
                few_or_many.calls_n AS calls_n
            FROM
            (
                SELECT
                    toStartOfDay(llm_events.ts, 'UTC') AS ts,
                    llm_events.model AS model,
                    toFloat64(quantileExactInclusiveOrNull(0.95)(llm_events.latency_ms)) AS latency_p95_ms,
                    count(llm_events.latency_ms) AS latency_p95_ms_n,
                    toFloat64(count(*)) AS calls,
                    count(*) AS calls_n
                FROM llm_events
                WHERE (llm_events.ts >= toDateTime64('2026-05-27 00:00:00.000', 3, 'UTC')) AND (llm_events.ts < toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND ((
                    SELECT count(*) AS count_1
                    FROM llm_events
                    WHERE (llm_events.ts >= toDateTime64('2026-05-27 00:00:00.000', 3, 'UTC')) AND (llm_events.ts < toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC'))
                ) <= 100000)
                GROUP BY
                    toStartOfDay(llm_events.ts, 'UTC'),
                    llm_events.model
                UNION ALL
                SELECT
                    toStartOfDay(llm_events_hourly.hour, 'UTC') AS ts,
                    llm_events_hourly.model AS model,
                    toFloat64(multiIf((sum(llm_events_hourly.latency_count) > 0), arrayElement(quantilesDDMerge(0.01, 0.5, 0.9, 0.95, 0.99)(llm_events_hourly.latency_quantiles_ms), 3), NULL)) AS latency_p95_ms,
                    sum(llm_events_hourly.latency_count) AS latency_p95_ms_n,
                    toFloat64(sum(llm_events_hourly.events)) AS calls,
                    sum(llm_events_hourly.events) AS calls_n
                FROM llm_events_hourly
                WHERE (llm_events_hourly.hour >= toDateTime64('2026-05-27 00:00:00.000', 3, 'UTC')) AND (llm_events_hourly.hour < toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND ((
                    SELECT count(*) AS count_1
                    FROM llm_events
                    WHERE (llm_events.ts >= toDateTime64('2026-05-27 00:00:00.000', 3, 'UTC')) AND (llm_events.ts < toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC'))
                ) > 100000)
                GROUP BY
                    toStartOfDay(llm_events_hourly.hour, 'UTC'),
                    llm_events_hourly.model
            ) AS few_or_many
        ) AS by_bucket
    ) AS weighed
) AS ranked
WHERE ranked.place <= 50
ORDER BY
    ts ASC,
    model ASC
