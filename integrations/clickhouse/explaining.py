"""The engine's errors as sentences with a next step."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chimera_metrics.integrations.clickhouse import cluster_errors, dbapi
from chimera_metrics.integrations.clickhouse.cluster import CLAIMS
from chimera_metrics.integrations.clickhouse.error_codes import ErrorCode
from chimera_metrics.integrations.clickhouse.habits import instead, instead_of_name
from chimera_metrics.integrations.clickhouse.shards import COUNTS
from chimera_metrics.integrations.errors import (
    AccessRefused,
    MemoryExceeded,
    MuseError,
    SchemaMismatch,
    StatementCancelled,
    StatementFailed,
    StatementTimeout,
)
from chimera_metrics.integrations.unseen import seen
from chimera_metrics.models import FACT_TABLES, insertable, metadata
from chimera_metrics.suggestions import did_you_mean

if TYPE_CHECKING:
    from chimera_metrics.integrations.clickhouse.statements import Limits

_NOT_MODIFIED = re.compile(r"Cannot modify '(\w+)' setting")
_IDENTIFIER = re.compile(r"[Ii]dentifier [`'](?:[\w`]+\.)*`?(\w+)[`']")
# What the engine puts before the statement that it quotes; engines before 26.9 write it small.
_SCOPE = re.compile(r"\bin scope ", re.IGNORECASE)
_FROM = re.compile(r"\b(?:FROM|JOIN) +(?:\w+\.)?(\w+)")
_TABLE = re.compile(r"table expression identifier '([^']+)'|Table ([\w.`]+) (?:does not|doesn't) exist")
_QUOTED = re.compile(r"[.:,]? In (?:scope|query) [(\w]|: while executing function \w+ on arguments ")
_STATE = re.compile(r"(?<!Simple)AggregateFunction\(.*\)")
# Characters of an error that are shown: a reader needs no more of a value that it quotes.
_LONGEST = 2_000
# The statement ran, and was stopped.
_STOPPED = {
    ErrorCode.TIMEOUT_EXCEEDED,
    ErrorCode.MEMORY_LIMIT_EXCEEDED,
    ErrorCode.QUERY_WAS_CANCELLED,
    ErrorCode.TOO_MANY_BYTES,
}


def explain(error: dbapi.DatabaseError, limits: Limits, where: str) -> MuseError:
    """One engine error as a sentence."""
    text = seen(str(error).rstrip(". "))  # it may quote a stored value
    if (unreadable := _unreadable(error, text)) is not None:
        return unreadable
    match error.code:
        case ErrorCode.TIMEOUT_EXCEEDED if limits.stores:
            return StatementTimeout(
                f"The insert was stopped after {limits.timeout_s:g} s; send fewer rows at a time, or raise CH_TIMEOUT."
            )
        case ErrorCode.TIMEOUT_EXCEEDED:
            return StatementTimeout(
                f"The statement was stopped after {limits.timeout_s:g} s; narrow its window or its columns, "
                f"or raise {'timeout_s (at most CH_TIMEOUT)' if limits.asked else 'CH_TIMEOUT'}."
            )
        case ErrorCode.QUERY_WAS_CANCELLED:
            return StatementCancelled("The statement was cancelled.")
        case ErrorCode.MEMORY_LIMIT_EXCEEDED:
            return MemoryExceeded(
                f"The statement needed more than {limits.memory_mb} MB of memory and was stopped; "
                "aggregate or filter more, or raise CH_MAX_MEMORY_MB."
            )
        case ErrorCode.TOO_MANY_ROWS_OR_BYTES:
            return StatementFailed(
                f"The answer has more than {(limits.bytes or 0) // 1_000_000} MB, of which little could be shown; "
                "select fewer columns or rows, aggregate, or cut long values with substringUTF8 and arraySlice.",
                error.code,
            )
        case ErrorCode.TOO_MANY_BYTES if limits.most_read is not None:
            return StatementFailed(
                f"The statement would read more than {limits.most_read:,} bytes (max_bytes) and was refused; narrow "
                "its window or its columns, or raise max_bytes. EXPLAIN ESTIMATE before it says how much it reads.",
                error.code,
            )
        case ErrorCode.NOT_ENOUGH_SPACE:
            return StatementFailed(
                f"{_without_statement(text)}. The disk of {where} is full: make room there, and try again; "
                "`muse retention apply` shows which days could go.",
                error.code,
            )
        case ErrorCode.UNKNOWN_DATABASE:
            return SchemaMismatch(f"{text}, on {where}. Run `muse upgrade` to create it, or check CH_DATABASE.")
        case ErrorCode.UNKNOWN_TABLE:
            return StatementFailed(_unknown_table(text), error.code)
        case ErrorCode.UNKNOWN_IDENTIFIER:
            return StatementFailed(_unknown_column(text), error.code)
        case ErrorCode.UNKNOWN_SETTING:
            return StatementFailed(
                f"{text.partition(': (in query')[0]}. Leave it out of the SETTINGS clause.", error.code
            )
        case ErrorCode.SYNTAX_ERROR:
            wrong = text.partition(" Expected one of")[0].rstrip(". ")
            return StatementFailed(f"{wrong}. Correct the SQL.", error.code)
        case ErrorCode.TOO_DEEP_AST | ErrorCode.TOO_DEEP_RECURSION:
            return StatementFailed(
                "The statement, or a type that it names, is nested more than 300 deep; write it flatter.", error.code
            )
        case ErrorCode.ACCESS_DENIED:
            return AccessRefused(f"The account may not do this: {text}.")
        case _:
            words = _shortened(_without_statement(text))
            said = cluster_errors.sentence(error.code, words) or f"{words}.{instead(words)}"
            return StatementFailed(said, error.code)


def _without_statement(text: str) -> str:
    """The engine's words without the statement that it quotes behind them."""
    return _QUOTED.split(text)[0].rstrip(" .:,")


