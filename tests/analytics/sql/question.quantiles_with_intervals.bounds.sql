SELECT
    ranked.ts,
    ranked.model,
    ranked.latency_p95_ms,
    ranked.latency_p50_ms_values,
    ranked.latency_p95_ms_values
FROM
(
    SELECT
        weighed.ts AS ts,
        weighed.model AS model,
        weighed.latency_p95_ms AS latency_p95_ms,
        weighed.latency_p50_ms_values AS latency_p50_ms_values,
        weighed.latency_p95_ms_values AS latency_p95_ms_values,
        weighed.weight AS weight,
        dense_rank() OVER (ORDER BY weighed.weight ASC, weighed.model ASC) AS place
    FROM
    (
        SELECT
            by_bucket.ts AS ts,
            by_bucket.model AS model,
            by_bucket.latency_p95_ms AS latency_p95_ms,
            by_bucket.latency_p50_ms_values AS latency_p50_ms_values,
            by_bucket.latency_p95_ms_values AS latency_p95_ms_values,
            min(by_bucket.latency_p95_ms) OVER (PARTITION BY by_bucket.model) AS weight
        FROM
        (
            SELECT
                toStartOfDay(llm_events.ts, 'UTC') AS ts,
                llm_events.model AS model,
                quantileExactInclusiveOrNull(0.95)(llm_events.latency_ms) AS latency_p95_ms,
                quantilesExact(0.15, 0.85)(llm_events.latency_ms) AS latency_p50_ms_values,
                quantilesExact(0.15, 0.85)(llm_events.latency_ms) AS latency_p95_ms_values
            FROM llm_events
            WHERE (llm_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
            GROUP BY
                toStartOfDay(llm_events.ts, 'UTC'),
                llm_events.model
        ) AS by_bucket
    ) AS weighed
) AS ranked
WHERE ranked.place <= 100
ORDER BY
    latency_p95_ms ASC,
    ts ASC,
    model ASC
