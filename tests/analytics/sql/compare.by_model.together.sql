SELECT
    ranked.side,
    ranked.whole,
    ranked.ts,
    ranked.model,
    ranked.latency_p95_ms,
    ranked.latency_p95_ms_n,
    ranked.calls,
    ranked.calls_n
FROM
(
    SELECT
        weighed.side AS side,
        weighed.whole AS whole,
        weighed.ts AS ts,
        weighed.model AS model,
        weighed.latency_p95_ms AS latency_p95_ms,
        weighed.latency_p95_ms_n AS latency_p95_ms_n,
        weighed.calls AS calls,
        weighed.calls_n AS calls_n,
        weighed.weight AS weight,
        dense_rank() OVER (PARTITION BY weighed.side ORDER BY weighed.weight DESC, weighed.model ASC) AS place
    FROM
    (
        SELECT
            by_bucket.side AS side,
            by_bucket.whole AS whole,
            by_bucket.ts AS ts,
            by_bucket.model AS model,
            by_bucket.latency_p95_ms AS latency_p95_ms,
            by_bucket.latency_p95_ms_n AS latency_p95_ms_n,
            by_bucket.calls AS calls,
            by_bucket.calls_n AS calls_n,
            sum(by_bucket.latency_p95_ms_n) OVER (PARTITION BY by_bucket.side, by_bucket.model) AS weight
        FROM
        (
            SELECT
                few_or_many.side AS side,
                few_or_many.whole AS whole,
                few_or_many.ts AS ts,
                few_or_many.model AS model,
                few_or_many.latency_p95_ms AS latency_p95_ms,
                few_or_many.latency_p95_ms_n AS latency_p95_ms_n,
                few_or_many.calls AS calls,
                few_or_many.calls_n AS calls_n
            FROM
            (
                SELECT
                    by_day.side AS side,
                    grouping(by_day.ts) AS whole,
                    by_day.ts AS ts,
                    by_day.model AS model,
                    toFloat64(quantileExactInclusiveOrNullMerge(0.95)(by_day.state_1)) AS latency_p95_ms,
                    countMerge(by_day.state_2) AS latency_p95_ms_n,
                    toFloat64(countMerge(by_day.state_3)) AS calls,
                    countMerge(by_day.state_3) AS calls_n
                FROM
                (
                    SELECT
                        llm_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC') AS side,
                        toNullable(toStartOfDay(llm_events.ts, 'UTC')) AS ts,
                        llm_events.model AS model,
                        quantileExactInclusiveOrNullState(0.95)(llm_events.latency_ms) AS state_1,
                        countState(llm_events.latency_ms) AS state_2,
                        countState() AS state_3
                    FROM llm_events
                    WHERE (llm_events.ts >= toDateTime64('2026-05-27 00:00:00.000', 3, 'UTC')) AND (llm_events.ts < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC')) AND ((
                        SELECT count(*) AS count_1
                        FROM llm_events
                        WHERE (llm_events.ts >= toDateTime64('2026-05-27 00:00:00.000', 3, 'UTC')) AND (llm_events.ts < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC'))
                    ) <= 100000)
                    GROUP BY
                        llm_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC'),
                        toStartOfDay(llm_events.ts, 'UTC'),
                        llm_events.model
                ) AS by_day
                GROUP BY
                    GROUPING SETS (
                        (by_day.side, by_day.ts, by_day.model),
                        (by_day.side, by_day.model))
                UNION ALL
                SELECT
                    by_day.side AS side,
                    grouping(by_day.ts) AS whole,
                    by_day.ts AS ts,
                    by_day.model AS model,
                    toFloat64(multiIf((sumMerge(by_day.state_1) > 0), arrayElement(quantilesDDMerge(0.01, 0.5, 0.9, 0.95, 0.99)(by_day.state_2), 3), NULL)) AS latency_p95_ms,
                    sumMerge(by_day.state_1) AS latency_p95_ms_n,
                    toFloat64(sumMerge(by_day.state_3)) AS calls,
                    sumMerge(by_day.state_3) AS calls_n
                FROM
                (
                    SELECT
                        llm_events_hourly.hour >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC') AS side,
                        toNullable(toStartOfDay(llm_events_hourly.hour, 'UTC')) AS ts,
                        llm_events_hourly.model AS model,
                        sumState(llm_events_hourly.latency_count) AS state_1,
                        quantilesDDMergeState(0.01, 0.5, 0.9, 0.95, 0.99)(llm_events_hourly.latency_quantiles_ms) AS state_2,
                        sumState(llm_events_hourly.events) AS state_3
                    FROM llm_events_hourly
                    WHERE (llm_events_hourly.hour >= toDateTime64('2026-05-27 00:00:00.000', 3, 'UTC')) AND (llm_events_hourly.hour < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC')) AND ((
                        SELECT count(*) AS count_1
                        FROM llm_events
                        WHERE (llm_events.ts >= toDateTime64('2026-05-27 00:00:00.000', 3, 'UTC')) AND (llm_events.ts < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC'))
                    ) > 100000)
                    GROUP BY
                        llm_events_hourly.hour >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC'),
                        toStartOfDay(llm_events_hourly.hour, 'UTC'),
                        llm_events_hourly.model
                ) AS by_day
                GROUP BY
                    GROUPING SETS (
                        (by_day.side, by_day.ts, by_day.model),
                        (by_day.side, by_day.model))
            ) AS few_or_many
        ) AS by_bucket
    ) AS weighed
) AS ranked
WHERE ranked.place <= 50
ORDER BY
    side ASC,
    whole ASC,
    ts ASC,
    model ASC
