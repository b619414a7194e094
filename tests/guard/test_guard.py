"""The parser guard against hostile and honest statements, each guard with the other switched off."""

import base64
from collections.abc import Mapping

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chimera_metrics.integrations.guard.functions import COMBINATORS, HIGHER_ORDER, aggregate_names, function_names
from chimera_metrics.integrations.guard.judging import Guard, Rules, StatementRefused, check
from tests.guard.conftest import DATABASE, SECRET, Store
from tests.guard.honest import PARAMETERS, STATEMENTS
from tests.guard.hostile import HOSTILE, Hostile

READONLY_WORDS = ("READONLY", "ACCESS_DENIED")
CHANGING = ("histogram", "now()", "today()", "rand()", "EXPLAIN", "system.parts", "system.tables")


def test_there_are_enough_statements() -> None:
    assert len(HOSTILE) >= 300
    assert len({hostile.why for hostile in HOSTILE}) == len(HOSTILE)
    assert len(set(STATEMENTS)) == len(STATEMENTS) >= 165


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.why)
def test_every_hostile_statement_is_refused_with_readonly_off(hostile: Hostile, store: Store, guard: Guard) -> None:
    with pytest.raises(StatementRefused) as refusal:
        guard.check(store.place(hostile.sql, "out-guard"))
    message = str(refusal.value)
    assert SECRET not in message
    assert message.endswith("."), "a sentence"
    assert ";" in message or ". " in message, f"no next step: {message}"


def test_nothing_ran_while_hostile_statements_were_judged(store: Store, guard: Guard) -> None:
    for hostile in HOSTILE:
        with pytest.raises(StatementRefused):
            guard.check(store.place(hostile.sql, "out-judged"))
    assert store.changes() == []


def outcome(store: Store, sql: str) -> str:
    """What the engine does with a statement: 'passes', 'refused' by readonly, or 'fails' for a reason of its own."""
    store.run(f"USE {DATABASE}")
    try:
        store.run(sql)
    except Exception as error:  # noqa: BLE001 - chDB raises errors of several kinds
        return "refused" if any(word in str(error) for word in READONLY_WORDS) else "fails"
    return "passes"


def test_readonly_alone_lets_pass_what_the_list_says(readonly: Store) -> None:
    """The reason that there are two guards: with this one off, readonly = 1 lets half of them run."""
    found = {
        hostile.why: outcome(readonly, readonly.place(hostile.sql, f"out-readonly-{number}"))
        for number, hostile in enumerate(HOSTILE)
    }
    written = readonly.changes()
    assert found == {hostile.why: hostile.readonly_alone for hostile in HOSTILE}
    assert written, "INTO OUTFILE and BACKUP write under readonly = 1"
    assert all(name.startswith("out-readonly") for name in written), "rows and tables are as they were"


@pytest.mark.parametrize("sql", STATEMENTS)
def test_every_honest_statement_passes_and_means_the_same(sql: str, store: Store, guard: Guard) -> None:
    verdict = guard.check(sql)
    answer = store.run(verdict.statement, PARAMETERS)
    if not any(word in sql for word in CHANGING):
        assert sorted(answer.splitlines()) == sorted(store.run(sql, PARAMETERS).splitlines())
    assert check(verdict.statement, store.run, guard.rules).statement == verdict.statement


def test_honest_statements_run_under_readonly_too(readonly: Store, rules: Rules) -> None:
    """The guard works in the session that it guards; only a SETTINGS clause is refused by readonly."""
    for sql in STATEMENTS:
        if "SETTINGS" not in sql:
            readonly.run(check(sql, readonly.run, rules).statement, PARAMETERS)


