"""Reads the engine's tree of a statement against the allow list: what a node may be, hold and name."""

import difflib
import re
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from typing import Any

from chimera_metrics.integrations.guard.nodes import (
    NOWHERE,
    Kind,
    Node,
    Scope,
    StatementRefused,
    arguments_of,
    because,
    is_lambda,
    keep_held,
    last_parts,
    not_allowed,
    only_all,
    plain_structure,
    plain_type,
    spelled,
    spoken,
)
from chimera_metrics.integrations.guard.rules import (
    AGGREGATE_FIRST,
    APART,
    COMBINATORS,
    EXPLAIN_KINDS,
    EXPLAIN_SETTINGS,
    HELD_SETTINGS,
    HIGHER_ORDER,
    IN_FUNCTIONS,
    KEPT_BACK,
    NODES,
    PHYSICAL_COLUMNS,
    REPLACING,
    TYPE_LAST,
    TYPE_SECOND,
    Rules,
)

# About what a statement without lambdas can hold; and as many columns as an APPLY may meet.
_UNFOLDED = 5_000
_COLUMNS = 50


class Judge:
    """One walk over one tree; what it meets on the way is kept for the verdict."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.tables: dict[str, None] = {}
        self.functions: dict[str, None] = {}
        self.settings: list[tuple[str, Any]] = []
        self.columns: set[tuple[str, ...]] = set()
        self.aliases: set[str] = set()
        self.lambdas: set[str] = set()
        self.called: set[str] = set()
        # Other names of plain names, and names behind IN, FROM and in a function's place: the engine may follow the
        # one to the other, so that WITH audit_log AS y SELECT 1 IN y reads the table.
        self.renamed: set[str] = set()
        self.renamed_by_with: set[str] = set()
        self.meant: set[str] = set()
        self.sources: set[str] = set()
        self.partly: dict[str, frozenset[str]] = {}
        self.star = False
        # Lambdas that are called by their names, the parameters of all lambdas, and the named one that is read now.
        self.named: set[str] = set()
        self.parameters: set[str] = set()
        self.body: str | None = None
        # Nodes and calls by name of what is read now, and of each named lambda.
        self.nodes = 0
        self.calls: Counter[str] = Counter()
        self.bodies: dict[str, tuple[int, Counter[str]]] = {}

    def statement(self, tree: Node) -> Kind:
        kind: Kind = "select"
        query = tree
        if tree.get("type") == "ExplainQuery":
            kind, query = "explain", self.explained(tree)
        if query.get("type") != "SelectWithUnionQuery":
            raise StatementRefused(not_allowed(spoken(query.get("type"))))
        self.node(query, NOWHERE)
        self.partly_read_tables()
        self.replaced_rows()
        self.borrowed_names()
        self.unfolded()
        return kind

    # -- one rule for each kind of node --------------------

    def node(self, node: Node, scope: Scope) -> None:
        kind = self.known(node)
        self.nodes += 1
        if alias := node.get("alias"):
            self.aliases.add(alias)
            if kind == "Identifier":
                self.renamed.add(alias)
            if is_lambda(node):
                self.lambdas.add(alias.lower())
        special = getattr(self, f"_{kind}", None)
        if special:
            special(node, scope)
        else:
            self.parts(node, scope)

    def known(self, node: Node) -> str:
        kind = node.get("type")
        if not isinstance(kind, str) or kind not in NODES:
            raise StatementRefused(
                f"{spoken(kind)} is not on the list of what may run here; write the query without it."
            )
        for part in node.keys() - NODES[kind] - {"type"}:
            raise StatementRefused(PARTS.get(part) or f"'{part}' of {spoken(kind)} is not on the list; leave it out.")
        return kind

    def parts(self, node: Node, scope: Scope, skip: Iterable[str] = ()) -> None:
        for part, value in node.items():
            if part not in skip:
                self.value(value, NOWHERE if part in APART else scope)

    def value(self, value: object, scope: Scope) -> None:
        if isinstance(value, dict):
            self.node(value, scope)
        elif isinstance(value, list):
            for one in value:
                self.value(one, scope)

    def explained(self, tree: Node) -> Node:
        self.known(tree)
        self.outfile(tree)
        kind = str(tree.get("kind")).removeprefix("EXPLAIN").strip()
        if kind not in EXPLAIN_KINDS:
            raise StatementRefused(
                f"EXPLAIN {kind} may not run here; EXPLAIN, PLAN, PIPELINE, SYNTAX, AST and ESTIMATE may."
            )
        options = tree.get("settings", {"type": "SetQuery", "changes": []})
        self.known(options)
        for change in options["changes"]:
            if change["name"] not in EXPLAIN_SETTINGS:
                raise StatementRefused(f"EXPLAIN takes no option '{change['name']}' here; leave it out.")
        query: Node = tree.get("query") or {}
        return query

    def outfile(self, node: Node) -> None:
        if any(node.get(flag) for flag in ("is_outfile_append", "is_outfile_truncate", "is_into_outfile_with_stdout")):
            raise StatementRefused(PARTS["out_file"])

    def _SelectWithUnionQuery(self, node: Node, scope: Scope) -> None:
        self.no_body("a subquery; write it where its value is needed, or in WITH.")
        self.union(node, scope)

    def _Subquery(self, node: Node, scope: Scope) -> None:
        self.no_body("a subquery; write it where its value is needed, or in WITH.")
        self.parts(node, scope)

    def no_body(self, what: str) -> None:
        """A named lambda is read where it stands and runs where it is called: no names of tables in it."""
        if self.body:
            raise StatementRefused(f"Lambda '{self.body}' holds {what}")

    def union(self, node: Node, scope: Scope, recursive: str | None = None) -> None:
        """The queries of a UNION: the first one's WITH serves the others, unless they bring their own.

        recursive: the CTE that this defines, if WITH RECURSIVE does; only the queries after the first mean itself by
        its name, to the first it is a table.
        """
        self.outfile(node)
        self.known(node["list_of_selects"])
        queries = node["list_of_selects"]["children"]
        only_union = all(str(mode).startswith("UNION") for mode in node.get("list_of_modes", ()))
        after = scope
        for index, query in enumerate(queries):
            if query.get("type") != "SelectQuery":
                self.node(query, scope)
                continue
            self.known(query)
            here = after if index and only_union and "with" not in query else scope
            if index and only_union and recursive:
                here = here.with_query(recursive)
            inner = self.select(query, here)
            if not index:
                after = inner

    def _SelectQuery(self, node: Node, scope: Scope) -> None:
        self.select(node, scope)

    def select(self, node: Node, scope: Scope) -> Scope:
        """A SELECT: each of its CTEs sees those before it, all the rest sees them all."""
        for element in node.get("with", {}).get("children", ()):
            if element.get("type") == "WithElement":
                self.known(element)
                self.not_hidden(element["name"])
                self.common_table(element, scope, bool(node.get("recursive_with")))
                scope = scope.with_query(element["name"])
            else:
                alias = element.get("alias")
                if alias and is_lambda(element):
                    self.named_lambda(element, scope)
                    scope = scope.with_lambda(alias)
                    continue
                self.node(element, scope)
                if alias and element["type"] == "Identifier":
                    self.renamed_by_with.add(alias)
                elif alias:
                    scope = scope.with_expression(alias)
        skip = ["with"]
        if node.get("order_by_all") and only_all(node["order_by"]["children"]):
            skip.append("order_by")
        self.parts(node, scope, skip=skip)
        return scope

    def named_lambda(self, element: Node, scope: Scope) -> None:
        """Its body runs where it is called. Where two have one name, the larger of each count is taken for both."""
        name, nodes, calls = element["alias"], self.nodes, self.calls
        self.body, self.nodes, self.calls = name, 0, Counter()
        self.node(element, scope)
        size, called = self.bodies.get(name, (0, Counter()))
        self.bodies[name] = max(size, self.nodes), called | self.calls
        self.body, self.nodes, self.calls = None, nodes, calls

    def common_table(self, element: Node, scope: Scope, recursive: bool) -> None:
        self.aliases.add(element["name"])
        subquery = element["subquery"]
        self.known(subquery)
        for query in subquery["children"]:
            if query.get("type") == "SelectWithUnionQuery":
                self.known(query)
                self.union(query, scope, element["name"] if recursive else None)
            else:
                self.node(query, scope)

    def _TableExpression(self, node: Node, scope: Scope) -> None:
        if "table_function" in node:
            self.table_function(node["table_function"])
        self.parts(node, scope, skip=("table_function",))

    def _TableIdentifier(self, node: Node, scope: Scope) -> None:
        parts = node.get("name_parts") or [node["name"]]
        self.sources.add(parts[0])
        self.table(parts, scope)

    def table_function(self, node: Node) -> None:
        """A table function: its arguments are worked out in a context of its own, which sees no CTE."""
        self.known(node)
        name = node["name"].lower()
        if name not in self.rules.table_functions:
            raise StatementRefused(self.other_table_function(node["name"]))
        arguments = arguments_of(node)
        if name == "values" and arguments and spelled(arguments[0]) is None:
            self.plain_row(arguments[0])
        for argument in arguments[:1]:
            plain_structure(spelled(argument) or "")
        self.parts(node, NOWHERE)

    def plain_row(self, node: Node) -> None:
        if node.get("type") != "Literal" and node.get("name") not in {"tuple", "array"}:
            raise StatementRefused(
                "The structure of values() is put together from parts; write it as one literal, such as 'n UInt32'."
            )

    def table(self, parts: list[str], scope: Scope) -> None:
        rules, name = self.rules, parts[-1]
        if len(parts) == 1 and name in scope.queries:
            return
        if len(parts) > 2 or (len(parts) == 2 and parts[0] not in {rules.database, "system"}):
            raise StatementRefused(self.other_database(parts[0]))
        if parts[0] == "system" and len(parts) == 2:
            if name not in rules.system_tables:
                may = ", ".join(f"system.{table}" for table in rules.system_tables)
                raise StatementRefused(f"system.{name} may not be read here; {may} may.")
            columns = rules.system_tables[name]
            if columns is not None:
                self.partly[f"system.{name}"] = columns
            self.tables[f"system.{name}"] = None
            return
        if name not in rules.tables:
            raise StatementRefused(self.unknown_table(name))
        self.tables[name] = None

    def _Function(self, node: Node, scope: Scope) -> None:
        name = node["name"]
        self.call(name, scope)
        arguments = arguments_of(node)
        low = name.lower()
        if low in IN_FUNCTIONS and len(arguments) > 1 and arguments[1].get("type") == "Identifier":
            self.in_name(arguments[1], scope)
        if low in HIGHER_ORDER and len(arguments) > 1 and arguments[0].get("type") == "Identifier":
            # Since 26.x the bare name of a function is one: arrayMap(file, …) calls file.
            bare = ".".join(arguments[0].get("name_parts") or [arguments[0]["name"]])
            self.call(bare, scope)
            self.meant.add(bare)
        if low in TYPE_LAST and len(arguments) > 1:
            plain_type(spelled(arguments[-1]), name)
        if low in TYPE_SECOND and len(arguments) > 1:
            plain_type(spelled(arguments[1]), name)
        if low in AGGREGATE_FIRST and arguments:
            self.spelled_aggregate(spelled(arguments[0]), name)
        if low == "lambda":
            parameters = {one["name"] for one in arguments_of(arguments[0])}
            self.aliases |= parameters
            self.parameters |= parameters
        # count(*) reads no column, every other star may read one that is kept back.
        rows_only = low == "count" and all(one == {"type": "Asterisk"} for one in arguments)
        self.parts(node, scope, skip=("arguments",) if rows_only else ())

    def call(self, name: str, scope: Scope) -> None:
        """A lambda of WITH by its name, or a function. Nobody but the engine knows which of the two it will find."""
        if name not in scope.lambdas or self.listed(name):
            self.function(name)
        elif re.fullmatch(r"[A-Za-z]\w{0,63}", name, re.ASCII):
            self.named.add(name)
            self.calls[name] += 1
        else:
            raise StatementRefused(
                f"'{name}' cannot be the name of a lambda that is called; write letters, digits and _ only, a letter "
                "first."
            )

    def listed(self, name: str) -> bool:
        return name.lower() in self.rules.functions or self.aggregate(name)

    def function(self, name: str) -> None:
        low = name.lower()
        if not self.listed(name):
            raise StatementRefused(self.unknown_function(name))
        self.functions[name] = None
        self.called.add(low)

    def aggregate(self, name: str) -> bool:
        if name.lower() in self.rules.aggregates:
            return True
        return any(name.endswith(end) and self.aggregate(name.removesuffix(end)) for end in COMBINATORS if name != end)

    def spelled_aggregate(self, text: str | None, name: str) -> None:
        found = re.fullmatch(r"(\w+)(\([\d., ]*\))?", text or "")
        if not found or not self.aggregate(found[1]):
            raise StatementRefused(
                f"{name}() has to say which aggregate it runs; write the name as a literal, such as 'avg'."
            )

    def in_name(self, node: Node, scope: Scope) -> None:
        """`x IN name`: the name of a CTE, of a constant of WITH, or of a table that may be read."""
        self.known(node)
        parts = node.get("name_parts") or [node["name"]]
        self.no_body("IN with a name; write the values out, or has() with an array.")
        self.meant.add(parts[0])
        if len(parts) == 1 and parts[0] in scope.expressions | scope.queries:
            return
        try:
            self.table(parts, scope)
        except StatementRefused as refusal:
            raise StatementRefused(
                f"{refusal} For an array column write has({'.'.join(parts)}, …) instead of IN."
            ) from None
        if self.partly:
            self.star = True

    def _Identifier(self, node: Node, scope: Scope) -> None:
        self.columns.add(tuple(node.get("name_parts") or [node["name"]]))

    def _Literal(self, node: Node, scope: Scope) -> None:
        """A value says nothing by itself."""

    def _QueryParameter(self, node: Node, scope: Scope) -> None:
        kind = str(node.get("param_type"))
        if "identifier" in kind.lower():
            raise StatementRefused(
                f"{{{node.get('name')}:{kind}}} would put a name into the statement after it was judged; "
                "write the name into the statement and pass only values as parameters."
            )
        plain_type(kind, "a parameter")

    def _SetQuery(self, node: Node, scope: Scope) -> None:
        for change in node["changes"]:
            if change["name"] in HELD_SETTINGS:
                keep_held(change["name"], change.get("value", {}).get("value"))
            elif change["name"] not in self.rules.settings:
                raise StatementRefused(
                    f"Setting '{change['name']}' may not be changed here; leave it out of the SETTINGS clause. "
                    "Limits are set by the tool's own arguments."
                )
            self.settings.append((change["name"], change.get("value", {}).get("value")))

    def _ColumnsApplyTransformer(self, node: Node, scope: Scope) -> None:
        if "func_name" in node:
            self.call(node["func_name"], scope)
            self.calls.update(dict.fromkeys({node["func_name"]} & self.named, _COLUMNS))
        if "lambda_arg" in node:
            self.parameters.add(node["lambda_arg"])
        self.parts(node, scope)

    def _Asterisk(self, node: Node, scope: Scope) -> None:
        self.star = True
        self.parts(node, scope)

    _QualifiedAsterisk = _ColumnsRegexpMatcher = _QualifiedColumnsRegexpMatcher = _Asterisk
    _ColumnsListMatcher = _QualifiedColumnsListMatcher = _Asterisk

    # -- what can only be said about the whole --------------------

    def partly_read_tables(self) -> None:
        """Of a system table only the listed columns may be read; what could stand for another column is refused."""
        if not self.partly:
            return
        names = " and ".join(self.partly)
        may: frozenset[str] = frozenset().union(*self.partly.values())
        if self.star:
            raise StatementRefused(
                f"* and COLUMNS() may not be used with {names}; name the columns: {', '.join(sorted(may))}."
            )
        own = may | self.aliases
        for column in self.columns:
            if column[-1] not in own or any(
                part not in own | {"system"} | set(last_parts(self.partly)) for part in column
            ):
                raise StatementRefused(
                    f"Column '{'.'.join(column)}' of {names} may not be read here; {', '.join(sorted(may))} may."
                )
        for alias in self.aliases & KEPT_BACK:
            raise StatementRefused(f"'{alias}' cannot be an alias in a query on {names}; choose another word.")

    def replaced_rows(self) -> None:
        """Nothing may pick the parts to read before it is known which of a run's rows is the last."""
        for table in REPLACING & self.tables.keys():
            for name in PHYSICAL_COLUMNS.intersection(chain.from_iterable(self.columns)):
                raise StatementRefused(
                    f"Column '{name}' may not be read with {table}, where it would bring replaced rows back; "
                    "leave it out, or ask by the table's own columns."
                )

    def borrowed_names(self) -> None:
        """No alias may take the name of what is called or read: WITH x -> … AS upper, WITH audit_log AS y."""
        for name in self.lambdas & self.called:
            raise StatementRefused(
                f"'{name}' is an alias and a function in this query; choose another word for the alias."
            )
        called = self.called | {name.lower() for name in self.named}
        for name in self.parameters:
            if self.named and name.lower() in called:
                raise StatementRefused(
                    f"'{name}' is a lambda's parameter and is called as a function in this query; choose another word "
                    "for the parameter."
                )
        for name in (self.renamed & self.meant) | (self.renamed_by_with & self.sources):
            raise StatementRefused(
                f"'{name}' is an alias of another name, and stands for a table or a function in this query too; "
                "choose another word for the alias."
            )
        # A column of such a name is not known either, so that no way from a column's name to a table's is one to it.
        for name in self.aliases.union(*self.columns):
            self.not_hidden(name)

    def unfolded(self) -> None:
        """Lambdas that call lambdas unfold to millions of parts from a short text, and no time limit stops that."""
        known: dict[str, int] = {}

        def size(name: str, above: tuple[str, ...]) -> int:
            if name not in known:
                nodes, calls = self.bodies.get(name, (0, Counter()))
                within = (*above, name)
                known[name] = _UNFOLDED + 1 if within.count(name) > 1 else nodes + total(calls, within)
            return known[name]

        def total(calls: Counter[str], above: tuple[str, ...]) -> int:
            return sum(count * size(name, above) for name, count in calls.items())

        if total(self.calls, ()) > _UNFOLDED:
            raise StatementRefused(
                f"The lambdas of this query unfold to more than {_UNFOLDED:,} parts; call them fewer times, or write "
                "them without calls of each other."
            )

    def not_hidden(self, name: str) -> None:
        if name in self.rules.hidden - self.rules.tables:
            raise StatementRefused(f"'{name}' cannot be used as a name here; choose another word.")

    # -- sentences --------------------

    def other_database(self, name: str) -> str:
        return f"Database '{name}' may not be read here, only {self.rules.database}; SHOW TABLES lists its tables."

    def other_table_function(self, name: str) -> str:
        may = ", ".join(sorted(self.rules.table_functions))
        return f"Table function {name}() may not be used here{because(name.lower())}; allowed are {may}."

    def unknown_table(self, name: str) -> str:
        near = difflib.get_close_matches(name, self.rules.tables, 1, 0.7)
        hint = f"Did you mean '{near[0]}'? " if near else ""
        tables = ", ".join(sorted(self.rules.tables))
        return f"Table '{name}' is not among those that may be read. {hint}There are: {tables}."

    def unknown_function(self, name: str) -> str:
        low = name.lower()
        if low in self.lambdas:
            return (
                f"{name}() is no lambda that is known at this place; define it in WITH before it is used, write its "
                "name as it is written there, and in LIMIT or a table function write its value out."
            )
        reason = because(low)
        near = [] if reason else difflib.get_close_matches(low, self.rules.functions | self.rules.aggregates, 1, 0.8)
        hint = f" Did you mean {near[0]}()?" if near else ""
        return (
            f"Function {name}() is not on the list of what may run here{reason}.{hint} Write the query without it; "
            "SELECT name FROM system.functions shows what the engine has."
        )


PARTS = {
    "out_file": "INTO OUTFILE writes files, which may not happen here; leave it out, the rows come back as the answer.",
    "format_ast": "The format of the answer is set by the tool; leave the FORMAT clause out.",
    "settings_ast": "SETTINGS after FORMAT is not read here; write it before, without FORMAT.",
    "children": "{name:Identifier} would put a name into the statement after it was judged; write the name itself.",
    "column_aliases": "A list of column names after a table's alias may not be used here; name columns with AS.",
    "group_by_with_totals": "The row of WITH TOTALS gets lost on the way; write WITH ROLLUP, whose last row it is.",
    "cte_aliases": "A list of column names after a CTE's name may not be used here; name columns with AS inside it.",
    "table_override": "EXPLAIN TABLE OVERRIDE may not run here; DESCRIBE shows a table's columns.",
}
