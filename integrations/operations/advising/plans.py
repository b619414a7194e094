"""What the engine would leave out of a statement's reading, by each index: `EXPLAIN indexes = 1`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.integrations.operations.advising.reads import Read

Ask = Callable[[str], Sequence[dict[str, Any]]]
"""Runs a reader's SQL behind the guard."""
# A granule is 8,192 rows as a rule; fewer are read in no time whatever the order.
SMALL = 64


@dataclass
class Index:
    """One skip index, over all calls that were looked at."""

    asked: int = 0
    """Calls whose conditions it can judge."""
    helped: int = 0
    """Calls in which it left something out."""


@dataclass
class Table:
    """One table, over all calls that were looked at."""

    calls: int = 0
    large: int = 0
    """Calls that had more to choose from than a few granules."""
    without_key: int = 0
    """Of these, those of which the order key left nothing out."""
    without_days: int = 0
    """Of these, those that left no day out."""
    indexes: dict[str, Index] = field(default_factory=dict)


@dataclass
class Plans:
    """The tables that were read."""

    tables: dict[str, Table] = field(default_factory=dict)
    calls: int = 0
    passed_over: int = 0
    """Kinds of statement that could not be explained: masked, refused, or of tables that are gone."""


def plans(kinds: Sequence[Read], ask: Ask, database: str) -> Plans:
    """Explains each kind of statement; none of them runs."""
    found = Plans()
    for kind in kinds:
        try:
            [row] = ask(f"EXPLAIN json = 1, indexes = 1 {kind.statement}")
            tree = json.loads(next(iter(row.values())))
        except (MuseError, ValueError):
            found.passed_over += 1
            continue
        found.calls += kind.calls
        for node in _nodes(tree):
            place, _, name = str(node.get("Description", "")).rpartition(".")
            if place == database and "Indexes" in node:
                _add(found.tables.setdefault(name, Table()), node["Indexes"], kind.calls)
    return found


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, list):
        for one in tree:
            yield from _nodes(one)
    elif isinstance(tree, dict):
        if tree.get("Node Type") == "ReadFromMergeTree":
            yield tree
        yield from _nodes(tree.get("Plan"))
        yield from _nodes(tree.get("Plans"))


def _add(table: Table, indexes: Sequence[dict[str, Any]], calls: int) -> None:
    table.calls += calls
    steps = {str(index["Type"]).replace("-", ""): index for index in indexes if index["Type"] != "Skip"}
    key = steps.get("PrimaryKey")
    if key is not None and key["Initial Granules"] >= SMALL:
        table.large += calls
        table.without_key += calls * (key["Selected Granules"] == key["Initial Granules"])
        days = [steps[name] for name in ("MinMax", "Partition") if name in steps]
        table.without_days += calls * all(one["Selected Granules"] == one["Initial Granules"] for one in days)
    for index in indexes:
        if index["Type"] == "Skip":
            known = table.indexes.setdefault(str(index["Name"]), Index())
            known.asked += calls
            known.helped += calls * (index["Selected Granules"] < index["Initial Granules"])
