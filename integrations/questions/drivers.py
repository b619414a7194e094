"""`query.drivers`: why a metric moved, by the words whose rate or volume did it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chimera_metrics import analytics
from chimera_metrics.analytics import DriversArguments, Metric, metric_of
from chimera_metrics.analytics.arguments import conditions, whole
from chimera_metrics.analytics.errors import QuestionError
from chimera_metrics.analytics.questions.asked import Filters
from chimera_metrics.analytics.questions.beginnings import first_rows
from chimera_metrics.analytics.questions.drivers import (
    MAX_CELLS,
    MAX_WORDS,
    OTHERS,
    DriverQuestion,
    baseline_quantile,
    share_above,
)
from chimera_metrics.analytics.questions.question import utc
from chimera_metrics.analytics.questions.sides import days_apart, stretch, two_windows
from chimera_metrics.analytics.sql.buckets import buckets
from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.answers.shaping import Shaper, marks
from chimera_metrics.integrations.clickhouse.statements import Answer, Cancellation
from chimera_metrics.integrations.questions.asking import Asking, Row
from chimera_metrics.integrations.questions.figures import figure, reason_of
from chimera_metrics.integrations.questions.known_values import note_unknown
from chimera_metrics.integrations.results import DriversResult
from chimera_metrics.integrations.results.picture import Form, drawn_by

if TYPE_CHECKING:
    from chimera_metrics.analytics.inference.driver_cube import Cube
    from chimera_metrics.analytics.inference.drivers import Driver, Drivers

_DEEPEST, _MOST_DRIVERS = 2, 20
_LEAST_HISTORY = 21
_LEAST_WORDS = 8
"""So many words of each dimension are looked at where there is not room for all; else for fewer dimensions."""


def drivers(client: Access, given: DriversArguments, cancellation: Cancellation | None = None) -> DriversResult:
    """The change, what drove it, and the rest: contributions and rest add up to the change."""
    from chimera_metrics.analytics import inference

    depth, limit = _within("depth", given.depth, _DEEPEST), _within("limit", given.limit, _MOST_DRIVERS)
    asking = Asking(client, cancellation)
    window = asking.window_asked(given)
    baseline = asking.baseline_asked(given, window)
    measured = metric_of(given.metric)
    if measured.aggregate.level is not None:
        measured = _above(asking, measured, two_windows(window, baseline)[0], given.filters)
    asked = analytics.drivers(replace(given, metric=measured), window=window, baseline=baseline)
    if asked.window.until < window.until:
        asking.notes.append("Whole days are compared; today so far is left out.")
    cells = _Cells(asking, asked)
    found = inference.drivers(cells.cube, depth=depth, limit=limit, births=sorted({day for day, _ in cells.births}))
    described = [cells.described(one, found) for one in found.drivers]
    sides = [{"value": found.before}, {"value": found.after}]
    note_unknown(asking, sides, {"value": measured}, conditions(given.filters))
    asking.notes += marks({"where": [word for one in described for word in one["where"].values()]})
    result = DriversResult.of(
        {
            "metric": measured.text,
            "unit": measured.unit,
            "change": cells.change(found),
            "drivers": described,
            "rest": found.rest,
            "looked_at": found.looked_at,
            "reason": reason_of(found.reason),
            "notes": asking.notes,
            "source": asked.source,
            "sql": asking.sql,
            "window": asked.window.as_dict(),
            "baseline_window": asked.baseline.as_dict(),
        }
    )

    def draw(form: Form) -> bytes:
        from chimera_metrics.integrations.charts import drivers_chart

        return drivers_chart(result, form)

    drawn_by(result, draw, given.chart)
    return result


def _within(name: str, value: Any, most: int) -> int:
    number = whole(name, value)
    if not 1 <= number <= most:
        raise QuestionError(f"`{name}` is {number}; it must be 1 to {most}.")
    return number


def _above(asking: Asking, metric: Metric, baseline: analytics.Window, filters: Filters) -> Metric:
    """The share of values above the percentile of the baseline, which is what can be explained."""
    question = baseline_quantile(metric, baseline, filters, asking.sizes(baseline, [metric]))
    [row] = asking.read(question.select).mappings()
    bound = row[metric.label]
    if bound is None:
        raise QuestionError(f"There are no values of {metric.text} in the baseline; choose another one.")
    unit = f" {metric.unit}" if metric.unit else ""
    asking.notes.append(
        f"{metric.text} was {figure(float(bound), 4)}{unit} in the baseline. A percentile does not add up from parts: "
        f"what is explained is the share of values above {figure(float(bound), 4)}{unit}."
    )
    return share_above(metric, float(bound))


class _Cells:
    """The cube that was read, and the words and days behind its numbers."""

    def __init__(self, asking: Asking, asked: DriverQuestion) -> None:
        asked, cells = _that_fit(asking, asked)
        self._asked = asked
        ratio = 1.0
        if asked.spread is not None:
            [found] = asking.read(asked.spread).mappings()
            ratio = max(1.0, float(found["ratio"])) if found["ratio"] == found["ratio"] and found["ratio"] else 1.0
        self._days = self._days_of(asking)
        self._weekdays = self._shared_weekdays(asking)
        self._days = [one for one in self._days if one < asked.window.since or self._weekday(one) in self._weekdays]
        self._words: dict[str, list[Any]] = {}
        self.cube = self._cube(cells, ratio)
        commits = [] if asked.commits is None else asking.read(asked.commits).mappings()
        self.births = self._births(commits)

    def _days_of(self, asking: Asking) -> list[datetime]:
        """The days from the table's first whole one on. Its very first is cut, unless every day is needed."""
        [first] = asking.read(first_rows([self._asked.metric.table])).mappings()
        begun = first[self._asked.metric.table]
        every = [bucket.start for bucket in buckets(self._asked.history, "day")]
        ends = [*every[1:], self._asked.history.until]
        there = [start for start, end in zip(every, ends, strict=True) if begun is not None and end > utc(begun)]
        history = sum(start < self._asked.window.since for start in there)
        is_cut = bool(there) and begun is not None and there[0] < utc(begun)
        return there[1:] if is_cut and history > _LEAST_HISTORY else there

    def _shared_weekdays(self, asking: Asking) -> set[int]:
        """The weekdays that are compared: of windows that do not pair those that both have, if these are enough."""
        from chimera_metrics.analytics.inference.difference_sides import NEEDED_DAYS

        asked, every = self._asked, set(range(7))
        if days_apart(asked.baseline, asked.window) is not None:
            return every
        sides = [
            [self._weekday(one) for one in self._days if side.since <= one < side.until]
            for side in (asked.baseline, asked.window)
        ]
        shared = set(sides[0]) & set(sides[1])
        if min(sum(one in shared for one in side) for side in sides) < NEEDED_DAYS:
            return every
        if set(sides[0]) != set(sides[1]):
            asking.notes.append("Both windows are compared over the weekdays that both have.")
        elif any(len(side) % 7 for side in sides):
            asking.notes.append("Each weekday counts as often in the baseline as in the window.")
        return shared

    def _weekday(self, day: datetime) -> int:
        return day.astimezone(self._asked.window.zone).weekday()

    def _cube(self, cells: Answer, ratio: float) -> Cube:
        import numpy as np

        from chimera_metrics.analytics.inference.driver_cube import Cube

        asked, places = self._asked, {start: place for place, start in enumerate(self._days)}
        names = [column.name for column in cells.columns]
        columns = dict(zip(names, zip(*cells.rows, strict=True) if cells.rows else [()] * len(names), strict=True))
        place = {ts: places.get(utc(ts), -1) for ts in set(columns["ts"])}
        day, n = np.array([place[ts] for ts in columns["ts"]], dtype=np.intp), _numbers(columns["n"])
        kept = (day >= 0) & (n > 0.0)
        day, n, value = day[kept], n[kept], _numbers(columns["value"])[kept]
        kind = asked.metric.aggregate.name
        s = value if kind in ("sum", "count") else np.rint(value * n) if kind == "rate" else value * n
        if kind in ("count", "rate"):
            s, q = (n, n) if kind == "count" else (s, s)
        elif asked.spread is not None:
            q = s * s / np.maximum(n, 1.0) * ratio
        else:
            q = _numbers(columns["squares"])[kept]
        words, others = {}, {}
        for name in asked.dimensions:
            coded, self._words[name], other = _coded(columns[name], kept, n)
            if len(self._words[name]) < 2:
                continue  # one word is everything
            words[name] = coded
            if other is not None:
                others[name] = other
        weekday = np.array(list(map(self._weekday, self._days)), dtype=np.intp)
        before, after = (
            np.array(
                [side.since <= one < side.until and self._weekday(one) in self._weekdays for one in self._days],
                dtype=np.bool_,
            )
            for side in (asked.baseline, asked.window)
        )
        return Cube(day, words, n, s, q, weekday, before, after, kind in ("sum", "count"), others)

    def _births(self, commits: Sequence[Row]) -> list[tuple[int, str]]:
        """The days of the window on which commits have their first row, with the commit."""
        found = []
        for row in commits:
            day = sum(start <= utc(row["first"]) for start in self._days) - 1
            if day >= 0 and self.cube.after[day]:
                found.append((day, str(row["commit_sha"])))
        return found

    def change(self, found: Drivers) -> dict[str, Any]:
        """The result field `change`, its interval by days."""
        from chimera_metrics.analytics import inference

        cube, apart = self.cube, days_apart(self._asked.baseline, self._asked.window)
        kind = "total" if cube.additive else "level"
        a, b = (self._daily(days) for days in (cube.before, cube.after))
        one = inference.difference(
            a,
            b,
            kind="total" if cube.additive else "level",
            apart=apart,
            is_rate=self._asked.metric.aggregate.name == "rate",
            as_second=True,
        )
        many = float(cube.after.sum()) if kind == "total" and apart is None else 1.0
        low, high = (None if bound is None else bound * many for bound in (one.low, one.high))
        return {
            "before": found.before,
            "after": found.after,
            "change": found.change,
            "low": figure(low),
            "high": figure(high),
            "p_value": figure(one.p_value, 4),
        }

    def _daily(self, days: Any) -> Any:
        import numpy as np

        from chimera_metrics.analytics.inference import DailySide

        cube = self.cube
        n, s = (np.bincount(cube.day, values, cube.days)[days] for values in (cube.n, cube.s))
        zone = self._asked.window.zone
        dates = [
            start.astimezone(zone).date().toordinal() for start, there in zip(self._days, days, strict=True) if there
        ]
        values = list(s) if cube.additive else [x / rows if rows else None for x, rows in zip(s, n, strict=True)]
        return DailySide(dates, values, [int(rows) for rows in n])

    def described(self, one: Driver, found: Drivers) -> dict[str, Any]:
        where = {dim: Shaper().value(self._words[dim][number]) for dim, number in one.where.items()}
        return {
            "where": where,
            "before": figure(one.before),
            "after": figure(one.after),
            "contribution": one.contribution,
            "share_pct": figure(100.0 * one.contribution / found.change, 4) if found.change else None,
            "kind": one.kind,
            "p_adjusted": figure(one.p_adjusted, 4),
            "commit_sha": self._commit(one),
        }

    def _commit(self, one: Driver) -> str | None:
        """The commit with whose first day the rate changed; late on that day it shows on the next."""
        if one.onset is None:
            return None
        onset = one.onset
        same = [commit for day, commit in self.births if day in (onset, onset - 1)]
        return next(iter(same), None)