def _shortened(words: str) -> str:
    """Words that quote a long value, without most of it."""
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST // 2]} … {words[-_LONGEST // 2 :]}"


def _unknown_table(text: str) -> str:
    """Whether the table is one of this program's that the store lacks, or none at all."""
    match = _TABLE.search(text)
    if match is None:
        return f"{_without_statement(text)}. `describe` lists the tables; if it is one of them, run `muse upgrade`."
    name = (match[1] or match[2]).replace("`", "").rpartition(".")[2]
    if name in metadata.tables or name in {CLAIMS, COUNTS}:
        return f"The store has no table {name} yet. Run `muse upgrade`."
    return f"There is no table {name}.{did_you_mean(name, FACT_TABLES, '{}')} `describe` lists the tables."


def _unreadable(error: dbapi.DatabaseError, text: str) -> MuseError | None:
    """An answer of a type that the readers of answers do not know."""
    if not isinstance(error, dbapi.NotSupportedError) and "Unknown type" not in text:
        return None
    if (state := _STATE.search(text)) is not None:
        return StatementFailed(
            f"The answer has a state that is not finished ({state[0]}) and so cannot be shown; finish it, such as by "
            "uniqMerge(column) for a state of uniq, or use query.aggregate.",
            error.code,
        )
    return StatementFailed(
        "The answer has a column of a type that cannot be read here; cast it to another, such as by toString(column).",
        error.code,
    )


def _unknown_column(text: str) -> str:
    """Which columns the statement's tables have, and which tables have the column."""
    match = _IDENTIFIER.search(text)
    quoted = _SCOPE.split(text, maxsplit=1)[1:]
    asked = [name for name in dict.fromkeys(_FROM.findall("".join(quoted))) if name in FACT_TABLES]
    if match is None or not asked:
        known_elsewhere = instead_of_name(match[1]) if match else instead(text)
        return f"{_without_statement(text)}.{known_elsewhere} `describe` with a table's name lists its columns."
    name = match[1]
    columns = {table: [column.name for column in insertable(found)] for table, found in FACT_TABLES.items()}
    known = [column for table in asked for column in columns[table]]
    if name in known:  # a subquery or an alias stands between, of which only the engine knows
        return f"{_without_statement(text)}. `describe` with a table's name lists its columns."
    hint = instead_of_name(name) or did_you_mean(name, known, "{}")
    owners = [table for table in FACT_TABLES if name in columns[table] and table not in asked]
    elsewhere = f" {', '.join(owners)} {'has' if len(owners) == 1 else 'have'} {name}." if owners else ""
    listed = "; ".join(f"{table} has: {', '.join(columns[table])}" for table in asked)
    quoted_text = "" if hint or owners else f" If it is text, write '{name}' in single quotes."
    return f"Unknown column {name}.{hint} {listed}.{elsewhere}{quoted_text}"


def wrong_setting(driver: dbapi.Connection, session: Mapping[str, Any], error: dbapi.DatabaseError) -> Exception:
    """The sentence on the setting of a statement's own that the engine does not take, or else the error itself."""
    if error.code in _STOPPED:
        return error
    for name, value in session.items():
        refused = _NOT_MODIFIED.search(str(error))
        try:
            if refused is None:
                with driver.run("SELECT 1", settings={name: value}):
                    continue
            if refused[1] != name:
                continue
            why = "more than it may be here"
        except dbapi.DatabaseError as found:
            why = str(found).rstrip(". ")
        return StatementFailed(
            f"The setting {name} does not take {value!r} ({why}); correct it, or leave it out of the SETTINGS clause.",
            error.code,
        )
    return error
