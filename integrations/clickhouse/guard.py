"""The parser guard: what a reader's SQL says, judged on the engine's own tree before anything of it runs.

Nobody's lexer but the engine's reads the text. It travels as hex digits inside one trusted statement, which
  1. has it parsed as exactly one statement and written back in canonical form (no comments, one way to quote),
  2. has the canonical form parsed into a tree, every part of it a node with a name (`parseQueryToJSON`), and
  3. has the tree written back as SQL: if that is not the canonical form again, the tree is hiding something.
The tree is read against the allow list in `guard_rules`; a node, a part or a name that is not listed is refused. What runs
afterwards is the canonical form, so what was judged and what runs are the same text.
"""

import base64
import difflib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, Protocol

from integrations.clickhouse.guard_rules import (
    AGGREGATE_FIRST,
    APART,
    COMBINATORS,
    EXPLAIN_KINDS,
    EXPLAIN_SETTINGS,
    HIGHER_ORDER,
    IN_FUNCTIONS,
    NODES,
    REASONS,
    TYPE_LAST,
    TYPE_SECOND,
    Rules,
)

__all__ = ["Explain", "Guard", "Kind", "Refused", "Rules", "Verdict", "check"]

Kind = Literal["select", "explain", "show", "describe"]
Node = Mapping[str, Any]


class Refused(Exception):
    """The statement may not run; the message is one sentence for the reader, with a next step."""


class Explain(Protocol):
    """Runs one trusted statement and returns its text column, joined by newlines."""

    def __call__(self, sql: str, parameters: Mapping[str, str]) -> str: ...


@dataclass(frozen=True)
class Verdict:
    """What may run, and what it reads. `settings` are those of its SETTINGS clauses."""

    statement: str
    kind: Kind
    tables: tuple[str, ...]
    functions: tuple[str, ...]
    settings: tuple[tuple[str, Any], ...] = ()


# Hex digits cannot end a literal, whatever they stand for; base64 cannot be cut or changed by an output format.
_CANONICAL = "SELECT coalesce(base64Encode(formatQuerySingleLineOrNull(unhex('{hex}'))), '')"
_TREE = (
    "WITH formatQuerySingleLine(unhex('{hex}')) AS text, parseQueryToJSON(text) AS tree "
    "SELECT concat(base64Encode(text), ' ', base64Encode(tree), ' ', "
    "if(formatQuerySingleLine(formatQueryFromJSON(tree)) = text, 'whole', 'part'))"
)
_WHY_NOT = "SELECT formatQuerySingleLine(unhex('{hex}'))"

_NAME = r"(?:`[\w$ .-]+`|[A-Za-z_]\w*)"
_TEXT = r"'(?:[^'\\]|\\.)*'"
_TABLE = rf"(?:(?P<database>{_NAME})\.)?(?P<table>{_NAME})"
_LIKE = rf"(?: (?:NOT )?I?LIKE {_TEXT})?"
_FROM = rf"(?P<table>{_NAME})(?: FROM (?P<database>{_NAME}))?"
# The engine gives no tree for most of these. Their canonical forms are so plain that a pattern over all of one is enough.
_PLAIN: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("describe", re.compile(rf"DESCRIBE TABLE {_TABLE}")),
    ("show", re.compile(rf"SHOW CREATE (?:TABLE|VIEW) {_TABLE}")),
    ("show", re.compile(rf"EXISTS (?:TABLE|VIEW) {_TABLE}")),
    ("show", re.compile(rf"SHOW (?:EXTENDED )?(?:FULL )?COLUMNS FROM {_FROM}{_LIKE}(?: LIMIT \d+)?")),
    ("show", re.compile(rf"SHOW (?:EXTENDED )?INDEXES FROM {_FROM}")),
    ("show", re.compile(rf"SHOW (?:FULL )?TABLES(?: FROM (?P<database>{_NAME}))?{_LIKE}(?: LIMIT \d+)?")),
    ("show", re.compile(rf"SHOW DATABASES{_LIKE}(?: LIMIT \d+)?")),
)
_DESCRIBE_QUERY = re.compile(r"DESCRIBE TABLE \((?P<query>(?:SELECT|WITH) .*)\)", re.DOTALL)


def check(sql: str, explain: Explain, rules: Rules) -> Verdict:
    """Judge one statement of a reader.

    sql: the text as it came. explain: runs trusted statements on the engine that will run this one.
    Returns what to run instead of the text. Raises Refused; an error of the engine itself (a lost connection) passes through.
    """
    digits = _hex(sql, rules)
    try:
        answer = explain(_TREE.format(hex=digits), {})
    except Exception as error:  # noqa: BLE001 - each driver has errors of its own; the cause is asked for next
        return _without_tree(digits, error, explain, rules)
    text, tree = _read_tree(answer)
    judge = _Judge(rules)
    try:
        kind = judge.statement(tree)
    except RecursionError:
        raise Refused("This statement is nested too deeply to be judged; write it flatter, with WITH.") from None
    return judge.verdict(text, kind)


