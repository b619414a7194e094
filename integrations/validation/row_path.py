"""The row path: mappings in, clean columns out.

Rows become columns first, and a column is checked as a whole: PLAIN (plain_values.py) sees quickly that every value
of a stretch is plainly fine. Where one is not, the values of that stretch go one by one to `clean_value` (cleaning.py),
which alone decides, and words the rejection.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, compress, islice
from operator import itemgetter
from types import NoneType
from typing import Any

from chimera_metrics.integrations.validation.cleaning import clean_value
from chimera_metrics.integrations.validation.column_rule import ColumnRule
from chimera_metrics.integrations.validation.kinds import FIRST_DAY
from chimera_metrics.integrations.validation.masked_values import mask_values
from chimera_metrics.integrations.validation.plain_values import PLAIN, fresh_uuids
from chimera_metrics.integrations.validation.rules import TableRules, rules_of, shown_name
from chimera_metrics.integrations.validation.values import ValueRejected, missing, show

# Small enough that a stretch stays in the processor's cache.
STRETCH = 4_096
# So many values are cleaned one by one where one of them is not plainly fine.
FEW = 64
_MOST_UNKNOWN = 100


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that is left out: its index, the first column at fault ('' for the row as a whole), and a sentence."""

    index: int
    field: str
    error: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Clean columns, ready for the engine, and what happened on the way."""

    table: str
    columns: list[str]
    types: list[str]
    data: list[list[Any]]
    """A list per column: aware datetimes in UTC, UUID, Decimal, str, int, float, None."""
    days: list[int]
    """Each row's day, in days since 1970-01-01."""
    kept: Sequence[int]
    """Each row's index among the rows received."""
    rejected: list[Rejected]
    rounded: dict[str, int]
    """By column, how many values lost digits: amounts finer than nine places, hours that were not whole."""
    masked: dict[str, int]

    @property
    def rows(self) -> int:
        return len(self.kept)


@dataclass(slots=True)
class Checked:
    """One column after its check. A refused value stands as None."""

    values: list[Any]
    errors: dict[int, str] = field(default_factory=dict)
    rounded: list[int] = field(default_factory=list)


def validate_rows(
    table: str, rows: Sequence[Mapping[str, Any]], *, mask: bool = True, now: datetime | None = None
) -> Batch:
    """`rows` checked, completed and masked. Wrong rows are left out and listed, in the order of their indexes.

    `now` is the time of receipt, for rows that name no time. Raises InvalidInput for an unknown table.
    """
    rules = rules_of(table)
    faults, rows = faulty_rows(rules, rows)
    named = set(chain.from_iterable(rows))
    if not named <= set(rules.names):
        add_unknown(rules, rows, faults)
    received = now or datetime.now(UTC)
    columns = {
        rule.name: check_column(rule, column_of(rows, rule.name), received)
        for rule in rules.rules
        if rule.name in named or must_fill(rule)
    }
    return _assemble(rules, columns, faults, len(rows), mask)


def faults_of(table: str, row: Any) -> list[tuple[str, str]]:
    """Every column of one row that is at fault, with its sentence, as `Rejected` has the first.

    Of names that are no columns, of which a row may have a million, the first hundred.
    """
    rules = rules_of(table)
    if not isinstance(row, Mapping):
        return list(faulty_rows(rules, [row])[0].values())
    known = frozenset(rules.names)
    named = islice((name for name in row if name not in known), _MOST_UNKNOWN)
    unknown = [(shown_name(name), rules.unknown(name)) for name in named]
    received = datetime.now(UTC)
    checked = {rule.name: check_column(rule, [row.get(rule.name)], received) for rule in rules.rules}
    return unknown + [(name, column.errors[0]) for name, column in checked.items() if column.errors]


def must_fill(rule: ColumnRule) -> bool:
    """Whether the column must be sent even if no row names it."""
    return rule.required or (rule.default is not None and rule.default.kind != "constant")


def faulty_rows(
    rules: TableRules, rows: Sequence[Mapping[str, Any]]
) -> tuple[dict[int, tuple[str, str]], Sequence[Mapping[str, Any]]]:
    """What is no row at all, and the rows with nothing in its place."""
    if set(map(type, rows)) <= {dict}:
        return {}, rows
    faults = {
        index: ("", f"A row is an object of columns and values of {rules.table}; this one is {show(row)}.")
        for index, row in enumerate(rows)
        if not isinstance(row, Mapping)
    }
    return faults, [{} if index in faults else row for index, row in enumerate(rows)]


