"""Weighs the expressions of a SELECT: the size of each value, and what its functions take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from chimera_metrics.integrations.guard import costs
from chimera_metrics.integrations.guard.functions import AGGREGATE_FIRST, HIGHER_ORDER, function_names
from chimera_metrics.integrations.guard.nodes import Node, arguments_of, is_lambda, name_parts
from chimera_metrics.integrations.guard.places import EXPRESSIONS, Answer, Place
from chimera_metrics.integrations.guard.rules import SHORT_COLUMNS
from chimera_metrics.integrations.guard.sizes import (
    COLUMN,
    NUMBER,
    SHORT_COLUMN,
    Size,
    after_steps,
    aggregate_of,
    as_type,
    element_of,
    joined,
    larger,
    literal_size,
    size_of,
    widened,
)
from chimera_metrics.integrations.guard.weights import Cost, cost_of, is_pairwise

# A SELECT may name as many columns as this table has, by a star.
WIDEST_TABLE = 30
# Far more rows than any statement ends with, and still a number that can be multiplied.
_MOST_FAN = 1e60
# The parts that a subquery counts for, beside its own.
PARTS_PER_SELECT = 50


class Values:
    """The expressions; the queries that they hold are weighed by `Weighing`."""

    def __init__(self, most_gathered: float) -> None:
        """`most_gathered`: the bytes to which the rows of a group can be gathered."""
        self.most_gathered = most_gathered
        self.cost = Cost()
        self.fan = (1.0, 1.0)
        self.known: dict[tuple[int, int, bool], Size] = {}
        self.open: set[tuple[int, int, bool]] = set()
        # The keys above are ids, so what they stand for is kept.
        self.kept: list[Any] = []
        self.worst = (0.0, "")
        self.gathers = self.reads = self.exact = self.sorts_slowly = False
        #: Whether the SELECT that is read has groups, each with a value of its aggregates.
        self.grouped = False
        self.pairwise = 0
        #: What arrays cost that become rows: they are made before there are more rows.
        self.unspread = Cost()
        #: The most elements that a range() of one row has.
        self.ranges = 0.0

    def query(self, node: Node, place: Place) -> Answer:
        """What a query within an expression gives."""
        raise NotImplementedError

    def parts(self, value: Any, place: Place) -> float:
        """The parts of any value of the tree, expressions weighed."""
        if isinstance(value, list):
            return sum(self.parts(one, place) for one in value)
        if not isinstance(value, dict):
            return 0.0
        if value.get("type") in EXPRESSIONS:
            return self.value(value, place).nodes
        if value.get("type") == "ColumnsApplyTransformer":
            return self._applied(value, place)
        return sum(self.parts(one, place) for one in value.values())

    def _applied(self, node: Node, place: Place) -> float:
        """APPLY calls a function, or a lambda, with each column."""
        given = node.get("lambda") or (named_function(node["func_name"], 1) if "func_name" in node else None)
        if given is None or not is_lambda(given):
            return 1.0
        parameters, body = arguments_of(given)
        names = [one["name"] for one in arguments_of(parameters)]
        return self._times(body, names, [COLUMN], WIDEST_TABLE, WIDEST_TABLE, place).nodes

    def value(self, node: Node, place: Place) -> Size:
        match node["type"]:
            case "Literal":
                return literal_size(node["value"])
            case "Identifier":
                return self._named(name_parts(node), node, place)
            case "Function":
                return self._call(node, place)
            case "Subquery":
                return self._scalar(node, place)
            case "QueryParameter":
                return COLUMN
            case _:
                return replace(COLUMN, nodes=1 + sum(self.parts(v, place) for v in node.values()))

    def _scalar(self, node: Node, place: Place) -> Size:
        answer = Answer()
        for query in node["children"]:
            answer = self.query(query, place)
        value = answer.first if answer.width == 1 else joined([*answer.columns.values(), COLUMN])
        return replace(value, nodes=answer.parts + 1 + answer.selects * PARTS_PER_SELECT, constant=False, text=None)

    def _named(self, parts: list[str], node: Node, place: Place) -> Size:
        name = parts[-1]
        if parts[0] in place.parameters:
            return replace(place.parameters[parts[0]], nodes=1.0)
        if len(parts) == 1 and name in place.aliases:
            meant, seen_from = place.aliases[name]
            key = id(meant), id(seen_from), self.grouped
            if key in self.known:
                return self.known[key]
            if key not in self.open and meant is not node:
                self.open.add(key)
                self.known[key] = self.value(meant, replace(seen_from, parameters={**place.parameters}))
                self.open.discard(key)
                return self.known[key]
        for part in (name, parts[0]):
            if part in place.columns:
                return place.columns[part]
        if place.stored and name in SHORT_COLUMNS:
            return SHORT_COLUMN
        unknown = COLUMN if place.stored or not place.columns else joined([NUMBER])
        for size in place.columns.values():
            unknown = larger(unknown, size)
        return replace(unknown, nodes=unknown.leaves, value=None)

    def _call(self, node: Node, place: Place) -> Size:
        name = str(node["name"])
        low = name.lower()
        arguments = arguments_of(node)
        if low == "lambda":
            return NUMBER
        if name in place.lambdas and low not in function_names():
            return self._call_by_name(place.lambdas[name], arguments, place)
        if function := function_of(low, arguments, place):
            return self._higher_order(low, function, arguments[1:], place)
        if low in {"arrayjoin", "unnest"} and arguments:
            return self._joined_array(arguments[0], place)
        sizes = [self.value(one, place) for one in arguments]
        nodes = 1.0 + sum(size.nodes for size in sizes)
        if "window_definition" in node:
            nodes += self.parts(node["window_definition"], place)
        parameters = [self.value(one, place) for one in node.get("parameters", {}).get("children", ())]
        if low not in function_names():
            several = self.grouped or "window_definition" in node or "window_name" in node
            self._count_pairwise(low, parameters, several)
            return self._aggregate(low, sizes, parameters, nodes)
        if low in AGGREGATE_FIRST and sizes and sizes[0].text:
            self._count_pairwise(sizes[0].text.lower(), (), several=True)
        folded = not low.startswith(costs.VOLATILE) and low not in costs.NOT_FOLDED
        constant = folded and all(size.constant for size in sizes)
        found = size_of(low, sizes)
        self._charge(low, sizes, found, constant)
        if low == "range":
            self.ranges = max(self.ranges, found.items)
        if low in {"cast", "accuratecast", "accuratecastornull", "jsonextract"} and sizes[-1].text:
            found = as_type(found, sizes[-1].text)
        return replace(found, nodes=nodes, constant=constant, gathered=found.gathered and found.most > 1_000)

    def _aggregate(self, low: str, sizes: Sequence[Size], parameters: Sequence[Size], nodes: float) -> Size:
        if low.startswith(costs.SORTING):
            self.gathers = True
        self.sorts_slowly |= low.startswith(costs.SLOWLY_SORTING)
        self.exact |= low.startswith(costs.EXACT)
        if low.startswith(costs.MATRICES):
            pairs = costs.NS_PER_MATRIX_PAIR * len(sizes) ** 2
            self.cost.add(Cost(pairs, pairs))
        return replace(aggregate_of(low, sizes, parameters, self.most_gathered), nodes=nodes)

    def _count_pairwise(self, low: str, parameters: Sequence[Size], several: bool) -> None:
        self.pairwise += is_pairwise(low, parameters, several or self.pairwise >= costs.MOST_PAIRWISE)

    def _call_by_name(self, function: Node, arguments: Sequence[Node], place: Place) -> Size:
        parameters, body = arguments_of(function)
        values = [self.value(one, place) for one in arguments]
        names = [one["name"] for one in arguments_of(parameters)]
        inner = replace(place, parameters={**place.parameters, **dict(zip(names, values, strict=False))})
        found = self.value(body, inner)
        return replace(found, nodes=found.nodes + sum(value.nodes for value in values))

    def _higher_order(self, low: str, function: Node, arguments: Sequence[Node], place: Place) -> Size:
        arrays = [self.value(one, place) for one in arguments]
        whole = joined(arrays) if arrays else COLUMN
        most_items = max((array.items for array in arrays), default=1.0)
        usual_items = max((array.usual_items for array in arrays), default=1.0)
        parameters, body = arguments_of(function)
        names = [one["name"] for one in arguments_of(parameters)]
        if low == "arrayfold" and len(arrays) > 1:
            *arrays, start = arrays
            most_items = max(array.items for array in arrays)
            found = self._folded(names, body, arrays, start, most_items, place)
        else:
            found = self._times(body, names, [element_of(array) for array in arrays], usual_items, most_items, place)
            if low in {"arraymap", "mapapply"}:
                whole = replace(found.times(most_items, 8), usual=usual_items * (found.usual + 8), leaves=found.leaves)
        self._charge(low, arrays, whole, all(array.constant for array in arrays))
        result = whole if low != "arrayfold" else found
        if low not in {"arraymap", "mapapply", "arrayfold"}:
            result = size_of(low, [whole])
        nodes = 2.0 + found.nodes + sum(array.nodes for array in arrays)
        return replace(result, nodes=nodes, constant=False, text=None, gathered=whole.gathered and result.most > 1_000)

    def _times(
        self, body: Node, names: list[str], elements: list[Size], usual: float, most: float, place: Place
    ) -> Size:
        """The value of a lambda's body; what it costs is paid for each element."""
        outer, self.cost = self.cost, Cost()
        unspread, self.unspread = self.unspread, Cost()
        inner = replace(place, parameters={**place.parameters, **dict(zip(names, elements, strict=False))})
        found = self.value(body, inner)
        done, self.cost = self.cost, outer
        done.add(self.unspread)
        self.unspread = unspread
        self.cost.add(done, max(usual, 1.0), max(most, 1.0))
        return found

    def _folded(
        self, names: list[str], body: Node, arrays: list[Size], start: Size, steps: float, place: Place
    ) -> Size:
        elements = [element_of(array) for array in arrays]
        cost = replace(self.cost)
        once = self._times(body, names, [widened(start), *elements], 1.0, 1.0, place)
        again = self._times(body, names, [once, *elements], 1.0, 1.0, place)
        grown, self.cost = after_steps(steps, start, once, again), cost
        return self._times(body, names, [grown, *elements], steps, steps, place)

    def _joined_array(self, argument: Node, place: Place) -> Size:
        outer, self.cost = self.cost, Cost()
        array = self.value(argument, place)
        self.unspread.add(self.cost)
        self.cost = outer
        self.spread(array)
        return replace(element_of(array), nodes=1.0 + array.nodes)

    def spread(self, array: Size) -> None:
        usual, most = self.fan
        self.fan = min(usual * max(array.usual_items, 1.0), _MOST_FAN), min(most * max(array.items, 1.0), _MOST_FAN)

    def _charge(self, low: str, args: Sequence[Size], gives: Size, constant: bool) -> None:
        cost = cost_of(low, args, gives, constant)
        self.gathers |= low not in costs.FREE and any(arg.gathered for arg in args)
        self.cost.add(cost)
        self.worst = max(self.worst, (cost.most + cost.once, low))


def function_of(low: str, arguments: Sequence[Node], place: Place) -> Node | None:
    """The lambda that a call hands to each element: written out, by its name, or a function by its name."""
    if not arguments or (not is_lambda(arguments[0]) and low not in HIGHER_ORDER):
        return None
    [first, *rest] = arguments
    if is_lambda(first) or not rest:
        return first if is_lambda(first) else None
    name = first["name"] if first["type"] == "Identifier" else ""
    if name in place.lambdas:
        return place.lambdas[name]
    return named_function(name, len(rest)) if name.lower() in function_names() else None


def named_function(name: str, arguments: int) -> Node:
    """`upper` as `x -> upper(x)`."""
    names = [{"type": "Identifier", "name": f"\0{number}"} for number in range(arguments)]
    called = {"type": "Function", "name": name, "arguments": {"children": names}}
    parameters = {"type": "Function", "name": "tuple", "arguments": {"children": names}}
    return {"type": "Function", "name": "lambda", "arguments": {"children": [parameters, called]}}
