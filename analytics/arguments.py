"""What a question's arguments are made of: text, names, whole numbers, filters. Any other type is one sentence."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Mapping
from typing import Any

from chimera_metrics.analytics.errors import QuestionError

# One that stands outside brackets: `rate(llm_events.model = a, b)` is one metric.
_COMMA = re.compile(r",(?![^(]*\))")


def text(argument: str, value: object, example: str) -> str:
    """`value`, which must be text. argument: its name, for the sentence; example: what it may hold."""
    if not isinstance(value, str):
        raise QuestionError(f"`{argument}` takes text, such as '{example}'; this is {type(value).__name__}.")
    return value


def whole(argument: str, value: Any) -> int:
    """`value`, which must be an integer of Python, NumPy or another library."""
    try:
        return operator.index(value)
    except TypeError:
        raise QuestionError(f"`{argument}` takes a whole number; this is {value!r}.") from None


def names(argument: str, value: object) -> tuple[str, ...]:
    """The names that `value` holds: several, one without a list around it, or none."""
    if value is None or (isinstance(value, str) and not value):
        return ()
    found = several(argument, value)
    for name in found:
        if not isinstance(name, str):
            raise QuestionError(f"`{argument}` takes names, and {name!r} is {type(name).__name__}.")
    return found


def one_name(argument: str, value: object) -> str | None:
    """The one name that `value` holds, in a list or without, or None."""
    found = names(argument, value)
    if len(found) > 1:
        raise QuestionError(f"`{argument}` takes one column here, not {len(found)}: {', '.join(found)}.")
    return found[0] if found else None


def one_or_two(argument: str, value: object) -> tuple[str, ...]:
    """The names that `value` holds, one or two, in a list or without; () for none."""
    found = tuple(dict.fromkeys(names(argument, value)))
    if len(found) > 2:
        raise QuestionError(f"`{argument}` takes one or two columns here, not {len(found)}: {', '.join(found)}.")
    return found


def several(argument: str, value: object) -> tuple[Any, ...]:
    """The members of `value`; text is one, or several with commas between them."""
    if isinstance(value, str):
        return tuple(part.strip() for part in _COMMA.split(value) if part.strip()) or (value,)
    if isinstance(value, Mapping | bytes) or not isinstance(value, Iterable):
        raise QuestionError(f"`{argument}` takes a name or a list of names; this is {type(value).__name__}.")
    return tuple(value)


def conditions(value: Any) -> tuple[Any, ...]:
    """The filters that `value` holds: several, one without a list around it, or none."""
    if value is None:
        return ()
    if isinstance(value, Mapping | str):
        return (value,)
    if not isinstance(value, Iterable):
        raise QuestionError(
            f"`filters` takes a list of {{column, op, value}}; this is {type(value).__name__}. "
            'Write them such as [{"column": "model", "op": "=", "value": "gpt-4o"}].'
        )
    return tuple(value)
