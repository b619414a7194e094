"""Notes on values that no row has, asked for only where a slip would empty an answer or go unseen in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from chimera_metrics.analytics.metrics.filters import Filter, filters_of
from chimera_metrics.analytics.metrics.language import Metric
from chimera_metrics.analytics.questions.known_values import (
    Stated,
    has_few_values,
    known_values,
    missing,
    stated,
    suspects,
)
from chimera_metrics.analytics.sql.rollups import ROLLUPS
from chimera_metrics.integrations.answers.shaping import marks
from chimera_metrics.integrations.guard.conditions import Condition
from chimera_metrics.integrations.questions.asking import Asking
from chimera_metrics.integrations.results import Result
from chimera_metrics.models import FACT_TABLES

_HOLDS = timedelta(minutes=1)
_NUMBERS = ("Int", "UInt", "Float", "Decimal")


def note_unknown(
    asking: Asking,
    rows: Sequence[Mapping[str, Any]],
    metrics: Mapping[str, Metric],
    filters: Sequence[Mapping[str, Any] | Filter],
) -> None:
    """A note for each filter and rate whose value no row has, if the rows of the answer are empty or zero.

    Of a list of values, and of those that are excluded, also where they are not.

    metrics: of one table, by the label under which `rows` have them.
    """
    [table] = {metric.table for metric in metrics.values()}
    _note(asking, suspects(rows, metrics, filters_of(FACT_TABLES[table], filters)))


def note_unknown_filters(asking: Asking, table: str, filters: Sequence[Mapping[str, Any]]) -> bool:
    """The same for the filters of an answer that has no rows at all; whether anything was noted."""
    noted = len(asking.notes)
    _note(asking, stated(table, filters_of(FACT_TABLES[table], filters)))
    return len(asking.notes) > noted


def note_unknown_words(asking: Asking, answer: Result, tables: Iterable[str], found: Iterable[Condition]) -> None:
    """The same for the answer of a reader's SQL, from the comparisons that stand in it."""
    is_empty = _says_nothing(answer)
    facts = {rollup.table.name: name for name, rollup in ROLLUPS.items()} | {name: name for name in FACT_TABLES}
    read = list(dict.fromkeys(facts[name] for name in (t.rpartition(".")[2] for t in tables) if name in facts))
    doubtful = []
    for one in found:
        owners = [table for table in read if has_few_values(table, one.column)]
        # Of two tables with such a column it cannot be said which is meant.
        stated = Stated(owners[0], one.column, one.op, one.values) if len(owners) == 1 else None
        if stated is not None and (stated.is_silent or is_empty):
            doubtful.append(stated)
    _note(asking, doubtful)


def _says_nothing(answer: Result) -> bool:
    """Whether there are no rows, or a column of numbers holds nothing but 0 and null."""
    if not answer["rows"]:
        return True
    places = [
        place for place, column in enumerate(answer["columns"]) if any(word in column["type"] for word in _NUMBERS)
    ]
    return any(all(_is_zero(row[place]) for row in answer["rows"]) for place in places)


def _is_zero(value: Any) -> bool:
    try:
        return value is None or float(value) == 0.0
    except (TypeError, ValueError):
        return False


def _note(asking: Asking, doubtful: Sequence[Stated]) -> None:
    by_table: dict[str, list[Stated]] = {}
    for one in doubtful:
        by_table.setdefault(one.table, []).append(one)
    notes = []
    for table, own in by_table.items():
        known = _known(asking, table, list(dict.fromkeys(one.column for one in own)))
        notes += [note for one in own if (note := missing(one, known[one.column])) is not None]
    if notes:
        asking.notes += [*notes, *marks({"these values": ["words"]})]


def _known(asking: Asking, table: str, columns: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The values of the columns, at most a minute old."""
    remembered = asking.client.known
    fresh = {name: remembered[table, name] for name in columns if (table, name) in remembered}
    known = {name: values for name, (asked, values) in fresh.items() if asking.now - asked < _HOLDS}
    if wanted := [name for name in columns if name not in known]:
        found: dict[str, list[str]] = {name: [] for name in wanted}
        for row in asking.read(known_values(table, wanted)).mappings():
            found[row["name"]].append(str(row["value"]))
        known |= {name: tuple(values) for name, values in found.items()}
        # A store that is empty now may be filled within the minute.
        remembered |= {(table, name): (asking.now, known[name]) for name in wanted if known[name]}
    return known
