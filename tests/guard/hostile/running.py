"""Statements that do harm by running: they wait, raise, lift limits or bring foreign bytes."""

from tests.guard.hostile.statement import Hostile

RUNNING = (
    Hostile("sleep", "passes", "SELECT sleep(0.01)"),
    Hostile("sleepEachRow", "passes", "SELECT sleepEachRow(0.001) FROM numbers(2)"),
    Hostile("sleep by its name", "fails", "SELECT arrayMap(sleep, [0.01])"),
    Hostile("throwIf", "passes", "SELECT throwIf(0)"),
    Hostile("a log line", "passes", "SELECT logTrace('x')"),
    Hostile("SQL as a value", "passes", "SELECT formatQuery('SELECT 1')"),
    Hostile(
        "a state of foreign bytes",
        "passes",
        "SELECT finalizeAggregation(CAST(unhex('0100') AS AggregateFunction(uniq, String)))",
    ),
    Hostile(
        "a state of foreign bytes, by ::",
        "fails",
        "SELECT finalizeAggregation(unhex('00')::AggregateFunction(sum, UInt8))",
    ),
    Hostile(
        "a state whose type is put together", "fails", "SELECT CAST('a', concat('Aggregate', 'Function(sum, UInt64)'))"
    ),
    Hostile("a state by reinterpret", "fails", "SELECT reinterpret(toUInt64(1), 'AggregateFunction(sum, UInt64)')"),
    Hostile("a state as a parameter", "fails", "SELECT finalizeAggregation({s:AggregateFunction(sum, UInt64)})"),
    Hostile("an aggregate by a name that is put together", "passes", "SELECT arrayReduce(concat('s', 'um'), [1])"),
    Hostile("an aggregate that is not listed, as text", "fails", "SELECT arrayReduce('flameGraph', [toUInt64(1)])"),
    Hostile(
        "an aggregate that is not listed, with combinators",
        "fails",
        "SELECT aggThrowOrNullIf(0)(number, 1) FROM numbers(2)",
    ),
    Hostile("a function that no list has", "fails", "SELECT brandNewFunction(1)"),
    Hostile("a function that no list has, with a combinator", "fails", "SELECT fileIf('{secret}', 1)"),
    Hostile("SETTINGS that lift a limit", "passes", "SELECT 1 SETTINGS max_execution_time = 0"),
    Hostile("SETTINGS in a subquery", "passes", "SELECT * FROM (SELECT 1 SETTINGS max_memory_usage = 0)"),
    Hostile("SETTINGS in a CTE", "passes", "WITH c AS (SELECT 1 AS x SETTINGS readonly = 0) SELECT x FROM c"),
    Hostile("SETTINGS that end readonly", "refused", "SELECT 1 SETTINGS readonly = 0"),
    Hostile("SETTINGS that write a name into logs", "refused", "SELECT 1 SETTINGS log_comment = 'x'"),
    Hostile("SETTINGS that open experiments", "fails", "SELECT 1 SETTINGS allow_experimental_analyzer = 0"),
    Hostile(
        "SETTINGS that hide CTEs from subqueries",
        "refused",
        "WITH c AS (SELECT 1 AS x) SELECT x FROM c SETTINGS enable_global_with_statement = 0",
    ),
    Hostile("SETTINGS of another dialect", "refused", "SELECT 1 SETTINGS dialect = 'prql'"),
    Hostile("SETTINGS to default", "passes", "SELECT 1 SETTINGS max_memory_usage = DEFAULT"),
    Hostile("SETTINGS in EXPLAIN", "passes", "EXPLAIN SELECT 1 SETTINGS max_execution_time = 0"),
    Hostile("SETTINGS that count replaced runs", "passes", "SELECT count() FROM bench_runs SETTINGS final = 0"),
    Hostile(
        "SETTINGS that count a run once a day",
        "refused",
        "SELECT count() FROM bench_runs SETTINGS do_not_merge_across_partitions_select_final = 1",
    ),
    Hostile(
        "SETTINGS by which an index hides a run's last row",
        "refused",
        "SELECT 1 SETTINGS use_skip_indexes_if_final_exact_mode = 0",
    ),
    Hostile("the part of a run", "passes", "SELECT count() FROM bench_runs WHERE _partition_id = '20260101'"),
    Hostile("FORMAT", "passes", "SELECT 1 FORMAT Null"),
    Hostile("FORMAT with SETTINGS behind it", "passes", "SELECT 1 FORMAT JSON SETTINGS max_execution_time = 0"),
    Hostile("FORMAT behind SHOW", "passes", "SHOW TABLES FORMAT JSON"),
)
