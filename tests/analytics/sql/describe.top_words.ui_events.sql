SELECT
    topK(10)(ui_events.event_type) AS event_type,
    topK(10)(ui_events.user_agent) AS user_agent
FROM ui_events
WHERE ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')
