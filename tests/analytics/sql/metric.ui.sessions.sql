SELECT few_or_many.sessions
FROM
(
    SELECT uniqExact(ui_events.session_id) AS sessions
    FROM ui_events
    WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC')) AND ((
        SELECT count(*) AS count_1
        FROM ui_events
        WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
    ) <= 100000)
    HAVING (
        SELECT count(*) AS count_1
        FROM ui_events
        WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
    ) <= 100000
    UNION ALL
    SELECT uniqMerge(ui_events_hourly.sessions) AS sessions
    FROM ui_events_hourly
    WHERE (ui_events_hourly.hour >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events_hourly.hour < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC')) AND ((
        SELECT count(*) AS count_1
        FROM ui_events
        WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
    ) > 100000)
    HAVING (
        SELECT count(*) AS count_1
        FROM ui_events
        WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
    ) > 100000
) AS few_or_many
