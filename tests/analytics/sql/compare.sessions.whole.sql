SELECT
    block_2.abandonment_rate AS abandonment_rate,
    block_1.sessions AS sessions
FROM
(
    SELECT
        few_or_many.sessions AS sessions,
        1 AS one
    FROM
    (
        SELECT uniqExact(ui_events.session_id) AS sessions
        FROM ui_events
        WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC')) AND ((
            SELECT count(*) AS count_1
            FROM ui_events
            WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC'))
        ) <= 100000)
        HAVING (
            SELECT count(*) AS count_1
            FROM ui_events
            WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC'))
        ) <= 100000
        UNION ALL
        SELECT uniq(ui_events.session_id) AS sessions
        FROM ui_events
        WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC')) AND ((
            SELECT count(*) AS count_1
            FROM ui_events
            WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC'))
        ) > 100000)
        HAVING (
            SELECT count(*) AS count_1
            FROM ui_events
            WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC'))
        ) > 100000
    ) AS few_or_many
) AS block_1
INNER JOIN
(
    SELECT
        avgOrNull(sessions.abandoned) AS abandonment_rate,
        1 AS one
    FROM
    (
        SELECT
            ui_events.session_id AS session_id,
            (count(*) = 1) OR (max(ui_events.ts) = maxIf(ui_events.ts, ui_events.event_type = 'error')) AS abandoned
        FROM ui_events
        WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC'))
        GROUP BY ui_events.session_id
    ) AS sessions
) AS block_2 ON block_1.one = block_2.one
