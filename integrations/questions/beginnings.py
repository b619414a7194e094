"""Where a series begins: at the first row of its table or group, and not with days from before there was one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from chimera_metrics.analytics import DIMENSIONS, Metric, Question
from chimera_metrics.analytics.metrics.filters import Filter, filters_of
from chimera_metrics.analytics.questions.beginnings import first_rows, first_rows_of_groups
from chimera_metrics.analytics.questions.question import Beginnings, utc
from chimera_metrics.analytics.sql.buckets import Bucket
from chimera_metrics.integrations.answers.shaping import Shaper, iso
from chimera_metrics.integrations.clickhouse.statements import Answer
from chimera_metrics.integrations.questions.asking import Asking, Row
from chimera_metrics.integrations.questions.wording import listed
from chimera_metrics.models import FACT_TABLES

_GROUPS = 50
"""Up to so many groups each are asked for their first row: what the groups of a trend are at most."""
_SHOWN = 3
_NEVER = datetime.max.replace(tzinfo=UTC)


def filled(
    asking: Asking,
    question: Question,
    answer: Answer | Sequence[Row],
    metrics: Iterable[Metric],
    filters: Sequence[Mapping[str, Any] | Filter] = (),
) -> list[Row]:
    """The rows of a question by bucket, from the first row on that its tables and groups have; a note says from when.

    filters: of the question; a note says where the days before their first row count as 0.
    Costs a statement or two only when the window's first bucket is empty.
    """
    rows = answer.mappings() if isinstance(answer, Answer) else answer
    if question.granularity == "none" or not question.in_time_order:
        return question.fill(rows)
    buckets = question.buckets()
    late = _late(question, rows, buckets[0])
    if not late:
        return question.fill(rows)
    begun = _beginnings(asking, question, late)
    _note(asking, question, buckets[0], begun, metrics)
    found = question.fill(rows, begun)
    _note_filtered(asking, question, found, filters)
    return found


def _late(question: Question, rows: Sequence[Mapping[str, Any]], first: Bucket) -> list[tuple[Any, ...]]:
    """The groups that have no row in the first bucket; () stands for an answer that has no groups.

    Of one table a row of the answer is one of the table, whatever it has of a metric. Of several it may be the other's.
    """
    is_one_table = len({column.table for column in question.columns if column.table}) == 1
    counts = [] if is_one_table else question.names("count")
    there = {
        question.group_of(row) for row in rows if utc(row["ts"]) <= first.start and all(row[name] for name in counts)
    }
    groups = dict.fromkeys(map(question.group_of, rows)) or ({} if question.names("group") else {(): None})
    return [group for group in groups if group not in there]


def _beginnings(asking: Asking, question: Question, late: Sequence[tuple[Any, ...]]) -> Beginnings:
    tables = list(dict.fromkeys(column.table for column in question.columns if column.table))
    [found] = asking.read(first_rows(tables)).mappings()
    # A table without rows has not begun, whatever the window.
    firsts = {name: utc(first) if first is not None else _NEVER for name, first in found.items()}
    names = question.names("group")
    few = all(_is_few(tables[0], name) for name in names)
    if not names or not few or len(late) > _GROUPS:
        return Beginnings(firsts, {})
    statement = first_rows_of_groups(tables[0], question.source, names, late, question.window)
    groups = {question.group_of(row): utc(row["first"]) for row in asking.read(statement).mappings()}
    return Beginnings(firsts, groups)


def _is_few(table: str, name: str) -> bool:
    return (table, name) in DIMENSIONS and DIMENSIONS[table, name].few


def _note(asking: Asking, question: Question, first: Bucket, begun: Beginnings, metrics: Iterable[Metric]) -> None:
    asked = list(metrics)
    for table, moment in begun.tables.items():
        own = [metric.text for metric in asked if metric.table == table]
        if first.end <= moment < question.window.until:
            begins = "begins" if len(own) == 1 else "begin"
            row = "its first row" if len(own) == 1 else f"the first row of {table}"
            asking.notes.append(f"{listed(own)} {begins} on {_on(question, moment)}, {row}.")
    # Of a group that is as old as its table the note above has said it.
    of_tables = {_on(question, moment) for moment in begun.tables.values() if moment != _NEVER}
    late = {
        group: moment
        for group, moment in begun.groups.items()
        if moment >= first.end and _on(question, moment) not in of_tables
    }
    shown = [
        f"{_name(group)} on {_on(question, moment)}"
        for group, moment in islice(sorted(late.items(), key=lambda item: item[1]), _SHOWN)
    ]
    if shown:
        more = f" and {len(late) - _SHOWN} more" if len(late) > _SHOWN else ""
        first_row = "the first row of each" if len(late) > 1 else "its first row"
        asking.notes.append(
            f"{'Groups begin' if len(late) > 1 else 'A group begins'} within the window: "
            f"{', '.join(shown)}{more}; {first_row}."
        )


def _note_filtered(
    asking: Asking, question: Question, rows: Sequence[Row], filters: Sequence[Mapping[str, Any] | Filter]
) -> None:
    """Says when the first row of a filter came, where the series has zeros from before it.

    Filters choose among rows that there are: their zeros are counted. A reader of a new model has to know.
    """
    counted = [column for column in question.columns if column.empty == "zero" and column.role == "metric"]
    if not filters or not counted or question.names("group"):
        return
    table = counted[0].table
    chosen = [one for one in filters_of(FACT_TABLES[table], filters) if one.op == "=" and _is_few(table, one.column)]
    first = next((row["ts"] for row in rows if any(row[column.name] for column in counted)), None)
    if not chosen or first is None or first == rows[0]["ts"]:
        return
    names, words = [one.column for one in chosen], tuple(one.values[0] for one in chosen)
    statement = first_rows_of_groups(table, question.source, names, [words], question.window)
    for row in asking.read(statement).mappings():
        if (moment := utc(row["first"])) >= first:
            said = " and ".join(f"{name} = {_name((word,))}" for name, word in zip(names, words, strict=True))
            asking.notes.append(
                f"The first row with {said} is from {_on(question, moment)}; the {question.granularity}s before it "
                "count as 0. Begin the window there, with `since`, to leave them out."
            )


def _on(question: Question, moment: datetime) -> str:
    """The day on the clocks of the window's zone; with the time where buckets are shorter."""
    if question.granularity in ("minute", "hour"):
        return iso(moment.replace(microsecond=0))
    return str(moment.astimezone(question.window.zone).date())


def _name(group: tuple[Any, ...]) -> str:
    return ", ".join(str(Shaper().value(value))[:60] for value in group)
