"""The most rows that a statement can answer, as its verdict says."""

import pytest

from chimera_metrics.integrations.guard.judging import Guard
from tests.guard.conftest import Store
from tests.guard.honest import STATEMENTS


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
