# ruff: noqa: E501 - a statement stays on one line
"""Short texts that unfold to more than can be planned, states of foreign bytes, the account's name, large blocks."""

from tests.guard.hostile.statement import Hostile


def _chain(first: str, step: str, levels: int, head: str = "WITH") -> str:
    """CTEs each of which uses the one before it."""
    steps = [f"c0 AS ({first})", *(f"c{n} AS ({step.format(before=f'c{n - 1}')})" for n in range(1, levels + 1))]
    return f"{head} {', '.join(steps)} SELECT count() FROM c{levels}"


def _nested(first: str, step: str, levels: int) -> str:
    for _ in range(levels):
        first = step.format(inner=first)
    return first


def _aliases(step: str, levels: int) -> str:
    return "1 AS a0, " + ", ".join(f"{step.format(before=f'a{n - 1}')} AS a{n}" for n in range(1, levels + 1))


def _endless(why: str, sql: str) -> Hostile:
    return Hostile(why, "endless", sql)


_JOINED = _chain("SELECT 1 AS x", "SELECT a.x FROM {before} AS a JOIN {before} AS b ON a.x = b.x", 16)
_DOUBLED = "SELECT x FROM {before} UNION ALL SELECT x FROM {before}"

UNFOLDING = (
    _endless("16 CTEs joined with themselves", _JOINED),
    _endless("CTEs joined with themselves, explained", f"EXPLAIN {_JOINED}"),
    _endless("CTEs joined with themselves, described", f"DESCRIBE ({_JOINED})"),
    _endless("CTEs joined with themselves, in a subquery", f"SELECT * FROM ({_JOINED})"),
    _endless("CTEs joined with themselves, as a scalar", f"SELECT ({_JOINED})"),
    _endless("CTEs joined with themselves, behind IN", f"SELECT 1 IN ({_JOINED})"),
    _endless("CTEs joined with themselves, in a UNION", f"SELECT 1 UNION ALL {_JOINED}"),
    _endless("CTEs that are cross joined", _chain("SELECT 1 AS x", "SELECT a.x FROM {before} AS a, {before} AS b", 16)),
    _endless("CTEs that double by UNION ALL", _chain("SELECT 1 AS x", _DOUBLED, 30)),
    _endless("CTEs that treble by UNION ALL", _chain("SELECT 1 AS x", f"{_DOUBLED} UNION ALL SELECT x FROM {{before}}", 20)),
    _endless("CTEs that double by scalars", _chain("SELECT 1 AS x", "SELECT (SELECT x FROM {before}) + (SELECT x FROM {before}) AS x", 20)),
    _endless("CTEs that double behind IN", _chain("SELECT 1 AS x", "SELECT 1 AS x WHERE 1 IN (SELECT x FROM {before}) AND 1 IN (SELECT x FROM {before})", 20)),
    _endless("CTEs that double in WITH RECURSIVE", _chain("SELECT 1 AS x", _DOUBLED, 25, "WITH RECURSIVE")),
    _endless("CTEs whose columns double", _chain("SELECT 1 AS x", "SELECT *, * FROM {before}", 25)),
    _endless("CTEs whose tuples double", _chain("SELECT 1 AS x", "SELECT (x, x) AS x FROM {before}", 25)),
    _endless("subqueries whose columns double", "SELECT count() FROM (" + _nested("SELECT 1 AS x", "SELECT *, * FROM ({inner})", 25) + ")"),
    _endless("subqueries whose columns double by COLUMNS", "SELECT count() FROM (" + _nested("SELECT 1 AS x", "SELECT COLUMNS(''), * FROM ({inner})", 25) + ")"),
    _endless("subqueries whose tuples double", _nested("SELECT 1 AS x", "SELECT (x, x) AS x FROM ({inner})", 25)),
    _endless("aliases of tuples 16 deep", "SELECT " + _aliases("({before}, {before})", 16)),
    _endless("aliases of sums 25 deep", "SELECT " + _aliases("{before} + {before}", 25)),
    _endless("aliases of arrays 25 deep", "SELECT " + _aliases("[{before}, {before}]", 25)),
    _endless("aliases of conditions 25 deep", "SELECT " + _aliases("if({before} > 1, {before}, {before})", 25)),
    _endless("aliases in WITH 25 deep", "WITH " + _aliases("{before} * {before}", 25) + " SELECT a25"),
    _endless("aliases in WITH of functions 25 deep", "WITH " + _aliases("concat({before}, {before})", 25).replace("1 AS a0", "'a' AS a0") + " SELECT a25"),
    _endless("aliases in WHERE", "SELECT 1 WHERE (SELECT " + _aliases("{before} + {before}", 25).rpartition(" AS ")[0] + ")"),
    _endless("aliases of named tuples 16 deep", "SELECT " + _aliases("tuple({before}, {before})", 16)),
    _endless("many scalar subqueries", "SELECT " + ", ".join(f"(SELECT {n})" for n in range(300))),
    _endless("many queries in a UNION", " UNION ALL ".join(["SELECT 1"] * 300)),
    _endless("many tables in a join", "SELECT 1 FROM " + ", ".join(f"numbers(1) AS t{n}" for n in range(300))),
    _endless("CUBE of many keys", "SELECT count() FROM numbers(9) GROUP BY CUBE(" + ", ".join(f"number % {n}" for n in range(2, 30)) + ")"),
    _endless("CUBE of many keys, written behind", "SELECT count() FROM numbers(9) GROUP BY " + ", ".join(f"number % {n}" for n in range(2, 30)) + " WITH CUBE"),
    _endless("lambdas that double", "WITH x -> x + x AS f0, " + ", ".join(f"x -> f{n - 1}(x) + f{n - 1}(x) AS f{n}" for n in range(1, 20)) + " SELECT f19(1)"),
)  # fmt: skip

