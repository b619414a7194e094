"""Composed statements give the value that SQL gives them, on both engines."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from tests.alchemy import compounds, conditions, groups, texts, times_and_numbers

CASES = [
    (name, statement, expected)
    for module in (compounds, times_and_numbers, texts, conditions, groups)
    for name, statement, expected in module.CASES
]


def test_there_are_at_least_200_each_under_a_name_of_its_own() -> None:
    assert len({name for name, _, _ in CASES}) == len(CASES) >= 200


@pytest.mark.parametrize(("statement", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_composed_statement_gives_what_sql_gives(engine: Engine, statement: Any, expected: list[Any]) -> None:
    with engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(statement)] == expected
