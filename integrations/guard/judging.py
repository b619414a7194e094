"""The parser guard: what a reader's SQL says, judged on the engine's own tree before anything of it runs.

Nobody's lexer but the engine's reads the text. It travels as hex digits inside one trusted statement, which
  1. has it parsed as exactly one statement and written back in canonical form (no comments, one way to quote),
  2. has the canonical form parsed into a tree, every part of it a node with a name (`parseQueryToJSON`), and
  3. has the tree written back as SQL: if that is another text, or has another tree, the tree is hiding something.
`tree` reads the tree against the allow list in `rules`; a node, a part or a name that is not listed is
refused. What runs afterwards is the text that was written from the judged tree.

EXPLAIN AST would do on older engines, but its lines hold aliases and identifiers as they are, newlines included, and
leave out settings, names of CTEs and the function of APPLY: a reader could write lines of the tree that judges him.
"""

import base64
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Protocol

from chimera_metrics.integrations.guard.nodes import (
    NOWHERE,
    Kind,
    Node,
    StatementRefused,
    most_rows,
    not_allowed,
    spoken,
)
from chimera_metrics.integrations.guard.rules import Rules
from chimera_metrics.integrations.guard.tree import PARTS, Judge

__all__ = ["Explain", "Guard", "Kind", "Rules", "StatementRefused", "Verdict", "check"]


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
_EMPTY = "The statement is empty; send one SELECT, EXPLAIN, SHOW or DESCRIBE."
_TIES = "LIMIT … WITH TIES needs an ORDER BY; add one, or leave WITH TIES out."
_SEVERAL = "Several statements in one text; send them one by one, each without the others."
# What the engine says of a statement as a whole, without a place in it.
_WHOLE = {
    "Multi-statements": _SEVERAL,
    "Empty query": _EMPTY,
    "WITH TIES without ORDER BY": _TIES,
    "query size exceeded": _TOO_LONG,
    "parse depth": _TOO_DEEP,
    "TOO_DEEP": _TOO_DEEP,
}
_PLACE = re.compile(
    r"failed at position (?P<at>\d+) \((?P<found>.*?)\)(?: \(line \d+, col \d+\))?: (?P<rest>.{0,200}?)\. "
    r"(?:Unmatched parentheses: (?P<bracket>[^:]+?): In scope)?",
    re.DOTALL,
)
_NUMBER = re.compile(r"[\d.]+[eE]\+?\d+$")
# Which names the engine has functions for, aggregates with any combinators included. '1 ' in front says that it looked.
_TAKEN = """
WITH (SELECT concat('^(', arrayStringConcat(groupArray(lower(name)), '|'), ')+$')
      FROM system.aggregate_function_combinators) AS combinators,
     is_aggregate AND startsWith(asked, known) AND match(substring(asked, length(known) + 1), combinators) AS combined
SELECT concat(toString(countIf(known = 'lower') > 0), ' ',
              arrayStringConcat(groupUniqArrayIf(asked, asked = known OR combined), ' '))
FROM (SELECT lower(name) AS known, is_aggregate FROM system.functions) ARRAY JOIN [{names}] AS asked"""
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
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`", re.DOTALL)
_INNERMOST = re.compile(r"\([^()]*\)")
_HEAD = re.compile(r"(DESCRIBE|EXISTS|SHOW) (?:EXTENDED |FULL )*((?:CREATE )?(?:TEMPORARY )?\w+)")
# The forms of which a part is at fault where the patterns do not fit, each with how it reads.
_MAY = {
    "DESCRIBE": "write DESCRIBE and the table's name, or DESCRIBE (SELECT …).",
    "EXISTS TABLE": "write EXISTS TABLE and the table's name.",
    "EXISTS VIEW": "write EXISTS VIEW and the view's name.",
    "SHOW CREATE TABLE": "write SHOW CREATE TABLE and the table's name.",
    "SHOW CREATE VIEW": "write SHOW CREATE VIEW and the view's name.",
    "SHOW COLUMNS": "write SHOW COLUMNS FROM, the table's name and LIKE '…'.",
    "SHOW INDEXES": "write SHOW INDEXES FROM and the table's name.",
    "SHOW TABLES": "write SHOW TABLES LIKE '…'.",
    "SHOW DATABASES": "write SHOW DATABASES LIKE '…'.",
}
_INSTEAD = {
    "SHOW FUNCTIONS": "write SELECT name FROM system.functions.",
    "SHOW": "SHOW TABLES, DATABASES, COLUMNS FROM, INDEXES FROM and CREATE TABLE may.",
    "EXISTS": "EXISTS TABLE may, and SHOW DATABASES lists databases.",
}
_INSTEAD_OF_WHERE = {
    "SHOW TABLES": "write LIKE '…', or select from system.tables with a WHERE.",
    "SHOW COLUMNS": "write LIKE '…', or select from system.columns with a WHERE.",
    "SHOW DATABASES": "write LIKE '…'.",
}
_DESCRIBE_QUERY = re.compile(r"DESCRIBE TABLE \((?P<query>(?:SELECT|WITH) .*)\)", re.DOTALL)


def check(sql: str, explain: Explain, rules: Rules) -> Verdict:
    """Judge one statement of a reader.

    sql: the text as it came. explain: runs trusted statements on the engine that will run this one.
    Returns what to run instead of the text. Raises StatementRefused; an error of the engine itself, such as a lost
    connection, passes through.
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
        raise StatementRefused(_TOO_DEEP) from None
    except (KeyError, TypeError, AttributeError):
        # A node without the parts that its kind has: this is not the tree that the rules were written for.
        raise StatementRefused(
            "The engine describes this statement in a way that is not known here; write it simpler."
        ) from None
    if judge.named:
        _not_taken(judge.named, explain)
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
        raise StatementRefused(_EMPTY)
    if "\0" in sql:
        raise StatementRefused("The statement holds a NUL character; remove it, or write char(0) where one is meant.")
    try:
        raw = sql.encode()
    except UnicodeEncodeError:
        raise StatementRefused("The statement is not valid Unicode text; send it as UTF-8.") from None
    if len(raw) > rules.max_bytes:
        raise StatementRefused(_TOO_LONG)
    return raw.hex()


def _not_taken(named: set[str], explain: Explain) -> None:
    """A lambda has a name that no function has: where the engine does not see the lambda, there is nothing to call."""
    names = {name.lower(): name for name in sorted(named)}
    looked, _, taken = explain(_TAKEN.format(names=", ".join(f"'{name}'" for name in names)), {}).partition(" ")
    if looked != "1":
        raise StatementRefused(
            "Whether a lambda's name is free cannot be seen on this server; write the expression out instead."
        )
    for name in taken.split():
        raise StatementRefused(f"'{names[name]}' is a function of this server too; choose another word for the lambda.")


def _read_tree(answer: str) -> tuple[str, Node]:
    """The text to run and its tree, if they say the same."""
    try:
        text, tree, again, tree_again = base64.b64decode(answer.strip(), validate=True).decode().split("\0")
        parsed = dict(json.loads(tree))
    except UnicodeDecodeError:
        raise StatementRefused(_NOT_UTF8) from None
    except RecursionError:
        raise StatementRefused(_TOO_DEEP) from None
    except (ValueError, TypeError):
        raise StatementRefused(
            "The engine's answer about the statement could not be read, so it does not run; send it again."
        ) from None
    # Redundant brackets are in the canonical form, but not in the tree: they are the only difference that is let go.
    if tree != tree_again or text.translate(_BRACKETS) != again.translate(_BRACKETS):
        raise StatementRefused("The engine's tree does not say all that the statement does; write it in a simpler way.")
    return again, parsed


def _without_tree(digits: str, error: Exception, explain: Explain, rules: Rules) -> Verdict:
    """Judge what the engine gave no tree for: SHOW and DESCRIBE by their canonical form, all else is refused."""
    encoded = explain(_CANONICAL.format(hex=digits), {}).strip()
    if not encoded:
        raise StatementRefused(_syntax(digits, explain)) from None
    try:
        text = base64.b64decode(encoded, validate=True).decode().strip()
    except ValueError:
        raise StatementRefused(_NOT_UTF8) from None
    if match := _DESCRIBE_QUERY.fullmatch(text):
        # Cut out of the canonical form, the query has to be one statement by itself, or it is refused like any other.
        inner = check(match["query"], explain, rules)
        return replace(inner, statement=f"DESCRIBE TABLE ({inner.statement})", kind="describe")
    if text.split(maxsplit=1)[0] not in {"SELECT", "WITH", "EXPLAIN"}:
        return _plain(text, rules)
    said = _said(error)
    if whole := next((sentence for words, sentence in _WHOLE.items() if words in said), None):
        raise StatementRefused(whole) from error
    if "JSON serialization" in said:
        found = re.search(r"node of type '([A-Za-z]+)", said)
        part = spoken(found[1]) if found else "a part of this statement"
        raise StatementRefused(f"The engine gives no tree for {part}; write the query without it.") from error
    if "nknown function" in said:
        raise StatementRefused(
            "This server cannot show the tree of a statement (ClickHouse 26.8 and newer can), so free SQL is closed on "
            "it; use query.aggregate, query.trend and the other tools."
        ) from error
    if "BAD_ARGUMENTS" in said:
        raise StatementRefused(
            f"The engine cannot read the tree of this statement back ({_reason(said)}), so it cannot be judged; "
            "write it in a simpler way."
        ) from error
    raise error


def _reason(said: str) -> str:
    """The engine's reason, without the statement that asked."""
    return said.partition(": In scope ")[0].rpartition("DB::Exception: ")[2].strip()[:160]


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
    # Behind the place stands the reader's own text.
    before = reason.partition("failed at position")[0]
    if whole := next((sentence for words, sentence in _WHOLE.items() if words in before), None):
        return whole
    place = _PLACE.search(reason)
    where = f" ({_reason(reason)})" if reason else ""
    if place is not None:
        number = _NUMBER.search(bytes.fromhex(digits)[: int(place["at"]) - 1].decode(errors="replace"))
        if number and number[0].count(".") < 2 and math.isinf(float(number[0])):
            return f"The number {number[0]} is above 1.8e308, the largest there is; write a smaller one, or inf."
        at = "the end of the statement" if place["found"] == "end of query" else place["rest"].strip()[:80]
        where = f" (failed at position {place['at']}: {place['bracket'] or at})"
    return f"ClickHouse cannot parse this{where}; correct it there and send one SELECT, EXPLAIN, SHOW or DESCRIBE."


def _plain(text: str, rules: Rules) -> Verdict:
    found = next(((kind, match) for kind, pattern in _PLAIN if (match := pattern.fullmatch(text))), None)
    if found is None:
        raise StatementRefused(_not_plain(text, rules))
    kind, names = found[0], found[1].groupdict()
    database, table = ((names.get(part) or "").strip("`") for part in ("database", "table"))
    judge = Judge(rules)
    if table:
        judge.table([database, table] if database else [table], NOWHERE)
    elif database and database != rules.database:
        raise StatementRefused(judge.other_database(database))
    return _verdict(text, kind, judge)


