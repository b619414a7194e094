"""The tables and table functions that a statement names: each is noted if it may be read, and refused otherwise."""

from chimera_metrics.integrations.guard.findings import Findings
from chimera_metrics.integrations.guard.nodes import Node, Scope, arguments_of, check_structure, string_literal
from chimera_metrics.integrations.guard.refusals import (
    StatementRefused,
    other_database,
    other_table_function,
    unknown_table,
)
from chimera_metrics.integrations.guard.rules import INFORMATION_SCHEMA, STANDARD_VIEWS, Rules


def check_table(parts: list[str], scope: Scope, rules: Rules, findings: Findings) -> None:
    """parts: of the table's name; a name in one part may also be a CTE of `scope`."""
    name = parts[-1]
    if len(parts) == 1 and name in scope.queries:
        return
    if len(parts) == 2 and parts[0] in INFORMATION_SCHEMA:
        _check_standard_view(parts, rules, findings)
        return
    if len(parts) > 2 or (len(parts) == 2 and parts[0] not in {rules.database, "system"}):
        raise StatementRefused(other_database(parts[-2], rules, name))
    if parts[0] == "system" and len(parts) == 2:
        _check_system_table(name, rules, findings)
    elif name not in rules.tables:
        raise StatementRefused(unknown_table(name, rules))
    else:
        findings.tables[name] = None


def _check_system_table(name: str, rules: Rules, findings: Findings) -> None:
    if name not in rules.system_tables:
        if name == "databases":
            raise StatementRefused("system.databases may not be read here; write SHOW DATABASES.")
        may = ", ".join(f"system.{table}" for table in rules.system_tables)
        raise StatementRefused(f"system.{name} may not be read here; {may} may.")
    columns = rules.system_tables[name]
    if columns is not None:
        findings.partly_readable[f"system.{name}"] = columns
    findings.tables[f"system.{name}"] = None


def _check_standard_view(parts: list[str], rules: Rules, findings: Findings) -> None:
    name = parts[1].lower()
    if name not in STANDARD_VIEWS or parts[1] not in {name, name.upper()}:
        raise StatementRefused(other_database(parts[0], rules, name))
    findings.partly_readable[".".join(parts)] = STANDARD_VIEWS[name]
    findings.tables[".".join(parts)] = None


def check_table_function(node: Node, rules: Rules) -> None:
    name = node["name"].lower()
    if name not in rules.table_functions:
        raise StatementRefused(other_table_function(node["name"], rules))
    for first in arguments_of(node)[:1]:
        if name == "values" and string_literal(first) is None:
            _check_row(first)
        check_structure(string_literal(first) or "")


def _check_row(node: Node) -> None:
    """The first argument of values() is its structure or a row; an expression could make up a structure."""
    if node.get("type") != "Literal" and node.get("name") not in {"tuple", "array"}:
        raise StatementRefused(
            "The structure of values() is put together from parts; write it as one literal, such as 'n UInt32'."
        )
