SELECT
    block_1.hearts AS hearts,
    block_2.packs AS packs
FROM
(
    SELECT
        multiIf((count(*) > 0), max(bench_runs.ts), NULL) AS hearts,
        1 AS one
    FROM bench_runs
) AS block_1
INNER JOIN
(
    SELECT
        multiIf((count(*) > 0), max(ui_events.ts), NULL) AS packs,
        1 AS one
    FROM ui_events
) AS block_2 ON block_1.one = block_2.one