def _that_fit(asking: Asking, asked: DriverQuestion) -> tuple[DriverQuestion, Answer]:
    """The question with its cells; where there are too many, the question that has room for them, and notes say how."""
    cells = asking.read(asked.cells, rows=MAX_CELLS + 1)
    if len(cells.rows) <= MAX_CELLS:
        return asked, cells
    every, words = _words(asking.read(asked.words).mappings(), asked.dimensions)
    asked, most = _fewer_dimensions(asking, asked, every, words)
    while True:
        kept = {
            name: [word for word, _ in words[name][:most]]
            for name in asked.dimensions
            if len(words[name]) > most and _can_fold(words[name])
        }
        cells = asking.read(asked.folded(kept), rows=MAX_CELLS + 1)
        if len(cells.rows) <= MAX_CELLS:
            break
        if most < _LEAST_WORDS:
            raise QuestionError(
                f"By day and {', '.join(asked.dimensions)} there are more than {MAX_CELLS:,} cells; name fewer "
                "`dimensions`."
            )
        most = most * 2 // 3
    if kept:
        asking.notes.append(
            f"Days and words make more than {MAX_CELLS:,} cells: of {', '.join(kept)} the {most} most frequent words "
            "each are looked at, the others count together. Fewer `dimensions` leave room for more words."
        )
    return asked, cells


