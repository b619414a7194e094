"""Comparisons of columns with words, as the engine's own tree has them."""

from __future__ import annotations

import pytest

from chimera_metrics.integrations.guard.conditions import Condition
from chimera_metrics.integrations.guard.judging import Guard

FOUND: list[tuple[str, list[Condition]]] = [
    ("SELECT count() FROM llm_events WHERE status = 'a'", [Condition("status", "=", ("a",))]),
    ("SELECT countIf('a' = e.status) FROM llm_events AS e", [Condition("status", "=", ("a",))]),
    ("SELECT 1 FROM llm_events WHERE model IN ('a', 'b')", [Condition("model", "in", ("a", "b"))]),
    ("SELECT 1 FROM llm_events WHERE model IN ('a')", [Condition("model", "in", ("a",))]),
    ("SELECT 1 FROM llm_events WHERE model = CAST('a', 'String')", [Condition("model", "=", ("a",))]),
    ("SELECT 1 FROM llm_events WHERE model ILIKE '%a' OR model ILIKE '%a'", [Condition("model", "ilike", ("%a",))]),
    ("SELECT 1 FROM (SELECT * FROM llm_events WHERE model LIKE 'a_')", [Condition("model", "like", ("a_",))]),
    ("SELECT 1 FROM llm_events WHERE model != 'a'", [Condition("model", "!=", ("a",))]),
    ("SELECT 1 FROM llm_events WHERE model NOT IN ('a', 'b')", [Condition("model", "not in", ("a", "b"))]),
    ("SELECT 1 FROM llm_events WHERE model NOT LIKE 'a%'", [Condition("model", "not like", ("a%",))]),
    ("SELECT 1 FROM llm_events WHERE lower(model) = 'a' AND tokens_in = 1 AND 'a' = 'a'", []),
    ("SELECT 1 FROM llm_events WHERE model IN (SELECT 'a') AND model = source", []),
]


@pytest.mark.parametrize(("sql", "conditions"), FOUND)
def test_comparisons_with_words_are_found_wherever_they_stand(
    guard: Guard, sql: str, conditions: list[Condition]
) -> None:
    assert list(guard.check(sql).conditions) == conditions
