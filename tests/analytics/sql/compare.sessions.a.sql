SELECT
    block_1.ts AS ts,
    block_2.abandonment_rate AS abandonment_rate,
    block_2.abandonment_rate_n AS abandonment_rate_n,
    block_1.sessions AS sessions,
    block_1.sessions_n AS sessions_n
FROM
(
    SELECT
        few_or_many.ts AS ts,
        few_or_many.sessions AS sessions,
        few_or_many.sessions_n AS sessions_n
    FROM
    (
        SELECT
            toStartOfDay(ui_events.ts, 'UTC') AS ts,
            toFloat64(uniqExact(ui_events.session_id)) AS sessions,
            count(*) AS sessions_n
        FROM ui_events
        WHERE (ui_events.ts >= toDateTime64('2026-05-27 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND ((
            SELECT count(*) AS count_1
            FROM ui_events
            WHERE (ui_events.ts >= toDateTime64('2026-05-27 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC'))
        ) <= 100000)
        GROUP BY toStartOfDay(ui_events.ts, 'UTC')
        UNION ALL
        SELECT
            toStartOfDay(ui_events.ts, 'UTC') AS ts,
            toFloat64(uniq(ui_events.session_id)) AS sessions,
            count(*) AS sessions_n
        FROM ui_events
        WHERE (ui_events.ts >= toDateTime64('2026-05-27 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND ((
            SELECT count(*) AS count_1
            FROM ui_events
            WHERE (ui_events.ts >= toDateTime64('2026-05-27 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC'))
        ) > 100000)
        GROUP BY toStartOfDay(ui_events.ts, 'UTC')
    ) AS few_or_many
) AS block_1
INNER JOIN
(
    SELECT
        sessions.ts AS ts,
        toFloat64(avgOrNull(sessions.abandoned)) AS abandonment_rate,
        count(*) AS abandonment_rate_n
    FROM
    (
        SELECT
            toStartOfDay(ui_events.ts, 'UTC') AS ts,
            ui_events.session_id AS session_id,
            (count(*) = 1) OR (max(ui_events.ts) = maxIf(ui_events.ts, ui_events.event_type = 'error')) AS abandoned
        FROM ui_events
        WHERE (ui_events.ts >= toDateTime64('2026-05-27 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC'))
        GROUP BY
            toStartOfDay(ui_events.ts, 'UTC'),
            ui_events.session_id
    ) AS sessions
    GROUP BY sessions.ts
) AS block_2 ON block_1.ts <=> block_2.ts
ORDER BY ts ASC
