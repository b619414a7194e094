"""What to write here for what people know from other databases: statements, tables of metadata and forms of syntax.

`other_functions` has their functions.
"""

from __future__ import annotations

import re

_WRITES = (
    "rows are written by the insert tools and never changed or deleted here; to leave some out, filter in a SELECT."
)
_SCHEMA = "tables are made by `muse upgrade`, and a reader's SQL makes none; write WITH name AS (SELECT …) instead."
_TRANSACTION = "one SELECT reads one state already; leave transactions out."
_UPKEEP = "the store looks after itself; leave it out."
_PROCEDURE = "there are no procedures; write a SELECT."
_FILES = "SQL reads and writes no files here; an answer becomes a file by `export`, rows come in by the insert tools."
_LIST = "write SHOW TABLES, or SELECT name, engine, total_rows FROM system.tables."
_DESCRIBE = "write DESCRIBE and the table's name."
_STATEMENTS = {
    **dict.fromkeys(("DELETE", "UPDATE", "MERGE", "REPLACE", "UPSERT", "TRUNCATE"), _WRITES),
    "CREATE": _SCHEMA,
    "SHOW SCHEMAS": "write SHOW DATABASES.",
    "SHOW PARTITIONS": "write SELECT partition, rows FROM system.parts WHERE table = 'ui_events' AND active.",
    **dict.fromkeys(("SHOW VIEWS", "SHOW OBJECTS", "SHOW TABLE STATUS"), _LIST),
    "SHOW TBLPROPERTIES": "write SHOW CREATE TABLE and the table's name.",
    **dict.fromkeys(("SHOW SERVER_VERSION", "SHOW VERSION"), "write SELECT version()."),
    **dict.fromkeys(("PRAGMA", "SUMMARIZE"), _DESCRIBE),
    "DECLARE": "write WITH 7 AS n SELECT …, or a parameter {n:UInt32}.",
    "PREPARE": "write a parameter such as {n:UInt32} and give its value in `parameters`.",
    **dict.fromkeys(("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "ABORT", "START"), _TRANSACTION),
    **dict.fromkeys(("VACUUM", "ANALYZE", "REINDEX", "CLUSTER", "REFRESH", "CACHE", "MSCK", "CHECKPOINT"), _UPKEEP),
    **dict.fromkeys(("CALL", "EXEC", "EXECUTE", "DO"), _PROCEDURE),
    **dict.fromkeys(("COPY", "LOAD", "UNLOAD", "BULK", "IMPORT", "EXPORT", "PUT"), _FILES),
    "KILL": "cancel the call that should stop; it stops by itself after `timeout_s`.",
    "LOCK": "a read locks nothing; leave it out.",
    "LIST": _LIST,
    **dict.fromkeys(("PIVOT", "UNPIVOT"), "write countIf(condition) or sumIf(x, condition) for each column."),
}
# What SHOW can be followed by: of these the engine tells, or `show_forms`.
_SHOWN = {
    *("TABLE", "TABLES", "DATABASES", "COLUMNS", "FIELDS", "INDEX", "INDEXES", "INDICES", "KEYS", "CREATE", "FULL"),
    *("EXTENDED", "FUNCTIONS", "TEMPORARY", "CHANGED", "PROCESSLIST", "GRANTS", "USERS", "ROLES", "CURRENT", "ENABLED"),
    *("PROFILES", "SETTINGS", "SETTING", "POLICIES", "ROW", "QUOTAS", "QUOTA", "ACCESS", "CLUSTER", "CLUSTERS"),
    *("ENGINES", "MERGES", "DICTIONARIES", "FILESYSTEM"),
}
# ClickHouse reads `DELETE FROM t` as a SELECT of a column DELETE, and `SHOW SCHEMAS` as one of SHOW.
_FIRST = re.compile(r"\s*(SHOW\s+TABLE\s+STATUS|SHOW\s+\w+|\w+)(?=\s+[\w@(]|\s*;?\s*$)", re.IGNORECASE)
_OF_A_SHELL = re.compile(r"\s*(?:\\\w+|\.(?:tables|schema|indexes|databases)\b|(?:help|\?)\s*;?\s*$)", re.IGNORECASE)

_CATALOGS = re.compile(r"(pg_|sqlite_|sys$|sysobjects|all_|user_|dba_|v\$|mysql$|performance_schema$|svv_|stv_)", re.I)
_PLACES = {
    "schemata": "write SHOW DATABASES.",
    **dict.fromkeys(
        ("key_column_usage", "table_constraints", "referential_constraints", "constraint_column_usage"),
        "there are no foreign keys here; SELECT name, primary_key, sorting_key FROM system.tables has the keys.",
    ),
    "statistics": "write SHOW INDEXES FROM and the table's name.",
}

_CONDITIONS = "match(text, 'pattern')"
_JSON_KEY = "write JSONExtractString(metadata, 'key')."
_ONE_JOIN = "write a JOIN on a subquery, or ARRAY JOIN for a list."
_NO_LOCKS = "leave it out, a read locks nothing."
_VALUES = "write {name:Type} there, such as {n:UInt32}, and give its value in `parameters`."
_NO_SAMPLE = "write WHERE cityHash64(run_id) % 10 = 0 for a tenth of the rows."
_EXPLAIN = "write EXPLAIN SELECT …, or EXPLAIN ESTIMATE SELECT … for the rows that it reads."
# Forms that ClickHouse does not parse: a pattern, how the form is called, what to write.
_FORMS = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), name, instead)
    for pattern, name, instead in (
        (
            r"\bWITHIN\s+GROUP\b",
            "WITHIN GROUP",
            "write quantileExactInclusive(0.95)(x) for a percentile, arrayStringConcat(groupArray(x), ', ') for texts.",
        ),
        (r"\bWITH\s*\(\s*\w*LOCK\w*", "WITH (NOLOCK)", _NO_LOCKS),
        (r"\bFOR\s+(?:NO\s+KEY\s+)?(?:UPDATE|SHARE)\b", "FOR UPDATE", _NO_LOCKS),
        (r"\bFOR\s+(?:JSON|XML)\b", "FOR JSON", "leave it out, the answer is JSON."),
        (r"\b(?:CROSS|OUTER)\s+APPLY\b", "APPLY", _ONE_JOIN),
        (r"\bLATERAL\b\s*\(?\s*(?:SELECT\b)?", "LATERAL", _ONE_JOIN),
        (r"\bSIMILAR\s+TO\b", "SIMILAR TO", f"write {_CONDITIONS} or LIKE."),
        (r"\bRLIKE\b", "RLIKE", f"write {_CONDITIONS} or LIKE."),
        (r"\bGLOB\b", "GLOB", f"write {_CONDITIONS} or LIKE."),
        (r"->>?|#>>?", "-> for keys", _JSON_KEY),
        (r"\b\w+:[A-Za-z]\w*", "paths with a colon", _JSON_KEY),
        (r"\bSEPARATOR\b", "SEPARATOR", "write arrayStringConcat(groupArray(x), ',')."),
        (
            r"\w\s*\([^()]*?\bORDER\s+BY\b",
            "ORDER BY within a function",
            "write arraySort(groupArray(x)), or argMin(x, ts) and argMax(x, ts) for the first and the last.",
        ),
        (r"\bTABLESAMPLE\b(?:\s*\w*\s*\([^)]*\))?", "TABLESAMPLE", _NO_SAMPLE),
        (r"\b(?:USING\s+)?SAMPLE\b\s*\(?[\w .%]*\)?", "SAMPLE", _NO_SAMPLE),
        (r"\*\s*EXCLUDE\b", "* EXCLUDE", "write * EXCEPT (column)."),
        (r"\*\s*RENAME\b", "* RENAME", "name the columns with AS."),
        (
            r"\b(?:UN)?PIVOT\b\s*\([^)]*(?:\)[^)]*)?",
            "PIVOT",
            "write countIf(condition) or sumIf(x, condition) for each column.",
        ),
        (r"\bMINUS\b", "MINUS", "write EXCEPT."),
        (r"\*\*", "**", "write pow(x, y)."),
        (r"\^", "^", "write pow(x, y), or bitXor(x, y)."),
        (r"&&", "&&", "write AND."),
        (r"!(?![=~])", "!", "write NOT."),
        (r"=>", "arguments by name", "give the arguments in their order, without names."),
        (r"\bARRAY\s*\[[^\]]*\]?", "ARRAY[…]", "write [1, 2] without ARRAY."),
        (r"\b[EBRN]'", "letters before a text", "write the text in single quotes; a backslash escapes in any."),
        (
            r"\bEXTRACT\s*\(\s*\w+\s+FROM\b",
            "EXTRACT of that part",
            "write toDate(ts), toDayOfWeek(ts) or another function of the time.",
        ),
        (r"\bDATEPART\s*\([^)]*\)?", "DATEPART", "write toHour(ts), toMonth(ts), or EXTRACT(HOUR FROM ts)."),
        (
            r"\bEXPLAIN\s*(?:\(|EXTENDED\b|FORMATTED\b|VERBOSE\b|QUERY\s+PLAN\b|COST\b)(?:[^()]*\))?(?:\s*SELECT)?",
            "EXPLAIN of that kind",
            _EXPLAIN,
        ),
        (r"\bINTO\s+[\w#@]+", "INTO", "leave it out, the rows come back as the answer."),
        (r"\bCONNECT\s+BY\b|\bSTART\s+WITH\b", "CONNECT BY", "write WITH RECURSIVE."),
        (r"\(\+\)", "(+)", "write LEFT JOIN … ON …."),
        (r"\bOPTION\s*\(", "OPTION", "leave it out."),
        (r"\bFETCH\s+(?:FIRST|NEXT)\b", "FETCH FIRST without ORDER BY", "write LIMIT 5."),
        (r"\bOFFSET\s+\d+\s+ROWS?\b", "OFFSET … ROWS behind LIMIT", "write LIMIT 10 OFFSET 5."),
        (r"\bCOLLATE\b", "COLLATE in a condition", "write lower(x) = 'a', or ILIKE."),
        (r"@>|<@", "@>", _JSON_KEY),
        (
            r"(?<!&)&(?!&)|(?<!\|)\|(?!\|)|<<|>>",
            "operators on bits",
            "write bitAnd(x, y), bitOr(x, y) or bitShiftLeft(x, n).",
        ),
        (r"\bLIMIT\s+\d+\s+PERCENT\b", "LIMIT … PERCENT", "write LIMIT and a number of rows."),
        (
            r"\b(?:FROM|JOIN)\s+(?:[\w`\"-]+\.){2}[\w`\"*-]+",
            "names of three parts",
            "write the table's name alone.",
        ),
        (r"(?<![\w\])'\"`])\[[A-Za-z_]\w*\]", "[name]", "write the name without brackets, or in double quotes."),
        (
            r"%\(\w+\)s|%s|(?<![:\w]):[A-Za-z_]\w*|[@$]\w+|\?|\{\{?\s*\w+\s*\}\}?|\{\{",
            "places for values in this form",
            _VALUES,
        ),
    )
)
_OPAQUE = re.compile(r"'(?:[^'\\]|\\.|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
# How far behind the beginning of a form the engine may notice that it is none of its own.
_REACH = 60


def instead_of_statement(sql: str) -> str | None:
    """The sentence on a statement that other databases have, None where it is not one that is known."""
    if _OF_A_SHELL.match(sql):
        return "This is a command of another shell; write SHOW TABLES, or DESCRIBE and the table's name."
    found = _FIRST.match(sql)
    if found is None:
        return None
    words = found[1].upper().split()
    name = " ".join(words)
    instead = _STATEMENTS.get(name)
    if instead is None and words[0] == "SHOW" and len(words) == 2 and words[1] not in _SHOWN:
        instead = "SHOW TABLES, DATABASES, COLUMNS FROM, INDEXES FROM and CREATE TABLE may."
    return f"{name} may not run here: {instead}" if instead else None


def instead_of_form(statement: str, position: int) -> str | None:
    """The sentence on a form of syntax that other databases have, at the place at which parsing failed.

    position: in bytes from 1, as the engine counts.
    """
    text = _OPAQUE.sub(_blank, statement)
    at = len(statement.encode()[:position].decode(errors="ignore"))
    for pattern, name, instead in _FORMS:
        for found in pattern.finditer(text):
            if found.start() <= at <= min(found.end() + 2, found.start() + _REACH):
                return f"ClickHouse has no {name}: {instead}"
    return None


def instead_of_place(name: str) -> str | None:
    """What to write for another database's table or schema of metadata, None where it is not one that is known."""
    if name.lower() == "dual":
        return "leave FROM dual out."
    if instead := _PLACES.get(name.lower()):
        return instead
    return "write SHOW TABLES, or SELECT name, comment FROM system.tables." if _CATALOGS.match(name) else None


def _blank(found: re.Match[str]) -> str:
    """A text stays as two quotes, so that E'…' is seen; all else in it, and comments, are blank."""
    text = found[0]
    return f"'{' ' * (len(text) - 2)}'" if text.startswith("'") else " " * len(text)
