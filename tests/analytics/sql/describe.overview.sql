SELECT
    extents.name,
    extents.rows,
    extents.oldest,
    extents.newest
FROM
(
    SELECT
        'bench_runs' AS name,
        uniqExact(bench_runs.model, bench_runs.quant, bench_runs.dataset, bench_runs.run_id) AS rows,
        multiIf((count(*) > 0), CAST(min(bench_runs.ts), 'Nullable(DateTime64(3, \'UTC\'))'), NULL) AS oldest,
        multiIf((count(*) > 0), CAST(max(bench_runs.ts), 'Nullable(DateTime64(3, \'UTC\'))'), NULL) AS newest
    FROM bench_runs
    UNION ALL
    SELECT
        'llm_events' AS name,
        count(*) AS rows,
        multiIf((count(*) > 0), CAST(min(llm_events.ts), 'Nullable(DateTime64(3, \'UTC\'))'), NULL) AS oldest,
        multiIf((count(*) > 0), CAST(max(llm_events.ts), 'Nullable(DateTime64(3, \'UTC\'))'), NULL) AS newest
    FROM llm_events
    UNION ALL
    SELECT
        'ui_events' AS name,
        count(*) AS rows,
        multiIf((count(*) > 0), CAST(min(ui_events.ts), 'Nullable(DateTime64(3, \'UTC\'))'), NULL) AS oldest,
        multiIf((count(*) > 0), CAST(max(ui_events.ts), 'Nullable(DateTime64(3, \'UTC\'))'), NULL) AS newest
    FROM ui_events
    UNION ALL
    SELECT
        'episodes' AS name,
        count(*) AS rows,
        multiIf((count(*) > 0), CAST(min(episodes.ts), 'Nullable(DateTime64(3, \'UTC\'))'), NULL) AS oldest,
        multiIf((count(*) > 0), CAST(max(episodes.ts), 'Nullable(DateTime64(3, \'UTC\'))'), NULL) AS newest
    FROM episodes
    UNION ALL
    SELECT
        'deployments' AS name,
        count(*) AS rows,
        multiIf((count(*) > 0), CAST(min(deployments.ts), 'Nullable(DateTime64(3, \'UTC\'))'), NULL) AS oldest,
        multiIf((count(*) > 0), CAST(max(deployments.ts), 'Nullable(DateTime64(3, \'UTC\'))'), NULL) AS newest
    FROM deployments
    UNION ALL
    SELECT
        'watcher_runs' AS name,
        count(*) AS rows,
        multiIf((count(*) > 0), CAST(min(watcher_runs.ts), 'Nullable(DateTime64(3, \'UTC\'))'), NULL) AS oldest,
        multiIf((count(*) > 0), CAST(max(watcher_runs.ts), 'Nullable(DateTime64(3, \'UTC\'))'), NULL) AS newest
    FROM watcher_runs
    UNION ALL
    SELECT
        'session_stats' AS name,
        count(*) AS rows,
        multiIf((count(*) > 0), CAST(min(session_stats.hour), 'Nullable(DateTime64(3, \'UTC\'))'), NULL) AS oldest,
        multiIf((count(*) > 0), CAST(max(session_stats.hour), 'Nullable(DateTime64(3, \'UTC\'))'), NULL) AS newest
    FROM session_stats
) AS extents
ORDER BY name ASC