def _fewer_dimensions(
    asking: Asking, asked: DriverQuestion, every: float, words: Mapping[str, Sequence[tuple[Any, float]]]
) -> tuple[DriverQuestion, int]:
    """The question with the dimensions of which enough words fit, and how many of each: those with most words go."""
    from chimera_metrics.analytics.inference.driver_words import words_that_fit

    days, a_day = len(buckets(asked.history, "day")), len(buckets(stretch(asked.baseline, asked.window), "day"))
    counts = {name: _with_rest([n for _, n in own], every) for name, own in words.items()}
    while True:
        most = words_that_fit(counts, rows_a_day=every / max(1, a_day), days=days, cells=MAX_CELLS)
        whole = [name for name in counts if len(counts[name]) > most and not _can_fold(words[name])]
        if (most >= _LEAST_WORDS and not whole) or len(counts) == 1:
            break
        del counts[max(whole or counts, key=lambda name: len(counts[name]))]
    gone = [name for name in asked.dimensions if name not in counts]
    if not gone:
        return asked, most
    asking.notes.append(
        f"{' and '.join(gone)} {'is' if len(gone) == 1 else 'are'} left out: with more dimensions days and words make "
        f"more than {MAX_CELLS:,} cells. Name the `dimensions` that matter."
    )
    return asked.narrower(tuple(counts)), most