def test_a_verdict_says_what_runs_and_what_it_reads(guard: Guard) -> None:
    verdict = guard.check(
        "/* weekly; */ select model, avg(x) from (select model, latency_p95_ms as x from chimera_metrics.bench_runs) "
        "where model in (select model from llm_events) group by model settings max_threads = 1; -- done"
    )
    assert verdict.statement == (
        "SELECT model, avg(x) FROM (SELECT model, latency_p95_ms AS x FROM chimera_metrics.bench_runs) "
        "WHERE model IN (SELECT model FROM llm_events) GROUP BY model SETTINGS max_threads = 1"
    )
    assert (verdict.kind, verdict.tables) == ("select", ("bench_runs", "llm_events"))
    assert set(verdict.functions) == {"avg", "in"}
    assert verdict.settings == (("max_threads", 1),)


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT 1", "select"),
        ("EXPLAIN SELECT 1", "explain"),
        ("SHOW TABLES", "show"),
        ("DESC episodes", "describe"),
        ("DESCRIBE (SELECT 1)", "describe"),
    ],
)
def test_kinds(sql: str, kind: str, guard: Guard) -> None:
    assert guard.check(sql).kind == kind


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT * FROM ui_event", "Did you mean 'ui_events'? There are: alembic_version, bench_runs,"),
        ("SELECT * FROM other.t", "Database 'other' may not be read here, only chimera_metrics; SHOW TABLES"),
        ("SELECT quantil(0.5)(latency_ms) FROM ui_events", "Did you mean quantile()?"),
        ("SELECT file('x')", "Function file() is not on the list of what may run here (it reads files of the machine)"),
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


def test_names_of_tables_that_readers_may_not_see_cannot_be_borrowed(store: Store) -> None:
    harmless = "WITH audit_log AS (SELECT 7 AS id) SELECT id FROM audit_log"
    lenient = Rules(hidden=frozenset())
    assert check(harmless, store.run, lenient).tables == (), "by the engine's rules this reads the CTE"
    with pytest.raises(StatementRefused, match="cannot be used as a name"):
        check(harmless, store.run, Rules())


def test_another_reader_has_other_tables(store: Store) -> None:
    rules = Rules(tables=frozenset({"audit_log"}))
    assert check("SELECT * FROM audit_log", store.run, rules).tables == ("audit_log",)
    with pytest.raises(StatementRefused):
        check("SELECT * FROM ui_events", store.run, rules)


def test_a_verdict_is_remembered(store: Store) -> None:
    asked: list[str] = []

    def explain(sql: str, parameters: Mapping[str, str]) -> str:
        asked.append(sql)
        return store.run(sql, parameters)

    guard = Guard(explain)
    assert guard.check("SELECT 1") is guard.check("SELECT 1")
    assert len(asked) == 1
    assert "SELECT 1" not in asked[0], "the reader's text travels as hex digits"


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


def test_a_lambda_takes_no_name_that_a_function_of_the_engine_has(store: Store, rules: Rules) -> None:
    """Wherever the engine does not see the lambda, it would call the function."""
    named = "WITH x -> x AS Dbl SELECT Dbl(3)"
    assert set(check(named, store.run, rules).functions) == {"lambda", "tuple"}
    store.run("CREATE FUNCTION dbl AS x -> file(x)")
    try:
        with pytest.raises(StatementRefused, match="'Dbl' is a function of this server too; choose another word"):
            check(named, store.run, rules)
    finally:
        store.run("DROP FUNCTION dbl")


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("WITH x -> x AS file SELECT file('a')", "'file' is a function of this server too; choose another word"),
        ("WITH x -> x AS length SELECT length('a')", "'length' is an alias and a function in this query; choose"),
        ("WITH x -> x AS `a b` SELECT `a b`(1)", "'a b' cannot be the name of a lambda that is called; write letters"),
        ("WITH x -> (SELECT max(ts) FROM ui_events) AS f SELECT f(1)", "Lambda 'f' holds a subquery; write it where"),
        ("WITH 5 AS y, x -> x IN y AS f SELECT f(1)", "Lambda 'f' holds IN with a name; write the values out"),
        ("WITH f -> f + 1 AS g, x -> x AS f SELECT g(f(1))", "'f' is a lambda's parameter and is called as a function"),
        ("SELECT (WITH x -> x AS g SELECT g(1)), g(1)", "g() is no lambda that is known at this place; define it"),
        (
            "WITH x -> x AS dbl SELECT DBL(1)",
            "DBL() is no lambda that is known at this place; define it in WITH before",
        ),
    ],
)
def test_a_refused_lambda_says_why(sql: str, words: str, guard: Guard) -> None:
    with pytest.raises(StatementRefused) as refusal:
        guard.check(sql)
    assert words in str(refusal.value)


def _tower(wide: int, high: int) -> list[str]:
    """Lambdas each of which calls the one before it so many times."""
    calls = [f"x -> {f'f{level}(' * wide}x{')' * wide} AS f{level + 1}" for level in range(high)]
    return ["x -> x + 1 AS f0", *calls]


