"""What a refusal says: one sentence of the reader's own statement, with a next step."""

import base64
from collections.abc import Mapping

import pytest

from chimera_metrics.integrations.guard.judging import Guard, Rules, StatementRefused, check
from tests.guard.conftest import Store


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT * FROM ui_event", "Did you mean 'ui_events'? There are: alembic_version, bench_runs,"),
        ("SELECT * FROM other.t", "Database 'other' may not be read here, only chimera_metrics; SHOW TABLES"),
        ("SELECT quantil(0.5)(latency_ms) FROM ui_events", "Did you mean quantile()?"),
        ("SELECT file('x')", "Function file() is not on the list of what may run here (it reads files of the machine)"),
        ("DELETE FROM ui_events WHERE 1", "DELETE may not run here: rows are written by the insert tools and never"),
        ("UPDATE ui_events SET latency_ms = 1 WHERE 1", "UPDATE may not run here: rows are written by the insert"),
        ("DELETE FROM ui_events", "DELETE may not run here: rows are written by the insert tools and never changed"),
        ("show  schemas;", "SHOW SCHEMAS may not run here: write SHOW DATABASES."),
        ("begin", "BEGIN may not run here: one SELECT reads one state already; leave transactions out."),
        ("PRAGMA table_info(ui_events)", "PRAGMA may not run here: write DESCRIBE and the table's name."),
        ("SELECT NVL(latency_ms, 0) FROM ui_events", "write ifNull(x, y)."),
        ("SELECT LEN(event_type) FROM ui_events", "write lengthUTF8(text)."),
        ("SELECT percentile(latency_ms, 0.95) FROM ui_events", "write quantile(0.95)(x)."),
        ("SELECT strftime('%Y', ts) FROM ui_events", "write formatDateTime(ts, '%Y-%m-%d')."),
        ("SELECT to_char(ts, 'YYYY') FROM ui_events", "write formatDateTime(ts, '%Y-%m-%d')."),
        ("SELECT approx_count_distinct(session_id) FROM ui_events", "write uniq(x)."),
        ("SELECT * FROM information_schema.columns", "with information_schema.columns; name the columns: "),
        ("SELECT view_definition FROM information_schema.views", "Of information_schema only tables and columns may"),
        ("SELECT column_default FROM information_schema.columns", "Column 'column_default' of information_schema.col"),
        ("SELECT 1; SELECT 2", "Several statements in one text; send them one by one"),
        (
            "SELECT model, count() FROM bench_runs GROUP BY model WITH TOTALS",
            "write WITH ROLLUP, whose last row it is.",
        ),
        ("WITH x(a) AS (SELECT 1) SELECT a FROM x", "name columns with AS inside it."),
        ("SELECT editDistance('a', 'b')", "Function editDistance() is not on the list"),
        ("SELECT levenshteinDistance('a', 'b')", "Function levenshteinDistance() is not on the list"),
        ("SELECT 1 FORMAT JSON", "The format of the answer is set by the tool; leave the FORMAT clause out."),
        ("SELECT 1 INTO OUTFILE 'x'", "leave it out, the rows come back as the answer."),
        ("SELECT 1 SETTINGS max_memory_usage = 0", "Setting 'max_memory_usage' may not be changed here; leave it out"),
        ("INSERT INTO episodes VALUES (1)", "to write rows use the insert tools."),
        ("SELECT * FROM system.tables", "name the columns: active_parts,"),
        ("SELECT * FROM system.users", "system.users may not be read here; system.one,"),
        ("SELECT 1 WHERE latency_ms IN durations", "write has(durations, …) instead of IN."),
        ("SELECT * FROM {t:Identifier}", "write the name itself"),
        ("SELECT model FROM bench_runs GRUOP BY model", "cannot parse this (failed at position "),
        ("  ", "The statement is empty; send one SELECT, EXPLAIN, SHOW or DESCRIBE."),
        ("--", "The statement is empty; send one SELECT, EXPLAIN, SHOW or DESCRIBE."),
        (" ; ", "The statement is empty; send one SELECT, EXPLAIN, SHOW or DESCRIBE."),
        ("/* nothing */ # here", "The statement is empty; send one SELECT, EXPLAIN, SHOW or DESCRIBE."),
        ("SELECT 1 LIMIT 1 WITH TIES", "LIMIT … WITH TIES needs an ORDER BY; add one, or leave WITH TIES out."),
        ("SELECT " + "(" * 400 + "1" + ")" * 400, "nested too deeply to be judged; write it flatter, with WITH."),
        ("SELECT 1 FROM " + "(SELECT * FROM " * 200 + "numbers(1)" + ")" * 200, "nested too deeply to be judged"),
        ("SELECT 1e400, 2", "The number 1e400 is above 1.8e308, the largest there is; write a smaller one, or inf."),
        ("SELECT 1 +", "cannot parse this (failed at position 11: the end of the statement); correct it there"),
        ("SELECT (1", "(failed at position 10: '(' at position 8 is never closed); correct it there"),
        ("SELECT 1)", "(failed at position 9: ')' at position 9 has no matching opening bracket); correct it there"),
        ("DESCRIBE ui_events FORMAT JSON", "The format of the answer is set by the tool; leave the FORMAT clause out."),
        (
            "DESCRIBE (SELECT 1) FORMAT JSON",
            "The format of the answer is set by the tool; leave the FORMAT clause out.",
        ),
        ("SHOW TABLES LIKE 'SETTINGS' FORMAT JSON", "leave the FORMAT clause out."),
        ("EXISTS ui_events FORMAT JSON", "leave the FORMAT clause out."),
        ("DESCRIBE ui_events INTO OUTFILE 'x'", "INTO OUTFILE writes files, which may not happen here; leave it out"),
        ("SHOW TABLES INTO OUTFILE 'x'", "INTO OUTFILE writes files, which may not happen here; leave it out"),
        ("DESCRIBE (SELECT 1) SETTINGS max_threads = 1", "DESCRIBE takes no SETTINGS here; leave them out."),
        ("DESC ui_events SETTINGS describe_compact_output = 1", "DESCRIBE takes no SETTINGS here; leave them out."),
        ("SHOW TABLES SETTINGS max_threads = 1", "SHOW TABLES takes no SETTINGS here; leave them out."),
        ("SHOW TABLES WHERE name = 'FORMAT'", "SHOW TABLES takes no WHERE here; write LIKE '…', or select from"),
        ("SHOW COLUMNS FROM ui_events WHERE 1", "select from system.columns with a WHERE."),
        ("SHOW INDEXES FROM ui_events WHERE 1", "SHOW INDEXES takes no WHERE here; leave it out."),
        (
            "SHOW TABLES LIMIT 1 + 1",
            "SHOW TABLES takes only a plain number after LIMIT here; write one, such as LIMIT 10.",
        ),
        (
            "DESCRIBE TABLE numbers(3)",
            "DESCRIBE takes a table or a query here; write DESCRIBE (SELECT * FROM numbers(…)).",
        ),
        ("DESCRIBE numbers(3) FORMAT JSON", "leave the FORMAT clause out."),
        ("DESCRIBE file('FORMAT x')", "Table function file() may not be used here (it reads files of the machine);"),
        ("DESCRIBE url('x')", "Table function url() may not be used here (it opens network connections);"),
        ("SHOW FUNCTIONS", "SHOW FUNCTIONS may not run here; write SELECT name FROM system.functions."),
        (
            "SHOW PROCESSLIST",
            "SHOW PROCESSLIST may not run here; SHOW TABLES, DATABASES, COLUMNS FROM, INDEXES FROM and ",
        ),
        ("SHOW CREATE DATABASE chimera_metrics", "SHOW CREATE DATABASE may not run here; SHOW TABLES, DATABASES,"),
        (
            "EXISTS DATABASE chimera_metrics",
            "EXISTS DATABASE may not run here; EXISTS TABLE may, and SHOW DATABASES lists",
        ),
        ("EXISTS TEMPORARY TABLE x", "EXISTS TEMPORARY TABLE may not run here; EXISTS TABLE may"),
        ("USE chimera_metrics", "USE may not run here: this is for reading, with SELECT, EXPLAIN, SHOW or DESCRIBE;"),
        ("SELECT " + "abs(" * 400 + "1" + ")" * 400, "nested too deeply to be judged; write it flatter, with WITH."),
        ("SELECT " + "1+" * 280 + "1", "nested too deeply"),
        (f"SELECT 1 IN ({','.join(map(str, range(11000)))})", "too long to be judged; write a range or a subquery"),
        ("SELECT '" + "x" * 70_000 + "'", "too long to be judged"),
        (r"SELECT '\xff'", "write unhex('…') for raw bytes."),
    ],
)
def test_a_refusal_tells_what_to_do(sql: str, words: str, guard: Guard) -> None:
    with pytest.raises(StatementRefused) as refusal:
        guard.check(sql)
    assert words in str(refusal.value)


