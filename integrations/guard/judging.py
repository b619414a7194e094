"""The parser guard: what a reader's SQL says, judged on the engine's own tree before anything of it runs.

Only the engine's own lexer reads the text. It travels as hex digits inside one trusted statement, which
  1. has it parsed as exactly one statement and written back in canonical form (no comments, one way to quote),
  2. has the canonical form parsed into a tree, every part of it a node with a name (`parseQueryToJSON`), and
  3. has the tree written back as SQL: if that is another text, or has another tree, the tree is hiding something.
`walk` checks the tree against the allow list (`node_types`, `functions`, `rules`); a node, a part or a name that is
not listed is refused. What runs afterwards is the text that was written from the checked tree.

EXPLAIN AST would do on older engines, but its lines hold aliases and identifiers as they are, newlines included, and
leave out settings, names of CTEs and the function of APPLY: a reader could write lines of the tree that judges him.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Protocol

from chimera_metrics.integrations.guard.conditions import conditions
from chimera_metrics.integrations.guard.engine_words import (
    EMPTY,
    NO_TREES,
    NOT_UTF8,
    TOO_DEEP,
    TOO_LONG,
    all_words,
    has_no_trees,
    why_no_tree,
    why_not_parsed,
)
from chimera_metrics.integrations.guard.nodes import Kind, Node, most_rows
from chimera_metrics.integrations.guard.other_databases import instead_of_statement
from chimera_metrics.integrations.guard.refusals import StatementRefused
from chimera_metrics.integrations.guard.rules import Rules
from chimera_metrics.integrations.guard.show_forms import check_show_form
from chimera_metrics.integrations.guard.verdicts import Verdict, verdict_on
from chimera_metrics.integrations.guard.walk import Walk
from chimera_metrics.integrations.guard.weighing import weigh

__all__ = ["Explain", "Guard", "Kind", "Rules", "StatementRefused", "Verdict", "check"]


class Explain(Protocol):
    """Runs one trusted statement and returns its text column, joined by newlines."""

    def __call__(self, sql: str, parameters: Mapping[str, str]) -> str: ...


# Hex digits cannot end a literal, whatever they stand for; base64 cannot be cut or changed by an output format.
_CANONICAL = "SELECT coalesce(base64Encode(formatQuerySingleLineOrNull(unhex('{hex}'))), '')"
# The engine writes the number 1e20 into the tree as 100000000000000000000 and -0.0 as -0, which it reads as whole
# numbers: too large a one, and 0. With `.0` behind it reads what it wrote. A quote within a text of the tree has a
# backslash before it, so that only a number's own place looks like this. The tree that is checked stays as it was, and
# has to be the tree of the text that runs.
_FLOATS = r"""replaceRegexpAll(tree, '("field_type":"Float64","value":-?[0-9]+)}}', '\\1.0}}')"""
_TREE = (
    "WITH formatQuerySingleLine(unhex('{hex}')) AS text, parseQueryToJSON(text) AS tree, "
    f"formatQuerySingleLine(formatQueryFromJSON({_FLOATS})) AS again "
    "SELECT base64Encode(concat(text, '\\0', tree, '\\0', again, '\\0', parseQueryToJSON(again)))"
)
_BRACKETS = str.maketrans("", "", "()")
# What versions write differently where they mean the same.
_FORM = re.compile(r"[()`\s]")
# Which names the engine has functions for, aggregates with any combinators included. '1 ' in front says that it looked.
_TAKEN = """
WITH (SELECT concat('^(', arrayStringConcat(groupArray(lower(name)), '|'), ')+$')
      FROM system.aggregate_function_combinators) AS combinators,
     is_aggregate AND startsWith(asked, known) AND match(substring(asked, length(known) + 1), combinators) AS combined
SELECT concat(toString(countIf(known = 'lower') > 0), ' ',
              arrayStringConcat(groupUniqArrayIf(asked, asked = known OR combined), ' '))
