SELECT
    block_1.episodes_count AS episodes_count,
    block_1.episodes_by_status AS episodes_by_status,
    block_1.episodes_confidence_mean AS episodes_confidence_mean,
    block_1.episodes_low_confidence_count AS episodes_low_confidence_count,
    block_1.episodes_correlation_strength_mean AS episodes_correlation_strength_mean,
    block_1.episodes_cost_usd AS episodes_cost_usd,
    block_2.deployments_count AS deployments_count,
    block_2.deployments_success_rate AS deployments_success_rate,
    block_2.deployments_duration_p50_ms AS deployments_duration_p50_ms,
    block_3.llm_calls AS llm_calls,
    block_3.llm_error_rate AS llm_error_rate,
    block_3.llm_cost_usd AS llm_cost_usd,
    block_4.ui_events AS ui_events,
    block_4.ui_sessions AS ui_sessions,
    block_4.ui_error_rate AS ui_error_rate,
    block_4.ui_latency_p95_ms AS ui_latency_p95_ms,
    block_5.ui_abandonment_rate AS ui_abandonment_rate,
    block_6.pipeline_watcher_runs AS pipeline_watcher_runs,
    block_6.pipeline_valid_rate AS pipeline_valid_rate,
    block_6.pipeline_lag_max_seconds AS pipeline_lag_max_seconds,
    block_6.pipeline_last_run AS pipeline_last_run
FROM
(
    SELECT
        count(*) AS episodes_count,
        sumMap(map(latest_episodes.status, toUInt64(1))) AS episodes_by_status,
        avgOrNull(latest_episodes.confidence_score) AS episodes_confidence_mean,
        countIf(latest_episodes.confidence_score < 0.6) AS episodes_low_confidence_count,
        avgOrNull(latest_episodes.correlation_strength) AS episodes_correlation_strength_mean,
        ifNull(sum(latest_episodes.cost_total), 0) AS episodes_cost_usd,
        1 AS one
    FROM
    (
        SELECT
            argMax(episodes.status, episodes.ts) AS status,
            argMax(episodes.confidence_score, episodes.ts) AS confidence_score,
            argMax(episodes.correlation_strength, episodes.ts) AS correlation_strength,
            argMax(episodes.cost_total, episodes.ts) AS cost_total
        FROM episodes
        WHERE (episodes.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (episodes.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
        GROUP BY
            episodes.run_id,
            episodes.series,
            episodes.episode_num
    ) AS latest_episodes
) AS block_1
INNER JOIN
(
    SELECT
        count(*) AS deployments_count,
        countIf(latest_deployments.status = 'ready') / nullIf(countIf((latest_deployments.status IN ('ready', 'error'))), 0) AS deployments_success_rate,
        quantileExactInclusiveOrNull(0.5)(latest_deployments.duration_ms) AS deployments_duration_p50_ms,
        1 AS one
    FROM
    (
        SELECT
            argMax(deployments.status, deployments.ts) AS status,
            argMax(deployments.duration_ms, deployments.ts) AS duration_ms
        FROM deployments
        WHERE (deployments.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (deployments.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
        GROUP BY
            deployments.run_id,
            deployments.episode_run_id
    ) AS latest_deployments
) AS block_2 ON block_1.one = block_2.one
INNER JOIN
(
    SELECT
        sum(llm_events_hourly.events) AS llm_calls,
        sumIf(llm_events_hourly.events, llm_events_hourly.status != 'success') / nullIf(sum(llm_events_hourly.events), 0) AS llm_error_rate,
        sum(llm_events_hourly.cost_usd) AS llm_cost_usd,
        1 AS one
    FROM llm_events_hourly
    WHERE (llm_events_hourly.hour >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (llm_events_hourly.hour < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
) AS block_3 ON block_1.one = block_3.one
INNER JOIN
(
    SELECT
        few_or_many.ui_events AS ui_events,
        few_or_many.ui_sessions AS ui_sessions,
        few_or_many.ui_error_rate AS ui_error_rate,
        few_or_many.ui_latency_p95_ms AS ui_latency_p95_ms,
        1 AS one
    FROM
    (
        SELECT
            count(*) AS ui_events,
            uniqExact(ui_events.session_id) AS ui_sessions,
            countIf(ui_events.event_type = 'error') / nullIf(count(*), 0) AS ui_error_rate,
            quantileExactInclusiveOrNull(0.95)(ui_events.latency_ms) AS ui_latency_p95_ms
        FROM ui_events
        WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC')) AND ((
            SELECT count(*) AS count_1
            FROM ui_events
            WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
        ) <= 100000)
        HAVING (
            SELECT count(*) AS count_1
            FROM ui_events
            WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
        ) <= 100000
        UNION ALL
        SELECT
            sum(ui_events_hourly.events) AS ui_events,
            uniqMerge(ui_events_hourly.sessions) AS ui_sessions,
            sumIf(ui_events_hourly.events, ui_events_hourly.event_type = 'error') / nullIf(sum(ui_events_hourly.events), 0) AS ui_error_rate,
            multiIf((sum(ui_events_hourly.latency_count) > 0), arrayElement(quantilesDDMerge(0.01, 0.5, 0.9, 0.95, 0.99)(ui_events_hourly.latency_quantiles_ms), 3), NULL) AS ui_latency_p95_ms
        FROM ui_events_hourly
        WHERE (ui_events_hourly.hour >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events_hourly.hour < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC')) AND ((
            SELECT count(*) AS count_1
            FROM ui_events
            WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
        ) > 100000)
        HAVING (
            SELECT count(*) AS count_1
            FROM ui_events
            WHERE (ui_events.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (ui_events.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
        ) > 100000
    ) AS few_or_many
) AS block_4 ON block_1.one = block_4.one
INNER JOIN
(
    SELECT
        avgOrNull(sessions.abandoned) AS ui_abandonment_rate,
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
) AS block_5 ON block_1.one = block_5.one
INNER JOIN
(
    SELECT
        count(*) AS pipeline_watcher_runs,
        countIf(watcher_runs.status = 'valid') / nullIf(count(*), 0) AS pipeline_valid_rate,
        maxOrNull(watcher_runs.lag_seconds) AS pipeline_lag_max_seconds,
        maxOrNull(watcher_runs.ts) AS pipeline_last_run,
        1 AS one
    FROM watcher_runs
    WHERE (watcher_runs.ts >= toDateTime64('2026-06-03 00:00:00.000', 3, 'UTC')) AND (watcher_runs.ts < toDateTime64('2026-06-10 12:34:56.000', 3, 'UTC'))
) AS block_6 ON block_1.one = block_6.one
