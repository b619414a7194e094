SELECT uniqExact(tuple(ui_events.commit_sha)) AS groups
FROM ui_events
WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
