SELECT
    ranked.ts,
    ranked.model,
    ranked.calls
FROM
(
    SELECT
        weighed.ts AS ts,
        weighed.model AS model,
        weighed.calls AS calls,
        weighed.rows_in_bucket AS rows_in_bucket,
        weighed.weight AS weight,
        dense_rank() OVER (ORDER BY weighed.weight DESC, weighed.model ASC) AS place
    FROM
    (
        SELECT
            by_bucket.ts AS ts,
            by_bucket.model AS model,
            by_bucket.calls AS calls,
            by_bucket.rows_in_bucket AS rows_in_bucket,
            sum(by_bucket.rows_in_bucket) OVER (PARTITION BY by_bucket.model) AS weight
        FROM
        (
            SELECT
                toStartOfDay(llm_events_hourly.hour, 'UTC') AS ts,
                llm_events_hourly.model AS model,
                sum(llm_events_hourly.events) AS calls,
                sum(llm_events_hourly.events) AS rows_in_bucket
            FROM llm_events_hourly
            WHERE (llm_events_hourly.hour >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events_hourly.hour < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
            GROUP BY
                toStartOfDay(llm_events_hourly.hour, 'UTC'),
                llm_events_hourly.model
        ) AS by_bucket
    ) AS weighed
) AS ranked
WHERE ranked.place <= 100
ORDER BY
    ts ASC,
    model ASC
