"""Completions: tables, columns, metrics and models, as the arguments of prompts and resource templates take them."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterable

import anyio
from mcp_types import (
    Completion,
    CompletionArgument,
    CompletionContext,
    PromptReference,
    ResourceTemplateReference,
)

from chimera_metrics.analytics.metrics.catalog import DIMENSIONS, METRICS
from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.models import FACT_TABLES, insertable
from chimera_metrics.server.context import ServerContext

_MOST = 100
Reference = PromptReference | ResourceTemplateReference
Completer = Callable[[Reference, CompletionArgument, CompletionContext | None], Awaitable[Completion]]


def completer(state: Callable[[], ServerContext | None]) -> Completer:
    """Completions for a server; `state` gives what it runs on."""

    async def complete(_: Reference, argument: CompletionArgument, context: CompletionContext | None) -> Completion:
        running = state()
        if argument.name == "model" and running is not None:
            known = await anyio.to_thread.run_sync(_models, running, limiter=running.workers)
        else:
            known = _known(argument.name, (context.arguments or {}) if context is not None else {})
        return _completion(known, argument)

    return complete


def _completion(known: list[str], argument: CompletionArgument) -> Completion:
    """What `argument` may hold: what begins like its value first, then what contains it."""
    typed = argument.value.lower()
    found = [word for word in known if word.lower().startswith(typed)]
    found += [word for word in known if typed in word.lower() and word not in found]
    return Completion(values=found[:_MOST], total=len(found), has_more=len(found) > _MOST)


def _models(context: ServerContext) -> list[str]:
    """The models of the benchmarks; none where the store does not answer, which a call will say."""
    with contextlib.suppress(MuseError):
        [table] = context.client.describe("bench_runs")["tables"]
        return next((list(column["values"] or []) for column in table["columns"] if column["name"] == "model"), [])
    return []


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
        return [column.name for column in insertable(FACT_TABLES[table])]
    return _unique(dimension.column for dimension in DIMENSIONS.values())


def _unique(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))
