SELECT avgOrNull(sessions.abandoned) AS abandonment_rate
FROM
(
    SELECT
        ui_events.session_id AS session_id,
        (count(*) = 1) OR (max(ui_events.ts) = maxIf(ui_events.ts, ui_events.event_type = 'error')) AS abandoned
    FROM ui_events
    WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
    GROUP BY ui_events.session_id
) AS sessions
