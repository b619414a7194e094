"""Many rows, kept as an array a column, and checked as the column path checks.

For senders of rows by the thousand. A stretch of a column whose values are of one type, as JSON has it, becomes an
Arrow array; any other stays a list, and takes the row path's own way. Both paths answer alike, so this one does too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from types import NoneType
from typing import Any

from chimera_metrics.integrations.validation.column_path import (
    ArrowBatch,
    CheckedArray,
    Outcome,
    check_array,
    keep_sound,
)
from chimera_metrics.integrations.validation.column_rule import ColumnRule
from chimera_metrics.integrations.validation.row_path import (
    Rejected,
    add_unknown,
    check_column,
    column_of,
    faulty_rows,
    must_fill,
)
from chimera_metrics.integrations.validation.rules import rules_of

Array = Any  # pyarrow ships no types


class RowArrays:
    """The rows of one table, added a stretch at a time."""

    def __init__(self, table: str) -> None:
        self._rules = rules_of(table)
        self._known = frozenset(self._rules.names)
        self._faults: dict[int, tuple[str, str]] = {}
        self._counts: list[int] = []
        self._stretches: list[dict[str, Array | list[Any]]] = []

    def __len__(self) -> int:
        return sum(self._counts)

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Adds a stretch of rows. A few thousand stay in the processor's cache."""
        faults, rows = faulty_rows(self._rules, rows)
        named = set(chain.from_iterable(rows))
        if not named <= self._known:
            add_unknown(self._rules, rows, faults)
        before = len(self)
        self._faults |= {before + index: fault for index, fault in faults.items()}
        self._counts.append(len(rows))
        self._stretches.append({name: _packed(column_of(rows, name)) for name in named & self._known})

    def validated(self, *, mask: bool = True, now: datetime | None = None) -> ArrowBatch:
        """The rows checked, completed and masked, as `validate_rows` does it."""
        import pyarrow as pa

        rules, received, count, outcome = self._rules, now or datetime.now(UTC), len(self), Outcome()
        named = set(chain.from_iterable(self._stretches))
        columns = {}
        for rule in rules.rules:
            if rule.name in named:
                columns[rule.name] = _checked(rule, self._whole(rule.name), received)
            elif must_fill(rule):
                columns[rule.name] = check_array(rule, pa.nulls(count), received)
        faults = dict(self._faults)
        for name, column in columns.items():
            for index, sentence in column.errors.items():
                faults.setdefault(index, (name, sentence))
        outcome.rejected += [Rejected(index, *faults[index]) for index in sorted(faults)]
        keep_sound(rules, columns, faults, count, mask, outcome)
        return outcome.batch(rules)

    def _whole(self, name: str) -> Array | list[Any]:
        """A column of all stretches: an array where each is one of the same type."""
        import pyarrow as pa

        parts: list[Any] = [
            stretch[name] if name in stretch else pa.nulls(count)
            for stretch, count in zip(self._stretches, self._counts, strict=True)
        ]
        types = {None if isinstance(part, list) else part.type for part in parts} - {pa.null()}
        if types == set():
            return pa.nulls(len(self))
        if len(types) > 1 or None in types:
            return list(chain.from_iterable(part if isinstance(part, list) else part.to_pylist() for part in parts))
        [type_] = types
        return pa.concat_arrays([part.cast(type_) for part in parts])


def _packed(values: list[Any]) -> Array | list[Any]:
    """The values as an array that gives back exactly these, or as they are."""
    import pyarrow as pa

    types = set(map(type, values)) - {NoneType}
    arrays = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    if not types:
        return pa.nulls(len(values))
    [first, *others] = types
    if others or first not in arrays:
        return values
    try:
        return pa.array(values, arrays[first])
    except (OverflowError, UnicodeEncodeError):  # more than 64 bits, or half a character
        return values


def _checked(rule: ColumnRule, values: Array | list[Any], received: datetime) -> CheckedArray:
    if not isinstance(values, list):
        return check_array(rule, values, received)
    import numpy as np
    import pyarrow as pa

    from chimera_metrics.integrations.validation.arrow_values import to_array

    checked = check_column(rule, values, received)
    rounded = None
    if checked.rounded:
        flags = np.zeros(len(values), dtype=bool)
        flags[checked.rounded] = True
        rounded = pa.array(flags)
    return CheckedArray(to_array(rule, checked.values), checked.errors, rounded)