_STATE = "SELECT 1 AS k, uniqState(number) AS s FROM numbers(3)"
STATES = (
    Hostile("a state of foreign bytes by INTERPOLATE", "passes", f"SELECT finalizeAggregation(s) FROM ({_STATE} ORDER BY k WITH FILL TO 4 INTERPOLATE (s AS unhex('0100')))"),
    Hostile("a state of arrayReduce by INTERPOLATE", "passes", "SELECT finalizeAggregation(s) FROM (SELECT 1 AS k, arrayReduce('uniqState', [1]) AS s ORDER BY k WITH FILL TO 3 INTERPOLATE (s AS unhex('0100')))"),
    Hostile("a bitmap of foreign bytes by INTERPOLATE", "fails", "SELECT bitmapToArray(s) FROM (SELECT 1 AS k, bitmapBuild([1, 2]) AS s ORDER BY k WITH FILL TO 3 INTERPOLATE (s AS unhex('0100')))"),
    Hostile("a state of foreign bytes by UNION ALL", "passes", f"SELECT finalizeAggregation(s) FROM ({_STATE} UNION ALL SELECT 1, unhex('0100'))"),
    Hostile("a state of foreign bytes by UNION DISTINCT", "passes", f"SELECT finalizeAggregation(s) FROM ({_STATE} UNION DISTINCT SELECT 1, unhex('0100'))"),
    Hostile("a state of foreign bytes by UNION in a CTE", "fails", f"WITH c AS ({_STATE} UNION ALL SELECT 1, unhex('0100')) SELECT uniqMerge(s) FROM c"),
    Hostile("a state with combinators by UNION", "passes", "SELECT finalizeAggregation(s) FROM (SELECT uniqIfState(number, 1) AS s FROM numbers(3) UNION ALL SELECT unhex('0100'))"),
    Hostile("a merged state by UNION", "passes", f"SELECT finalizeAggregation(s) FROM (SELECT uniqMergeState(s) AS s FROM ({_STATE}) UNION ALL SELECT unhex('0100'))"),
    Hostile("a state of a rollup by UNION", "fails", "SELECT uniqMerge(s) FROM (SELECT sessions AS s FROM ui_events_hourly UNION ALL SELECT unhex('0100'))"),
    Hostile("a state of a rollup by a star in a UNION", "fails", "SELECT uniqMerge(sessions) FROM (SELECT * FROM ui_events_hourly UNION ALL SELECT * FROM ui_events_hourly)"),
    Hostile("a state of a rollup by INTERPOLATE", "fails", "SELECT sessions FROM ui_events_hourly ORDER BY hour WITH FILL INTERPOLATE (sessions AS unhex('0100'))"),
)  # fmt: skip

ACCOUNT = tuple(
    Hostile(f"the account's name, {why}", outcome, sql)  # type: ignore[arg-type]
    for why, outcome, sql in (
        ("current_user", "passes", "SELECT current_user"),
        ("session_user", "passes", "SELECT session_user"),
        ("user", "passes", "SELECT user"),
        ("CURRENT_USER", "passes", "SELECT CURRENT_USER"),
        ("USER in a function", "passes", "SELECT upper(USER)"),
        ("quoted", "passes", "SELECT `current_user`"),
        ("behind an alias", "passes", "SELECT user AS x, x"),
        ("in WITH", "passes", "WITH user AS x SELECT x"),
        ("in a lambda", "passes", "SELECT arrayMap(x -> concat(x, user), ['a'])"),
        ("in WHERE", "passes", "SELECT count() FROM ui_events WHERE user_agent = user"),
        ("in ORDER BY", "passes", "SELECT number FROM numbers(2) ORDER BY current_user"),
        ("in a subquery", "passes", "SELECT (SELECT session_user)"),
        ("in LIMIT", "fails", "SELECT 1 LIMIT length(user)"),
        ("in IN", "passes", "SELECT 'a' IN (user, 'b')"),
    )
)

BLOCKS = (
    Hostile("blocks of a hundred million rows", "refused", "SELECT 1 SETTINGS max_block_size = 100000000"),
    Hostile("blocks of a hundred million rows, in a subquery", "passes", "SELECT * FROM (SELECT 1 SETTINGS max_block_size = 100000000)"),
    Hostile("blocks too large for what is in a row", "refused", "SELECT max(SHA512(repeat(toString(number), 1000))) FROM numbers(9) SETTINGS max_block_size = 65536"),
)  # fmt: skip
