"""What a gate found, as a line and as Markdown."""

from __future__ import annotations

import re

from chimera_metrics.integrations.operations.gate import CANNOT_TELL, Gate, Judged

_SHORT = 10


def line(gate: Gate) -> str:
    """One line, the clearest regression first."""
    commit, told = gate.history.commit[:_SHORT], gate.judged
    if not told:
        return f"Cannot tell: no run of commit {commit} is stored. Import its results first (`muse import`)."
    few = f" {len(gate.untold)} of {len(told)} measures cannot be told: {gate.untold[0].why}." if gate.untold else ""
    if gate.exit_code == CANNOT_TELL:
        return f"Cannot tell whether {commit} is worse: {_first(gate.untold)}"
    if not gate.worse:
        fine = len(told) - len(gate.untold)
        return f"{commit} is not worse than {gate.history.in_words} in {fine} of {len(told)} measures.{few}"
    found = sorted(gate.worse, key=lambda one: one.p_adjusted or 0.0)
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{commit} is worse than {gate.history.in_words}: {_said(found[0])}{more}.{few}"


def _first(untold: list[Judged]) -> str:
    one = untold[0]
    more = f" So it is with {len(untold) - 1} more measures." if len(untold) > 1 else ""
    return f"{one.name} {one.measure} has too few runs ({one.why}).{more}"


def _said(one: Judged) -> str:
    between = f"{_percent(one.low_pct)} to {_percent(one.high_pct)}"
    return f"{one.name} {one.measure} {_percent(one.shift_pct)} (95 % interval {between}, p = {one.p_adjusted:.2g})"


def markdown(gate: Gate, picture: str | None) -> str:
    """A table of all measures, the worse first, and the picture."""
    order = {"worse": 0, "cannot tell": 1, "not worse": 2}
    rows = [_row(one) for one in sorted(gate.judged, key=lambda one: order[one.verdict])]
    head = ["benchmark", "measure", "before", "this commit", "change", "95 % interval", "runs", "verdict"]
    table = [head, ["---"] * 2 + ["---:"] * 5 + ["---"], *rows]
    lines = [f"### Benchmarks of {gate.history.commit[:_SHORT]}", "", _cell(line(gate)), ""]
    if rows:
        lines += ["| " + " | ".join(row) + " |" for row in table] + [""]
    if picture is not None:
        lines += [f"![Change of each measure with its 95 % interval]({picture})", ""]
    lines.append(
        "Change is the shift of the middle in % of the median before. A measure is called worse where chance explains "
        "it in less than 6 of 1,000 cases, all measures together."
    )
    return "\n".join(lines) + "\n"


def _row(one: Judged) -> list[str]:
    between = "" if one.low_pct is None else f"{_percent(one.low_pct)} to {_percent(one.high_pct)}"
    verdict = f"**{one.verdict}**" if one.verdict == "worse" else one.verdict
    return [
        *(_cell(one.name), one.measure, _number(one.before), _number(one.after), _percent(one.shift_pct), between),
        *(f"{one.n_after} after {one.n_before}", f"{verdict}: {one.why}" if one.why else verdict),
    ]


def _cell(text: str) -> str:
    """Text that stays text in a table, whatever a benchmark is called."""
    return re.sub(r"([|\\`*_<>\[\]])", r"\\\1", " ".join(text.split()))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:+.1f} %"
