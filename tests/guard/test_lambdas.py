"""Lambdas that are called by their names: no function may be called in one's place, and they stay small."""

from collections.abc import Mapping

import pytest

from chimera_metrics.integrations.guard.judging import Guard, Rules, StatementRefused, check
from tests.guard.conftest import Store


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
