SELECT
    llm_events_hourly.hour >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC') AS side,
    0 AS whole,
    toStartOfDay(llm_events_hourly.hour, 'UTC') AS ts,
    toFloat64(sum(llm_events_hourly.events)) AS calls,
    sum(llm_events_hourly.events) AS calls_n,
    toFloat64(sumIf(llm_events_hourly.events, llm_events_hourly.status != 'success') / nullIf(sum(llm_events_hourly.events), 0)) AS error_rate,
    sum(llm_events_hourly.events) AS error_rate_n,
    toFloat64(sum(llm_events_hourly.latency_sum_ms) / nullIf(sum(llm_events_hourly.latency_count), 0)) AS latency_mean_ms,
    sum(llm_events_hourly.latency_count) AS latency_mean_ms_n
FROM llm_events_hourly
WHERE (llm_events_hourly.hour >= toDateTime64('2026-05-27 00:00:00.000', 3, 'UTC')) AND (llm_events_hourly.hour < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC'))
GROUP BY
    llm_events_hourly.hour >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC'),
    toStartOfDay(llm_events_hourly.hour, 'UTC')
ORDER BY
    side ASC,
    whole ASC,
    ts ASC
