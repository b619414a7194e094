SELECT
    sessions.ts,
    toFloat64(avgOrNull(sessions.abandoned)) AS abandonment_rate,
    count(*) AS abandonment_rate_n
FROM
(
    SELECT
        toStartOfHour(ui_events.ts, 'UTC') AS ts,
        ui_events.session_id AS session_id,
        (count(*) = 1) OR (max(ui_events.ts) = maxIf(ui_events.ts, ui_events.event_type = 'error')) AS abandoned
    FROM ui_events
    WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
    GROUP BY
        toStartOfHour(ui_events.ts, 'UTC'),
        ui_events.session_id
) AS sessions
GROUP BY sessions.ts
ORDER BY ts ASC
