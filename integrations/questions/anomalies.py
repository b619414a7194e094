"""`query.anomalies`: which of the newest buckets of many metrics and groups are odd."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chimera_metrics import analytics
from chimera_metrics.analytics import AnomaliesArguments, Metric, Question, granularity_of
from chimera_metrics.analytics.arguments import conditions, one_name
from chimera_metrics.analytics.metrics.bounds import bounds_of, within
from chimera_metrics.analytics.metrics.language import each_metric
from chimera_metrics.analytics.questions.anomalies import LEADING
from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.answers.shaping import Shaper, iso, marks
from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.integrations.questions.asking import Asking, Row
from chimera_metrics.integrations.questions.beginnings import filled
from chimera_metrics.integrations.questions.cycles import by_the_clock, period_of
from chimera_metrics.integrations.questions.figures import digits_of, figure, point, reason_of
from chimera_metrics.integrations.questions.known_values import note_unknown
from chimera_metrics.integrations.results import AnomaliesResult
from chimera_metrics.integrations.results.picture import Form, drawn_by

if TYPE_CHECKING:
    from chimera_metrics.analytics import inference

DEFAULT_DAYS = {"minute": 1, "hour": 14, "day": 90, "week": 728, "month": 1_826}
"""How far back it looks where no window is given."""
SHOWN = 50
"""Anomalies, and series that could not be judged, in one answer."""
DRAWN = 6


@dataclass(frozen=True, slots=True)
class _Series:
    """One metric of one group: all its buckets that are over, `label` the column that it stands in."""

    metric: Metric
    group: Any
    rows: list[Row]

    def value(self, row: Row) -> Any:
        return row[self.metric.label]

    @property
    def digits(self) -> int:
        return digits_of(self.value(row) for row in self.rows)


def anomalies(client: Access, given: AnomaliesArguments, cancellation: Cancellation | None = None) -> AnomaliesResult:
    """The odd ones among the newest buckets, rarest first, and what could not be judged."""
    from chimera_metrics.analytics import inference

    group_by = one_name("group_by", given.group_by)
    asking = Asking(client, cancellation)
    by = granularity_of(given.granularity, bucketed=True)
    named = each_metric(given.metrics) if given.metrics else ()
    window = asking.window_asked(given, DEFAULT_DAYS[by])
    asked = analytics.anomalies(given, window=window, sizes=asking.sizes(window, named or LEADING))
    filters = conditions(given.filters)
    series = [one for question in asked.questions for one in _read(asking, question, filters)]
    watched = [_watched(place, one) for place, one in enumerate(series)]
    found = inference.newest_anomalies(watched, asked.last, period=period_of(by) or 1)
    asking.note_approximations(asked.questions)
    asking.notes += marks({"group": [one.group for one in series]})
    answer = {
        "granularity": by,
        "group_by": group_by,
        "last": asked.last,
        "anomalies": [_odd(series[_place(one.key)], one) for one in found.odd[:SHOWN]],
        "judged": found.judged,
        "not_judged": [_not_judged(series[_place(key)], reason) for key, reason in found.not_judged[:SHOWN]],
        "notes": [*asking.notes, *_cut(len(found.odd), "anomalies"), *_cut(len(found.not_judged), "not_judged")],
        "source": ", ".join(dict.fromkeys(question.source for question in asked.questions)),
        "sql": asking.sql,
        "window": window.as_dict(),
    }
    result = AnomaliesResult.of(answer)

    def draw(form: Form) -> bytes:
        from chimera_metrics.integrations.charts import anomalies_chart

        drawn = list(dict.fromkeys(_place(one.key) for one in found.odd))[:DRAWN]
        return anomalies_chart(answer | {"series": [_drawn(series[place]) for place in drawn]}, form)

    drawn_by(result, draw, given.chart)
    return result


def _place(key: Any) -> int:
    return int(key)


def _read(asking: Asking, question: Question, filters: Sequence[Mapping[str, Any]]) -> Iterator[_Series]:
    """The series of each metric and group of one table, without buckets that are not over."""
    group_by = next((column.name for column in question.columns if column.role == "group"), None)
    rows = filled(asking, question, asking.read(question.select), question.metrics)
    note_unknown(asking, rows, {metric.label: metric for metric in question.metrics}, filters)
    by_group: dict[Any, list[Row]] = {}
    for row in rows:
        if not row["partial"]:
            by_group.setdefault(row[group_by] if group_by else None, []).append(row)
    for group, own in by_group.items() or ((None, []),):  # a table without rows is named as not judged
        hours = list(by_the_clock(own, question.granularity, question.window.zone))
        for metric in question.metrics:
            yield _Series(metric, group, hours)


def _watched(place: int, one: _Series) -> inference.Watched:
    from chimera_metrics.analytics import inference

    kind = one.metric.aggregate.name
    trials = [row[f"{one.metric.label}_n"] or 0 for row in one.rows] if kind == "rate" else None
    return inference.Watched(place, [one.value(row) for row in one.rows], counts=kind == "count", trials=trials)


def _odd(one: _Series, odd: inference.Odd) -> dict[str, Any]:
    higher = odd.value > odd.expected
    digits = one.digits
    better = one.metric.better
    bounds = bounds_of(one.metric)
    expected, low, high = (point(within(x, bounds, odd.value), digits) for x in (odd.expected, odd.low, odd.high))
    return {
        "metric": one.metric.text,
        "group": Shaper().value(one.group),
        "ts": iso(one.rows[odd.index]["ts"]),
        "value": point(odd.value, digits),
        "expected": expected,
        "low": low,
        "high": high,
        "p_adjusted": figure(odd.p_adjusted, 4),
        "worse": None if better == "neutral" else higher == (better == "lower"),
    }


def _not_judged(one: _Series, reason: inference.Reason) -> dict[str, Any]:
    return {
        "metric": one.metric.text,
        "group": Shaper().value(one.group),
        "reason": reason_of(reason, {"the series": "the metric"}),
    }


def _cut(count: int, name: str) -> list[str]:
    return [f"{name} holds the first {SHOWN} of {count}."] if count > SHOWN else []


def _drawn(one: _Series) -> dict[str, Any]:
    points = [{"ts": iso(row["ts"]), "value": figure(one.value(row))} for row in one.rows]
    return {"metric": one.metric.text, "unit": one.metric.unit, "group": Shaper().value(one.group), "points": points}
