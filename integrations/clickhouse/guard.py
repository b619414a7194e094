"""The parser guard: what a reader's SQL says, judged on the engine's own tree before anything of it runs.

Nobody's lexer but the engine's reads the text. It travels as hex digits inside one trusted statement, which
  1. has it parsed as exactly one statement and written back in canonical form (no comments, one way to quote),
  2. has the canonical form parsed into a tree, every part of it a node with a name (`parseQueryToJSON`), and
  3. has the tree written back as SQL: if that is another text, or has another tree, the tree is hiding something.
`guard_tree` reads the tree against the allow list in `guard_rules`; a node, a part or a name that is not listed is
refused. What runs afterwards is the text that was written from the judged tree.

EXPLAIN AST would do on older engines, but its lines hold aliases and identifiers as they are, newlines included, and
leave out settings, names of CTEs and the function of APPLY: a reader could write lines of the tree that judges him.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Protocol

from integrations.clickhouse.guard_rules import Rules
from integrations.clickhouse.guard_tree import NOWHERE, Judge, Kind, Node, Refused, most_rows, not_allowed

__all__ = ["Explain", "Guard", "Kind", "Refused", "Rules", "Verdict", "check"]


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
    #: The most rows that it can answer, where the statement itself says so.
    most_rows: int | None = None


# Hex digits cannot end a literal, whatever they stand for; base64 cannot be cut or changed by an output format.
_CANONICAL = "SELECT coalesce(base64Encode(formatQuerySingleLineOrNull(unhex('{hex}'))), '')"
# The engine writes the number 1e20 into the tree as 100000000000000000000 and -0.0 as -0, which it reads as whole
# numbers: too large a one, and 0. With `.0` behind it reads what it wrote. A quote within a text of the tree has a
# backslash before it, so that only a number's own place looks like this. The tree that is judged stays as it was, and
# has to be the tree of the text that runs.
_FLOATS = r"""replaceRegexpAll(tree, '("field_type":"Float64","value":-?[0-9]+)}}', '\\1.0}}')"""
_TREE = (
    "WITH formatQuerySingleLine(unhex('{hex}')) AS text, parseQueryToJSON(text) AS tree, "
    f"formatQuerySingleLine(formatQueryFromJSON({_FLOATS})) AS again "
    "SELECT base64Encode(concat(text, '\\0', tree, '\\0', again, '\\0', parseQueryToJSON(again)))"
)
_BRACKETS = str.maketrans("", "", "()")
_TOO_LONG = "This statement is too long to be judged; write a range or a subquery instead of a long list of values."
_NOT_UTF8 = "A literal in the statement is not UTF-8; write unhex('…') for raw bytes."
_TOO_DEEP = "This statement is nested too deeply to be judged; write it flatter, with WITH."
_WHY_NOT = "SELECT formatQuerySingleLine(unhex('{hex}'))"

_NAME = r"(?:`[\w$ .-]+`|[A-Za-z_]\w*)"
_TEXT = r"'(?:[^'\\]|\\.)*'"
_TABLE = rf"(?:(?P<database>{_NAME})\.)?(?P<table>{_NAME})"
_LIKE = rf"(?: (?:NOT )?I?LIKE {_TEXT})?"
_FROM = rf"(?P<table>{_NAME})(?: FROM (?P<database>{_NAME}))?"
# The engine gives no tree for most of these. Their canonical forms are so plain that a pattern over all of one is
# enough.
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
    Returns what to run instead of the text. Raises Refused; an error of the engine itself, such as a lost connection,
    passes through.
    """
    digits = _hex(sql, rules)
    try:
        answer = explain(_TREE.format(hex=digits), {})
    except Exception as error:  # noqa: BLE001 - each driver has errors of its own; the cause is asked for next
        return _without_tree(digits, error, explain, rules)
    text, tree = _read_tree(answer)
    if str(tree.get("type")).startswith("Show"):
        return _plain(text, rules)
    judge = Judge(rules)
    try:
        kind = judge.statement(tree)
    except RecursionError:
        raise Refused(_TOO_DEEP) from None
    except (KeyError, TypeError, AttributeError):
        # A node without the parts that its kind has: this is not the tree that the rules were written for.
        raise Refused(
            "The engine describes this statement in a way that is not known here; write it simpler."
        ) from None
    return _verdict(text, kind, judge, most_rows(tree) if kind == "select" else None)


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
        raise Refused(_TOO_LONG)
    return raw.hex()


