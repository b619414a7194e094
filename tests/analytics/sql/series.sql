SELECT
    few_or_many.ts,
    few_or_many.value,
    few_or_many.n
FROM
(
    SELECT
        toStartOfDay(ui_events.ts, 'UTC') AS ts,
        toFloat64(quantileExactInclusiveOrNull(0.95)(ui_events.latency_ms)) AS value,
        count(ui_events.latency_ms) AS n
    FROM ui_events
    WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC')) AND ((
        SELECT count(*) AS count_1
        FROM ui_events
        WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
    ) <= 100000)
    GROUP BY toStartOfDay(ui_events.ts, 'UTC')
    UNION ALL
    SELECT
        toStartOfDay(ui_events_hourly.hour, 'UTC') AS ts,
        toFloat64(multiIf((sum(ui_events_hourly.latency_count) > 0), arrayElement(quantilesDDMerge(0.01, 0.5, 0.9, 0.95, 0.99)(ui_events_hourly.latency_quantiles_ms), 3), NULL)) AS value,
        sum(ui_events_hourly.latency_count) AS n
    FROM ui_events_hourly
    WHERE (ui_events_hourly.hour >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events_hourly.hour < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC')) AND ((
        SELECT count(*) AS count_1
        FROM ui_events
        WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
    ) > 100000)
    GROUP BY toStartOfDay(ui_events_hourly.hour, 'UTC')
) AS few_or_many
ORDER BY ts ASC
