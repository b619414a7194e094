"""What a statement weighs: nanoseconds by rows, and what goes with it so that its limits hold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chimera_metrics.integrations.guard import costs
from chimera_metrics.integrations.guard.functions import AGGREGATE_FIRST, IN_FUNCTIONS
from chimera_metrics.integrations.guard.refusals import StatementRefused
from chimera_metrics.integrations.guard.sizes import MOST_RANGE, Size, joined

BLOCK_ROWS = 65_536
_BLOCK_SETTINGS = ("max_block_size", "max_joined_block_size_rows")


@dataclass(frozen=True)
class Weight:
    """What goes with a statement, so that its limits hold: the most rows of a block, and the memory it may take."""

    block_rows: int | None = None
    memory_mb: int | None = None
    bounds_range: bool = False
    #: Whether it reads nothing and takes no time, as SELECT 1 does.
    light: bool = False

    def check_settings(self, own: Mapping[str, Any]) -> None:
        """Refuses a SETTINGS clause that asks for larger blocks than this statement may have."""
        most = self.block_rows or BLOCK_ROWS
        for name in _BLOCK_SETTINGS:
            if name in own and isinstance(own[name], int) and own[name] > most:
                raise StatementRefused(f"Setting '{name}' may be at most {most:,} in this query; leave it out.")

    def session(self, own: Mapping[str, Any]) -> dict[str, Any]:
        """As engine settings; `own` are the statement's own, which may ask for less."""
        words: dict[str, Any] = {}
        if self.block_rows is not None:
            words = {name: self.block_rows for name in _BLOCK_SETTINGS if name not in own}
        if self.bounds_range:
            words["function_range_max_elements_in_block"] = MOST_RANGE
        return words | dict(own)


LIGHT = Weight()


@dataclass(slots=True)
class Cost:
    """Nanoseconds: of a row as a rule, of one row at most, and of what is folded once."""

    usual: float = 0.0
    most: float = 0.0
    once: float = 0.0

    def add(self, other: Cost, usual: float = 1.0, most: float = 1.0) -> None:
        self.usual += other.usual * usual
        self.most += other.most * most
        self.once += other.once * most


def cost_of(low: str, args: Sequence[Size], gives: Size, constant: bool) -> Cost:
    """What a call of `low`, a function's name in lower case, takes; a call of constants is made once."""
    if low in costs.FREE or not args:
        return Cost()
    check_pattern(low, args)
    if low in IN_FUNCTIONS:
        args = args[:1]  # the other side is made a set, once
    rate, pairs = costs.ns_per_byte(low), _pair_rate(low)
    if low in AGGREGATE_FIRST:
        rate, for_each_range = costs.over_array(args[0].text)
        pairs = for_each_range if low == "arrayreduceinranges" else 0.0
    usual = rate * sum(arg.usual for arg in args) + costs.NS_PER_BYTE * gives.usual
    most = rate * sum(arg.most for arg in args) + costs.NS_PER_BYTE * gives.most
    if pairs:
        args = args[1:] if low == "arrayreduceinranges" else args
        first, rest = args[0], joined(args[1:]) if len(args) > 1 else args[0]
        if low.startswith(("polygon", "geometry", "area", "pointin")):
            first = rest = joined(args)
        usual += pairs * _pairs(low, first, rest, usual=True)
        most += pairs * _pairs(low, first, rest, usual=False)
    each, ready = costs.PER_VALUE.get(low, 0.0), _made_ready(low, args)
    usual, most = usual + each + ready.usual, most + each + ready.most
    if low in costs.JSON_PATHS and len(args) > 1 and goes_through_all(low, args[1].text):
        usual += costs.NS_PER_STAR_PAIR * args[0].usual ** 2
        most += costs.NS_PER_STAR_PAIR * args[0].most ** 2
    return Cost(0.0, 0.0, most + ready.once) if constant else Cost(usual, most, ready.once)


def _made_ready(low: str, args: Sequence[Size]) -> Cost:
    """What is made of patterns before anything is looked for: once, or for each row where they differ."""
    if low in costs.LIKE and not args[1].constant:
        byte = costs.NS_PER_COMPILED_BYTE["ilike" if low.endswith("ilike") else "like"]
        least = costs.NS_PER_COMPILED_PATTERN
        return Cost(least + byte * args[1].usual, least + byte * args[1].most)
    if low.startswith(costs.SEARCHES_FOR_MANY) and len(args) > 1:
        if args[1].constant:
            return Cost(once=costs.NS_PER_NEEDLE * args[1].items)
        return Cost(costs.NS_PER_NEEDLE * args[1].usual_items, costs.NS_PER_NEEDLE * args[1].items)
    return Cost()


def _pair_rate(low: str) -> float:
    if low in costs.PATTERNS:
        return costs.NS_PER_PATTERN_PAIR
    return costs.ns_per_pair(low)


def _pairs(low: str, first: Size, rest: Size, usual: bool) -> float:
    if low.startswith(("hasa", "hassub", "arraysim", "arrayauto", "arrayreduce")):
        return first.usual_items * rest.usual_items if usual else first.items * rest.items
    return first.usual * rest.usual if usual else first.most * rest.most


def goes_through_all(low: str, path: str | None) -> bool:
    """Whether a path into JSON looks at all elements of an array; refuses one whose ranges are too long."""
    if path is None:
        raise StatementRefused(f"The path of {low}() has to be written out, as a literal such as '$.tags[0]'.")
    steps = 1.0
    for first, last in re.findall(r"(\d+)\s*to\s*(\d+)", path, re.IGNORECASE):
        steps *= max(float(last) - float(first), 0.0) + 1.0
    if steps > costs.MOST_PATH_STEPS:
        raise StatementRefused(
            f"The ranges in this path of {low}() are gone through to their ends, be there elements or not; write "
            f"smaller ones, of at most {costs.MOST_PATH_STEPS:,.0f} together, or [*]."
        )
    return "*" in path


def is_pairwise(low: str, parameters: Sequence[Size], several: bool) -> bool:
    """Whether an aggregate compares its rows by pairs at the end, as far as it may: few of them, once."""
    if not low.startswith(costs.PAIRWISE):
        return False
    method = parameters[1].text if len(parameters) > 1 else "auto"
    if method in costs.ASYMPTOTIC:
        return False
    if method == "auto" and not several and low.removeprefix(costs.PAIRWISE) in {"", "if"}:
        return True
    raise StatementRefused(
        "kolmogorovSmirnovTest() may compare very many rows by pairs here, and no time limit stops that; write its "
        "method 'asymp', as in kolmogorovSmirnovTest('two-sided', 'asymp')(value, sample)."
    )


def check_pattern(low: str, args: Sequence[Size]) -> None:
    place = costs.PATTERNS.get(low)
    if place is None or place >= len(args):
        return
    pattern = args[place]
    if not pattern.constant or pattern.most > costs.MOST_PATTERN:
        raise StatementRefused(
            f"The pattern of {low}() has to be a constant of at most {costs.MOST_PATTERN:,} bytes, because no time "
            "limit stops a long one; write it as a literal, or use position() for a fixed text."
        )
