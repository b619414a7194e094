SELECT
    ranked.side,
    ranked.whole,
    ranked.ts,
    ranked.day_of_week,
    ranked.calls,
    ranked.calls_n
FROM
(
    SELECT
        weighed.side AS side,
        weighed.whole AS whole,
        weighed.ts AS ts,
        weighed.day_of_week AS day_of_week,
        weighed.calls AS calls,
        weighed.calls_n AS calls_n,
        weighed.weight AS weight,
        dense_rank() OVER (PARTITION BY weighed.side ORDER BY weighed.weight DESC, weighed.day_of_week ASC) AS place
    FROM
    (
        SELECT
            by_bucket.side AS side,
            by_bucket.whole AS whole,
            by_bucket.ts AS ts,
            by_bucket.day_of_week AS day_of_week,
            by_bucket.calls AS calls,
            by_bucket.calls_n AS calls_n,
            sum(by_bucket.calls_n) OVER (PARTITION BY by_bucket.side, by_bucket.day_of_week) AS weight
        FROM
        (
            SELECT
                llm_events_hourly.hour >= toDateTime64('2026-10-10 22:00:00.000', 3, 'UTC') AS side,
                0 AS whole,
                subtractSeconds(toStartOfDay(addSeconds(toDateTime(llm_events_hourly.hour, 'UTC'), plus(plus(7200, multiply(-86400, toDateTime(llm_events_hourly.hour, 'UTC') >= toDateTime('2026-10-25 22:00:00', 'UTC'))), multiply(82800, toDateTime(llm_events_hourly.hour, 'UTC') >= toDateTime('2026-10-25 23:00:00', 'UTC')))), 'UTC'), plus(7200, multiply(-3600, toDateTime(llm_events_hourly.hour, 'UTC') >= toDateTime('2026-10-25 23:00:00', 'UTC')))) AS ts,
                toDayOfWeek(addSeconds(toDateTime(llm_events_hourly.hour, 'UTC'), plus(7200, multiply(-3600, toDateTime(llm_events_hourly.hour, 'UTC') >= toDateTime('2026-10-25 01:00:00', 'UTC')))), 0, 'UTC') AS day_of_week,
                toFloat64(sum(llm_events_hourly.events)) AS calls,
                sum(llm_events_hourly.events) AS calls_n
            FROM llm_events_hourly
            WHERE (llm_events_hourly.hour >= toDateTime64('2026-09-05 22:00:00.000', 3, 'UTC')) AND (llm_events_hourly.hour < toDateTime64('2026-11-09 23:00:00.000', 3, 'UTC')) AND ((llm_events_hourly.hour < toDateTime64('2026-10-05 22:00:00.000', 3, 'UTC')) OR (llm_events_hourly.hour >= toDateTime64('2026-10-10 22:00:00.000', 3, 'UTC')))
            GROUP BY
                llm_events_hourly.hour >= toDateTime64('2026-10-10 22:00:00.000', 3, 'UTC'),
                subtractSeconds(toStartOfDay(addSeconds(toDateTime(llm_events_hourly.hour, 'UTC'), plus(plus(7200, multiply(-86400, toDateTime(llm_events_hourly.hour, 'UTC') >= toDateTime('2026-10-25 22:00:00', 'UTC'))), multiply(82800, toDateTime(llm_events_hourly.hour, 'UTC') >= toDateTime('2026-10-25 23:00:00', 'UTC')))), 'UTC'), plus(7200, multiply(-3600, toDateTime(llm_events_hourly.hour, 'UTC') >= toDateTime('2026-10-25 23:00:00', 'UTC')))),
                toDayOfWeek(addSeconds(toDateTime(llm_events_hourly.hour, 'UTC'), plus(7200, multiply(-3600, toDateTime(llm_events_hourly.hour, 'UTC') >= toDateTime('2026-10-25 01:00:00', 'UTC')))), 0, 'UTC')
        ) AS by_bucket
    ) AS weighed
) AS ranked
WHERE ranked.place <= 50
ORDER BY
    side ASC,
    whole ASC,
    ts ASC,
    day_of_week ASC
