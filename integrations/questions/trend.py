"""`query.trend` and `get.trend_data`: where a metric goes, where its level changed, and which points stand out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chimera_metrics import analytics
from chimera_metrics.analytics import Bucket, Metric, Question, TrendArguments, metric_of
from chimera_metrics.analytics.arguments import conditions
from chimera_metrics.analytics.metrics.filters import stated
from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.answers.shaping import Shaper, marks
from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.integrations.questions.asking import SHOWN_POINTS, Asking, Row, note_gaps, question_start, thin
from chimera_metrics.integrations.questions.beginnings import filled
from chimera_metrics.integrations.questions.cycles import clock_note, cycle_note, cycle_of, period_of
from chimera_metrics.integrations.questions.figures import digits_of, figure, only_partial, point, reason_of
from chimera_metrics.integrations.questions.filters import in_words
from chimera_metrics.integrations.questions.known_values import note_unknown
from chimera_metrics.integrations.results import TrendResult, points
from chimera_metrics.integrations.results.picture import Form, drawn_by
from chimera_metrics.models import FACT_TABLES

if TYPE_CHECKING:
    from chimera_metrics.analytics import inference

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Judged:
    """One group's series, all its buckets, and what inference says of the whole ones; places count in `rows`."""

    group: Any
    rows: list[Row]
    line: inference.TrendEstimate
    steps: inference.ChangePoints
    strays: inference.Anomalies
    question: Question

    @property
    def counts(self) -> bool:
        """Whether its values are whole numbers."""
        return self.question.metrics[0].aggregate.name in ("count", "uniq")

    def start(self, place: int) -> str:
        """The bucket at that place, as the answer names it."""
        return question_start(self.question, self.rows[place]["ts"])

    @property
    def digits(self) -> int:
        """How many digits tell its values from each other."""
        return digits_of(row["value"] for row in self.rows)


def trend(client: Access, given: TrendArguments, cancellation: Cancellation | None = None) -> TrendResult:
    """One series a group: points, slope with interval, direction, change points and anomalies."""
    filters = conditions(given.filters)
    asking = Asking(client, cancellation)
    window = asking.window_asked(given, 30)
    asked = analytics.trend(given, window=window, sizes=asking.sizes(window, [given.metric]))
    question = asked.series
    measured = metric_of(given.metric)
    rows = filled(asking, question, asking.read(question.select), [measured], filters)
    note_unknown(asking, rows, {"value": measured}, filters)
    judged = _judge(question, rows, measured)
    commits = _commits(asking, asked, judged)
    asking.note_approximations([question])
    asking.note_partial(rows, question)
    asking.notes += clock_note(window, question.granularity)
    if question.limit is not None and len(judged) == question.limit:
        asking.notes.append(f"The {len(judged)} groups with the most rows are shown; filter to see others.")
    asking.notes += marks({"group": [text for one in judged for text in one.group]})
    described = [_described(one, commits) for one in judged]

    def build(most: int, gaps: bool = False) -> dict[str, Any]:
        series, note = _with_points(described, judged, most, gaps)
        return {
            "metric": measured.text,
            "unit": measured.unit,
            "better": measured.better,
            "granularity": question.granularity,
            "group_by": list(asked.group_by),
            "filters": [in_words(one) for one in stated(FACT_TABLES[measured.table], filters)],
            "series": series,
            "reason": None if judged else {"code": "no_data", "text": f"There are no rows of {measured.table} here."},
            "notes": [*asking.notes, *note],
            "source": question.source,
            "sql": asking.sql,
            "window": window.as_dict(),
        }

    result = asking.fit(TrendResult, build)

    def draw(form: Form) -> bytes:
        from chimera_metrics.integrations.charts import trend_chart

        return trend_chart(build(100 * SHOWN_POINTS, gaps=True), form)

    drawn_by(result, draw, given.chart)
    return result


