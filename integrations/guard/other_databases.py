"""What to write here for what people know from other databases: statements, functions and places of metadata."""

from __future__ import annotations

import re

_WRITES = (
    "rows are written by the insert tools and never changed or deleted here; to leave some out, filter in a SELECT."
)
_SCHEMA = "tables are made by `muse upgrade`, and a reader's SQL makes none; write WITH name AS (SELECT …) instead."
_STATEMENTS = {
    "DELETE": _WRITES,
    "UPDATE": _WRITES,
    "MERGE": _WRITES,
    "REPLACE": _WRITES,
    "UPSERT": _WRITES,
    "CREATE": _SCHEMA,
    "SHOW SCHEMAS": "write SHOW DATABASES.",
    "PRAGMA": "write DESCRIBE and the table's name.",
    "DECLARE": "write WITH 7 AS n SELECT …, or a parameter {n:UInt32}.",
    "BEGIN": "one SELECT reads one state already; leave transactions out.",
    "COMMIT": "one SELECT reads one state already; leave transactions out.",
}
FUNCTIONS = {
    "nvl": "ifNull(x, y)",
    "nvl2": "if(x IS NULL, z, y)",
    "len": "lengthUTF8(text)",
    "approx_count_distinct": "uniq(x)",
    "approx_distinct": "uniq(x)",
    "count_distinct": "count(DISTINCT x)",
    "to_char": "formatDateTime(ts, '%Y-%m-%d')",
    "strftime": "formatDateTime(ts, '%Y-%m-%d')",
    "format_date": "formatDateTime(ts, '%Y-%m-%d')",
    "percentile": "quantile(0.95)(x)",
    "percentile_cont": "quantileExactInclusive(0.95)(x)",
    "percentile_disc": "quantileExact(0.95)(x)",
    "percentile_approx": "quantile(0.95)(x)",
    "approx_percentile": "quantile(0.95)(x)",
    "approx_quantile": "quantile(0.95)(x)",
    "quantile_cont": "quantileExactInclusive(0.95)(x)",
    "listagg": "arrayStringConcat(groupArray(x), ', ')",
    "collect_list": "groupArray(x)",
    "collect_set": "groupUniqArray(x)",
    "getdate": "now()",
    "sysdate": "now()",
    "datetime": "toDateTime(text)",
    "julianday": "dateDiff('day', a, b)",
    "to_date": "toDate(text)",
    "to_timestamp": "parseDateTimeBestEffort(text)",
    "unixepoch": "toUnixTimestamp(ts)",
    "charindex": "position(text, part)",
    "strpos": "position(text, part)",
    "regexp_like": "match(text, pattern)",
    "json_extract": "JSONExtractString(metadata, 'key')",
    "get_json_object": "JSONExtractString(metadata, 'key')",
    "safe_divide": "x / nullIf(y, 0)",
    "iif": "if(condition, x, y)",
    "decode": "multiIf(x = a, b, c)",
    "bool_or": "max(condition)",
    "bool_and": "min(condition)",
    "explode": "arrayJoin(array)",
}
# ClickHouse reads `DELETE FROM t` as a SELECT of a column DELETE, and `SHOW SCHEMAS` as one of SHOW.
_FIRST = re.compile(r"\s*(SHOW\s+SCHEMAS|\w+)(?=\s+\w|\s*;?\s*$)", re.IGNORECASE)


def instead_of_statement(sql: str) -> str | None:
    """The sentence on a statement that other databases have, None where it is not one that is known."""
    found = _FIRST.match(sql)
    if found is None:
        return None
    name = " ".join(found[1].upper().split())
    instead = _STATEMENTS.get(name)
    return f"{name} may not run here: {instead}" if instead else None


def instead_of_function(name: str) -> str | None:
    """What to write for a function of another database, None where it is not one that is known."""
    return FUNCTIONS.get(name.lower())
