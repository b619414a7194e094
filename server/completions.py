"""Completions: tables, columns and metrics, as the arguments of prompts and resource templates take them."""

from __future__ import annotations

from collections.abc import Iterable

from mcp_types import (
    Completion,
    CompletionArgument,
    CompletionContext,
    PromptReference,
    ResourceTemplateReference,
)

from analytics.catalog import DIMENSIONS, METRICS
from models import FACT_TABLES

_MOST = 100


async def complete(
    ref: PromptReference | ResourceTemplateReference, argument: CompletionArgument, context: CompletionContext | None
) -> Completion:
    """What `argument` may hold: what begins like its value first, then what contains it."""
    known = _known(argument.name, (context.arguments or {}) if context is not None else {})
    typed = argument.value.lower()
    found = [word for word in known if word.lower().startswith(typed)]
    found += [word for word in known if typed in word.lower() and word not in found]
    return Completion(values=found[:_MOST], total=len(found), has_more=len(found) > _MOST)


def _known(name: str, given: dict[str, str]) -> list[str]:
    match name:
        case "table":
            return list(FACT_TABLES)
        case "column" | "group_by":
            return _columns(given.get("table"))
        case "metric" | "x" | "y":
            return list(METRICS)
        case "days":
            return ["1", "7", "14", "30", "90"]
        case _:
            return []


def _columns(table: str | None) -> list[str]:
    if table in FACT_TABLES:
        return [column.name for column in FACT_TABLES[table].columns if column.name != "received_at"]
    return _unique(dimension.column for dimension in DIMENSIONS.values())


def _unique(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))