def _read_tree(answer: str) -> tuple[str, Node]:
    """The text to run and its tree, if they say the same."""
    try:
        text, tree, again, tree_again = base64.b64decode(answer.strip(), validate=True).decode().split("\0")
        parsed = dict(json.loads(tree))
    except UnicodeDecodeError:
        raise Refused(_NOT_UTF8) from None
    except RecursionError:
        raise Refused(_TOO_DEEP) from None
    except (ValueError, TypeError):
        raise Refused(
            "The engine's answer about the statement could not be read, so it does not run; send it again."
        ) from None
    # Redundant brackets are in the canonical form, but not in the tree: they are the only difference that is let go.
    if tree != tree_again or text.translate(_BRACKETS) != again.translate(_BRACKETS):
        raise Refused("The engine's tree does not say all that the statement does; write it in a simpler way.")
    return again, parsed


def _without_tree(digits: str, error: Exception, explain: Explain, rules: Rules) -> Verdict:
    """Judge what the engine gave no tree for: SHOW and DESCRIBE by their canonical form, all else is refused."""
    encoded = explain(_CANONICAL.format(hex=digits), {}).strip()
    if not encoded:
        raise Refused(_syntax(digits, explain)) from None
    try:
        text = base64.b64decode(encoded, validate=True).decode().strip()
    except ValueError:
        raise Refused(_NOT_UTF8) from None
    if match := _DESCRIBE_QUERY.fullmatch(text):
        # Cut out of the canonical form, the query has to be one statement by itself, or it is refused like any other.
        inner = check(match["query"], explain, rules)
        return replace(inner, statement=f"DESCRIBE TABLE ({inner.statement})", kind="describe")
    if text.split(maxsplit=1)[0] not in {"SELECT", "WITH", "EXPLAIN"}:
        return _plain(text, rules)
    said = _said(error)
    if "query size exceeded" in said:
        raise Refused(_TOO_LONG) from error
    if "parse depth" in said or "TOO_DEEP" in said:
        raise Refused(_TOO_DEEP) from error
    if "JSON serialization" in said:
        raise Refused("The engine gives no tree for a part of this statement; write it in a simpler way.") from error
    if "nknown function" in said:
        raise Refused(
            "This server cannot show the tree of a statement (ClickHouse 26.8 and newer can), so free SQL is closed on "
            "it; use query.aggregate, query.trend and the other tools."
        ) from error
    raise error


def _said(error: BaseException | None) -> str:
    """The words of an error and of what it was raised from: an executor may have put its own in front."""
    words = []
    while error is not None:
        words.append(str(error))
        error = error.__cause__ or error.__context__
    return "\n".join(words)


def _syntax(digits: str, explain: Explain) -> str:
    try:
        explain(_WHY_NOT.format(hex=digits), {})
    except Exception as error:  # noqa: BLE001 - the engine's words on what is wrong, whichever driver brings them
        reason = _said(error)
    else:
        reason = ""
    if "Multi-statements" in reason:
        return "Several statements in one text; send them one by one, each without the others."
    found = re.search(r"Syntax error[^:]*: (failed at position \d+)[^:]*: (.{0,200}?)\. ", reason, re.DOTALL)
    where = f" ({found[1]}: {found[2].strip()[:80]})" if found else ""
    return f"ClickHouse cannot parse this{where}; correct it there and send one SELECT, EXPLAIN, SHOW or DESCRIBE."


def _plain(text: str, rules: Rules) -> Verdict:
    found = next(((kind, match) for kind, pattern in _PLAIN if (match := pattern.fullmatch(text))), None)
    if found is None:
        raise Refused(not_allowed(" ".join(text.split()[:2])))
    kind, names = found[0], found[1].groupdict()
    database, table = ((names.get(part) or "").strip("`") for part in ("database", "table"))
    judge = Judge(rules)
    if table:
        judge.table([database, table] if database else [table], NOWHERE)
    elif database and database != rules.database:
        raise Refused(judge.other_database(database))
    return _verdict(text, kind, judge)


def _verdict(text: str, kind: Kind, judge: Judge, most: int | None = None) -> Verdict:
    return Verdict(text, kind, tuple(judge.tables), tuple(judge.functions), tuple(judge.settings), most)
