"""What to write where a statement parses here but means what it means in another database."""

from __future__ import annotations

import re

_TIME = "'2026-11-01 08:30:00' (UTC) or parseDateTimeBestEffort('2026-11-01T08:30:00Z')"
# The engine's words, and what to write.
_INSTEAD = tuple(
    (re.compile(pattern, re.IGNORECASE), instead)
    for pattern, instead in (
        (r"Cannot (?:convert|parse) string '(?:now|today)'|Cannot parse Date\b(?:(?!Time).)*$", "now() or today()"),
        (r"Cannot (?:convert|parse) string '[^']*' (?:to type|as) Date\b", "'2026-11-01', or toDate(left(text, 10))"),
        (r"Cannot (?:convert|parse) .*DateTime|Cannot (?:parse|read) (?:time component of )?DateTime", _TIME),
        (r"to a non-nullable type|Cannot convert NULL", "CAST(x AS Nullable(Float64))"),
        (r"function isNull doesn't match: passed 2", "ifNull(x, y)"),
        (r"Illegal types? (?:\w+\()?String\)? and (?:\w+\()?String\)? of arguments of function plus", "a || b"),
        (
            r"Illegal types? .*String.* of arguments of function (?:plus|minus)",
            "toFloat64(text), or a || b to join texts",
        ),
        (r"of function toStartOfInterval, expected a Date", "toStartOfInterval(ts, INTERVAL 15 MINUTE)"),
        (r"function 'trunc'\. Expected: A number", "dateTrunc('month', ts)"),
        (r"function plus doesn't match: passed 3", "ts + INTERVAL 7 DAY"),
        (r"function minus doesn't match: passed 3", "ts - INTERVAL 7 DAY"),
        (r"for function 'age'", "dateDiff('second', a, b)"),
        (r"function groupConcat requires single argument", "arrayStringConcat(groupUniqArray(x), ', ')"),
        (r"function histogram requires single parameter", "histogram(20)(x)"),
        (r"function (approx_top_k|topK) requires single argument", "topK(3)(x)"),
        (r"Lambda \w+ -> '[^']*' is not allowed", "JSONExtractString(metadata, 'key')"),
        (r"not in GROUP BY keys", "it into GROUP BY too, or any(x) for a value of the group"),
        (r"identifier `\$", "{name:Type} for a value, such as {n:UInt32}, and give it in `parameters`"),
        (r"Unknown data type family: interval", "now() - INTERVAL 7 DAY"),
        (r"Window function .* is found in WHERE", "a subquery around it, or QUALIFY in place of WHERE"),
        (
            r"Window frame \w+ OFFSET expression must be constant",
            "OVER (ORDER BY toUnixTimestamp(ts) RANGE BETWEEN 604800 PRECEDING AND CURRENT ROW)",
        ),
        (r"Division by zero", "x / nullIf(y, 0)"),
        (r"for function 'dateDiff'", "dateDiff('day', a, b)"),
        (r"function 'arrayElement' must be array, got 'String'", "JSONExtractString(metadata, 'key')"),
        (r"Function with name `ANY`", "has(['a', 'b'], x), or x IN ('a', 'b')"),
        (r"Unknown data type family", "Int64, Float64, Decimal(18, 6), String, Date, DateTime64(3) or UUID"),
        (r"function globalVariable", "version()"),
    )
)
_UNITS = {
    *("YEAR", "QUARTER", "MONTH", "WEEK", "ISOWEEK", "DAY", "WEEKDAY", "DAYOFWEEK"),
    *("HOUR", "MINUTE", "SECOND", "MILLISECOND"),
}
_NAMES = {
    "ROWNUM": "LIMIT 10",
    "ROWID": "run_id or session_id, the ids that rows have",
    **dict.fromkeys(("SYSDATE", "GETDATE", "SYSTIMESTAMP", "CURRENT_TIME", "LOCALTIME"), "now()"),
    "ALL": "no LIMIT for all rows",
    "PERCENT": "LIMIT and a number of rows",
}


def instead(words: str) -> str:
    """` Write …` to stand behind the engine's words, empty where nothing is known."""
    found = next((text for pattern, text in _INSTEAD if pattern.search(words)), None)
    return f" Write {found}." if found else ""


def instead_of_name(name: str) -> str:
    """` Write …` for a name that no table has, but other databases know; empty where it is not one of those."""
    if name.upper() in _UNITS:
        return " A unit of time comes first and as text: dateTrunc('day', ts), dateDiff('hour', a, b)."
    found = _NAMES.get(name.upper())
    return f" Write {found}." if found else ""
