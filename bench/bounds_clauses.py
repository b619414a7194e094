# ruff: noqa: E501 - a statement stays on one line
"""Statements that ask a clause for as much as it can do, and those by which the planner was kept busy."""

from __future__ import annotations


def _chain(first: str, step: str, levels: int) -> str:
    """CTEs each of which uses the one before it."""
    steps = [f"c0 AS ({first})", *(f"c{n} AS ({step.format(before=f'c{n - 1}')})" for n in range(1, levels + 1))]
    return f"WITH {', '.join(steps)} SELECT count() FROM c{levels}"


def _nested(first: str, step: str, levels: int) -> str:
    for _ in range(levels):
        first = step.format(inner=first)
    return first


CLAUSES: dict[str, str] = {
    "CTE joined with itself": _chain(
        "SELECT 1 AS x", "SELECT a.x FROM {before} AS a JOIN {before} AS b ON a.x = b.x", 7
    ),
    "CTE in UNION ALL": _chain("SELECT 1 AS x", "SELECT x FROM {before} UNION ALL SELECT x FROM {before}", 6),
    "CTE in a tuple": _chain("SELECT 1 AS x", "SELECT (x, x) AS x FROM {before}", 12),
    "star": "SELECT count() FROM (" + _nested("SELECT 1 AS x", "SELECT *, * FROM ({inner})", 12) + ")",
    "alias": "SELECT 1 AS a0, " + ", ".join(f"(a{n - 1}, a{n - 1}) AS a{n}" for n in range(1, 12)),
    "WITH expression": "WITH 1 AS a0, "
    + ", ".join(f"a{n - 1} + a{n - 1} AS a{n}" for n in range(1, 12))
    + " SELECT a11",
    "subqueries": _nested("SELECT 1 AS x", "SELECT x + 1 AS x FROM ({inner})", 90),
    "scalar subqueries": "SELECT "
    + ", ".join(f"(SELECT sum(number + {n}) FROM numbers(3000000000))" for n in range(50)),
    "CUBE": "SELECT count() FROM numbers(1000) GROUP BY CUBE(" + ", ".join(f"number % {n}" for n in range(2, 14)) + ")",
    "ROLLUP": "SELECT count() FROM numbers(99999999) GROUP BY ROLLUP("
    + ", ".join(f"number % {n}" for n in range(2, 30))
    + ")",
    "CROSS JOIN": "SELECT count() FROM numbers(1000000000) AS a, numbers(1000000000) AS b",
    "JOIN": "SELECT count() FROM numbers(1000000000) AS a JOIN numbers(1000000000) AS b ON a.number % 2 = b.number % 2",
    "ASOF JOIN": "SELECT count() FROM numbers(10000000) AS a ASOF JOIN numbers(30000000) AS b "
    "ON a.number % 2 = b.number % 2 AND a.number >= b.number",
    "PASTE JOIN": "SELECT count() FROM numbers(1000000000) AS a PASTE JOIN numbers(1000000000) AS b",
    "ARRAY JOIN": "SELECT max(cityHash64(x)) FROM numbers(100000) ARRAY JOIN range(100000) AS x",
    "arrayJoin": "SELECT max(cityHash64(x)) FROM (SELECT arrayJoin(range(100000)) AS x FROM numbers(100000))",
    "arrayJoin twice": "SELECT max(arrayJoin(range(3000)) + arrayJoin(range(3000)) * 2) FROM numbers(100000)",
    "WITH FILL": "SELECT count() FROM (SELECT number AS n FROM numbers(1) ORDER BY n WITH FILL FROM 0 TO 10000000000000)",
    "INTERPOLATE": "SELECT n, s FROM (SELECT number AS n, 1 AS s FROM numbers(1) ORDER BY n WITH FILL FROM 0 TO 1000000000 "
    "INTERPOLATE (s AS s + 1)) ORDER BY s DESC LIMIT 1",
    "WITH RECURSIVE": "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT a.n + 1 FROM r AS a, r AS b) SELECT count() FROM r",
    "WITH RECURSIVE of texts": "WITH RECURSIVE r AS (SELECT 'a' AS x, 0 AS n UNION ALL SELECT concat(x, 'b'), n + 1 FROM r "
    "WHERE n < 900) SELECT max(SHA512(x)) FROM r",
    "window frame": "SELECT sum(s) FROM (SELECT max(number) OVER (ORDER BY number ROWS BETWEEN 100000 PRECEDING AND 1 FOLLOWING) "
    "AS s FROM numbers(10000000))",
    "window arrays": "SELECT sum(length(s)) FROM (SELECT groupArray(number) OVER (ORDER BY number) AS s FROM numbers(10000000))",
    "IN subquery": "SELECT count() FROM numbers(10) WHERE number IN (SELECT number FROM numbers(10000000000))",
    "DISTINCT": "SELECT count() FROM (SELECT DISTINCT number FROM numbers(1000000000))",
    "ORDER BY": "SELECT number FROM numbers(1000000000) ORDER BY cityHash64(number) LIMIT 1 OFFSET 900000000",
    "ORDER BY texts": "SELECT s FROM (SELECT repeat(toString(number), 50) AS s FROM numbers(100000000)) ORDER BY s LIMIT 1",
    "LIMIT BY": "SELECT count() FROM (SELECT number FROM numbers(1000000000) LIMIT 1 BY number)",
    "GROUP BY texts": "SELECT count() FROM (SELECT repeat(toString(number), 50) AS s FROM numbers(100000000) GROUP BY s)",
    "UNION DISTINCT": "SELECT count() FROM (SELECT number FROM numbers(1000000000) UNION DISTINCT SELECT number FROM numbers(9))",
    "EXPLAIN": "EXPLAIN SELECT (SELECT sum(number) FROM numbers(100000000000))",
    "EXPLAIN ESTIMATE": "EXPLAIN ESTIMATE SELECT count() FROM llm_events WHERE length(model) = (SELECT sum(number) FROM numbers(1e11))",
    "DESCRIBE": "DESCRIBE (SELECT arraySum(range(100000000)) AS s, (SELECT sum(number) FROM numbers(100000000000)))",
    "LIMIT of a subquery": "SELECT 1 LIMIT (SELECT sum(number) FROM numbers(100000000000))",
    "SETTINGS max_block_size": "SELECT max(cityHash64(number)) FROM numbers(1000000000) SETTINGS max_block_size = 100000000",
    "SETTINGS max_threads": "SELECT count() FROM numbers_mt(1000000000) WHERE number % 3 = 0 SETTINGS max_threads = 10000",
    "many functions": "SELECT max("
    + " + ".join(f"cityHash64(number, {n})" for n in range(900))
    + ") FROM numbers(10000000)",
    "many arrays": "SELECT max("
    + " + ".join(f"arraySum(x -> x + {n}, range(1000))" for n in range(90))
    + ") FROM numbers(1000000)",
    "lambdas within lambdas": "SELECT arraySum(x -> arraySum(y -> x * y, range(30000)), range(30000))",
    "arrayFold": "SELECT arrayFold((a, x) -> a + x * 2, range(100000), toUInt64(0))",
    "arrayFold that doubles": "SELECT length(arrayFold((a, x) -> concat(a, a), range(40), 'a'))",
    "APPLY": "SELECT * APPLY (x -> arraySum(range(100000))) FROM llm_events",
    "IN a long list": "SELECT count() FROM numbers(100000000) WHERE number IN ("
    + ", ".join(map(str, range(5000)))
    + ")",
    "LIKE with many %": "SELECT count() FROM numbers(1000000) WHERE repeat('a', 1000) LIKE concat('%a', repeat('%a', 200), toString(number))",
    "a pattern that branches": "SELECT countMatches(repeat('a', 60000), '(a|aa|aaa|aaaa){100,200}b')",
    "many ARRAY JOINs": "SELECT count() FROM numbers(1) ARRAY JOIN "
    + ", ".join(f"range(3000000) AS r{n}" for n in range(60)),
    "a range in a JSON path": "SELECT JSON_QUERY('[1, 2]', '$[0 to 9999]')",
    "ranges in a JSON path": "SELECT JSON_QUERY('[[1], [2]]', '$[0 to 99][0 to 99][0]')",
    "all of a JSON path": "SELECT JSON_QUERY(concat('[', repeat('1,', 30000), '1]'), '$[*]')",
    "a matrix of many columns": "SELECT covarPopMatrix("
    + ", ".join(f"number * {n}" for n in range(500))
    + ") FROM numbers(200000000)",
    "constants that are not folded": "SELECT max(ignore(sqidEncode("
    + ", ".join(["18446744073709551615"] * 200)
    + "))) FROM numbers(1000000)",
    "large constants that are not folded": "SELECT max(ignore(arrayRotateLeft(range(100000), 2))) FROM numbers(1000000)",
}
