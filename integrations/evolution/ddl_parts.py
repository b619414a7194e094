"""The parts of a `CREATE` statement that no system table tells: read from the engine's own text, in every version.

The engine writes each column as name, type and clauses in a fixed order, and each part of a list after a comma.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_QUOTES = "'`\""
_CLAUSE = re.compile(r"(DEFAULT|MATERIALIZED|ALIAS|EPHEMERAL|COMMENT|CODEC|STATISTICS|TTL|SETTINGS)\b")
_COLUMN = re.compile(r"`((?:[^`\\]|\\.)*)` ")
_CONSTRAINT = re.compile(r"CONSTRAINT (?:`((?:[^`\\]|\\.)*)`|(\w+)) (.*)", re.DOTALL)
_NAME = r"(?:`(?:[^`\\]|\\.)+`|\w+)"
_WRITER = re.compile(
    rf"CREATE MATERIALIZED VIEW {_NAME}\.{_NAME}(?P<refresh> REFRESH .*?)? "
    rf"TO (?P<database>{_NAME})\.(?P<table>{_NAME})",
    re.DOTALL,
)


def top_level(text: str) -> Iterator[tuple[int, str]]:
    """Place and character of what stands outside quotes and brackets; a bracket that opens or closes is given too."""
    depth, index = 0, 0
    while index < len(text):
        char = text[index]
        if char in _QUOTES:
            index = _after_quote(text, index)
            continue
        if char in ")]":
            depth -= 1
        if depth == 0:
            yield index, char
        if char in "([":
            depth += 1
        index += 1


def _after_quote(text: str, start: int) -> int:
    index = start + 1
    while index < len(text) and text[index] != text[start]:
        index += 2 if text[index] == "\\" else 1
    return index + 1


def split(text: str) -> list[str]:
    """The parts of a list between commas."""
    ends = [index for index, char in top_level(text) if char == ","]
    starts = [0, *(end + 1 for end in ends)]
    return [text[start:end].strip() for start, end in zip(starts, [*ends, len(text)], strict=True)]


def body(create: str) -> tuple[str, list[str], str]:
    """What stands before the list of columns and parts, the list, and what follows it; a list is not always there."""
    brackets = [index for index, char in top_level(create) if char in "()"]
    if len(brackets) < 2:
        return create, [], ""
    start, end = brackets[0], brackets[1]
    return create[:start], split(create[start + 1 : end]), create[end + 1 :]


def type_and_clauses(definition: str) -> tuple[str, dict[str, str]]:
    """A column's type, and its clauses by keyword."""
    starts = [
        match
        for index, _ in top_level(definition)
        if (not index or definition[index - 1].isspace()) and (match := _CLAUSE.match(definition, index))
    ]
    ends = [*(match.start() for match in starts), len(definition)]
    texts = (definition[match.end() : end].strip() for match, end in zip(starts, ends[1:], strict=True))
    return definition[: ends[0]].strip(), dict(zip((match[1] for match in starts), texts, strict=True))


def columns(create: str) -> dict[str, dict[str, str]]:
    """The clauses of every column, by its name."""
    found = [(match, entry) for entry in body(create)[1] if (match := _COLUMN.match(entry))]
    return {re.sub(r"\\(.)", r"\1", match[1]): type_and_clauses(entry[match.end() :])[1] for match, entry in found}


def constraints(create: str) -> dict[str, str]:
    """`CHECK expression` or `ASSUME expression` of every constraint, by its name."""
    found = [match for entry in body(create)[1] if (match := _CONSTRAINT.match(entry))]
    return {match[1] or match[2]: match[3] for match in found}


@dataclass(frozen=True)
class Target:
    """The table that a materialized view writes into."""

    database: str
    table: str
    #: `REFRESH EVERY 1 HOUR APPEND`; '' for a view that follows inserts.
    refresh: str

    @property
    def replaced(self) -> bool:
        """Whether the view puts its rows in the place of those that the table holds."""
        return bool(self.refresh) and not self.refresh.endswith(" APPEND")

    def named_in(self, database: str) -> str:
        """Its name as statements in `database` write it."""
        return self.table if self.database == database else f"{self.database}.{self.table}"


def writes_to(create: str) -> Target | None:
    """What a materialized view writes into; None for a view that keeps its rows itself."""
    match = _WRITER.match(create)
    if match is None:
        return None
    return Target(match["database"].strip("`"), match["table"].strip("`"), (match["refresh"] or "").strip())


def words_at(text: str) -> dict[str, int]:
    """The words outside quotes and brackets, each with its first place, in upper case."""
    places = {index for index, _ in top_level(text)}
    found: dict[str, int] = {}
    for match in re.finditer(r"[A-Za-z_]+", text):
        if match.start() in places:
            found.setdefault(match[0].upper(), match.start())
    return found
