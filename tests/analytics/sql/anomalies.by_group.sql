SELECT
    ranked.ts,
    ranked.model,
    ranked.cost_usd,
    ranked.cost_usd_n
FROM
(
    SELECT
        weighed.ts AS ts,
        weighed.model AS model,
        weighed.cost_usd AS cost_usd,
        weighed.cost_usd_n AS cost_usd_n,
        weighed.weight AS weight,
        dense_rank() OVER (ORDER BY weighed.weight DESC, weighed.model ASC) AS place
    FROM
    (
        SELECT
            by_bucket.ts AS ts,
            by_bucket.model AS model,
            by_bucket.cost_usd AS cost_usd,
            by_bucket.cost_usd_n AS cost_usd_n,
            sum(by_bucket.cost_usd_n) OVER (PARTITION BY by_bucket.model) AS weight
        FROM
        (
            SELECT
                toStartOfHour(llm_events_hourly.hour, 'UTC') AS ts,
                llm_events_hourly.model AS model,
                toFloat64(sum(llm_events_hourly.cost_usd)) AS cost_usd,
                sum(llm_events_hourly.events) AS cost_usd_n
            FROM llm_events_hourly
            WHERE (llm_events_hourly.hour >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events_hourly.hour < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
            GROUP BY
                toStartOfHour(llm_events_hourly.hour, 'UTC'),
                llm_events_hourly.model
        ) AS by_bucket
    ) AS weighed
) AS ranked
WHERE ranked.place <= 50
ORDER BY
    model ASC,
    ts ASC
