"""Texts that are more than one statement, or no statement, or that pretend to be another one's tree."""

from tests.guard.hostile.statement import Hostile

SEVERAL_STATEMENTS = (
    Hostile("two statements", "refused", "SELECT 1; DROP TABLE sentinel"),
    Hostile("two statements, the second harmless", "passes", "SELECT 1; SELECT 2"),
    Hostile(
        "a second statement behind EXPLAIN AST", "refused", "EXPLAIN AST SELECT 1; INSERT INTO sentinel VALUES (1)"
    ),
    Hostile(
        "a second statement behind a comment", "refused", "SELECT 1 /* ; */ ; /* x */ INSERT INTO sentinel VALUES (1)"
    ),
    Hostile(
        "nested comments that another lexer would end early",
        "refused",
        "SELECT 1 /* /* */ ; INSERT INTO sentinel VALUES (1) /* */ */ ; DROP TABLE sentinel",
    ),
    Hostile(
        "a line comment that ends with a carriage return only",
        "refused",
        "SELECT 1 --\r; INSERT INTO sentinel VALUES (1)\n; INSERT INTO sentinel VALUES (2)",
    ),
    Hostile("a hash comment, then a second statement", "refused", "SELECT 1 # c\n; INSERT INTO sentinel VALUES (1)"),
    Hostile("#! comments", "refused", "SELECT 1 #! c\n; DROP TABLE sentinel"),
    Hostile(
        "a heredoc whose tag is not closed where it seems", "refused", "SELECT $a$ $b$ $a$ ; DROP TABLE sentinel -- $b$"
    ),
    Hostile("a heredoc that swallows a quote", "refused", "SELECT $$'$$ ; DROP TABLE sentinel --'"),
    Hostile("a backslash before the closing quote", "refused", "SELECT 'a\\\\' ; DROP TABLE sentinel -- '"),
    Hostile("a doubled quote", "refused", "SELECT 'a''' ; DROP TABLE sentinel -- '"),
    Hostile("a backslash in a quoted identifier", "refused", "SELECT 1 AS `a\\\\` ; DROP TABLE sentinel -- `"),
    Hostile(
        "typographic quotes that only the engine takes for quotes",
        "refused",
        "SELECT \u2018a; \u2019 ; DROP TABLE sentinel",
    ),
    Hostile("typographic double quotes", "refused", "SELECT 1 AS \u201cb;\u201d ; DROP TABLE sentinel"),
    Hostile("NUL in the middle", "fails", "SELECT 1\u0000; DROP TABLE sentinel"),
    Hostile("NUL at the end", "fails", "SELECT 1\u0000"),
    Hostile("a vertical tab and form feed for blanks", "refused", "SELECT\u000b1\f;\u000bDROP TABLE sentinel"),
    Hostile("a no-break space for a blank", "refused", "SELECT\u00a01;\u00a0DROP\u00a0TABLE\u00a0sentinel"),
    Hostile("INSERT data that holds a statement", "refused", "INSERT INTO sentinel FORMAT CSV 1\nSELECT 1"),
    Hostile("INSERT VALUES, then SELECT", "refused", "INSERT INTO sentinel VALUES (1); SELECT 1"),
    Hostile(
        "statements joined by PARALLEL WITH",
        "refused",
        "CREATE TABLE a (x Int8) ENGINE = Memory PARALLEL WITH CREATE TABLE b (x Int8) ENGINE = Memory",
    ),
    Hostile("a lone semicolon first", "fails", "; DROP TABLE sentinel"),
    Hostile("many semicolons", "refused", "SELECT 1;;;; DROP TABLE sentinel"),
    Hostile("a test hint of the client", "refused", "DROP TABLE sentinel -- { serverError 60 }"),
)

NOT_PARSED = (
    Hostile("not SQL", "fails", "please drop everything"),
    Hostile("half a statement", "fails", "SELECT FROM WHERE"),
    Hostile("an open quote", "fails", "SELECT 'abc"),
    Hostile("an open comment", "fails", "SELECT 1 /* abc"),
    Hostile("another dialect", "fails", "sentinel | take 1"),
    Hostile("nothing", "passes", "  "),
    Hostile("only a comment", "passes", "-- nothing here"),
    Hostile("half a surrogate pair", "fails", "SELECT '\ud800'"),
)

FORGED_TREES = (
    Hostile("a line of the tree in an alias", "passes", "SELECT file('{secret}') AS `x)\n     Literal UInt64_1\n`"),
    Hostile(
        "a line of the tree in a column", "fails", "SELECT `Identifier x\n TableIdentifier ui_events` FROM audit_log"
    ),
    Hostile("a quote and JSON in an alias", "passes", 'SELECT file(\'{secret}\') AS `","type":"Literal","value":{"`'),
    Hostile("a dotted name in one pair of quotes", "fails", "SELECT * FROM `chimera_metrics.ui_events`"),
    Hostile("a system table in one pair of quotes", "fails", "SELECT * FROM `system.tables`"),
)