def add_unknown(rules: TableRules, rows: Sequence[Mapping[str, Any]], faults: dict[int, tuple[str, str]]) -> None:
    known = frozenset(rules.names)
    sentences: dict[object, tuple[str, str]] = {}
    for index, row in enumerate(rows):
        if not row.keys() <= known:
            name = rules.first_unknown(row)
            if name not in sentences:
                sentences[name] = shown_name(name), rules.unknown(name)
            faults.setdefault(index, sentences[name])


def column_of(rows: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    try:
        return list(map(itemgetter(name), rows))
    except KeyError:
        return [row.get(name) for row in rows]


def _assemble(
    rules: TableRules,
    columns: Mapping[str, Checked],
    faults: dict[int, tuple[str, str]],
    count: int,
    mask: bool,
) -> Batch:
    for name, column in columns.items():
        for index, sentence in column.errors.items():
            faults.setdefault(index, (name, sentence))
    kept: Sequence[int] = range(count)
    data = {name: column.values for name, column in columns.items()}
    if faults:
        keep = [index not in faults for index in range(count)]
        kept = list(compress(range(count), keep))
        data = {name: list(compress(values, keep)) for name, values in data.items()}
    masked: Counter[str] = Counter()
    if mask:
        known = {rule.name: rule for rule in rules.rules}
        for name in data:
            data[name], counts = mask_values(known[name], data[name])
            masked.update(counts)
    return Batch(
        table=rules.table,
        columns=list(data),
        types=[rule.type for rule in rules.rules if rule.name in data],
        data=list(data.values()),
        days=[moment.toordinal() - FIRST_DAY.toordinal() for moment in data[rules.time.name]],
        kept=kept,
        rejected=[Rejected(index, *faults[index]) for index in sorted(faults)],
        rounded=count_rounded(columns, faults),
        masked=dict(masked),
    )


def count_rounded(columns: Mapping[str, Checked], faults: Mapping[int, object]) -> dict[str, int]:
    """By column, the values of the rows kept that lost digits."""
    counts = {name: sum(index not in faults for index in column.rounded) for name, column in columns.items()}
    return {name: count for name, count in counts.items() if count}


def check_column(rule: ColumnRule, values: list[Any], received: datetime) -> Checked:
    """One column's values checked and completed."""
    if len(values) <= STRETCH:
        return _check_stretch(rule, values, received)
    return _joined(
        _check_stretch(rule, values[start : start + STRETCH], received) for start in range(0, len(values), STRETCH)
    )


def _joined(parts: Iterable[Checked]) -> Checked:
    whole = Checked([])
    for part in parts:
        start = len(whole.values)
        whole.values += part.values
        whole.errors.update((start + index, sentence) for index, sentence in part.errors.items())
        whole.rounded += [start + index for index in part.rounded]
    return whole


def _check_stretch(rule: ColumnRule, values: list[Any], received: datetime) -> Checked:
    types = set(map(type, values))
    if NoneType not in types:
        return _check_present(rule, values, types)
    present = [index for index, value in enumerate(values) if value is not None]
    part = _check_present(rule, [values[index] for index in present], types - {NoneType})
    checked = Checked(default_values(rule, len(values), received))
    for index, value in zip(present, part.values, strict=True):
        checked.values[index] = value
    checked.errors = {present[index]: sentence for index, sentence in part.errors.items()}
    checked.rounded = [present[index] for index in part.rounded]
    if rule.required:
        named = set(present)
        checked.errors |= {index: missing(rule) for index in range(len(values)) if index not in named}
    return checked


def default_values(rule: ColumnRule, count: int, received: datetime) -> list[Any]:
    """What stands where rows name nothing. A null for a column that has a default means the default too."""
    if rule.default is None:
        return [None] * count
    match rule.default.kind:
        case "now":
            return [clean_value(rule, received.date() if rule.kind == "date" else received)[0]] * count
        case "uuid":
            return fresh_uuids(count)
        case "constant":
            return [rule.default.constant] * count


def _check_present(rule: ColumnRule, values: list[Any], types: set[type]) -> Checked:
    if not values:
        return Checked([])
    short_cut = PLAIN.get(rule.kind)
    plain = short_cut(rule, values, types) if short_cut else None
    if plain is not None:
        return Checked(plain)
    if len(values) <= FEW:
        return _clean_each(rule, values)
    # One bad value should slow few others down.
    return _joined(
        _check_present(rule, part, set(map(type, part)))
        for part in (values[start : start + FEW] for start in range(0, len(values), FEW))
    )


def _clean_each(rule: ColumnRule, values: list[Any]) -> Checked:
    checked = Checked([])
    for index, value in enumerate(values):
        clean, rounded = None, False
        try:
            clean, rounded = clean_value(rule, value)
        except ValueRejected as rejection:
            checked.errors[index] = str(rejection)
        checked.values.append(clean)
        if rounded:
            checked.rounded.append(index)
    return checked
