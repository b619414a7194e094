"""One operation under way: its window, its statements, and what is said beside the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy import Select

from chimera_metrics.analytics import Metric, Question, QuestionError, Sizes, Window, metric_of, sizes, window_of
from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.answers.shaping import start
from chimera_metrics.integrations.clickhouse.retries import read_policy_of, repeat
from chimera_metrics.integrations.clickhouse.statements import Answer, Cancellation
from chimera_metrics.integrations.questions.wording import listed
from chimera_metrics.integrations.results import Result, as_json

Row = dict[str, Any]
_REMEMBERED = 200
SHOWN_POINTS = 400
"""Points of one answer: more flood the reader, and a coarser granularity says as much."""


def clock() -> datetime:
    """Now; the one place where questions look at the clock, so that a test can hold it."""
    return datetime.now(UTC)


Kind = TypeVar("Kind", bound=Result)


class Windowed(Protocol):
    """Arguments that state a window in words."""

    @property
    def days(self) -> int | None: ...
    @property
    def hours(self) -> int | None: ...
    @property
    def since(self) -> str | date | None: ...
    @property
    def until(self) -> str | date | None: ...


class WithBaseline(Protocol):
    """Arguments that may state the window before, too."""

    @property
    def baseline_since(self) -> str | date | None: ...
    @property
    def baseline_until(self) -> str | date | None: ...


class Asking:
    """The statements of one operation, run one by one on the client's executor."""

    def __init__(self, client: Access, cancellation: Cancellation | None = None) -> None:
        self.client = client
        self.cancellation = cancellation or Cancellation()
        self.now = clock()
        self.notes: list[str] = []
        self._statements: list[str] = []

    def aside(self) -> Asking:
        """One for a part of the same operation whose notes are not those of the whole answer."""
        part = Asking(self.client, self.cancellation)
        part.now, part._statements = self.now, self._statements
        return part

    def window(
        self,
        days: int | None = None,
        since: str | date | None = None,
        until: str | date | None = None,
        default_days: int = 7,
        hours: int | None = None,
    ) -> Window:
        """The window of the question, in `MUSE_TIMEZONE`."""
        zone = self.client.muse.timezone
        return window_of(
            now=self.now, days=days, hours=hours, since=since, until=until, timezone=zone, default_days=default_days
        )

    def window_asked(self, asked: Windowed, default_days: int = 7) -> Window:
        """The window that the arguments of a question state."""
        return self.window(asked.days, asked.since, asked.until, default_days, asked.hours)

    def baseline_asked(self, asked: WithBaseline, window: Window) -> Window | None:
        """The window before, where the arguments state one; by default it ends where the other begins."""
        if asked.baseline_since is not None:
            return self.window(since=asked.baseline_since, until=asked.baseline_until or window.since)
        if asked.baseline_until is not None:
            raise QuestionError("`baseline_until` needs `baseline_since`; give both, or neither for the weeks before.")
        return None

    def sizes(self, window: Window, metrics: Iterable[str | Metric]) -> Sizes:
        """What the questions of the window need to know of large tables: whether it holds few of their rows.

        Known beforehand, a statement has one branch instead of two: half the time where a rollup answers.
        """
        tables = {metric.table for metric in map(metric_of, metrics) if metric.approximate(exact=False)}
        return self.sizes_of(window, sorted(tables))

    def sizes_of(self, window: Window, tables: Iterable[str]) -> Sizes:
        """The same of these tables: remembered, else asked of the parts' records."""
        remembered = self.client.sizes
        known = Sizes(tuple(remembered))
        if unknown := known.unknown(tables, window):
            [row] = self.read(sizes(window, unknown)).mappings()
            found = Sizes.of(window, row)
            remembered += found.known
            del remembered[:-_REMEMBERED]
            known |= found
        return known

    def read(self, select: Select[Any], rows: int | None = None) -> Answer:
        """Runs one statement; `rows` at most."""
        executor = self.client.executor
        answer = repeat(
            lambda: executor.read(select, executor.limits(rows=rows), self.cancellation),
            self.client.settings.retry_attempts,
            policy=read_policy_of,
        )
        self._statements.append(answer.statement)
        return answer

    def fill(self, question: Question) -> list[Row]:
        """The rows of a question by bucket, empty buckets added, partial ones marked."""
        return question.fill(self.read(question.select).mappings())

    @property
    def sql(self) -> str:
        """Everything that ran, as it can be run again with `query`, statement by statement."""
        return ";\n".join(self._statements)

    def note_approximations(self, questions: Iterable[Question]) -> None:
        """Says which values come from an approximate function, and how far off they may be."""
        found = [one for question in questions for one in question.approximations]
        for name, error in dict.fromkeys((one["function"], one["error"]) for one in found):
            columns = ", ".join(dict.fromkeys(one["column"] for one in found if one["function"] == name))
            self.notes.append(f"{columns} by {name}: {error}.")

    def note_partial(self, rows: Sequence[Row], question: Question, shown: bool = True) -> None:
        """Says which buckets stay out of inference, and whether they are among the points.

        Where they are shown, one that has no value yet, such as a day that has just begun, is not named.
        """
        names = question.names("metric")
        found = {
            row["ts"] for row in rows if row["partial"] and not (shown and all(row[name] is None for name in names))
        }
        partial = [question_start(question, moment) for moment in sorted(found)]
        if partial:
            are = "is" if len(partial) == 1 else "are"
            where = "shown, but left out of all inference" if shown else "left out of the points and of all inference"
            self.notes.append(f"{listed(partial)} {are} partial: {where}.")

    def note_groups(self, question: Question, shown: int, what: str) -> bool:
        """Whether groups were cut off; says how many there are in all."""
        if question.groups is None or question.limit is None or shown < question.limit:
            return False
        every = int(self.client.executor.read(question.groups, cancellation=self.cancellation).rows[0][0])
        if every > shown:
            self.notes.append(f"{shown} of {every:,} {what} are shown; filter to see others.")
        return every > shown

    def fit(self, kind: type[Kind], build: Callable[[int], Mapping[str, Any]], points: int = SHOWN_POINTS) -> Kind:
        """`build(points)`, as that kind of result, with as many points as `MUSE_MAX_RESULT_BYTES` leaves room for."""
        while True:
            result = kind.of(build(points))
            if points == 0 or len(as_json(result)) <= self.client.muse.max_result_bytes:
                return result
            points //= 2


def question_start(question: Question, moment: datetime) -> str:
    """A bucket of the question as its answer names it."""
    return start(moment, question.granularity, question.window.zone)


def note_gaps(left_out: int, every: int, granularity: str, sides: int = 1) -> list[str]:
    """The line that counts the buckets without a value, which are no points."""
    if not left_out:
        return []
    lack, are = ("lacks", "is") if left_out == 1 else ("lack", "are")
    what = "a value" if sides == 1 else "a value on one side or both"
    return [f"{left_out} of {every} {granularity}s {lack} {what} and {are} left out of the points."]


def thin(rows: Sequence[Any], most: int, keep: Iterable[int] = ()) -> list[Any]:
    """At most about `most` rows, evenly spread, the last included, and those at the places `keep`."""
    if len(rows) <= most:
        return list(rows)
    if most == 0:
        return []
    step = -(-len(rows) // most)
    places = {*range(len(rows) - 1, -1, -step), *keep}
    return [rows[place] for place in sorted(places)]
