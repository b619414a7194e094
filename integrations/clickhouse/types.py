"""ClickHouse's names of types, taken apart."""

from __future__ import annotations

import re

from chimera_metrics.integrations.validation.type_texts import split

_SPEC = re.compile(r"(?P<kind>\w+)\s*(?:\((?P<inner>.*)\))?", re.DOTALL)
_MEMBER = re.compile(r"(?P<name>'(?:[^'\\]|\\.|'')*')\s*=\s*(?P<value>-?\d+)", re.DOTALL)


def parts_of(spec: str) -> tuple[str, list[str]]:
    """`Map(String, UInt8)` as `Map` and its arguments. The whole as its own kind where it has another form."""
    match = _SPEC.fullmatch(spec.strip())
    if match is None:
        return spec, []
    return match["kind"], split(match["inner"]) if match["inner"] else []


def is_open(spec: str) -> bool:
    """Whether a value of the type is whatever was stored, of any type and however deep."""
    return "JSON" in spec or "Dynamic" in spec


def unquoted(word: str) -> str:
    """The text of a quoted word, such as a zone or a word of an Enum."""
    return re.sub(r"\\(.)|''", lambda match: match[1] or "'", word.strip()[1:-1])


def enum_members(parts: list[str]) -> dict[str, int]:
    """The words of an Enum and their numbers; empty where one is in no form known here."""
    found = [_MEMBER.fullmatch(part) for part in parts]
    members = {unquoted(member["name"]): int(member["value"]) for member in found if member is not None}
    return members if len(members) == len(parts) else {}