def test_lambdas_that_call_lambdas_stay_small(store: Store, guard: Guard, rules: Rules) -> None:
    """Eight lambdas that call each other eight times kept the engine busy for minutes, whatever its time limit."""
    small = f"WITH {', '.join(_tower(4, 3))} SELECT f3(1)"
    assert store.run(guard.check(small).statement) == "65"
    turned = ", ".join(reversed(_tower(8, 7)))
    flat = ", ".join(f"x -> x AS f{level}" for level in range(8))
    for hostile in (
        f"WITH {', '.join(_tower(8, 7))} SELECT f7(1)",
        f"WITH {flat} SELECT (WITH {turned} SELECT f7(1))",
        f"WITH {', '.join(_tower(8, 7))} SELECT arrayMap(f7, [1])",
        f"WITH {', '.join(_tower(8, 7))} SELECT COLUMNS('latency') APPLY f7 FROM ui_events",
        f"WITH x -> {'+'.join(['x'] * 20)} AS f SELECT [{', '.join(['f(1)'] * 300)}]",
    ):
        with pytest.raises(StatementRefused, match="unfold to more than 5,000 parts; call them fewer times"):
            guard.check(hostile)


def test_a_lambda_is_closed_where_the_functions_cannot_be_listed(store: Store, rules: Rules) -> None:
    def blind(sql: str, parameters: Mapping[str, str]) -> str:
        return "0 " if "system.functions" in sql else store.run(sql, parameters)

    with pytest.raises(StatementRefused, match="cannot be seen on this server; write the expression out"):
        check("WITH x -> x AS f SELECT f(1)", blind, rules)


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


def test_every_function_of_this_engine_that_takes_functions_is_known(store: Store) -> None:
    found = store.run("SELECT lower(name) FROM system.functions WHERE higher_order").split()
    assert set(found) & function_names() <= HIGHER_ORDER


def test_every_combinator_of_this_engine_is_known(store: Store) -> None:
    assert set(store.run("SELECT name FROM system.aggregate_function_combinators").split()) <= set(COMBINATORS)


def test_listed_functions_exist_and_the_reviewed_ones_stay_out(store: Store) -> None:
    engine = set(store.run("SELECT lower(name) FROM system.functions").split())
    by_the_parser_alone = {"lambda", "exists", "untuple", "grouping"}
    gone = function_names().difference(engine, by_the_parser_alone)
    assert not gone, "typing errors, or functions that went away"
    assert engine >= aggregate_names()
    out = "file sleep dictget joinget hostname currentuser getsetting formatrow aigenerate initializeaggregation"
    assert not set(out.split()) & (function_names() | aggregate_names())


BLANKS = st.sampled_from([" ", "\n", "\t", "  ", "/**/", "/* ; */", "/* /* */ */", "-- x\n", "# x\n", "\u00a0", "\x0b"])
CORES = st.sampled_from(
    [
        "file('{secret}')",
        "arrayMap(file, ['{secret}'])",
        "(SELECT max(secret) FROM audit_log)",
        "(SELECT any(x) FROM url('http://127.0.0.1:1/', 'CSV', 'x String'))",
        "(SELECT any(name) FROM system.users)",
        "(SELECT any(data_paths) FROM system.tables)",
        "hostName()",
        "sleep(0.001)",
        "(1, 'x') IN audit_log",
        "(SELECT 1 SETTINGS max_execution_time = 0)",
        "{c:Identifier}",
    ]
)


@pytest.mark.parametrize(
    ("sql", "most"),
    [
        ("SELECT 1, 'a' AS b", 1),
        ("SELECT * FROM system.one LIMIT 7", 7),
        ("SELECT * FROM system.one LIMIT 7 OFFSET 2", 7),
        ("SELECT arrayJoin([1, 2, 3])", None),
        ("SELECT 1 UNION ALL SELECT 2", None),
        ("(SELECT 1 LIMIT 1) UNION ALL (SELECT 2 LIMIT 1)", None),
        ("SELECT * FROM system.one", None),
        ("SELECT * FROM system.one ORDER BY dummy LIMIT 7 WITH TIES", None),
        ("SELECT * FROM system.one LIMIT 7 BY dummy", None),
        ("SELECT 1 AS a GROUP BY arrayJoin([1, 2])", None),
        ("EXPLAIN SELECT 1 LIMIT 1", None),
    ],
)
def test_the_most_rows_are_known_only_where_the_statement_says_them(guard: Guard, sql: str, most: int | None) -> None:
    assert guard.check(sql).most_rows == most


