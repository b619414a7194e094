"""Weighs a checked statement: how far it unfolds, and what one block of rows can take, before any of it runs.

The engine looks at a statement's limit of time between blocks, so neither what a function does within one, nor the
planning of a statement that unfolds, ever ends by it. Each SELECT is read with the sizes of what its sources give: what
is too much even for one row is refused, and where rows are large, fewer of them go into a block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chimera_metrics.integrations.guard.nodes import Node, arguments_of, is_lambda, name_parts
from chimera_metrics.integrations.guard.places import Answer, Place, aliases_of, both
from chimera_metrics.integrations.guard.refusals import StatementRefused
from chimera_metrics.integrations.guard.sizes import COLUMN, MOST_RANGE, NUMBER, Size, after_steps, element_of, widened
from chimera_metrics.integrations.guard.weighed_values import WIDEST_TABLE, Values
from chimera_metrics.integrations.guard.weights import BLOCK_ROWS, Cost, Weight

# What a block may take, and what the engine folds while it plans: a statement ends within a second of its limit.
_BLOCK_NS, _ROW_NS = 0.3e9, 0.6e9
_LIGHT_NS = 1e6
MOST_PARTS = 10_000
MOST_SELECTS = 200
MOST_GROUPINGS = 4_096
# The engine's own limit for WITH RECURSIVE.
MOST_STEPS = 1_000
# Bytes to which the rows of a group can be gathered, by the memory in MB that the statement may take then.
_GATHERED = {256: 64e6, 64: 8e6}
_EXACT_MEMORY_MB = 1_024
_SLOWLY_SORTED_MB = 96
_STARS = frozenset({"Asterisk", "QualifiedAsterisk", "ColumnsRegexpMatcher", "QualifiedColumnsRegexpMatcher"})


class _TooMuch(Exception):
    """What the statement may work on at once is too much."""


def weigh(query: Node) -> Weight:
    """The weight of a query that `Walk` has checked, with less memory where its functions gather too much else."""
    for memory_mb, most_gathered in _GATHERED.items():
        weighing = Weighing(most_gathered)
        try:
            return weighing.weigh(query, memory_mb)
        except _TooMuch as refusal:
            if not weighing.gathers or memory_mb == min(_GATHERED):
                raise StatementRefused(str(refusal)) from None
    raise AssertionError("every weighing ends")


class Weighing(Values):
    """One reading of one tree, which `Walk` has checked."""

    def weigh(self, query: Node, memory_mb: int) -> Weight:
        """`memory_mb` is what the statement may take if it gathers."""
        answer = self._union(query, Place())
        # What grew beyond all numbers is no number any more, and less than nothing.
        if not (answer.parts <= MOST_PARTS and answer.selects <= MOST_SELECTS):
            raise StatementRefused(
                f"This query unfolds to {spoken_count(answer.parts)} parts and {spoken_count(answer.selects)} SELECTs, "
                f"because each use of a CTE, an alias or a * is one more; at most {MOST_PARTS:,} parts and "
                f"{MOST_SELECTS} SELECTs may be planned. Use each fewer times."
            )
        if not (self.cost.most <= _ROW_NS and self.cost.once <= _ROW_NS and self.cost.usual < float("inf")):
            raise _TooMuch(
                f"{self.worst[1]}() may have to work on so much at once here that no time limit could stop it; give it "
                "less: a literal, a smaller size (left(text, 1000), arraySlice(array, 1, 1000), groupArray(1000)(…), "
                "least(n, 1000)), or fewer of these calls."
            )
        rows = int(_BLOCK_NS / self.cost.usual) if self.cost.usual else BLOCK_ROWS
        rows = min(rows, int(MOST_RANGE / self.ranges)) if self.ranges else rows
        memory_mb = min(memory_mb, _SLOWLY_SORTED_MB) if self.sorts_slowly else memory_mb
        memory = memory_mb if self.gathers else _EXACT_MEMORY_MB if self.exact else None
        light = not self.reads and self.cost.most + self.cost.once < _LIGHT_NS
        return Weight(max(rows, 1) if rows < BLOCK_ROWS else None, memory, self.ranges > 0, light)

    def _union(self, node: Node, place: Place, recursive: str = "", known: Answer | None = None) -> Answer:
        """`recursive` is the CTE that this defines by itself, `known` what is known of it; else its first query is."""
        whole = Answer()
        for number, query in enumerate(node["list_of_selects"]["children"]):
            if query["type"] == "SelectQuery":
                part, inner = self._select(query, place)
                if not number:
                    place = replace(place, queries=inner.queries, lambdas=inner.lambdas, aliases=inner.aliases)
            else:
                part = self.query(query, place)
            if recursive and not number:
                place = replace(place, queries={**place.queries, recursive: known or part})
            whole = part if not number else both(whole, part)
        return whole

    def query(self, node: Node, place: Place) -> Answer:
        if node["type"] == "SelectWithUnionQuery":
            return self._union(node, place)
        if node["type"] == "SelectQuery":
            return self._select(node, place)[0]
        answer = Answer()
        for child in node.get("children", node.get("list_of_selects", {}).get("children", ())):
            answer = both(answer, self.query(child, place))
        return answer

    def _select(self, node: Node, outer: Place) -> tuple[Answer, Place]:
        cost, fan, self.cost, self.fan = self.cost, self.fan, Cost(), (1.0, 1.0)
        unspread, self.unspread = self.unspread, Cost()
        place = self._with(node, outer)
        inner = place
        source = self._sources(node.get("tables"), place)
        place = replace(place, columns=source.columns, stored=source.stored)
        place.aliases = {**place.aliases, **{name: (found, place) for name, found in aliases_of(node)}}
        self.kept.append(place)
        answer = Answer(parts=source.parts + 1, selects=source.selects + 1)
        around, self.grouped = self.grouped, any(part.startswith("group_by") and node[part] for part in node)
        for column in node["select"]["children"]:
            self._project(column, place, source, answer)
        for part, value in node.items():
            if part not in {"type", "select", "with", "tables", "settings"}:
                answer.parts += self.parts(value, place)
        self.grouped = around
        _check_groupings(node)
        regrouped = any(part in node for part in ("group_by", "distinct", "order_by", "limit_by"))
        spread = (source.fan[0] * self.fan[0], source.fan[1] * self.fan[1])
        answer.fan = (1.0, 1.0) if regrouped else spread
        done, self.cost, self.fan = self.cost, cost, fan
        self.cost.add(done, *spread)
        self.cost.add(self.unspread, *source.fan)
        self.unspread = unspread
        return answer, inner

    def _project(self, column: Node, place: Place, source: Answer, answer: Answer) -> None:
        if column["type"] in _STARS:
            answer.columns.update(source.columns)
            answer.stored |= source.stored
            answer.width += max(source.width, 1)
            answer.parts += max(source.width, 1) * (1 + self.parts(column.get("transformers"), place))
            answer.first = COLUMN
            return
        size = self.value(column, place)
        name = column.get("alias") or (name_parts(column)[-1] if column["type"] == "Identifier" else "")
        answer.columns[name] = replace(size, nodes=size.leaves, constant=False, text=None)
        answer.width += 1
        answer.parts += size.nodes
        answer.first = size

    def _with(self, node: Node, place: Place) -> Place:
        for element in node.get("with", {}).get("children", ()):
            if element["type"] == "WithElement":
                answer = self._common_table(element, place, bool(node.get("recursive_with")))
                place = replace(place, queries={**place.queries, element["name"]: answer})
            elif is_lambda(element) and element.get("alias"):
                place = replace(place, lambdas={**place.lambdas, element["alias"]: element})
            elif element.get("alias"):
                place = replace(place, aliases={**place.aliases, element["alias"]: (element, place)})
                self.kept.append(place)
        return place

    def _common_table(self, element: Node, place: Place, recursive: bool) -> Answer:
        answer = Answer()
        for query in element["subquery"]["children"]:
            if query["type"] != "SelectWithUnionQuery":
                return self.query(query, place)
            if not recursive:
                return self._union(query, place)
            answer = self._recursive(query, place, element["name"])
        return answer

    def _recursive(self, query: Node, place: Place, name: str) -> Answer:
        """A CTE that reads itself: each of its steps may make its values longer."""
        start = self._union(_first_of(query), place)
        cost = replace(self.cost)
        wide = replace(start, columns={column: widened(size) for column, size in start.columns.items()})
        once = self._union(query, place, name, wide)
        again = self._union(query, place, name, once)
        columns = {
            column: after_steps(MOST_STEPS, size, once.columns[column], again.columns[column])
            for column, size in start.columns.items()
        }
        self.cost = cost
        return self._union(query, place, name, replace(start, columns=columns))

    def _sources(self, tables: Node | None, place: Place) -> Answer:
        whole = Answer()
        elements = tables["children"] if tables else ()
        whole.selects += max(len(elements) - 1, 0)
        for element in elements:
            found = self._source(element["table_expression"], place) if "table_expression" in element else Answer()
            whole = Answer(
                {**whole.columns, **found.columns}, whole.width + found.width, whole.parts + found.parts,
                whole.selects + found.selects, found.fan if len(elements) == 1 else (1.0, 1.0),
                stored=whole.stored or found.stored,
            )  # fmt: skip
        for element in elements:
            seen = replace(place, columns=whole.columns, stored=whole.stored)
            if "array_join" in element:
                for array in element["array_join"]["expression_list"]["children"]:
                    size = self.value(array, seen)
                    self.spread(size)
                    name = array.get("alias") or name_parts(array)[-1] if "name" in array else ""
                    whole.columns = {**whole.columns, name: element_of(size)}
                    whole.parts += size.nodes
            if "table_join" in element:
                whole.parts += self.parts(element["table_join"], seen)
        return whole

    def _source(self, expression: Node, place: Place) -> Answer:
        self.reads = True
        if "subquery" in expression:
            answer = Answer()
            for query in expression["subquery"]["children"]:
                answer = self.query(query, place)
            return answer
        if "table_function" in expression:
            arguments = [self.value(one, Place()) for one in arguments_of(expression["table_function"])]
            last = _number_of_rows(arguments)
            columns = {"number": replace(NUMBER, value=last), "generate_series": replace(NUMBER, value=last)}
            return Answer(columns, width=1, parts=1, stored=True)
        name = name_parts(expression["database_and_table_name"])
        if len(name) == 1 and name[0] in place.queries:
            return place.queries[name[0]]
        return Answer({}, width=WIDEST_TABLE, parts=1, stored=True)


def _first_of(union: Node) -> Node:
    """The first query of a UNION, as one of its own."""
    return {**union, "list_of_selects": {"children": union["list_of_selects"]["children"][:1]}}


def _check_groupings(node: Node) -> None:
    keys = node.get("group_by", {}).get("children", ())
    if node.get("group_by_with_cube") and 2.0 ** len(keys) > MOST_GROUPINGS:
        raise StatementRefused(
            f"CUBE of {len(keys)} keys makes {spoken_count(2.0 ** len(keys))} groupings, at most {MOST_GROUPINGS:,} "
            "may be; use fewer keys, or name the groupings with GROUPING SETS."
        )


def _number_of_rows(arguments: Sequence[Size]) -> float | None:
    values = [argument.value for argument in arguments if argument.value is not None]
    return sum(values) if values and len(values) == len(arguments) else None


def spoken_count(number: float) -> str:
    return f"{number:,.0f}" if number < 1e9 else "more than a billion"