def _not_plain(text: str, rules: Rules) -> str:
    """What it is in a SHOW, DESCRIBE or EXISTS that may not be there."""
    head = _HEAD.match(text)
    if head is None:
        return not_allowed(" ".join(text.split()[:2]))
    name, rest = f"{head[1]} {head[2]}", _QUOTED.sub("''", text[head.end() :])
    if name == "DESCRIBE TABLE":
        name = "DESCRIBE"
    while (flat := _INNERMOST.sub(" ", rest)) != rest:
        rest = flat
    words = rest.split()
    function = re.match(r" (\w+)\(", text[head.end() :]) if name == "DESCRIBE" else None
    if function and function[1].lower() not in rules.table_functions:
        return Judge(rules).other_table_function(function[1])
    if "OUTFILE" in words:
        return PARTS["out_file"]
    if "FORMAT" in words:
        return PARTS["format_ast"]
    if function:
        return f"DESCRIBE takes a table or a query here; write DESCRIBE (SELECT * FROM {function[1]}(…))."
    if name not in _MAY:
        return f"{name} may not run here; {_INSTEAD.get(name) or _INSTEAD[head[1]]}"
    if "SETTINGS" in words:
        return f"{name} takes no SETTINGS here; leave them out."
    if "WHERE" in words:
        return f"{name} takes no WHERE here; {_INSTEAD_OF_WHERE.get(name, 'leave it out.')}"
    if "LIMIT" in words:
        return f"{name} takes only a plain number after LIMIT here; write one, such as LIMIT 10."
    return f"Only a plain form of {name} may run here; {_MAY[name]}"


def _verdict(text: str, kind: Kind, judge: Judge, most: int | None = None) -> Verdict:
    return Verdict(text, kind, tuple(judge.tables), tuple(judge.functions), tuple(judge.settings), most)
