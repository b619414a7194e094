"""`query.aggregate`: metrics by group and time, as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from chimera_metrics import analytics
from chimera_metrics.analytics import AggregateArguments, Question, Sizes, metrics_of
from chimera_metrics.analytics.arguments import conditions
from chimera_metrics.analytics.metrics.language import each_metric
from chimera_metrics.analytics.questions.aggregate import MAX_GROUPS
from chimera_metrics.analytics.questions.intervals import needs_rows
from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.answers.exporting import PREVIEW, Export
from chimera_metrics.integrations.answers.shaping import Shaper, is_wide, marks, room_for_rows
from chimera_metrics.integrations.answers.shortening import shortened, size
from chimera_metrics.integrations.clickhouse.codec import Column
from chimera_metrics.integrations.clickhouse.dbapi import Block
from chimera_metrics.integrations.clickhouse.statements import Answer, Cancellation
from chimera_metrics.integrations.questions.asked import ExportedAggregate
from chimera_metrics.integrations.questions.asking import Asking, question_start
from chimera_metrics.integrations.questions.beginnings import filled
from chimera_metrics.integrations.questions.figures import POINT_DIGITS, digits_of, digits_of_metric, point
from chimera_metrics.integrations.questions.intervals import (
    add_intervals,
    ends,
    estimate_all,
    note_without,
    types_of_ends,
)
from chimera_metrics.integrations.questions.known_values import note_unknown
from chimera_metrics.integrations.questions.statement import parametrised
from chimera_metrics.integrations.results import AggregateResult

_BLOCK = 8_192


def aggregate(client: Access, given: AggregateArguments, cancellation: Cancellation | None = None) -> AggregateResult:
    """The fields of `query`, and `window`, `sql` with `parameters`, `source`, and `estimate` when `dry_run`."""
    metrics, filters = each_metric(given.metrics), conditions(given.filters)
    export = given.export if isinstance(given, ExportedAggregate) else None
    asking = Asking(client, cancellation)
    window = asking.window_asked(given)
    if given.interval and needs_rows(metrics_of(metrics)):
        given = replace(given, exact=True)
    sizes = Sizes() if given.exact else asking.sizes(window, metrics)
    question = analytics.aggregate(given, window=window, sizes=sizes)
    asking.note_approximations([question])
    if given.interval:
        note_without(asking, question)
    answer = None if given.dry_run else asking.read(question.select, rows=None if export else client.muse.max_rows)
    sql, parameters = parametrised(asking, question.select)
    names, shaped, cut = _shaped(asking, question, answer, filters, (sql, parameters), export)
    return AggregateResult.of(
        {
            "columns": names,
            "rows": shaped,
            "row_count": len(shaped),
            "truncated": cut is not None,
            "truncated_reason": cut,
            "elapsed_ms": round(answer.elapsed_ms, 3) if answer else 0.0,
            "rows_read": answer.rows_read if answer else 0,
            "bytes_read": answer.bytes_read if answer else 0,
            "query_id": answer.query_id if answer else None,
            "notes": asking.notes,
            "window": question.window.as_dict(),
            "source": question.source,
            "sql": sql,
            "parameters": parameters,
            "estimate": estimate_all(asking, question) if given.dry_run else None,
        }
        | ({} if export is None or given.dry_run else {"export": export.facts()})
    )


def _shaped(
    asking: Asking,
    question: Question,
    answer: Answer | None,
    filters: Sequence[Mapping[str, Any]],
    beside: tuple[Any, ...],
    export: Export | None,
) -> tuple[list[dict[str, str | None]], list[list[Any]], str | None]:
    """The columns with type and unit, the rows within the limits, and why some are missing."""
    units = {column.name: column.unit for column in question.columns}
    types = {column.name: column.type for column in answer.columns} | types_of_ends(question) if answer else {}
    names = [column.name for column in question.columns]
    columns = [{"name": name, "type": types.get(name), "unit": units[name]} for name in names]
    if question.granularity != "none":
        names.append("partial")
        columns.append({"name": "partial", "type": "Bool", "unit": None})
    if answer is None:
        return columns, [], None
    rows = filled(asking, question, answer, question.metrics, filters)
    note_unknown(asking, rows, {metric.label: metric for metric in question.metrics}, filters)
    add_intervals(asking, question, answer, rows)
    asking.notes += marks({name: {row[name] for row in rows} for name in question.names("group")})
    room = room_for_rows(asking.client.muse.max_result_bytes, columns, asking.notes, *beside)
    if export is not None:
        _write(export, [Column(name, types.get(name) or "Bool") for name in names], rows)
    shown = rows if export is None else rows[:PREVIEW]
    kept, long = _within(asking, question, shown, names, room)
    cut = _cut_groups(asking, question, rows)
    if long is not None:
        cut = f"Stopped at {asking.client.muse.max_result_bytes} bytes. {long}"
    if export is not None:
        return columns, kept, export.reason(len(kept)) if len(kept) < len(rows) else cut
    if len(kept) < len(rows) or answer.truncated:
        more = " or more" if answer.truncated else ""
        cut = (
            f"Stopped after {len(kept):,} of {len(rows):,}{more} rows (MUSE_MAX_ROWS, MUSE_MAX_RESULT_BYTES); use a "
            "coarser granularity, a shorter window, fewer groups or a filter."
        )
    return columns, kept, cut


def _write(export: Export, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> None:
    """All rows, their values as they are, block by block."""
    starts = range(0, len(rows), _BLOCK)
    export.write(columns, (_block(columns, rows[at : at + _BLOCK]) for at in starts))


def _block(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> Block:
    return [[row[column.name] for row in rows] for column in columns]


def _within(
    asking: Asking, question: Question, rows: Sequence[Mapping[str, Any]], names: Sequence[str], room: int
) -> tuple[list[list[Any]], str | None]:
    """The rows that there is room for, and what of the first was cut."""
    shaper = Shaper(room)
    digits = _digits(question, rows)
    wide = {name for name in digits if any(is_wide(row[name]) for row in rows)}
    dated = [place for place, name in enumerate(names) if name == "ts" and question.granularity != "none"]
    kept: list[list[Any]] = []
    for row in rows[: asking.client.muse.max_rows]:
        shaped = [shaper.value(_shown(row[name], digits.get(name), name in wide)) for name in names]
        if dated:
            shaped[dated[0]] = question_start(question, row["ts"])
        length = size(shaped) + 1
        if length > room:
            if not kept:
                shaped, why = shortened(shaped, names, room)
                return [shaped], why
            break
        room -= length
        kept.append(shaped)
    return kept, None


def _digits(question: Question, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """The digits of each column of numbers; the ends of an interval have those of its metric.

    Shares and percentiles that differ by less than their seven digits show have those that they differ in.
    """
    digits: dict[str, int] = {}
    for metric in question.metrics:
        own = [metric.label, *(ends(metric) if metric in question.intervals else ())]
        meant = digits_of_metric(metric)
        values = {row[name] for row in rows for name in own} - {None} if meant == POINT_DIGITS else set()
        digits |= dict.fromkeys(own, digits_of(values) if len(values) > 1 else meant)
    return digits


def _shown(value: Any, digits: int | None, wide: bool) -> Any:
    """A value with its digits; `wide` columns hold numbers that JSON has no room for, and are text throughout."""
    if isinstance(value, float):
        return point(value, digits or POINT_DIGITS)
    return str(value) if wide and isinstance(value, int) else value


def _cut_groups(asking: Asking, question: Question, rows: Sequence[Mapping[str, Any]]) -> str | None:
    names = question.names("group")
    shown = len({tuple(row[name] for name in names) for row in rows}) if names else 0
    if question.groups is None or question.limit is None or shown < question.limit:
        return None
    every = int(asking.client.executor.read(question.groups, cancellation=asking.cancellation).rows[0][0])
    if every <= shown:
        return None
    return f"{shown:,} of {every:,} groups are shown; raise limit (at most {MAX_GROUPS:,}), or filter."