def _can_fold(words: Sequence[tuple[Any, float]]) -> bool:
    """Whether rare words can count together, as those of a text; hours and days of the week stay apart."""
    return all(isinstance(word, str | None) for word, _ in words)


def _with_rest(rows: list[float], every: float) -> list[float]:
    """With what the words beyond those read come to."""
    rest = every - sum(rows)
    return [*rows, rest] if rest > 0.0 else rows


def _words(rows: Sequence[Row], dimensions: Sequence[str]) -> tuple[float, dict[str, list[tuple[Any, float]]]]:
    """The rows of all words together, and of each word by dimension, the most frequent first."""
    every = 0.0
    found: dict[str, list[tuple[Any, float]]] = {name: [] for name in dimensions}
    for row in rows:
        name = next((name for name in dimensions if row[f"not_by_{name}"] == 0), None)
        if name is None:
            every = float(row["n"])
        else:
            found[name].append((row[name], float(row["n"])))
    return every, found


def _numbers(values: Sequence[Any]) -> Any:
    import numpy as np

    return np.array([value or 0.0 for value in values], dtype=np.float64)


def _coded(values: Sequence[Any], kept: Any, n: Any) -> tuple[Any, list[Any], int | None]:
    """The words of the cells that are kept as numbers, the most frequent first; which they are; and the number of the
    rare ones together. n: rows of those cells."""
    import numpy as np

    first: dict[Any, int] = {}
    seen = np.array([first.setdefault(word, len(first)) for word in values], dtype=np.intp)[kept]
    words, weight = list(first), np.bincount(seen, n, len(first))
    ordered = sorted(np.unique(seen).tolist(), key=lambda place: (-weight[place], str(words[place])))
    named = [place for place in ordered if words[place] != OTHERS][:MAX_WORDS]
    number = np.full(len(words), len(named), dtype=np.intp)
    number[named] = np.arange(len(named))
    is_cut = len(named) < len(ordered)
    shown = [words[place] for place in named]
    return number[seen], [*shown, OTHERS] if is_cut else shown, len(named) if is_cut else None
