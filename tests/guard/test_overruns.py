"""Statements that no time limit stopped: each is refused with a sentence."""

from __future__ import annotations

import pytest

from chimera_metrics.integrations.guard.judging import Guard
from chimera_metrics.integrations.guard.refusals import StatementRefused

_ARRAYS = ", ".join(f"range(3000000) AS r{place}" for place in range(60))

REFUSED = {
    "SELECT JSON_QUERY('[1,2]', '$[0 to 1000000000]')": "smaller ones",
    "SELECT JSON_EXISTS('[1,2]', '$[0 to 1000000000].a')": "smaller ones",
    "SELECT JSON_QUERY('[[1]]', '$[0 to 999][0 to 999][5]')": "smaller ones",
    "SELECT JSON_VALUE('[1,2]', concat('$[0 to ', '1000000000]'))": "written out",
    "SELECT JSON_QUERY(concat('[', repeat('1,', 100000), '1]'), '$[*]')": "no time limit",
    f"SELECT count() FROM numbers(1) ARRAY JOIN {_ARRAYS}": "no time limit",
}
HONEST = [
    "SELECT JSON_VALUE(metadata, '$.a[1]') AS one, JSON_VALUE(metadata, '$.b') AS two FROM ui_events",
    "SELECT JSON_QUERY(metadata, '$.tags[0 to 9]') FROM ui_events",
    "SELECT JSON_QUERY(metadata, '$.tags[*]') FROM ui_events",
    "SELECT corrMatrix(latency_ms, tokens_in, tokens_out) FROM llm_events",
    "SELECT leftPad(model, 20, '.'), concatWithSeparator('-', model, status) FROM llm_events",
]


@pytest.mark.parametrize("sql", REFUSED, ids=lambda sql: sql[:60])
def test_what_nothing_would_stop_is_refused(guard: Guard, sql: str) -> None:
    with pytest.raises(StatementRefused, match=REFUSED[sql]):
        guard.check(sql)


def test_honest_paths_pass(guard: Guard) -> None:
    for sql in HONEST:
        assert guard.check(sql).weight.block_rows is None
