"""Lambdas with a name: what is called by it, what goes into it, and what its body holds."""

from tests.guard.hostile.statement import Hostile

LAMBDAS = (
    Hostile("a lambda that reads a file", "passes", "WITH x -> file(x) AS f SELECT f('{secret}')"),
    Hostile(
        "a lambda that reads a file by its name", "passes", "WITH x -> arrayMap(file, [x]) AS f SELECT f('{secret}')"
    ),
    Hostile(
        "a lambda in a lambda that reads a file",
        "passes",
        "WITH x -> arrayMap(y -> file(y), [x]) AS f SELECT f('{secret}')",
    ),
    Hostile("a lambda named like file", "passes", "WITH x -> x AS file SELECT file('{secret}')"),
    Hostile(
        "a lambda named like file, by its name", "passes", "WITH x -> x AS file SELECT arrayMap(file, ['{secret}'])"
    ),
    Hostile(
        "a lambda named like file, out of its scope",
        "passes",
        "SELECT (WITH x -> x AS file SELECT file('a')), file('{secret}')",
    ),
    Hostile(
        "a lambda named like file, in another part of a UNION",
        "passes",
        "(WITH x -> x AS file SELECT file('a')) UNION ALL SELECT file('{secret}')",
    ),
    Hostile("a lambda named like FILE", "passes", "WITH x -> x AS FILE SELECT file('{secret}'), FILE('a')"),
    Hostile("a lambda named like sleep", "passes", "WITH x -> x AS sleep SELECT sleep(0.001)"),
    Hostile("a lambda named like dictGet", "passes", "WITH (a, b, c) -> c AS dictGet SELECT dictGet('d', 'v', 1)"),
    Hostile(
        "a lambda named like an aggregate that is not listed",
        "passes",
        "WITH x -> x AS flameGraph SELECT flameGraph(1)",
    ),
    Hostile(
        "a lambda named like an aggregate with combinators",
        "passes",
        "WITH (x, y) -> x AS flameGraphArrayIf SELECT flameGraphArrayIf([1], 1)",
    ),
    Hostile("a lambda named like the audit log", "passes", "WITH x -> x AS audit_log SELECT audit_log(1)"),
    Hostile("a lambda named with blanks", "passes", "WITH x -> x AS `a b` SELECT `a b`(1)"),
    Hostile("a lambda named like an inner function", "passes", "WITH x -> x AS __f SELECT __f(1)"),
    Hostile("a lambda that is not there yet", "passes", "WITH later(1) AS a, x -> x AS later SELECT a"),
    Hostile("a lambda out of its scope", "fails", "SELECT (WITH x -> x AS g SELECT g(1)), g(1)"),
    Hostile("a lambda in SELECT", "fails", "SELECT (x -> x) AS g, g(1)"),
    Hostile("a lambda in a tuple of WITH", "passes", "WITH tuple(x -> x AS g) AS t SELECT g(1)"),
    Hostile("a lambda that calls itself", "fails", "WITH x -> g(x) AS g SELECT g(1)"),
    Hostile("a lambda's name in another case", "fails", "WITH x -> x AS dbl SELECT DBL(1)"),
    Hostile(
        "a function that goes into a lambda", "fails", "WITH (f, v) -> arrayMap(f, v) AS g SELECT g(file, ['{secret}'])"
    ),
    Hostile(
        "a function that goes into a lambda as another",
        "fails",
        "WITH (upper, v) -> arrayMap(upper, v) AS g SELECT g(file, ['{secret}'])",
    ),
    Hostile(
        "a function that is called in a lambda as another",
        "fails",
        "WITH (upper, v) -> upper(v) AS g SELECT g(file, '{secret}')",
    ),
    Hostile(
        "a function that goes into a lambda as a lambda",
        "fails",
        "WITH x -> x AS h, (h, v) -> arrayMap(h, v) AS g SELECT g(file, ['{secret}'])",
    ),
    Hostile(
        "a function that is called in a lambda as a lambda",
        "fails",
        "WITH x -> x AS h, (h, v) -> h(v) AS g SELECT g(file, '{secret}')",
    ),
    Hostile(
        "a function that goes through two lambdas",
        "fails",
        "WITH x -> x AS h, (h, v) -> h(v) AS g, (k, v) -> g(k, v) AS i SELECT i(file, '{secret}')",
    ),
    Hostile("a table in a lambda", "passes", "WITH x -> (SELECT max(secret) FROM audit_log) AS f SELECT f(1)"),
    Hostile("a table behind a lambda's IN", "passes", "WITH x -> ((x, 'x') IN audit_log) AS f SELECT f(1)"),
    Hostile("a table that goes into a lambda's IN", "fails", "WITH x -> (1 IN x) AS f SELECT f(audit_log)"),
    Hostile(
        "a table that goes into a lambda's IN as a constant",
        "fails",
        "WITH 5 AS x, x -> (1 IN x) AS f SELECT f(audit_log)",
    ),
    Hostile(
        "a table that goes into a lambda's IN as our table",
        "fails",
        "WITH ui_events -> ((1, 'x') IN ui_events) AS f SELECT f(audit_log)",
    ),
    Hostile(
        "a table that goes into a lambda's query",
        "fails",
        "WITH x -> (SELECT max(secret) FROM x) AS f SELECT f(audit_log)",
    ),
    Hostile(
        "a table that goes into a lambda's query as a CTE",
        "fails",
        "WITH x AS (SELECT 1 AS secret), x -> (SELECT max(secret) FROM x) AS f SELECT f(audit_log)",
    ),
    Hostile(
        "a table function in a lambda",
        "refused",
        "WITH x -> (SELECT any(a) FROM url('http://127.0.0.1:1/', 'CSV', 'a String')) AS f SELECT f(1)",
    ),
    Hostile(
        "a system table in a lambda", "passes", "WITH x -> (SELECT count() FROM system.processes) AS f SELECT f(1)"
    ),
    Hostile("another database in a lambda", "fails", "WITH x -> (SELECT count() FROM default.other) AS f SELECT f(1)"),
    Hostile("a dictionary in a lambda", "fails", "WITH x -> dictGet('chimera_metrics.d', 'v', x) AS f SELECT f(1)"),
    Hostile("settings in a lambda", "passes", "WITH x -> (SELECT 1 SETTINGS max_memory_usage = 0) AS f SELECT f(1)"),
    Hostile("data paths in a lambda", "passes", "WITH x -> data_paths AS f SELECT f(1) FROM system.tables"),
    Hostile("data paths into a lambda", "passes", "WITH x -> x AS f SELECT f(data_paths) FROM system.tables"),
    Hostile(
        "data paths by COLUMNS in a lambda", "passes", "WITH x -> COLUMNS('path') AS f SELECT f(1) FROM system.tables"
    ),
    Hostile("data paths by a star into a lambda", "fails", "WITH x -> x AS f SELECT f(*) FROM system.tables"),
    Hostile(
        "data paths by a lambda's own name for them",
        "passes",
        "WITH data_paths -> data_paths AS f SELECT f(name) FROM system.tables",
    ),
    Hostile(
        "a file in a lambda of APPLY",
        "fails",
        "WITH x -> file(x) AS f SELECT COLUMNS('metadata') APPLY f FROM ui_events",
    ),
    Hostile("data paths in ORDER BY ALL", "passes", "SELECT data_paths FROM system.tables ORDER BY ALL"),
    Hostile("data paths by a star in ORDER BY ALL", "passes", "SELECT * FROM system.tables ORDER BY ALL"),
    Hostile(
        "data paths in a subquery of ORDER BY ALL",
        "passes",
        "SELECT name, (SELECT any(data_paths) FROM system.tables) FROM system.tables ORDER BY ALL",
    ),
    Hostile("a file in ORDER BY ALL", "passes", "SELECT file('{secret}') FROM system.tables ORDER BY ALL"),
    Hostile("a column named all of a system table", "fails", "SELECT all FROM system.tables ORDER BY ALL"),
    Hostile("an alias that borrows a function's name", "passes", "WITH (x -> x) AS length SELECT length('a')"),
)
