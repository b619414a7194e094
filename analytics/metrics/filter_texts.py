"""Filters written as text, `model = 'opus' and latency_ms > 100`, or as a list, `["model", "=", "opus"]`."""

from __future__ import annotations

import re
from typing import Any

from chimera_metrics.analytics.errors import QuestionError
from chimera_metrics.analytics.metrics.forms import OF_MANY, OF_NONE, OPERATORS, operator_of

_QUOTED = r"'(?:[^']|'')*'|\"[^\"]*\""
_AND = re.compile(rf"({_QUOTED}|\([^()]*\))|\s+and\s+|\s*&&\s*", re.IGNORECASE)
_OR = re.compile(rf"{_QUOTED}|(?P<or>\bor\b|\|\|)", re.IGNORECASE)
_STATED = re.compile(
    r"\s*(?P<column>[\w.]+)\s*(?:(?P<op>==|!=|<>|<=|>=|=|<|>|(?i:\b(?:not\s+)?(?:in|i?like)\b))\s*(?P<value>.+?)"
    r"|\s(?P<null>(?i:is\s+(?:not\s+)?null)))\s*",
    re.DOTALL,
)
_LISTED = re.compile(rf"\s*({_QUOTED}|[^,'\"()]+)\s*(?:,|$)")


def filters_in(text: str) -> list[dict[str, Any]] | None:
    """The filters that a text states, all of which rows must meet; None where it states none that are plain."""
    if any(found["or"] for found in _OR.finditer(text)):
        return None
    parts = _split(text)
    found = [_filter(part) for part in parts]
    return None if None in found else [one for one in found if one is not None]


def filter_in(listed: Any) -> dict[str, Any] | None:
    """The filter that a list states as column, operator and value; None where it states none."""
    if not isinstance(listed, list | tuple) or len(listed) not in (2, 3) or not isinstance(listed[0], str):
        return None
    op = operator_of(listed[1])
    if op not in OPERATORS or (op in OF_NONE) is (len(listed) == 3):
        return None
    return {"column": listed[0], "op": op} | ({"value": listed[2]} if len(listed) == 3 else {})


def checked_text(text: str) -> list[dict[str, Any]]:
    """The filters that a text states, or a QuestionError that says how to write them."""
    found = filters_in(text)
    if found is None:
        raise QuestionError(
            f"`filters` is the text {text!r}, which is no list of conditions joined by `and`. "
            'Write them such as [{"column": "model", "op": "=", "value": "gpt-4o"}]; for `or` on one column use op in.'
        )
    return found


def _split(text: str) -> list[str]:
    parts, begin = [], 0
    for found in _AND.finditer(text):
        if found[1] is None:
            parts.append(text[begin : found.start()])
            begin = found.end()
    return [*parts, text[begin:]]


def _filter(part: str) -> dict[str, Any] | None:
    stated = _STATED.fullmatch(part)
    if stated is None:
        return None
    if stated["null"]:
        return {"column": stated["column"], "op": operator_of(stated["null"])}
    op, value = operator_of(stated["op"]), stated["value"].strip()
    if op in OF_MANY:
        inside = value[1:-1] if value[:1] + value[-1:] in ("()", "[]") else value
        values = [_plain(one) for one in _LISTED.findall(inside)]
        return {"column": stated["column"], "op": op, "values": values} if values else None
    return {"column": stated["column"], "op": op, "value": _plain(value)}


def _plain(value: str) -> str:
    value = value.strip()
    return value[1:-1].replace("''", "'") if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value