def _judge(question: Question, rows: Sequence[Row], metric: Metric) -> list[Judged]:
    """Each group's series judged, the largest group first; trends of several groups are judged together."""
    from chimera_metrics.analytics import inference

    by_group: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        by_group.setdefault(question.group_of(row), []).append(row)
    period = None if question.spaced else period_of(question.granularity)
    ordered = sorted(by_group.items(), key=lambda item: (-sum(row["n"] or 0 for row in item[1]), str(item[0])))
    series = [[None if row["partial"] else row["value"] for row in own] for _, own in ordered]
    times = [[(row["ts"] - own[0]["ts"]).total_seconds() / _DAY_S for row in own] for _, own in ordered]
    steps = [inference.change_points(values, period=period) for values in series]
    lines = inference.trends(series, times, period=period, steps=steps)
    is_rate, is_count = metric.aggregate.name == "rate", metric.aggregate.name == "count"
    return [
        Judged(
            group,
            own,
            line,
            found,
            inference.anomalies(
                values, at, line=line, steps=found, period=period, counts=is_count,
                n=[row["n"] or 0 for row in own] if is_rate else None,
            ),
            question,
        )
        for (group, own), values, at, line, found in zip(ordered, series, times, lines, steps, strict=True)
    ]  # fmt: skip


def _commits(asking: Asking, asked: analytics.Trend, judged: Sequence[Judged]) -> list[Row]:
    """The commits of the window, read only when a level changed."""
    if asked.commits is None or not any(one.steps.changes for one in judged):
        return []
    return asking.read(asked.commits).mappings()


def _described(one: Judged, commits: Sequence[Row]) -> dict[str, Any]:
    """The series without its points: its steps first, then its slope and what is left of it between the steps."""
    line, steps, strays = one.line, one.steps, one.strays
    others = [found.reason for found in (steps, strays) if found.reason is not None]
    texts = dict.fromkeys(reason.text for reason in others if line.reason is None or reason.text != line.reason.text)
    return {
        "group": _group(one),
        "n": line.n,
        "change_points": _change_points(one, commits),
        "steps_or_climbs": [_level(one, step) for step in steps.steps_or_climbs],
        "slope_per_day": figure(line.slope_per_day),
        "slope_low": figure(line.slope_low),
        "slope_high": figure(line.slope_high),
        "p_value": figure(line.p_value),
        "p_adjusted": figure(line.p_adjusted),
        "direction": line.direction,
        "change_pct": figure(line.change_pct),
        "between_steps": _between(line),
        "cycle": cycle_of(line.cycle),
        "anomalies": [_anomaly(one, found) for found in strays.runs],
        "reason": reason_of(
            line.reason, {"the series": "the metric"}, only_partial(one.rows, one.question.granularity, "value")
        ),
        "cautions": _cautions(one),
        "notes": [*_explained(line), *cycle_note(line.cycle), *texts],
    }


def _group(one: Judged) -> Any:
    """The group's value, of two columns both by their names; None without groups."""
    values = dict(zip(one.question.names("group"), map(Shaper().value, one.group), strict=True))
    return values if len(values) > 1 else next(iter(values.values()), None)


def _cautions(one: Judged) -> list[str]:
    """What to keep in mind, where anything was judged at all."""
    if one.line.p_value is None and one.strays.reason is not None:
        return []
    return list(dict.fromkeys((*one.steps.cautions, *one.line.cautions, *one.strays.cautions)))


def _between(line: inference.TrendEstimate) -> dict[str, Any] | None:
    """The slope that is left when the levels between the steps are taken out."""
    left = line.between_steps
    return None if left is None else {"slope_per_day": figure(left.slope_per_day), "p_value": figure(left.p_value)}


def _explained(line: inference.TrendEstimate) -> list[str]:
    if not line.explained_by_steps or line.between_steps is None:
        return []
    return [
        f"The change points explain why it is {line.direction}: between them no slope is left "
        f"(p = {line.between_steps.p_value:.2g})."
    ]