class Guard:
    """`check` for one engine and one reader, remembering what it said about the last texts."""

    def __init__(self, explain: Explain, rules: Rules | None = None, remembered: int = 256) -> None:
        self.rules = rules or Rules()
        self._check = lru_cache(remembered)(lambda sql: check(sql, explain, self.rules))

    def check(self, sql: str) -> Verdict:
        return self._check(sql)


def _hex(sql: str, rules: Rules) -> str:
    if not sql.strip():
        raise Refused("The statement is empty; send one SELECT, EXPLAIN, SHOW or DESCRIBE.")
    if "\0" in sql:
        raise Refused("The statement holds a NUL character; remove it, or write char(0) where one is meant.")
    try:
        raw = sql.encode()
    except UnicodeEncodeError:
        raise Refused("The statement is not valid Unicode text; send it as UTF-8.") from None
    if len(raw) > rules.max_bytes:
        raise Refused(
            f"The statement has {len(raw):,} bytes, at most {rules.max_bytes:,} are read; "
            "pass long lists as a parameter, such as {ids:Array(String)}."
        )
    return raw.hex()


def _read_tree(answer: str) -> tuple[str, Node]:
    try:
        text, tree, whole = answer.split()
        statement = base64.b64decode(text, validate=True).decode()
        parsed = json.loads(base64.b64decode(tree, validate=True))
    except UnicodeDecodeError:
        raise Refused("A literal in the statement is not UTF-8; write unhex('…') for raw bytes.") from None
    except RecursionError:
        raise Refused("This statement is nested too deeply to be judged; write it flatter, with WITH.") from None
    except ValueError:
        raise Refused("The engine's answer about the statement could not be read, so it does not run.") from None
    if whole != "whole":
        raise Refused("The engine's tree does not say all that the statement does; write it in a simpler way.")
    return statement.strip(), parsed


def _without_tree(digits: str, error: Exception, explain: Explain, rules: Rules) -> Verdict:
    """Judge what the engine gave no tree for: SHOW and DESCRIBE by their canonical form, all else is refused."""
    encoded = explain(_CANONICAL.format(hex=digits), {}).strip()
    if not encoded:
        raise Refused(_syntax(digits, explain)) from None
    try:
        text = base64.b64decode(encoded, validate=True).decode().strip()
    except ValueError:
        raise Refused("A literal in the statement is not UTF-8; write unhex('…') for raw bytes.") from None
    if match := _DESCRIBE_QUERY.fullmatch(text):
        # Cut out of the canonical form, the query has to be one statement by itself, or it is refused like any other.
        inner = check(match["query"], explain, rules)
        if inner.kind == "select":
            return replace(inner, statement=f"DESCRIBE TABLE ({inner.statement})", kind="describe")
    for kind, pattern in _PLAIN:
        if match := pattern.fullmatch(text):
            return _plain(text, kind, match.groupdict(), rules)
    words = text.split(maxsplit=2)[:2]
    if words[0] not in {"SELECT", "WITH", "EXPLAIN"}:
        raise Refused(not_allowed(" ".join(words)))
    if "parseQueryToJSON" in str(error) and "JSON serialization" not in str(error):
        raise Refused(
            "This server cannot show the tree of a statement (ClickHouse 26.8 and newer can), so free SQL is closed on "
            "it; use query.aggregate, query.trend and the other tools."
        ) from error
    raise error


def _syntax(digits: str, explain: Explain) -> str:
    try:
        explain(_WHY_NOT.format(hex=digits), {})
    except Exception as error:  # noqa: BLE001 - the engine's words on what is wrong, whichever driver brings them
        reason = str(error)
    else:
        reason = ""
    if "Multi-statements" in reason:
        return "Several statements in one text; send them one by one, each without the others."
    found = re.search(r"Syntax error[^:]*: (failed at position \d+)[^:]*: (.{0,200}?)\. ", reason, re.DOTALL)
    where = f" ({found[1]}: {found[2].strip()[:80]})" if found else ""
    return f"ClickHouse cannot parse this{where}; correct it there and send one SELECT, EXPLAIN, SHOW or DESCRIBE."


def _plain(text: str, kind: Kind, names: Mapping[str, str | None], rules: Rules) -> Verdict:
    database, table = ((names.get(part) or "").strip("`") for part in ("database", "table"))
    judge = _Judge(rules)
    if table:
        judge.table([database, table] if database else [table], EVERYTHING_ELSE)
    elif database and database != rules.database:
        raise Refused(judge.other_database(database))
    return replace(judge.verdict(text, kind), statement=text)


