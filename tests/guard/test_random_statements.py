"""The guard against statements, numbers and texts that hypothesis makes up."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chimera_metrics.integrations.guard.judging import Guard, StatementRefused
from tests.guard.conftest import Store

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
