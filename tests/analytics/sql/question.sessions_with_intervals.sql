SELECT
    block_2.abandonment_rate AS abandonment_rate,
    block_1.error_rate AS error_rate,
    block_2.abandonment_rate_n AS abandonment_rate_n,
    block_1.error_rate_n AS error_rate_n
FROM
(
    SELECT
        countIf(ui_events.event_type = 'error') / nullIf(count(*), 0) AS error_rate,
        count(*) AS error_rate_n,
        1 AS one
    FROM ui_events
    WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
) AS block_1
INNER JOIN
(
    SELECT
        avgOrNull(sessions.abandoned) AS abandonment_rate,
        count(*) AS abandonment_rate_n,
        1 AS one
    FROM
    (
        SELECT
            ui_events.session_id AS session_id,
            (count(*) = 1) OR (max(ui_events.ts) = maxIf(ui_events.ts, ui_events.event_type = 'error')) AS abandoned
        FROM ui_events
        WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
        GROUP BY ui_events.session_id
    ) AS sessions
) AS block_2 ON block_1.one = block_2.one
