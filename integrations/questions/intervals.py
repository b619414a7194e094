"""The ends of the intervals beside rates, means and quantiles, computed from what the answer says of each."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chimera_metrics.analytics import Metric, Question
from chimera_metrics.analytics.metrics.bounds import bounds_of, within
from chimera_metrics.analytics.questions.intervals import kind_of
from chimera_metrics.integrations.answers.shaping import iso
from chimera_metrics.integrations.clickhouse.statements import Answer
from chimera_metrics.integrations.questions.asking import Asking, Row
from chimera_metrics.integrations.questions.statement import estimate

if TYPE_CHECKING:
    from chimera_metrics.analytics.inference.intervals import Interval

MOST_LEVELS = 50
"""How many different lower bounds of a quantile are read, and how many upper ones: each group gets the values at all
of them."""

_ENDS = "Nullable(Float64)"
_FINEST = 64
# Of values that lie farther from 0 than this many standard deviations, the engine's skewness, a difference of third
# powers, is mostly rounding: at 50,000 it gave -0.03 for 0.001, at 500 million -1.7e8. Student's interval remains.
_TOO_FAR_FOR_SKEWNESS = 1_000.0


def add_intervals(asking: Asking, question: Question, answer: Answer, rows: Sequence[Row]) -> None:
    """Puts `<label>_low` and `<label>_high` into the rows; notes say where they are missing.

    rows: of the answer to the question's Select, with the n and the moments that it adds, filled or not. Quantiles
    take a second statement, since it depends on n which of the ordered values bound them; what it took is added to
    `answer`.
    Undefined when: n is 0, or too few values bound a quantile or a mean on that side; then None.
    """
    counted = {m.label: [row for row in rows if row.get(f"{m.label}_n")] for m in question.intervals}
    levels = {m.label: _levels(m, counted[m.label]) for m in question.intervals if kind_of(m) == "quantile"}
    values = _read_values(asking, question, levels, answer)
    for metric in question.intervals:
        low, high = ends(metric)
        for row in rows:
            row[low] = row[high] = None
        for row in counted[metric.label]:
            if kind_of(metric) == "quantile":
                row[low], row[high] = levels[metric.label].ends(row, metric, values.get(_key(question, row)))
            else:
                interval = (_rate if kind_of(metric) == "rate" else _mean)(row, metric)
                row[low], row[high] = interval.low, interval.high
        _note_missing(asking, metric, counted[metric.label])


def note_without(asking: Asking, question: Question) -> None:
    """Says which metrics have no interval."""
    without = [metric.label for metric in question.metrics if metric not in question.intervals]
    if without:
        have = "have" if len(without) > 1 else "has"
        asking.notes.append(f"{', '.join(without)} {have} no interval; rates, means and quantiles have.")


def types_of_ends(question: Question) -> dict[str, str]:
    """The types of the columns that no statement has."""
    return {name: _ENDS for metric in question.intervals for name in ends(metric)}


def ends(metric: Metric) -> tuple[str, str]:
    """The names of the columns that hold the lower and the upper end."""
    return f"{metric.label}_low", f"{metric.label}_high"


def estimate_all(asking: Asking, question: Question) -> dict[str, int]:
    """`estimate` of the question, with its second statement if it has one."""
    found = estimate(asking, question)
    if question.bounds is None:
        return found
    again = question.bounds({metric.label: (0.5,) for metric in question.intervals})
    second = estimate(asking, replace(question, select=again))
    return {name: count + second[name] for name, count in found.items()}


@dataclass(frozen=True, slots=True)
class _Levels:
    """At which levels the values lie that bound a quantile: by n, None where too few values bound it on that side."""

    by_n: Mapping[int, tuple[float | None, float | None]]
    places: Mapping[float, int]

    def ends(self, row: Row, metric: Metric, values: Mapping[str, Any] | None) -> tuple[float | None, float | None]:
        low, high = self.by_n[int(row[f"{metric.label}_n"])]
        # Rows that came or went between the two statements may have taken the group with them.
        at = None if values is None else values[f"{metric.label}_values"]
        if at is None:
            return None, None
        return (
            None if low is None else float(at[self.places[low]]),
            None if high is None else float(at[self.places[high]]),
        )


def _levels(metric: Metric, rows: Iterable[Row]) -> _Levels:
    from chimera_metrics.analytics.inference.intervals import quantile_ranks

    q = metric.aggregate.level or 0.5
    ranks = {n: quantile_ranks(n, q) for n in {int(row[f"{metric.label}_n"]) for row in rows}}
    lows = shared({r.low_level for r in ranks.values() if r.low_level is not None}, q, MOST_LEVELS)
    highs = shared({r.high_level for r in ranks.values() if r.high_level is not None}, q, MOST_LEVELS)
    by_n = {
        n: (
            None if r.low_level is None else lows[r.low_level],
            None if r.high_level is None else highs[r.high_level],
        )
        for n, r in ranks.items()
    }
    asked = sorted({*lows.values(), *highs.values()})
    return _Levels(by_n, {level: place for place, level in enumerate(asked)})


def shared(levels: Collection[float], q: float, most: int) -> dict[float, float]:
    """For each level the one that is read for it: itself or, where there are more than `most`, one they share.

    levels: all on one side of q. The shared ones lie farther from q, so that a bound is a value as far out or farther:
    the interval holds at least as often, and is wider by 1/64, or as little more as brings their number down.
    Example: of 3 levels, or of 100, each is read itself.
    """
    found = {level: level for level in levels}
    parts = _FINEST
    while len(set(found.values())) > most:
        found = {level: _outwards(level, q, 1.0 + 1.0 / parts) for level in levels}
        parts //= 2
    return found


def _outwards(level: float, q: float, step: float) -> float:
    """The next level away from q whose distance to it is a power of `step`, 0 and 1 at most."""
    distance = step ** math.ceil(math.log(abs(level - q)) / math.log(step))
    return min(1.0, max(0.0, q + math.copysign(distance, level - q)))


def _read_values(
    asking: Asking, question: Question, levels: Mapping[str, _Levels], answer: Answer
) -> dict[tuple[Any, ...], Mapping[str, Any]]:
    """The values at the levels by bucket and group."""
    wanted = {label: tuple(one.places) for label, one in levels.items() if one.places}
    if question.bounds is None or not wanted:
        return {}
    second = asking.read(question.bounds(wanted), rows=asking.client.muse.max_rows)
    answer.elapsed_ms += second.elapsed_ms
    answer.rows_read += second.rows_read
    answer.bytes_read += second.bytes_read
    return {_key(question, row): row for row in second.mappings()}


def _key(question: Question, row: Mapping[str, Any]) -> tuple[Any, ...]:
    names = [*question.names("time"), *question.names("group")]
    return tuple(iso(value) if isinstance(value, datetime) else value for value in map(row.__getitem__, names))


def _rate(row: Row, metric: Metric) -> Interval:
    from chimera_metrics.analytics.inference.intervals import wilson

    n = int(row[f"{metric.label}_n"])
    # The rate is matches / n in doubles, so that rounding gives the matches back.
    return wilson(round(row[metric.label] * n), n)


def _mean(row: Row, metric: Metric) -> Interval:
    from chimera_metrics.analytics.inference.intervals import mean_interval_of

    mean, sd = float(row[metric.label]), row[f"{metric.label}_sd"]
    usable = sd is not None and abs(mean) <= _TOO_FAR_FOR_SKEWNESS * sd
    skewness = row[f"{metric.label}_skewness"] if usable else None
    found = mean_interval_of(mean, sd, int(row[f"{metric.label}_n"]), skewness=skewness)
    if found.low is None or found.high is None:
        return found
    # From its moments alone the interval of a few skewed values reaches beyond what any of them could be.
    bounds = bounds_of(metric)
    low, high = (within(end, bounds, mean) for end in (found.low, found.high))
    return replace(found, low=low, high=high)


def _note_missing(asking: Asking, metric: Metric, rows: Iterable[Row]) -> None:
    """Says how many values both ends take, if a row has some and fewer; a rate of one row has both."""
    if kind_of(metric) == "rate":
        return
    from chimera_metrics.analytics.inference.intervals import fewest_values

    low, high = ends(metric)
    need = fewest_values(metric.aggregate.level) if metric.aggregate.level else 2
    if any(row[f"{metric.label}_n"] < need for row in rows):
        asking.notes.append(f"{low} or {high} is null where there are too few values; each needs {need} values.")
