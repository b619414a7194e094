"""Walks the engine's tree of a statement and refuses every node, part and name that is not on the allow list."""

import re
from collections.abc import Collection

from chimera_metrics.integrations.guard.findings import Findings, check_not_hidden
from chimera_metrics.integrations.guard.functions import (
    AGGREGATE_FIRST,
    HIGHER_ORDER,
    IN_FUNCTIONS,
    TYPE_LAST,
    TYPE_SECOND,
)
from chimera_metrics.integrations.guard.node_types import ALLOWED_PARTS, EVALUATED_APART, OUTFILE_FLAGS
from chimera_metrics.integrations.guard.nodes import (
    EMPTY_SCOPE,
    Kind,
    Node,
    Scope,
    arguments_of,
    check_type,
    is_lambda,
    is_order_by_all,
    name_parts,
    string_literal,
)
from chimera_metrics.integrations.guard.refusals import (
    PART_REFUSALS,
    StatementRefused,
    not_a_read,
    spoken,
    unknown_function,
)
from chimera_metrics.integrations.guard.rules import ACCOUNT_NAMES, STATE_COLUMNS, Rules
from chimera_metrics.integrations.guard.settings import check_explain_kind, check_explain_options, check_settings
from chimera_metrics.integrations.guard.tables import check_table, check_table_function


