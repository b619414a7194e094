"""What `bench.honesty` writes: tables, shares, and the promises that were not kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

Flags = Any  # an array of bool, one per series


@dataclass
class Report:
    """Tables as text, and the promised bounds that were not kept."""

    lines: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    promised: int = 0

    def table(self, title: str, head: list[str], rows: list[list[str]]) -> None:
        """Add one table."""
        self.lines += ["", f"**{title}**", "", "| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
        self.lines += ["| " + " | ".join(row) + " |" for row in rows]
        print("\n".join(self.lines[-len(rows) - 4 :]), flush=True)

    def at_most(self, what: str, share: float, most: float, series: int | None = None) -> None:
        """A promise: `share` is at most `most`, two standard errors allowed where the number of series is given."""
        self.promised += 1
        allowed = 0.0 if series is None else 2.0 * (most * (1.0 - most) / series) ** 0.5
        if share > most + allowed:
            self.missed.append(f"{what}: {1000 * share:.0f} of 1,000, promised at most {1000 * most:.0f}")

    def at_least(self, what: str, share: float, least: float, series: int | None = None) -> None:
        """A promise: `share` is at least `least`, two standard errors allowed where the number of series is given."""
        self.promised += 1
        allowed = 0.0 if series is None else 2.0 * (least * (1.0 - least) / series) ** 0.5
        if share < least - allowed:
            self.missed.append(f"{what}: {share:.3f}, promised at least {least}")


def share(flags: Flags) -> float:
    """The share of True."""
    return float(np.mean(flags))


def per_mille(flags: Flags) -> str:
    """Alarms per 1,000 series."""
    return f"{1000 * share(flags):.0f}"
