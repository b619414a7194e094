SELECT quantileExactInclusiveOrNull(0.999)(llm_events.latency_ms) AS p999_latency_ms
FROM llm_events
WHERE (llm_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
