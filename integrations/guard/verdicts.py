"""What the guard says of a statement that may run."""

from dataclasses import dataclass
from typing import Any

from chimera_metrics.integrations.guard.conditions import Condition
from chimera_metrics.integrations.guard.findings import Findings
from chimera_metrics.integrations.guard.nodes import Kind
from chimera_metrics.integrations.guard.weights import LIGHT, Weight


@dataclass(frozen=True)
class Verdict:
    """What may run, and what it reads. `settings` are those of its SETTINGS clauses."""

    statement: str
    kind: Kind
    tables: tuple[str, ...]
    functions: tuple[str, ...]
    settings: tuple[tuple[str, Any], ...] = ()
    #: The most rows that it can answer, where the statement itself says so.
    most_rows: int | None = None
    #: The words that it compares its columns with.
    conditions: tuple[Condition, ...] = ()
    #: What goes with it, so that its limits hold.
    weight: Weight = LIGHT

    def session(self) -> dict[str, Any]:
        """The settings of its session."""
        return self.weight.session(dict(self.settings))


def verdict_on(statement: str, kind: Kind, findings: Findings, most_rows: int | None = None) -> Verdict:
    names = tuple(findings.tables), tuple(findings.functions)
    return Verdict(statement, kind, *names, tuple(findings.settings), most_rows)
