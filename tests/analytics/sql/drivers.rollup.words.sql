SELECT
    cube.source,
    cube.model,
    cube.operation,
    grouping(cube.source) AS not_by_source,
    grouping(cube.model) AS not_by_model,
    grouping(cube.operation) AS not_by_operation,
    sum(cube.n) AS n
FROM
(
    SELECT
        toNullable(llm_events_hourly.source) AS source,
        toNullable(llm_events_hourly.model) AS model,
        toNullable(llm_events_hourly.operation) AS operation,
        sum(llm_events_hourly.events) AS n
    FROM llm_events_hourly
    WHERE (llm_events_hourly.hour >= toDateTime64('2026-05-27 00:00:00.000', 3, 'UTC')) AND (llm_events_hourly.hour < toDateTime64('2026-06-10 00:00:00.000', 3, 'UTC'))
    GROUP BY
        llm_events_hourly.source,
        llm_events_hourly.model,
        llm_events_hourly.operation
) AS cube
GROUP BY
    GROUPING SETS (
        (),
        (cube.source),
        (cube.model),
        (cube.operation))
ORDER BY
    n DESC,
    source ASC,
    model ASC,
    operation ASC
LIMIT 101 BY
    not_by_source,
    not_by_model,
    not_by_operation