def _anomaly(one: Judged, run: inference.AnomalyRun) -> dict[str, Any]:
    """A run of neighbours is one anomaly: its farthest bucket, and where it begins and ends."""
    peak = run.peak
    return {
        "ts": one.start(peak.index),
        "value": point(peak.value, one.digits),
        "expected": point(peak.expected, one.digits),
        "score": figure(peak.score, 4),
        "first": one.start(run.first),
        "last": one.start(run.last),
        "buckets": run.size,
    }


def _level(one: Judged, step: inference.ChangePoint) -> dict[str, Any]:
    return {
        "ts": one.start(step.index),
        "before": point(step.before, one.digits),
        "after": point(step.after, one.digits),
        "p_value": figure(step.p_value),
    }


def _change_points(one: Judged, commits: Sequence[Row]) -> list[dict[str, Any]]:
    buckets, names = one.question.buckets(), one.question.names("group")
    # A group by commit is one commit: there is nothing to look for.
    own = [row for row in commits if tuple(row.get(name) for name in names) == one.group]
    return [_level(one, step) | {"commit_sha": _commit(one, step, buckets, own)} for step in one.steps.changes]


def _commit(one: Judged, step: inference.ChangePoint, buckets: Sequence[Bucket], commits: Sequence[Row]) -> str | None:
    """The commit behind a step. The last value before a step may be taken for the first after it: then the next is."""
    following = (i for i in range(step.index + 1, len(one.rows)) if one.rows[i]["value"] is not None)
    for place in (step.index, next(following, step.index)):
        found = analytics.first_commit(commits, buckets, one.rows[place]["ts"], step.before, step.after)
        if found is not None:
            return found
    return None


def _with_points(
    described: Sequence[Mapping[str, Any]], judged: Sequence[Judged], most: int, gaps: bool
) -> tuple[list[dict[str, Any]], list[str]]:
    """The series with about `most` points in all: those of the first groups, thinned when one alone has more.

    A bucket without a value is none, and is counted in a note; `gaps` keeps it, for a picture's line to break there.
    """
    series: list[dict[str, Any]] = []
    left, bare, thinned, empty, every = most, 0, "", 0, 0
    for index, (words, one) in enumerate(zip(described, judged, strict=True)):
        known = {place: row for place, row in enumerate(one.rows) if gaps or row["value"] is not None}
        places = thin(list(known), left, _kept(one, known)) if index == 0 or len(known) <= left else []
        if not places:
            bare += bool(known)
        elif len(places) < len(known):
            thinned = f"{len(places)} of {len(known)} points are shown; all were used. A coarser granularity has fewer."
        left = max(0, left - len(places))
        # A bucket that is not over and has no value yet lacks none.
        due = sum(not row["partial"] or row["value"] is not None for row in one.rows)
        empty, every = empty + (0 if gaps else due - len(known)), every + due
        shown = points(("ts", "value", "n", "partial"), [_point(one, place) for place in places])
        series.append({"group": words["group"], "points": shown, **{k: v for k, v in words.items() if k != "group"}})
    missing = f"Points of {bare} of {len(judged)} groups are left out; filter to one group to see them." if bare else ""
    gone = note_gaps(empty, every, judged[0].question.granularity) if judged else []
    return series, [note for note in (*gone, thinned, missing) if note]


def _kept(one: Judged, known: Mapping[int, Row]) -> list[int]:
    """The places among the known points of those that the answer speaks of."""
    said = {step.index for step in (*one.steps.changes, *one.steps.steps_or_climbs)}
    said |= {stray.index for stray in one.strays.points}
    return [at for at, place in enumerate(known) if place in said]


def _point(one: Judged, place: int) -> dict[str, Any]:
    row = one.rows[place]
    value = point(row["value"], one.digits)
    if one.counts and value is not None:
        value = int(value)
    return {"ts": one.start(place), "value": value, "n": row["n"] or 0, "partial": row["partial"]}
