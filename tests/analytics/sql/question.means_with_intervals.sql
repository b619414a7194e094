SELECT
    llm_events.model AS model,
    avgOrNull(llm_events.latency_ms) AS latency_mean_ms,
    avgOrNull(llm_events.cost_usd) AS cost_per_call_usd,
    count(*) AS calls,
    count(llm_events.latency_ms) AS latency_mean_ms_n,
    multiIf((count(llm_events.latency_ms) > 1), stddevSampStable(llm_events.latency_ms), NULL) AS latency_mean_ms_sd,
    ifNotFinite(skewPop(toFloat64(llm_events.latency_ms)), NULL) AS latency_mean_ms_skewness,
    count(llm_events.cost_usd) AS cost_per_call_usd_n,
    multiIf((count(llm_events.cost_usd) > 1), stddevSampStable(llm_events.cost_usd), NULL) AS cost_per_call_usd_sd,
    ifNotFinite(skewPop(toFloat64(llm_events.cost_usd)), NULL) AS cost_per_call_usd_skewness
FROM llm_events
WHERE (llm_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
GROUP BY llm_events.model
ORDER BY
    latency_mean_ms DESC,
    model ASC
LIMIT 100