def test_no_refusal_shows_the_statement_that_asks(store: Store, rules: Rules) -> None:
    """What the engine says about the trusted statement is for us; the reader gets the reason without it."""

    def fails(sql: str, parameters: Mapping[str, str]) -> str:
        if "parseQueryToJSON" in sql:
            raise RuntimeError(f"Code: 36. DB::Exception: Failed to read: a number: In scope {sql}. (BAD_ARGUMENTS)")
        return store.run(sql, parameters)

    with pytest.raises(StatementRefused) as refusal:
        check("SELECT 1", fails, rules)
    assert str(refusal.value) == (
        "The engine cannot read the tree of this statement back (Failed to read: a number), so it cannot be judged; "
        "write it in a simpler way."
    )


def test_an_engine_without_trees_is_told_apart_from_a_lost_connection(store: Store) -> None:
    def old(sql: str, parameters: Mapping[str, str]) -> str:
        if "parseQueryToJSON" in sql:
            # An executor may say it in its own words; the engine's are behind them.
            raise RuntimeError("The query failed.") from ValueError("DB::Exception: Unknown function parseQueryToJSON.")
        return store.run(sql, parameters)

    def lost(sql: str, parameters: Mapping[str, str]) -> str:
        raise ConnectionError("gone")

    with pytest.raises(StatementRefused, match=r"ClickHouse 26\.8 and newer can"):
        check("SELECT 1", old, Rules())
    assert check("SHOW TABLES", old, Rules()).kind == "show"
    with pytest.raises(ConnectionError):
        check("SELECT 1", lost, Rules())


@pytest.mark.parametrize(
    "parts",
    [
        (),
        ("SELECT 1",),
        ("SELECT 1", "no json", "SELECT 1", "no json"),
        ("SELECT 1", "[1]", "SELECT 1", "[1]"),
        ("SELECT 1", "{}", "SELECT 1", "{}"),
        ("SELECT 1", '{"type":"SelectWithUnionQuery"}', "SELECT 1", '{"type":"SelectWithUnionQuery"}'),
        ("SHOW TABLES", '{"type":"ShowTablesQuery"}', "SHOW TABLES LIKE 'x'", '{"type":"ShowTablesQuery"}'),
        ("SHOW TABLES", '{"type":"ShowTablesQuery"}', "SHOW TABLES", '{"type":"ShowTablesQuery","x":1}'),
    ],
)
def test_an_answer_that_is_no_tree_refuses(parts: tuple[str, ...]) -> None:
    answer = base64.b64encode("\0".join(parts).encode()).decode()
    with pytest.raises(StatementRefused):
        check("SELECT 1", lambda sql, parameters: answer, Rules())
