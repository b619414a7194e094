"""What the engine says of a statement that it does not parse, or gives no tree for, as sentences for the reader."""

import math
import re

from chimera_metrics.integrations.guard.other_databases import instead_of_form
from chimera_metrics.integrations.guard.refusals import spoken

EMPTY = "The statement is empty; send one SELECT, EXPLAIN, SHOW or DESCRIBE."
TOO_LONG = "This statement is too long to be judged; write a range or a subquery instead of a long list of values."
TOO_DEEP = "This statement is nested too deeply to be judged; write it flatter, with WITH."
NOT_UTF8 = "A literal in the statement is not UTF-8; write unhex('…') for raw bytes."
NO_TREES = (
    "This server cannot show the tree of a statement (ClickHouse 26.8 and newer can), so free SQL is closed on it; "
    "use query.aggregate, query.trend and the other tools."
)
_TIES = "LIMIT … WITH TIES needs an ORDER BY; add one, or leave WITH TIES out."
_SEVERAL = "Several statements in one text; send them one by one, each without the others."
# What the engine says of a statement as a whole, without a place in it.
_WHOLE_STATEMENT = {
    "Multi-statements": _SEVERAL,
    "Empty query": EMPTY,
    "WITH TIES without ORDER BY": _TIES,
    "query size exceeded": TOO_LONG,
    "parse depth": TOO_DEEP,
    "TOO_DEEP": TOO_DEEP,
}
_PLACE = re.compile(
    r"failed at position (?P<at>\d+) \((?P<found>.*?)\)(?: \(line \d+, col \d+\))?: (?P<rest>.{0,200}?)\. "
    r"(?:Unmatched parentheses: (?P<bracket>[^:]+?): In scope)?",
    re.DOTALL,
)
_NO_TREES = re.compile(r"[Uu]nknown function \W?parseQueryToJSON|`parseQueryToJSON` does not exist")
_NUMBER = re.compile(r"[\d.]+[eE]\+?\d+$")


def has_no_trees(error: Exception) -> bool:
    """Whether the engine is older than the functions that show and read trees."""
    return _NO_TREES.search(all_words(error)) is not None


def why_no_tree(error: Exception) -> str | None:
    """Why the engine gives no tree for a statement that it parses; None if that is not what `error` says."""
    said = all_words(error)
    if whole := _on_whole_statement(said):
        return whole
    if "JSON serialization" in said:
        found = re.search(r"node of type '([A-Za-z]+)", said)
        part = spoken(found[1]) if found else "a part of this statement"
        return f"The engine gives no tree for {part}; write the query without it."
    if "BAD_ARGUMENTS" in said:
        return (
            f"The engine cannot read the tree of this statement back ({_reason(said)}), so it cannot be judged; "
            "write it in a simpler way."
        )
    return None


def why_not_parsed(statement: bytes, said: str) -> str:
    """said: the engine's words on parsing `statement`; empty if it said nothing."""
    # The reader's own text stands behind the place.
    if whole := _on_whole_statement(said.partition("failed at position")[0]):
        return whole
    place = _PLACE.search(said)
    where = f" ({_reason(said)})" if said else ""
    if place is not None:
        number = _NUMBER.search(statement[: int(place["at"]) - 1].decode(errors="replace"))
        if number and number[0].count(".") < 2 and math.isinf(float(number[0])):
            return f"The number {number[0]} is above 1.8e308, the largest there is; write a smaller one, or inf."
        if instead := instead_of_form(statement.decode(errors="replace"), int(place["at"])):
            return instead
        at = "the end of the statement" if place["found"] == "end of query" else place["rest"].strip()[:80]
        where = f" (failed at position {place['at']}: {place['bracket'] or at})"
    return f"ClickHouse cannot parse this{where}; correct it there and send one SELECT, EXPLAIN, SHOW or DESCRIBE."


def all_words(error: BaseException | None) -> str:
    """The words of an error and of what it was raised from: an executor may have put its own in front."""
    words = []
    while error is not None:
        words.append(str(error))
        error = error.__cause__ or error.__context__
    return "\n".join(words)


def _on_whole_statement(said: str) -> str | None:
    return next((sentence for words, sentence in _WHOLE_STATEMENT.items() if words in said), None)


def _reason(said: str) -> str:
    """The engine's reason, without the statement that asked."""
    return said.partition(": In scope ")[0].rpartition("DB::Exception: ")[2].strip()[:160]
