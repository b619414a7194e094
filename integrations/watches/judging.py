"""Looks at the series of a watch: which groups raise an alarm at the newest bucket, and which are well again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import orjson

from chimera_metrics import analytics
from chimera_metrics.analytics import metric_of
from chimera_metrics.analytics.questions.question import Question, utc
from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.answers.shaping import iso
from chimera_metrics.integrations.questions.asking import Asking, Row
from chimera_metrics.integrations.questions.beginnings import filled
from chimera_metrics.integrations.questions.cycles import period_of
from chimera_metrics.integrations.questions.figures import figure
from chimera_metrics.integrations.watches.book import Alarm, StoredWatch, alarm_id

_BUCKET = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1),
           "week": timedelta(days=7), "month": timedelta(days=31)}  # fmt: skip
_BACK = 48
"""Buckets that a threshold looks back at most, where no look is known."""
_YEAR = timedelta(days=365)


@dataclass
class Look:
    """What one look found."""

    newest: datetime
    raised: list[Alarm] = field(default_factory=list)
    cleared: list[Alarm] = field(default_factory=list)
    series: int = 0
    notes: list[str] = field(default_factory=list)


def newest_bucket(client: Access, watch: StoredWatch) -> datetime | None:
    """The start of the newest bucket that is over; reads nothing."""
    asking = Asking(client)
    since = asking.now - 3 * _BUCKET[watch.definition.granularity]
    over = [bucket for bucket in _question(asking, watch, since).buckets() if not bucket.partial]
    return over[-1].start if over else None


def look(client: Access, watch: StoredWatch, newest: datetime, last: datetime | None, alarms: Sequence[Alarm]) -> Look:
    """Judges the buckets after `last` (the newest alone, where none was judged). `alarms`: of this watch, by now."""
    asking = Asking(client)
    begins = _begin(watch, newest)
    question = _question(asking, watch, begins)
    metric = metric_of(watch.definition.metric)
    rows = filled(asking, question, asking.read(question.select), [metric])
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if not row["partial"] and utc(row["ts"]) <= newest:
            groups.setdefault(question.group_of(row), []).append(row)
    found = Look(newest, series=len(groups))
    for group, own in groups.items():
        series = orjson.dumps(dict(zip(watch.definition.group_by, group, strict=True)), default=str).decode()
        # Those of a look that died half-way are raised again, by the same ids, and told of.
        mine = [alarm for alarm in alarms if alarm.series == series and last is not None and alarm.bucket <= last]
        judge = _change if watch.definition.for_changes else _threshold
        judge(_Case(client, watch, series, own, last, mine), found)
    return found


@dataclass(frozen=True)
class _Case:
    client: Access
    watch: StoredWatch
    series: str
    rows: list[Row]
    last: datetime | None
    alarms: list[Alarm]
    """Of this series, newest first."""

    def place_after(self, moment: datetime | None) -> int:
        """The first row after `moment`; the newest row, where there is none."""
        if moment is None:
            return len(self.rows) - 1
        return next((i for i, row in enumerate(self.rows) if utc(row["ts"]) > moment), len(self.rows))

    def alarm(self, place: int, detail: dict[str, Any], now: datetime) -> Alarm:
        bucket = utc(self.rows[place]["ts"])
        detail = {"value": figure(self.rows[place]["value"]), "metric": self.watch.definition.metric} | detail
        made = alarm_id(self.client.settings.database, self.watch, self.series, bucket)
        return Alarm(made, self.watch.name, self.series, self.watch.definition.when, bucket, detail, now)


def _change(case: _Case, found: Look) -> None:
    from chimera_metrics.analytics import inference

    rows, before = case.rows, sum(utc(row["ts"]) < _anchor(case.watch, found.newest) for row in case.rows)
    if case.alarms:  # it has learnt again since the change that was seen
        first = datetime.fromisoformat(str(case.alarms[0].detail["first"]))
        later = [row for row in rows if utc(row["ts"]) >= first]
        if len(later) < len(rows):
            rows, before = later, len(later)
    own = _Case(case.client, case.watch, case.series, rows, case.last, case.alarms)
    kind, drift = _kind(case.watch), case.watch.definition.when == "drift"
    seen = inference.look_for_change(
        [row["value"] for row in rows],
        [row["n"] for row in rows],
        kind=kind,
        before=before,
        since=own.place_after(case.last),
        period=period_of(case.watch.definition.granularity) or 1,
        drift=drift,
    )
    found.notes += [note for note in (seen.caution, seen.reason.text if seen.reason else None) if note]
    if seen.place is not None and seen.first is not None:
        detail = {"direction": "up" if seen.up else "down", "first": iso(utc(rows[seen.first]["ts"]))}
        found.raised.append(own.alarm(seen.place, detail, Asking(case.client).now))


def _threshold(case: _Case, found: Look) -> None:
    from chimera_metrics.analytics import inference

    rule, now = case.watch.definition, Asking(case.client).now
    assert rule.value is not None  # noqa: S101  # for the type checker: no threshold is set without
    when: Literal["above", "below"] = "above" if rule.when == "above" else "below"
    on = next((alarm for alarm in case.alarms if alarm.cleared_at is None), None)
    start = case.place_after(case.last)
    rows = case.rows[start:]
    seen = inference.look_at_threshold([row["value"] for row in rows], when, rule.value, rule.clear, on is not None)
    for place, raised in seen.turns:
        if raised:
            on = case.alarm(start + place, {"threshold": rule.value}, now)
            found.raised.append(on)
        elif on is not None:
            found.cleared.append(on)
            on = None


def _kind(watch: StoredWatch) -> Literal["level", "count", "rate"]:
    name = metric_of(watch.definition.metric).aggregate.name
    return "count" if name in ("count", "uniq") else "rate" if name == "rate" else "level"


def _anchor(watch: StoredWatch, newest: datetime) -> datetime:
    """Since when evidence is gathered: when the watch was set, a year later, and so on."""
    return watch.since + max((newest - watch.since) // _YEAR, 0) * _YEAR


def _begin(watch: StoredWatch, newest: datetime) -> datetime:
    """From when on the series is read."""
    length = _BUCKET[watch.definition.granularity]
    if not watch.definition.for_changes:
        return newest - _BACK * length
    from chimera_metrics.analytics.inference.watch_evidence import LEARN, LEARN_DRIFT

    return _anchor(watch, newest) - (LEARN_DRIFT if watch.definition.when == "drift" else LEARN) * length


def _question(asking: Asking, watch: StoredWatch, since: datetime) -> Question:
    rule = watch.definition
    window = asking.window(since=since.date() if rule.granularity == "day" else iso(since))
    return analytics.series(
        rule.metric,
        window=window,
        granularity=rule.granularity,
        group_by=rule.group_by or None,
        filters=rule.filters,
        sizes=asking.sizes(window, [rule.metric]),
    )
