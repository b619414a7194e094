"""Statements that no time limit stopped: each is refused with a sentence."""

from __future__ import annotations

import pytest

from chimera_metrics.integrations.guard.judging import Guard
from chimera_metrics.integrations.guard.refusals import StatementRefused
from chimera_metrics.integrations.guard.sizes import Size, size_of
from tests.guard.conftest import Store

_ARRAYS = ", ".join(f"range(3000000) AS r{place}" for place in range(60))
_HASHES = "arrayMap(x -> cityHash64(x), range(1000000))"
_TEST = "kolmogorovSmirnovTest"

REFUSED = {
    "SELECT JSON_QUERY('[1,2]', '$[0 to 1000000000]')": "smaller ones",
    "SELECT JSON_EXISTS('[1,2]', '$[0 to 1000000000].a')": "smaller ones",
    "SELECT JSON_QUERY('[[1]]', '$[0 to 999][0 to 999][5]')": "smaller ones",
    "SELECT JSON_VALUE('[1,2]', concat('$[0 to ', '1000000000]'))": "written out",
    "SELECT JSON_QUERY(concat('[', repeat('1,', 100000), '1]'), '$[*]')": "no time limit",
    f"SELECT count() FROM numbers(1) ARRAY JOIN {_ARRAYS}": "no time limit",
    f"SELECT {_TEST}('two-sided', 'exact')(number, number % 2) FROM numbers(1000000)": "'asymp'",
    f"SELECT {_TEST}('two-sided', concat('ex', 'act'))(number, number % 2) FROM numbers(9)": "'asymp'",
    f"SELECT finalizeAggregation({_TEST}State('less')(number, number % 2)) FROM numbers(9)": "'asymp'",
    f"SELECT {_TEST}('less')(number, number % 2) FROM numbers(9) GROUP BY number % 3": "'asymp'",
    f"SELECT {_TEST}(number, number % 2), number % 3 FROM numbers(9) GROUP BY ALL": "'asymp'",
    f"SELECT {_TEST}(number, number % 2) OVER (ORDER BY number) FROM numbers(9)": "'asymp'",
    f"SELECT {_TEST}(number, number % 2) OVER w FROM numbers(9) WINDOW w AS (ORDER BY number)": "'asymp'",
    f"WITH {_TEST}(number, number % 2) AS t SELECT t, (SELECT t FROM numbers(9) GROUP BY number) FROM numbers(9)":
        "'asymp'",
    f"SELECT {', '.join(f'{_TEST}(number, number % {place})' for place in (2, 3, 4))} FROM numbers(9)": "'asymp'",
    f"SELECT arrayReduce('{_TEST}', range(number), range(number)) FROM numbers(20000)": "'asymp'",
    f"SELECT arrayReduce('groupBitmap', {_HASHES})": "no time limit",
    f"SELECT arrayReduce('groupBitmapState', {_HASHES})": "no time limit",
    f"SELECT arrayReduceInRanges('groupBitmap', [(1, 900000), (2, 900000)], {_HASHES})": "no time limit",
    f"SELECT arrayReduceInRanges('sumMap', [(1, 900000)], arrayMap(x -> [x], {_HASHES}))": "no time limit",
    "SELECT length(URLPathHierarchy(repeat('http://a/', 100000)))": "left.text, 1000.",
    "SELECT URLHierarchy(concat('http://h/', repeat('a/', 30000)))": "left.text, 1000.",
    "SELECT URLHierarchy(url) FROM deployments": "left.text, 1000.",
    "SELECT URLHierarchy(left(url, -1000)) FROM deployments": "left.text, 1000.",
    "SELECT URLHierarchy(left(url, least(-1000, 5))) FROM deployments": "left.text, 1000.",
    "WITH x -> URLHierarchy(left(url, x)) AS f SELECT f(least(-5, 1000)) FROM deployments": "left.text, 1000.",
}  # fmt: skip
HONEST = [
    "SELECT JSON_VALUE(metadata, '$.a[1]') AS one, JSON_VALUE(metadata, '$.b') AS two FROM ui_events",
    "SELECT JSON_QUERY(metadata, '$.tags[0 to 9]') FROM ui_events",
    "SELECT JSON_QUERY(metadata, '$.tags[*]') FROM ui_events",
    "SELECT corrMatrix(latency_ms, tokens_in, tokens_out) FROM llm_events",
    "SELECT leftPad(model, 20, '.'), concatWithSeparator('-', model, status) FROM llm_events",
    "SELECT kolmogorovSmirnovTest(latency_ms, event_type = 'error') FROM ui_events",
    "SELECT kolmogorovSmirnovTestIf('less')(latency_ms, event_type = 'error', latency_ms > 3) FROM ui_events",
    "SELECT model, kolmogorovSmirnovTest('less', 'asymp')(latency_ms, status = 'error') FROM llm_events GROUP BY model",
    "SELECT URLHierarchy(left(url, 1000)), URLPathHierarchy(substring(url, 1, 1000)) FROM deployments",
    "SELECT prettyPrintJSON(left(metadata, 1000)), prettyPrintJSON(leftUTF8(user_agent, 200)) FROM ui_events",
    "SELECT URLHierarchy('https://example.org/a/b?c=d#e')",
]


@pytest.mark.parametrize("sql", REFUSED, ids=lambda sql: sql[:60])
def test_what_nothing_would_stop_is_refused(guard: Guard, sql: str) -> None:
    with pytest.raises(StatementRefused, match=REFUSED[sql]):
        guard.check(sql)


def test_honest_paths_pass(guard: Guard) -> None:
    for sql in HONEST:
        assert guard.check(sql).weight.block_rows is None


@pytest.mark.parametrize("separator", ["/", "a/", "?"])
@pytest.mark.parametrize("function", ["URLHierarchy", "URLPathHierarchy"])
def test_the_parts_of_a_path_are_no_more_than_they_are_weighed_by(store: Store, function: str, separator: str) -> None:
    text = "http://h/" + separator * 900
    made = store.run(f"SELECT byteSize({function}('{text}'))")
    weighed = size_of(function.lower(), [Size(len(text), len(text), len(text))])
    assert int(made) < weighed.most


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT arrayReduceInRanges('avg', [(1, 7), (8, 7)], groupArray(latency_ms)) FROM ui_events",
        "SELECT arrayReduce('uniq', groupArray(latency_ms)) FROM ui_events",
        "SELECT arrayReduce('groupBitmap', groupArray(100000)(tokens_in)) FROM llm_events",
    ],
)
def test_honest_aggregates_of_arrays_pass(guard: Guard, sql: str) -> None:
    assert guard.check(sql).kind == "select"
