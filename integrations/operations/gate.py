"""Whether a commit's benchmarks are worse than the history before it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from chimera_metrics.analytics.questions.performance import GROUP, MEASURES, RUNS_A_SIDE
from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.operations.gate_history import GateHistory
from chimera_metrics.integrations.questions.performance import HIGHER_IS_WORSE

if TYPE_CHECKING:
    from chimera_metrics.analytics.inference import Comparison, History

Verdict = Literal["worse", "not worse", "cannot tell"]
# Runs of a group that are read: most of a long history are of other branches.
_READ = 2_000
_SQL = f"""
SELECT model, quant, dataset, ts, lower(toString(commit_sha)) AS commit, {", ".join(MEASURES)}
FROM bench_runs
WHERE ({", ".join(GROUP)}) IN (SELECT {", ".join(GROUP)} FROM bench_runs WHERE lower(toString(commit_sha)) = {{commit}})
ORDER BY ts DESC LIMIT {_READ} BY {", ".join(GROUP)}
"""


#: The exit codes of the command.
NONE, FOUND, CANNOT_TELL = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Judged:
    """One measure of one benchmark: medians, the shift in % of the median before with its 95 % interval."""

    group: tuple[str, ...]
    measure: str
    verdict: Verdict
    before: float | None
    after: float | None
    n_before: int
    n_after: int
    shift_pct: float | None = None
    low_pct: float | None = None
    high_pct: float | None = None
    p_adjusted: float | None = None
    why: str = ""
    """Why nothing can be told."""

    @property
    def name(self) -> str:
        return " ".join(self.group)


@dataclass(frozen=True, slots=True)
class Gate:
    """What was found: 0 none, 1 a regression, 2 nothing can be told."""

    history: GateHistory
    judged: Sequence[Judged]

    @property
    def worse(self) -> list[Judged]:
        return [one for one in self.judged if one.verdict == "worse"]

    @property
    def untold(self) -> list[Judged]:
        return [one for one in self.judged if one.verdict == "cannot tell"]

    @property
    def exit_code(self) -> int:
        if self.worse:
            return FOUND
        return NONE if any(one.verdict == "not worse" for one in self.judged) else CANNOT_TELL


def gate(client: Access, history: GateHistory) -> Gate:
    """Every measure of every benchmark that this commit ran, against the comparable runs of the history.

    All are one family (Benjamini-Hochberg), so that of those called worse an expected share of at most 0.6 % is not.
    """
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
    with client.executor.open(_SQL.replace("{commit}", quote(history.commit))) as running:
        names = [column.name for column in running.columns]
        for block in running.blocks():
            for values in zip(*block, strict=True):
                row = dict(zip(names, values, strict=True))
                groups[tuple(row[name] for name in GROUP)].append(row)
    sides = {group: _sides(rows, history) for group, rows in sorted(groups.items())}
    return Gate(history, judge(sides))


Sides = tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]


def _sides(newest_first: Sequence[Mapping[str, Any]], history: GateHistory) -> Sides:
    """The runs before, and those of this commit, each in the order of time."""
    own = [row for row in newest_first if row["commit"] == history.commit]
    others = [row for row in newest_first if row["commit"] != history.commit]
    if history.before is None:
        first = min(row["ts"] for row in own)
        others = [row for row in others if row["ts"] < first]
    else:
        others = [row for row in others if row["commit"] in history.before]
    return others[:RUNS_A_SIDE][::-1], own[:RUNS_A_SIDE][::-1]


def judge(sides: Mapping[tuple[str, ...], Sides]) -> list[Judged]:
    """Every measure that this commit's runs have, of each benchmark, all judged together."""
    from chimera_metrics.analytics.inference import benjamini_hochberg, compare_newest
    from chimera_metrics.analytics.inference.histories import KNOWN_LEVEL
    from chimera_metrics.analytics.inference.regressions import with_intervals

    histories = {
        (group, measure): _history(group, measure, before, after)
        for group, (before, after) in sides.items()
        for measure in MEASURES
        if any(row[measure] is not None for row in after)
    }
    compared = compare_newest(list(histories.values()), since=0.0)
    adjusted = benjamini_hochberg([one.p_value for one in compared.values()])
    tried = sum(one.p_value is not None for one in compared.values())
    told = with_intervals(list(compared.values()))
    return [
        _judged(group, measure, found, p, tried, KNOWN_LEVEL)
        for (group, measure), found, p in zip(histories, told, adjusted, strict=True)
    ]


def _history(
    group: tuple[str, ...], measure: str, before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> History:
    """The runs in one row, this commit's last, from time 0 on."""
    from chimera_metrics.analytics.inference import History

    values = [None if row[measure] is None else float(row[measure]) for row in (*before, *after)]
    at = [float(place) for place in range(-len(before), len(after))]
    return History((group, measure), values, at, HIGHER_IS_WORSE[measure])


def _judged(
    group: tuple[str, ...], measure: str, found: Comparison, p: float | None, tried: int, level: float
) -> Judged:
    from chimera_metrics.analytics.inference import more_runs_needed

    facts: dict[str, Any] = {
        "before": found.before,
        "after": found.after,
        "n_before": found.n_before,
        "n_after": found.n_after,
    }
    if p is None:
        reason = found.reason
        if reason is not None and reason.code == "constant":
            return Judged(group, measure, "not worse", **facts, shift_pct=0.0, low_pct=0.0, high_pct=0.0)
        return Judged(group, measure, "cannot tell", **facts, why=_few(found.n_before, found.n_after))
    percent = [
        None if one is None or not found.before else 100.0 * one / abs(found.before)
        for one in (found.shift, found.shift_low, found.shift_high)
    ]
    shift: dict[str, Any] = dict(zip(("shift_pct", "low_pct", "high_pct"), percent, strict=True))
    if p < level:
        return Judged(group, measure, "worse", **facts, **shift, p_adjusted=p)
    missing = more_runs_needed(found.n_before, found.n_after, tried=float(tried), level=level)
    if missing:
        why = f"{missing} more run{'s' * (missing != 1)} needed before a change could be told from chance"
        return Judged(group, measure, "cannot tell", **facts, **shift, p_adjusted=p, why=why)
    return Judged(group, measure, "not worse", **facts, **shift, p_adjusted=p)


def _few(n_before: int, n_after: int) -> str:
    from chimera_metrics.analytics.inference.regressions import NEEDED_A_SIDE

    return f"{n_after} of this commit, {n_before} before; it takes {NEEDED_A_SIDE} of each"
