"""Completions: tables, columns, metrics and models, as the arguments of prompts and resource templates take them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

from chimera_metrics.analytics.metrics.catalog import DIMENSIONS, METRICS
from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.models import FACT_TABLES, insertable
from chimera_metrics.server.context import ServerContext

_MOST = 100


def complete(
    context: ServerContext, argument: str, typed: str, given: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What `argument` may hold, as the protocol has it: what begins like `typed` first, then what contains it.

    `given` are the arguments that are filled in already.
    """
    asked = _ASKED.get(argument)
    known = asked(context) if asked is not None else _known(argument, given or {})
    typed = typed.lower()
    found = [word for word in known if word.lower().startswith(typed)]
    found += [word for word in known if typed in word.lower() and word not in found]
    return {"completion": {"values": found[:_MOST], "total": len(found), "hasMore": len(found) > _MOST}}


def _models(context: ServerContext) -> list[str]:
    """The models of the benchmarks; none where the store does not answer, which a call will say."""
    with contextlib.suppress(MuseError):
        [table] = context.client.describe("bench_runs")["tables"]
        return next((list(column["values"] or []) for column in table["columns"] if column["name"] == "model"), [])
    return []


def _watches(context: ServerContext) -> list[str]:
    """The names of the watches that are set; none where the store does not answer."""
    with contextlib.suppress(MuseError):
        return [watch["name"] for watch in context.client.watch_list()["watches"]]
    return []


_ASKED = {"model": _models, "watch": _watches}


def _known(name: str, given: Mapping[str, str]) -> list[str]:
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