class Walk:
    """One walk over one tree. `findings` collects what the statement uses."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.findings = Findings()
        self.lambdas = self.findings.lambdas

    def check_statement(self, tree: Node) -> Kind:
        kind: Kind = "select"
        query = tree
        if tree.get("type") == "ExplainQuery":
            kind, query = "explain", self._explained_query(tree)
        if query.get("type") != "SelectWithUnionQuery":
            raise StatementRefused(not_a_read(spoken(query.get("type"))))
        self._visit(query, EMPTY_SCOPE)
        self.findings.check(self.rules)
        return kind

    # -- any node --------------------------------------------------------------------------------------------------

    def _visit(self, node: Node, scope: Scope) -> None:
        kind = self._checked_kind(node)
        self.lambdas.count_node()
        if alias := node.get("alias"):
            self.findings.aliases.add(alias)
            if kind == "Identifier":
                self.findings.name_aliases.add(alias)
            if is_lambda(node):
                self.lambdas.aliases.add(alias.lower())
        visit = getattr(self, f"_visit_{kind}", self._visit_parts)
        visit(node, scope)

    def _checked_kind(self, node: Node) -> str:
        kind = node.get("type")
        if not isinstance(kind, str) or kind not in ALLOWED_PARTS:
            raise StatementRefused(
                f"{spoken(kind)} is not on the list of what may run here; write the query without it."
            )
        for part in node.keys() - ALLOWED_PARTS[kind] - {"type"}:
            raise StatementRefused(
                PART_REFUSALS.get(part) or f"'{part}' of {spoken(kind)} is not on the list; leave it out."
            )
        return kind

    def _visit_parts(self, node: Node, scope: Scope, skip: Collection[str] = ()) -> None:
        for part, value in node.items():
            if part not in skip:
                self._visit_value(value, EMPTY_SCOPE if part in EVALUATED_APART else scope)

    def _visit_value(self, value: object, scope: Scope) -> None:
        if isinstance(value, dict):
            self._visit(value, scope)
        elif isinstance(value, list):
            for one in value:
                self._visit_value(one, scope)

    # -- queries ---------------------------------------------------------------------------------------------------

    def _explained_query(self, tree: Node) -> Node:
        self._checked_kind(tree)
        self._forbid_outfile(tree)
        check_explain_kind(tree)
        options = tree.get("settings", {"type": "SetQuery", "changes": []})
        self._checked_kind(options)
        check_explain_options(options)
        query: Node = tree.get("query") or {}
        return query

    def _forbid_outfile(self, node: Node) -> None:
        if any(node.get(flag) for flag in OUTFILE_FLAGS):
            raise StatementRefused(PART_REFUSALS["out_file"])

    def _visit_SelectWithUnionQuery(self, node: Node, scope: Scope) -> None:
        self.lambdas.forbid_in_body("a subquery; write it where its value is needed, or in WITH.")
        self._visit_union(node, scope)

    def _visit_Subquery(self, node: Node, scope: Scope) -> None:
        self.lambdas.forbid_in_body("a subquery; write it where its value is needed, or in WITH.")
        self._visit_parts(node, scope)

    def _visit_union(self, node: Node, scope: Scope, recursive: str | None = None) -> None:
        """The queries of a UNION: the first one's WITH serves the others, unless they bring their own.

        recursive: the CTE that this defines, if WITH RECURSIVE does. Only the queries after the first mean the CTE
        itself by this name; to the first one it is a table.
        """
        self._forbid_outfile(node)
        self._checked_kind(node["list_of_selects"])
        queries = node["list_of_selects"]["children"]
        only_union = all(str(mode).startswith("UNION") for mode in node.get("list_of_modes", ()))
        after_first = scope
        if len(queries) > 1:
            self.findings.casts = "UNION"
        for index, query in enumerate(queries):
            if query.get("type") != "SelectQuery":
                self._visit(query, scope)
                continue
            self._checked_kind(query)
            here = after_first if index and only_union and "with" not in query else scope
            if index and only_union and recursive:
                here = here.with_query(recursive)
            inner = self._visit_SelectQuery(query, here)
            if not index:
                after_first = inner

    def _visit_SelectQuery(self, node: Node, scope: Scope) -> Scope:
        """Each CTE sees those before it, the rest of the SELECT sees them all. Returns the scope with all of them."""
        for element in node.get("with", {}).get("children", ()):
            scope = self._visit_with(element, scope, bool(node.get("recursive_with")))
        skip = ["with"]
        if node.get("order_by_all") and is_order_by_all(node["order_by"]["children"]):
            skip.append("order_by")
        self._visit_parts(node, scope, skip=skip)
        return scope

    def _visit_with(self, element: Node, scope: Scope, recursive: bool) -> Scope:
        """Returns the scope with the name that this element of WITH defines."""
        if element.get("type") == "WithElement":
            self._checked_kind(element)
            check_not_hidden(element["name"], self.rules)
            self._visit_common_table(element, scope, recursive)
            return scope.with_query(element["name"])
        alias = element.get("alias")
        if alias and is_lambda(element):
            with self.lambdas.body_of(alias):
                self._visit(element, scope)
            return scope.with_lambda(alias)
        self._visit(element, scope)
        if alias and element["type"] == "Identifier":
            self.findings.name_aliases_of_with.add(alias)
        elif alias:
            return scope.with_expression(alias)
        return scope

    def _visit_common_table(self, element: Node, scope: Scope, recursive: bool) -> None:
        self.findings.aliases.add(element["name"])
        subquery = element["subquery"]
        self._checked_kind(subquery)
        for query in subquery["children"]:
            if query.get("type") == "SelectWithUnionQuery":
                self._checked_kind(query)
                self._visit_union(query, scope, element["name"] if recursive else None)
            else:
                self._visit(query, scope)

    # -- tables ----------------------------------------------------------------------------------------------------

    def _visit_TableExpression(self, node: Node, scope: Scope) -> None:
        if "table_function" in node:
            function = node["table_function"]
            self._checked_kind(function)
            check_table_function(function, self.rules)
            # The engine evaluates the arguments in a context of their own, which sees no CTE.
            self._visit_parts(function, EMPTY_SCOPE)
        self._visit_parts(node, scope, skip=("table_function",))

    def _visit_TableIdentifier(self, node: Node, scope: Scope) -> None:
        parts = name_parts(node)
        self.findings.sources.add(parts[0])
        check_table(parts, scope, self.rules, self.findings)

    # -- expressions -----------------------------------------------------------------------------------------------

    def _visit_Function(self, node: Node, scope: Scope) -> None:
        name = node["name"]
        self._check_call(name, scope)
        arguments = arguments_of(node)
        self._check_names_in(name, arguments, scope)
        self._note_states(name, arguments)
        low = name.lower()
        if low == "lambda":
            parameters = {one["name"] for one in arguments_of(arguments[0])}
            self.findings.aliases |= parameters
            self.lambdas.parameters |= parameters
        # count(*) reads no column; every other star may read one that is left out.
        rows_only = low == "count" and all(one == {"type": "Asterisk"} for one in arguments)
        self._visit_parts(node, scope, skip=("arguments",) if rows_only else ())

    def _note_states(self, name: str, arguments: list[Node]) -> None:
        if name.startswith(("bitmap", "subBitmap")) or "State" in name.replace("SimpleState", ""):
            self.findings.makes_states = True
        elif "Merge" in name or name == "finalizeAggregation":
            finished = [one for one in arguments if one.get("type") == "Identifier"]
            self.findings.loose_states -= sum(name_parts(one)[-1] in STATE_COLUMNS for one in finished)

    def _check_call(self, name: str, scope: Scope) -> None:
        """A function, or a lambda of WITH. Only the engine knows which it finds: a listed name counts as a function."""
        if name not in scope.lambdas or self.rules.allows_function(name):
            self._check_function(name)
        elif re.fullmatch(r"[A-Za-z]\w{0,63}", name, re.ASCII):
            self.lambdas.count_call(name)
        else:
            raise StatementRefused(
                f"'{name}' cannot be the name of a lambda that is called; write letters, digits and _ only, a letter "
                "first."
            )

    def _check_function(self, name: str) -> None:
        if not self.rules.allows_function(name):
            raise StatementRefused(unknown_function(name, self.lambdas.aliases))
        self.findings.functions[name] = None
        self.findings.called.add(name.lower())

    def _check_names_in(self, function: str, arguments: list[Node], scope: Scope) -> None:
        """The arguments that name a table, a function, a type or an aggregate."""
        low = function.lower()
        if low in IN_FUNCTIONS and len(arguments) > 1 and arguments[1].get("type") == "Identifier":
            self._check_name_behind_in(arguments[1], scope)
        if low in HIGHER_ORDER and len(arguments) > 1 and arguments[0].get("type") == "Identifier":
            # Since 26.x the bare name of a function is one: arrayMap(file, …) calls file.
            given = ".".join(name_parts(arguments[0]))
            self._check_call(given, scope)
            self.findings.table_or_function_names.add(given)
        if low in TYPE_LAST and len(arguments) > 1:
            check_type(string_literal(arguments[-1]), function)
        if low in TYPE_SECOND and len(arguments) > 1:
            check_type(string_literal(arguments[1]), function)
        if low in AGGREGATE_FIRST and arguments:
            self._check_aggregate_text(string_literal(arguments[0]), function)

    def _check_name_behind_in(self, node: Node, scope: Scope) -> None:
        """`x IN name`: the name of a CTE, of a constant of WITH, or of a table that may be read."""
        self._checked_kind(node)
        parts = name_parts(node)
        self.lambdas.forbid_in_body("IN with a name; write the values out, or has() with an array.")
        self.findings.table_or_function_names.add(parts[0])
        if len(parts) == 1 and parts[0] in scope.expressions | scope.queries:
            return
        try:
            check_table(parts, scope, self.rules, self.findings)
        except StatementRefused as refusal:
            raise StatementRefused(
                f"{refusal} For an array column write has({'.'.join(parts)}, …) instead of IN."
            ) from None
        if self.findings.partly_readable:
            self.findings.star = True

    def _check_aggregate_text(self, text: str | None, function: str) -> None:
        found = re.fullmatch(r"(\w+)(\([\d., ]*\))?", text or "")
        self.findings.makes_states |= "State" in (text or "")
        if not found or not self.rules.allows_aggregate(found[1]):
            raise StatementRefused(
                f"{function}() has to say which aggregate it runs; write the name as a literal, such as 'avg'."
            )

    def _visit_Identifier(self, node: Node, scope: Scope) -> None:
        parts = name_parts(node)
        if len(parts) == 1 and parts[0].lower() in ACCOUNT_NAMES:
            raise StatementRefused(
                f"'{parts[0]}' is the account's name to the engine, which may not be read here; choose another word."
            )
        self.findings.loose_states += parts[-1] in STATE_COLUMNS
        self.findings.columns.add(tuple(parts))

    def _visit_InterpolateElement(self, node: Node, scope: Scope) -> None:
        self.findings.casts = "INTERPOLATE"
        self._visit_parts(node, EMPTY_SCOPE)

    def _visit_Literal(self, node: Node, scope: Scope) -> None:
        """A value names nothing."""

    def _visit_QueryParameter(self, node: Node, scope: Scope) -> None:
        kind = str(node.get("param_type"))
        if "identifier" in kind.lower():
            raise StatementRefused(
                f"{{{node.get('name')}:{kind}}} would put a name into the statement after it was judged; "
                "write the name into the statement and pass only values as parameters."
            )
        check_type(kind, "a parameter")

    def _visit_SetQuery(self, node: Node, scope: Scope) -> None:
        check_settings(node, self.rules, self.findings)

    # -- stars -----------------------------------------------------------------------------------------------------

    def _visit_Asterisk(self, node: Node, scope: Scope) -> None:
        self.findings.star = True
        self._visit_parts(node, scope)

    _visit_QualifiedAsterisk = _visit_Asterisk
    _visit_ColumnsRegexpMatcher = _visit_QualifiedColumnsRegexpMatcher = _visit_Asterisk
    _visit_ColumnsListMatcher = _visit_QualifiedColumnsListMatcher = _visit_Asterisk

    def _visit_ColumnsApplyTransformer(self, node: Node, scope: Scope) -> None:
        if "func_name" in node:
            self._check_call(node["func_name"], scope)
            self.lambdas.count_apply(node["func_name"])
        if "lambda_arg" in node:
            self.lambdas.parameters.add(node["lambda_arg"])
        self._visit_parts(node, scope)
