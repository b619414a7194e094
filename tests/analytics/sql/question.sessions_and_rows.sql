SELECT
    block_1.commit_sha AS commit_sha,
    block_2.abandonment_rate AS abandonment_rate,
    block_1.events AS events
FROM
(
    SELECT
        ui_events.commit_sha AS commit_sha,
        count(*) AS events
    FROM ui_events
    WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
    GROUP BY ui_events.commit_sha
) AS block_1
INNER JOIN
(
    SELECT
        sessions.commit_sha AS commit_sha,
        avgOrNull(sessions.abandoned) AS abandonment_rate
    FROM
    (
        SELECT
            ui_events.commit_sha AS commit_sha,
            ui_events.session_id AS session_id,
            (count(*) = 1) OR (max(ui_events.ts) = maxIf(ui_events.ts, ui_events.event_type = 'error')) AS abandoned
        FROM ui_events
        WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
        GROUP BY
            ui_events.commit_sha,
            ui_events.session_id
    ) AS sessions
    GROUP BY sessions.commit_sha
) AS block_2 ON block_1.commit_sha <=> block_2.commit_sha
ORDER BY
    abandonment_rate DESC,
    commit_sha ASC
LIMIT 100
