SELECT
    (
        SELECT multiIf((count(*) > 0), max(bench_runs.ts), NULL) AS anon_1
        FROM bench_runs
    ) AS hearts,
    (
        SELECT multiIf((count(*) > 0), max(ui_events.ts), NULL) AS anon_2
        FROM ui_events
    ) AS packs
