"""What people write who come from other databases: the refusal says what to write here, and that runs."""

from __future__ import annotations

import pytest

from chimera_metrics.integrations.guard.functions import aggregate_names, function_names
from chimera_metrics.integrations.guard.judging import Guard, StatementRefused
from chimera_metrics.integrations.guard.other_functions import FUNCTIONS
from tests.guard.conftest import Store

# What the names in the sentences stand for.
_WITH = """WITH 1.5 AS x, 2.5 AS y, 3.5 AS z, now() AS a, now() AS b, now() AS c, 1 AS condition, '2026-01-01' AS text,
'a' AS part, 'b' AS other, 'a' AS pattern, 'a,b' AS texts, toInt64(1) AS seconds, toInt64(1) AS milliseconds,
'{"a": [1]}' AS json, [1, 2] AS array SELECT """

REFUSED = [
    ("SELECT [ts] FROM [ui_events]", "ClickHouse has no [name]: write the name without brackets"),
    ("SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY latency_ms) FROM ui_events", "quantileExactInclusive(0.95)"),
    ("SELECT * FROM ui_events WITH (NOLOCK)", "no WITH (NOLOCK): leave it out, a read locks nothing."),
    ("SELECT * FROM ui_events FOR UPDATE", "no FOR UPDATE: leave it out"),
    ("SELECT event_type FROM ui_events FOR JSON AUTO", "no FOR JSON: leave it out, the answer is JSON."),
    ("SELECT * FROM ui_events CROSS APPLY (SELECT 1) x", "no APPLY: write a JOIN on a subquery"),
    ("SELECT * FROM ui_events, LATERAL (SELECT 1) x", "no LATERAL: write a JOIN on a subquery"),
    ("SELECT 1 FROM ui_events WHERE event_type SIMILAR TO '%q%'", "no SIMILAR TO: write match(text, 'pattern')"),
    ("SELECT 1 FROM ui_events WHERE event_type RLIKE 'q'", "no RLIKE: write match(text, 'pattern')"),
    ("SELECT metadata->>'key' FROM ui_events", "no -> for keys: write JSONExtractString(metadata, 'key')."),
    ("SELECT metadata:key FROM ui_events", "no paths with a colon: write JSONExtractString"),
    ("SELECT group_concat(event_type SEPARATOR ',') FROM ui_events", "no SEPARATOR: write arrayStringConcat("),
    ("SELECT array_agg(event_type ORDER BY ts) FROM ui_events", "no ORDER BY within a function: write arraySort"),
    ("SELECT * FROM ui_events TABLESAMPLE SYSTEM (10 PERCENT)", "no TABLESAMPLE: write WHERE cityHash64(run_id)"),
    ("SELECT * EXCLUDE (metadata) FROM ui_events", "no * EXCLUDE: write * EXCEPT (column)."),
    ("SELECT * FROM ui_events PIVOT (count(*) FOR event_type IN ('a'))", "no PIVOT: write countIf(condition)"),
    ("SELECT a FROM ui_events MINUS SELECT 'x'", "no MINUS: write EXCEPT."),
    ("SELECT 2 ^ 3", "no ^: write pow(x, y)"),
    ("SELECT 2 ** 3", "no **: write pow(x, y)."),
    ("SELECT 1 && 0", "no &&: write AND."),
    ("SELECT make_date(year => 2026)", "no arguments by name: give the arguments in their order"),
    (r"SELECT E'a\nb'", "no letters before a text: write the text in single quotes"),
    ("EXPLAIN (ANALYZE) SELECT 1", "no EXPLAIN of that kind: write EXPLAIN SELECT …"),
    ("EXPLAIN QUERY PLAN SELECT 1", "no EXPLAIN of that kind: write EXPLAIN SELECT …"),
    ("SELECT * INTO t2 FROM ui_events", "no INTO: leave it out"),
    ("SELECT * FROM prod.public.ui_events LIMIT 1", "no names of three parts: write the table's name alone."),
    *(
        (f"SELECT {place}", "write {name:Type} there, such as {n:UInt32}")
        for place in ("?", ":n", "@n", "%(n)s", "{n}")
    ),
    ("SELECT * FROM ui_events FETCH FIRST 5 ROWS ONLY", "write LIMIT 5."),
    ("SELECT * FROM ui_events LIMIT 10 OFFSET 5 ROWS", "write LIMIT 10 OFFSET 5."),
    ("SELECT 1 FROM ui_events WHERE event_type COLLATE NOCASE = 'a'", "write lower(x) = 'a', or ILIKE."),
    ("SELECT 5 & 3", "no operators on bits: write bitAnd(x, y)"),
    ("SELECT 1 FROM dual", "There is no table 'dual' here; leave FROM dual out."),
    ("SELECT * FROM sqlite_master", "There is no table 'sqlite_master' here; write SHOW TABLES"),
    ("SELECT * FROM pg_catalog.pg_tables", "pg_catalog is another database's; write SHOW TABLES"),
    ("SELECT * FROM dbo.ui_events", "There is no database 'dbo' to read here; write ui_events alone."),
    ("SELECT * FROM system.databases", "system.databases may not be read here; write SHOW DATABASES."),
    ("SELECT * FROM information_schema.schemata", "write SHOW DATABASES."),
    ("SELECT * FROM information_schema.key_column_usage", "there are no foreign keys here; SELECT name, primary_key"),
    ("SHOW WAREHOUSES", "SHOW WAREHOUSES may not run here: SHOW TABLES, DATABASES,"),
    ("show table status", "SHOW TABLE STATUS may not run here: write SHOW TABLES, or"),
    ("SUMMARIZE ui_events", "SUMMARIZE may not run here: write DESCRIBE and the table's name."),
    ("VACUUM", "VACUUM may not run here: the store looks after itself"),
    ("EXEC sp_help", "EXEC may not run here: there are no procedures"),
    ("COPY ui_events TO 'x.csv'", "COPY may not run here: SQL reads and writes no files here"),
    ("TRUNCATE TABLE ui_events", "TRUNCATE may not run here: rows are written by the insert tools"),
    (r"\d ui_events", "a command of another shell; write SHOW TABLES"),
    (".schema ui_events", "a command of another shell; write SHOW TABLES"),
    ("SELECT arg_max(event_type, ts) FROM ui_events", "Did you mean argMax()?"),
]


