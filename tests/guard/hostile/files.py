# ruff: noqa: E501 - a statement stays on one line, as its sender wrote it
"""Statements that read or write files of the machine."""

from tests.guard.hostile.statement import Hostile

FILES = (
    Hostile("scalar file()", "passes", "SELECT file('{secret}')"),
    Hostile("scalar file() in another case", "fails", "SELECT FiLe('{secret}')"),
    Hostile("scalar file() quoted", "passes", "SELECT `file`('{secret}')"),
    Hostile("scalar file() double-quoted", "passes", "SELECT \"file\"('{secret}')"),
    Hostile("scalar file() in unicode quotes", "passes", "SELECT \u201cfile\u201d('{secret}')"),
    Hostile("scalar file() with comments inside", "passes", "SELECT file/**/(/**/'{secret}'/**/)"),
    Hostile("scalar file() in WHERE", "passes", "SELECT 1 WHERE file('{secret}') != ''"),
    Hostile("scalar file() in HAVING", "passes", "SELECT count() FROM ui_events HAVING file('{secret}') = ''"),
    Hostile("scalar file() in ORDER BY", "passes", "SELECT 1 ORDER BY file('{secret}')"),
    Hostile("scalar file() in GROUP BY", "passes", "SELECT count() GROUP BY file('{secret}')"),
    Hostile("scalar file() in LIMIT", "passes", "SELECT 1 LIMIT length(file('{secret}'))"),
    Hostile("scalar file() in LIMIT BY", "passes", "SELECT 1 AS x LIMIT length(file('{secret}')) BY x"),
    Hostile("scalar file() in OFFSET", "passes", "SELECT 1 OFFSET length(file('{secret}'))"),
    Hostile("scalar file() in a window", "passes", "SELECT row_number() OVER (PARTITION BY file('{secret}'))"),
    Hostile(
        "scalar file() in a named window",
        "passes",
        "SELECT row_number() OVER w FROM ui_events WINDOW w AS (ORDER BY file('{secret}'))",
    ),
    Hostile(
        "scalar file() in a frame",
        "passes",
        "SELECT sum(number) OVER (ORDER BY number ROWS BETWEEN length(file('{secret}')) PRECEDING AND CURRENT ROW) FROM numbers(2)",
    ),
    Hostile(
        "scalar file() in WITH FILL",
        "passes",
        "SELECT number FROM numbers(2) ORDER BY number WITH FILL TO length(file('{secret}'))",
    ),
    Hostile(
        "scalar file() in INTERPOLATE",
        "passes",
        "SELECT number, '' AS t FROM numbers(2) ORDER BY number WITH FILL TO 4 INTERPOLATE (t AS file('{secret}'))",
    ),
    Hostile(
        "scalar file() as an aggregate's parameter",
        "passes",
        "SELECT quantile(length(file('{secret}')) / 1000)(number) FROM numbers(2)",
    ),
    Hostile("scalar file() in a WITH expression", "passes", "WITH file('{secret}') AS x SELECT x"),
    Hostile("scalar file() in a CTE", "passes", "WITH c AS (SELECT file('{secret}') AS x) SELECT x FROM c"),
    Hostile("scalar file() in a CTE nobody reads", "passes", "WITH c AS (SELECT file('{secret}') AS x) SELECT 1"),
    Hostile(
        "scalar file() in a recursive CTE",
        "passes",
        "WITH RECURSIVE c AS (SELECT 1 AS n, '' AS t UNION ALL SELECT n + 1, file('{secret}') FROM c WHERE n < 3) SELECT * FROM c",
    ),
    Hostile(
        "scalar file() in a subquery of a subquery", "passes", "SELECT * FROM (SELECT * FROM (SELECT file('{secret}')))"
    ),
    Hostile("scalar file() in UNION", "passes", "SELECT '' UNION ALL SELECT file('{secret}')"),
    Hostile("scalar file() in EXCEPT", "passes", "SELECT file('{secret}') EXCEPT SELECT ''"),
    Hostile(
        "scalar file() in a join condition",
        "passes",
        "SELECT 1 FROM ui_events AS a JOIN ui_events AS b ON a.ts = b.ts AND file('{secret}') = a.event_type",
    ),
    Hostile("scalar file() in ARRAY JOIN", "passes", "SELECT x FROM system.one ARRAY JOIN [file('{secret}')] AS x"),
    Hostile("scalar file() in IN", "passes", "SELECT 'a' IN (file('{secret}'), 'b')"),
    Hostile("scalar file() in CASE", "passes", "SELECT CASE WHEN 1 THEN file('{secret}') END"),
    Hostile("scalar file() behind a cast", "passes", "SELECT file('{secret}')::String"),
    Hostile("scalar file() in a lambda", "passes", "SELECT arrayMap(x -> file(x), ['{secret}'])"),
    Hostile("file as a function's name given to a function", "passes", "SELECT arrayMap(file, ['{secret}'])"),
    Hostile("the same, quoted and in other case", "fails", "SELECT arraymap(`file`, ['{secret}'])"),
    Hostile("file given to arrayFilter", "fails", "SELECT arrayFilter(file, ['{secret}'])"),
    Hostile("file in APPLY", "passes", "SELECT * APPLY(file) FROM values('x String', '{secret}')"),
    Hostile("file in COLUMNS APPLY", "passes", "SELECT COLUMNS('x') APPLY file FROM values('x String', '{secret}')"),
    Hostile("file in an APPLY lambda", "passes", "SELECT * APPLY(x -> file(x)) FROM values('x String', '{secret}')"),
    Hostile("file in REPLACE", "passes", "SELECT * REPLACE (file('{secret}') AS x) FROM values('x String', 'a')"),
    Hostile("a lambda under a harmless name", "passes", "WITH x -> file(x) AS upper SELECT upper('{secret}')"),
    Hostile("a lambda with a name of its own", "passes", "WITH x -> file(x) AS f SELECT f('{secret}')"),
    Hostile("table function file()", "refused", "SELECT * FROM file('{secret}', 'LineAsString')"),
    Hostile(
        "table function file() in a join", "refused", "SELECT * FROM system.one, file('{secret}', 'LineAsString') AS f"
    ),
    Hostile("table function file() in IN", "refused", "SELECT 'a' IN (SELECT * FROM file('{secret}', 'LineAsString'))"),
    Hostile("DESCRIBE of a table function", "passes", "DESCRIBE TABLE file('{secret}', 'CSV')"),
    Hostile("DESCRIBE of a hostile subquery", "passes", "DESCRIBE TABLE (SELECT file('{secret}'))"),
    Hostile("EXPLAIN of scalar file()", "passes", "EXPLAIN SELECT file('{secret}')"),
    Hostile("EXPLAIN QUERY TREE works scalars out", "passes", "EXPLAIN QUERY TREE SELECT file('{secret}')"),
    Hostile("EXPLAIN as a subquery", "refused", "SELECT * FROM (EXPLAIN QUERY TREE SELECT file('{secret}'))"),
    Hostile(
        "viewExplain with words of its own",
        "refused",
        "SELECT * FROM viewExplain('EXPLAIN QUERY TREE', '', (SELECT file('{secret}')))",
    ),
    Hostile("INTO OUTFILE", "passes", "SELECT 1 INTO OUTFILE '{out}'"),
    Hostile(
        "INTO OUTFILE with options", "passes", "SELECT 1 INTO OUTFILE '{out}' TRUNCATE COMPRESSION 'gzip' FORMAT CSV"
    ),
    Hostile("INTO OUTFILE AND STDOUT", "passes", "SELECT 1 INTO OUTFILE '{out}' AND STDOUT"),
    Hostile("INTO OUTFILE in a comment's shade", "passes", "SELECT 1 INTO/*x*/OUTFILE -- y\n '{out}'"),
    Hostile("INTO OUTFILE behind EXPLAIN", "passes", "EXPLAIN SELECT 1 INTO OUTFILE '{out}'"),
    Hostile("INTO OUTFILE behind SHOW", "passes", "SHOW TABLES INTO OUTFILE '{out}'"),
    Hostile("INTO OUTFILE behind DESCRIBE", "passes", "DESCRIBE TABLE ui_events INTO OUTFILE '{out}'"),
    Hostile("formatRow with a format that reads a template", "passes", "SELECT formatRow('CSV', 1)"),
    Hostile("INFILE", "refused", "INSERT INTO sentinel FROM INFILE '{secret}' FORMAT CSV"),
)
