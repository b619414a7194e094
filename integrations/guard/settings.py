"""The settings and EXPLAIN options that a statement may carry."""

from chimera_metrics.integrations.guard.findings import Findings
from chimera_metrics.integrations.guard.node_types import EXPLAIN_KINDS, EXPLAIN_SETTINGS
from chimera_metrics.integrations.guard.nodes import Node
from chimera_metrics.integrations.guard.refusals import StatementRefused
from chimera_metrics.integrations.guard.rules import FIXED_SETTINGS, Rules


def check_settings(node: Node, rules: Rules, findings: Findings) -> None:
    """A SETTINGS clause, which may only change how a query is executed."""
    for change in node["changes"]:
        name, value = change["name"], change.get("value", {}).get("value")
        if name in FIXED_SETTINGS:
            _check_fixed(name, value)
        elif name not in rules.settings:
            raise StatementRefused(
                f"Setting '{name}' may not be changed here; leave it out of the SETTINGS clause. "
                "Limits are set by the tool's own arguments."
            )
        findings.settings.append((name, value))


def _check_fixed(name: str, value: object) -> None:
    fixed = FIXED_SETTINGS[name]
    if str(value).lower() not in {str(fixed), str(bool(fixed)).lower()}:
        raise StatementRefused(
            f"Setting '{name}' stays at {fixed} here, so that a benchmark run that was sent again counts once; "
            "leave it out of the SETTINGS clause."
        )


def check_explain_kind(node: Node) -> None:
    kind = str(node.get("kind")).removeprefix("EXPLAIN").strip()
    if kind not in EXPLAIN_KINDS:
        raise StatementRefused(
            f"EXPLAIN {kind} may not run here; EXPLAIN, PLAN, PIPELINE, SYNTAX, AST and ESTIMATE may."
        )


def check_explain_options(node: Node) -> None:
    for change in node["changes"]:
        if change["name"] not in EXPLAIN_SETTINGS:
            raise StatementRefused(f"EXPLAIN takes no option '{change['name']}' here; leave it out.")