@pytest.mark.parametrize(("sql", "words"), REFUSED, ids=[sql for sql, _ in REFUSED])
def test_a_form_of_another_database_is_answered_with_what_to_write(sql: str, words: str, guard: Guard) -> None:
    with pytest.raises(StatementRefused) as refusal:
        guard.check(sql)
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'a ^ b && c' FROM ui_events WHERE )",
        "SELECT 1 -- 2 ** 3\nFRM ui_events WHERE",
        "SELECT 5 AS n FRM ui_events AS u WHERE n ^ 1",
    ],
)
def test_a_form_in_a_text_or_far_from_the_mistake_is_not_blamed(sql: str, guard: Guard) -> None:
    with pytest.raises(StatementRefused) as refusal:
        guard.check(sql)
    assert str(refusal.value).startswith("ClickHouse cannot parse this (failed at position ")


def test_no_function_that_may_run_has_a_sentence_against_it() -> None:
    assert not (function_names() | aggregate_names()) & FUNCTIONS.keys()


@pytest.mark.parametrize("instead", sorted(set(FUNCTIONS.values())))
def test_what_is_written_for_another_database_s_function_runs(instead: str, guard: Guard, store: Store) -> None:
    written = f"now() + {instead}" if instead.startswith("INTERVAL") else instead.replace(" or ", ", ")
    store.run(guard.check(f"{_WITH} {written} FROM ui_events").statement, {})