FROM (SELECT lower(name) AS known, is_aggregate FROM system.functions) ARRAY JOIN [{names}] AS asked"""
_WHY_NOT = "SELECT formatQuerySingleLine(unhex('{hex}'))"
_DESCRIBE_QUERY = re.compile(r"DESCRIBE TABLE \((?P<query>(?:SELECT|WITH) .*)\)", re.DOTALL)


def check(sql: str, explain: Explain, rules: Rules, parser: Explain | None = None) -> Verdict:
    """Judge one statement of a reader.

    sql: the text as it came. explain: runs trusted statements on the engine that will run this one. parser: runs them
    on another engine, which parses in its stead; the first then has to read the judged text in the same way.
    Returns what to run instead of the text. Raises StatementRefused; an error of the engine itself, such as a lost
    connection, passes through.
    """
    try:
        verdict = _judge(sql, explain, rules, parser or explain)
    except _WithoutTrees:
        raise StatementRefused(NO_TREES) from None
    if parser is not None:
        _check_read_alike(verdict.statement, explain)
    return verdict


class _WithoutTrees(Exception):
    """The engine is older than the functions that show the tree of a statement."""


def _judge(sql: str, explain: Explain, rules: Rules, parse: Explain) -> Verdict:
    digits = _hex(sql, rules)
    if sentence := instead_of_statement(sql):
        raise StatementRefused(sentence)
    try:
        answer = parse(_TREE.format(hex=digits), {})
    except Exception as error:  # noqa: BLE001 - each driver has errors of its own; the cause is asked for next
        return _judge_without_tree(digits, error, explain, rules, parse)
    text, tree = _read_tree(answer)
    if str(tree.get("type")).startswith("Show"):
        return check_show_form(text, rules)
    walk = Walk(rules)
    try:
        kind = walk.check_statement(tree)
        weight = weigh(tree.get("query", tree))
        weight.check_settings(dict(walk.findings.settings))
    except RecursionError:
        raise StatementRefused(TOO_DEEP) from None
    except (KeyError, TypeError, AttributeError):
        # A node without the parts that its kind has: this is not the tree that the rules were written for.
        raise StatementRefused(
            "The engine describes this statement in a way that is not known here; write it simpler."
        ) from None
    if walk.lambdas.called:
        _check_not_taken(walk.lambdas.called, explain)
    verdict = verdict_on(text, kind, walk.findings, most_rows(tree) if kind == "select" else None)
    return replace(verdict, conditions=conditions(tree), weight=weight)


class Guard:
    """`check` for one engine and one reader, remembering what it said about the last texts.

    parser: parses for an engine that has no trees (ClickHouse before 26.8), from the first time that it says so.
    """

    def __init__(
        self, explain: Explain, rules: Rules | None = None, remembered: int = 256, parser: Explain | None = None
    ) -> None:
        self.rules = rules or Rules()
        self._explain, self._spare_parser = explain, parser
        self._parser: Explain | None = None
        self._check = lru_cache(remembered)(self._judge)

    def check(self, sql: str) -> Verdict:
        return self._check(sql)

    def _judge(self, sql: str) -> Verdict:
        if self._parser is None and self._spare_parser is not None:
            try:
                return _judge(sql, self._explain, self.rules, self._explain)
            except _WithoutTrees:
                self._parser = self._spare_parser  # several threads may find out at once
        return check(sql, self._explain, self.rules, self._parser)


def _hex(sql: str, rules: Rules) -> str:
    if not sql.strip():
        raise StatementRefused(EMPTY)
    if "\0" in sql:
        raise StatementRefused("The statement holds a NUL character; remove it, or write char(0) where one is meant.")
    try:
        raw = sql.encode()
    except UnicodeEncodeError:
        raise StatementRefused("The statement is not valid Unicode text; send it as UTF-8.") from None
    if len(raw) > rules.max_bytes:
        raise StatementRefused(TOO_LONG)
    return raw.hex()


def _check_not_taken(lambdas: set[str], explain: Explain) -> None:
    """No function may have the name of a lambda: outside the lambda's scope the engine would call the function."""
    names = {name.lower(): name for name in sorted(lambdas)}
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
        raise StatementRefused(NOT_UTF8) from None
    except RecursionError:
        raise StatementRefused(TOO_DEEP) from None
    except (ValueError, TypeError):
        raise StatementRefused(
            "The engine's answer about the statement could not be read, so it does not run; send it again."
        ) from None
    # Redundant brackets are in the canonical form, but not in the tree: they are the only difference that is let go.
    if tree != tree_again or text.translate(_BRACKETS) != again.translate(_BRACKETS):
        raise StatementRefused("The engine's tree does not say all that the statement does; write it in a simpler way.")
    return again, parsed


def _check_read_alike(text: str, explain: Explain) -> None:
    """The engine that runs the text is not the one that judged it: it has to say the same of it."""
    raw = text.encode()
    encoded = explain(_CANONICAL.format(hex=raw.hex()), {}).strip()
    if not encoded:
        said = why_not_parsed(raw, _parse_error(raw.hex(), explain))
        raise StatementRefused(f"This server is older than the syntax of the statement. {said}")
    again = base64.b64decode(encoded, validate=True).decode(errors="replace")
    if _FORM.sub("", again) != _FORM.sub("", text):
        raise StatementRefused("This server reads the statement in another way than newer ones; write it simpler.")


def _judge_without_tree(digits: str, error: Exception, explain: Explain, rules: Rules, parse: Explain) -> Verdict:
    """The engine gave no tree: SHOW and DESCRIBE are judged by their canonical form, everything else is refused."""
    encoded = parse(_CANONICAL.format(hex=digits), {}).strip()
    if not encoded:
        if has_no_trees(error):  # a newer engine may parse it, or say better why not
            raise _WithoutTrees from error
        raise StatementRefused(why_not_parsed(bytes.fromhex(digits), _parse_error(digits, parse))) from None
    try:
        text = base64.b64decode(encoded, validate=True).decode().strip()
    except ValueError:
        raise StatementRefused(NOT_UTF8) from None
    if match := _DESCRIBE_QUERY.fullmatch(text):
        # Cut out of the canonical form, the query has to be one statement by itself, or it is refused like any other.
        inner = _judge(match["query"], explain, rules, parse)
        return replace(inner, statement=f"DESCRIBE TABLE ({inner.statement})", kind="describe")
    if text.split(maxsplit=1)[0] not in {"SELECT", "WITH", "EXPLAIN"}:
        return check_show_form(text, rules)
    if has_no_trees(error):
        raise _WithoutTrees from error
    if sentence := why_no_tree(error):
        raise StatementRefused(sentence) from error
    raise error


def _parse_error(digits: str, explain: Explain) -> str:
    try:
        explain(_WHY_NOT.format(hex=digits), {})
    except Exception as error:  # noqa: BLE001 - the engine's words on what is wrong, whichever driver brings them
        return all_words(error)
    return ""
