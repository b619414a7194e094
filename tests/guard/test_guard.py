"""The parser guard against hostile and honest statements, each guard with the other switched off."""

from collections.abc import Mapping

import pytest

from chimera_metrics.integrations.guard.judging import Guard, Rules, StatementRefused, check
from tests.guard.conftest import DATABASE, SECRET, Store
from tests.guard.corpora import CLICKHOUSE, DBT, METABASE
from tests.guard.honest import PARAMETERS
from tests.guard.honest import STATEMENTS as OURS
from tests.guard.hostile import HOSTILE, Hostile

READONLY_WORDS = ("READONLY", "ACCESS_DENIED")
OTHERS = CLICKHOUSE + DBT + METABASE
STATEMENTS = OURS + OTHERS
CHANGING = (
    "histogram",
    "now()",
    "today()",
    "rand()",
    "EXPLAIN",
    "system.parts",
    "system.tables",
    "Sample",
    "CURRENT_DATE",
)


def test_there_are_enough_statements() -> None:
    assert len(HOSTILE) >= 500
    assert len({hostile.why for hostile in HOSTILE}) == len(HOSTILE)
    assert len(set(STATEMENTS)) == len(STATEMENTS) >= 300
    assert len(OTHERS) >= 200


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.why)
def test_every_hostile_statement_is_refused_with_readonly_off(hostile: Hostile, store: Store, guard: Guard) -> None:
    with pytest.raises(StatementRefused) as refusal:
        guard.check(store.place(hostile.sql, "out-guard"))
    message = str(refusal.value)
    assert SECRET not in message
    assert message.endswith("."), "a sentence"
    assert any(mark in message for mark in ("; ", ". ", ": ")), f"no next step: {message}"


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
        if hostile.readonly_alone != "endless"
    }
    written = readonly.changes()
    expected = {hostile.why: hostile.readonly_alone for hostile in HOSTILE}
    assert found == {why: outcome for why, outcome in expected.items() if outcome != "endless"}
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