def test_no_statement_answers_more_rows_than_it_says(store: Store, guard: Guard) -> None:
    judged = [guard.check(sql) for sql in STATEMENTS if "{" not in sql]
    said = [verdict for verdict in judged if verdict.most_rows is not None]
    assert len(said) > 10
    for verdict in said:
        rows = store.run(f"SELECT count() FROM ({verdict.statement})")
        assert int(str(rows)) <= (verdict.most_rows or 0), verdict.statement


WRAPPERS = st.lists(
    st.sampled_from(
        [
            "SELECT {}",
            "SELECT 1 WHERE {} = {}",
            "WITH {} AS a SELECT a",
            "WITH c AS (SELECT {} AS a) SELECT a FROM c",
            "SELECT * FROM (SELECT {})",
            "SELECT arrayMap(x -> {}, [1])",
            "WITH x -> {} AS named SELECT named(1e20)",
            "WITH x -> x AS named SELECT named({})",
            "SELECT count() OVER (ORDER BY {})",
            "SELECT 1 UNION ALL SELECT toUInt8({})",
            "SELECT if(1, {}, 1)",
            "SELECT 1 ORDER BY {} LIMIT 1 BY {}",
            "EXPLAIN SELECT {}",
        ]
    ),
    min_size=1,
    max_size=3,
)


@given(
    core=CORES,
    wrappers=WRAPPERS,
    blank=BLANKS,
    upper=st.booleans(),
    end=st.sampled_from(["", ";", "; -- x", " /**/ ;"]),
)
@example(core="file('{secret}')", wrappers=["SELECT {}"], blank=" ", upper=False, end="")
@settings(max_examples=150, deadline=None)
def test_a_hostile_core_stays_hostile_in_any_dress(
    store: Store, guard: Guard, core: str, wrappers: list[str], blank: str, upper: bool, end: str
) -> None:
    sql = core
    for number, wrapper in enumerate(wrappers):
        inner = sql if number == 0 else f"({sql})"
        words = wrapper if upper else wrapper.replace("SELECT", "select").replace("FROM", "From")
        sql = words.replace("{}", inner)
    sql = sql.replace(" ", blank) + end
    with pytest.raises(StatementRefused):
        guard.check(store.place(sql, "out-dress"))
    assert store.changes() == []


@given(numbers=st.lists(st.floats(), min_size=1, max_size=20))
@settings(max_examples=100, deadline=None)
def test_every_number_passes_as_itself(store: Store, guard: Guard, numbers: list[float]) -> None:
    sql = f"SELECT [{', '.join(map(repr, numbers))}, 0.5]"
    assert store.run(guard.check(sql).statement) == store.run(sql)


@pytest.mark.parametrize("core", ["file('{secret}')", "(1, 'x') IN audit_log", "(SELECT max(secret) FROM audit_log)"])
@pytest.mark.parametrize("number", ["1e20", "-0.0", "[1e20]", """'"field_type":"Float64","value":5}'"""])
def test_a_number_hides_nothing(core: str, number: str, store: Store, guard: Guard) -> None:
    for sql in (f"SELECT {number}, {core}", f"SELECT if({number} = {core}, 1, 2)", f"SELECT {core} AS `{number}`"):
        with pytest.raises(StatementRefused, match=r"file\(\)|audit_log"):
            guard.check(store.place(sql, "out-number"))
    with pytest.raises(StatementRefused, match="max_memory_usage"):
        guard.check(f"SELECT {number} SETTINGS max_memory_usage = 1e20")


@given(text=st.text(alphabet="SELCTFROM selctfrom1*'\"`()/*-#;$\\\n\0‘’“”{}:,.é", max_size=40))
@settings(max_examples=150, deadline=None)
def test_any_text_gets_a_verdict_or_a_sentence(store: Store, guard: Guard, text: str) -> None:
    """And nothing of it runs: what passes is a SELECT of values that canonical form and judged tree agree on."""
    try:
        verdict = guard.check(text)
    except StatementRefused:
        return
    assert guard.check(verdict.statement).statement == verdict.statement
