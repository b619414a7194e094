SELECT
    few_or_many.event_type,
    few_or_many.events,
    few_or_many.latency_p95_ms
FROM
(
    SELECT
        ui_events.event_type AS event_type,
        count(*) AS events,
        quantileExactInclusiveOrNull(0.95)(ui_events.latency_ms) AS latency_p95_ms
    FROM ui_events
    WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC')) AND ((
        SELECT count(*) AS count_1
        FROM ui_events
        WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
    ) <= 100000)
    GROUP BY ui_events.event_type
    UNION ALL
    SELECT
        ui_events_hourly.event_type AS event_type,
        sum(ui_events_hourly.events) AS events,
        multiIf((sum(ui_events_hourly.latency_count) > 0), arrayElement(quantilesDDMerge(0.01, 0.5, 0.9, 0.95, 0.99)(ui_events_hourly.latency_quantiles_ms), 3), NULL) AS latency_p95_ms
    FROM ui_events_hourly
    WHERE (ui_events_hourly.hour >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events_hourly.hour < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC')) AND ((
        SELECT count(*) AS count_1
        FROM ui_events
        WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
    ) > 100000)
    GROUP BY ui_events_hourly.event_type
) AS few_or_many
ORDER BY
    events DESC,
    event_type ASC
LIMIT 100
