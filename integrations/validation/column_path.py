"""The column path: an Arrow table, or a frame that speaks Arrow, in; a clean Arrow table out.

The same rules as the row path, checked on whole arrays. What is not plainly fine (plain_arrays.py) becomes Python
values and takes the row path's own way, so both accept, refuse, complete and mask alike. pyarrow is imported only
when data comes this way.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.masking.columns import COLUMN_MASKS, likely_texts, mask_column
from chimera_metrics.integrations.validation.row_path import Rejected, check_column, default_values, must_fill
from chimera_metrics.integrations.validation.rules import ColumnRule, TableRules, rules_of, shown_name
from chimera_metrics.integrations.validation.values import missing

Array = Any  # pyarrow ships no types

# Large enough that a pass over an array costs its bytes, small enough to stay near the processor.
STRETCH = 65_536


@dataclass(frozen=True, slots=True)
class ArrowBatch:
    """A clean Arrow table, ready for the engine, and what happened on the way."""

    table: str
    data: Any
    """pyarrow.Table: timestamps in UTC, UUIDs as 16 bytes, decimals, texts, integers of the column's own width."""
    days: Any
    """Each row's day, in days since 1970-01-01, as an int32 array."""
    rejected: list[Rejected]
    rounded: dict[str, int]
    masked: dict[str, int]

    @property
    def rows(self) -> int:
        return int(self.data.num_rows)


@dataclass(slots=True)
class _Checked:
    """One array after its check. A refused value stands as null."""

    values: Array
    errors: dict[int, str] = field(default_factory=dict)
    rounded: Array | None = None


@dataclass(slots=True)
class _Outcome:
    """What adds up over the stretches of a table."""

    batches: list[Any] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    rounded: Counter[str] = field(default_factory=Counter)
    masked: Counter[str] = field(default_factory=Counter)


def validate_table(table: str, data: Any, *, mask: bool = True, now: datetime | None = None) -> ArrowBatch:
    """Arrow data, or a pandas or polars frame, checked, completed and masked as validate_rows does with rows.

    Raises InvalidInput for an unknown table, and for what is no table of columns.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    rules = rules_of(table)
    whole = to_arrow(data)
    received = now or datetime.now(UTC)
    outcome, start = _Outcome(), 0
    for stretch in whole.to_batches(max_chunksize=STRETCH):
        _validate_stretch(rules, stretch, start, received, mask, outcome)
        start += stretch.num_rows
    if not outcome.batches:
        empty = pa.RecordBatch.from_pylist([], schema=whole.schema)
        _validate_stretch(rules, empty, 0, received, mask, outcome)
    clean = pa.Table.from_batches(outcome.batches)
    days = pc.cast(clean.column(rules.time.name).cast(pa.date32()), pa.int32())
    return ArrowBatch(
        table=rules.table,
        data=clean,
        days=days.combine_chunks(),
        rejected=outcome.rejected,
        rounded={name: count for name, count in outcome.rounded.items() if count},
        masked=dict(outcome.masked),
    )


def to_arrow(data: Any) -> Any:
    """Any frame as a pyarrow.Table. Raises InvalidInput."""
    import pyarrow as pa

    of_pandas = type(data).__module__.partition(".")[0] == "pandas"
    if isinstance(data, pa.Array) or (of_pandas and not hasattr(data, "columns")):
        raise _one_column(data)
    try:
        if of_pandas:
            table = pa.Table.from_pandas(data, preserve_index=False)
        elif isinstance(data, pa.RecordBatch):
            table = pa.Table.from_batches([data])
        elif isinstance(data, pa.RecordBatchReader):
            table = data.read_all()
        elif isinstance(data, pa.Table) or hasattr(data, "__arrow_c_stream__"):
            table = pa.table(data)
        else:
            raise InvalidInput(
                f"A table of rows is an Arrow table, or a pandas or polars frame; this is {type(data).__name__}."
            )
    except pa.ArrowException as error:
        reason = " ".join(str(error).split())[:200]
        if of_pandas:
            raise InvalidInput(f"The frame has a column of mixed types, which Arrow cannot hold ({reason}).") from None
        if "non-struct type" in reason:
            raise _one_column(data) from None
        raise InvalidInput(
            f"The frame has a column of a type that Arrow does not have ({reason}); cast it, for instance to integers "
            "of 64 bits or to text."
        ) from None
    twice = [name for name, count in Counter(table.column_names).items() if count > 1]
    if twice:
        raise InvalidInput(f"The table has more than one column '{shown_name(twice[0])}'; name each once.")
    return table


def _one_column(data: Any) -> InvalidInput:
    return InvalidInput(
        f"This is one column, a {type(data).__name__}; give a table of rows: an Arrow table, or a pandas or polars "
        "frame."
    )


def _validate_stretch(
    rules: TableRules, stretch: Any, start: int, received: datetime, mask: bool, outcome: _Outcome
) -> None:
    import pyarrow as pa

    count, names = stretch.num_rows, stretch.schema.names
    faults: dict[int, tuple[str, str]] = {}
    if not set(names) <= set(rules.names):
        unknown = rules.first_unknown(names)
        faults = dict.fromkeys(range(count), (shown_name(unknown), rules.unknown(unknown)))
    columns = {
        rule.name: _check_array(rule, stretch.column(rule.name) if rule.name in names else pa.nulls(count), received)
        for rule in rules.rules
        if rule.name in names or must_fill(rule)
    }
    for name, column in columns.items():
        for index, sentence in column.errors.items():
            faults.setdefault(index, (name, sentence))
    outcome.rejected += [Rejected(start + index, *faults[index]) for index in sorted(faults)]
    _keep(columns, faults, count, mask, outcome)


def _keep(
    columns: dict[str, _Checked], faults: dict[int, tuple[str, str]], count: int, mask: bool, outcome: _Outcome
) -> None:
    """Adds the rows without fault, masked, to the outcome."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    keep = None
    if faults:
        flags = np.ones(count, dtype=bool)
        flags[list(faults)] = False
        keep = pa.array(flags)
    arrays = {}
    for name, column in columns.items():
        values, rounded = column.values, column.rounded
        if keep is not None:
            values, rounded = values.filter(keep), rounded if rounded is None else rounded.filter(keep)
        if rounded is not None:
            outcome.rounded[name] += pc.sum(rounded).as_py() or 0
        if mask and name in COLUMN_MASKS:
            values, made = mask_array(name, values)
            outcome.masked.update(made)
        arrays[name] = values
    outcome.batches.append(pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays)))


def mask_array(column: str, values: Array) -> tuple[Array, dict[str, int]]:
    """An array of texts as they may be stored: only those that a pattern may match become Python values."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if "user_agent" in COLUMN_MASKS[column]:
        encoded = values.dictionary_encode()
        words = encoded.dictionary.to_pylist()
        clean, _ = mask_column(column, words)
        changed = pa.array([new != old for new, old in zip(clean, words, strict=True)], pa.bool_())
        count = pc.sum(changed.take(encoded.indices)).as_py() or 0
        return pa.array(clean, pa.string()).take(encoded.indices), {"user_agent": count} if count else {}
    likely = likely_texts(column, values)
    texts = values.filter(likely).to_pylist()
    if not texts:
        return values, {}
    clean, counts = mask_column(column, texts)
    return pc.replace_with_mask(values, likely, pa.array(clean, pa.string())), counts


def _check_array(rule: ColumnRule, array: Array, received: datetime) -> _Checked:
    import pyarrow as pa
    import pyarrow.compute as pc

    from chimera_metrics.integrations.validation.plain_arrays import PlainArray, plain_array, target

    array = _simplified(array)
    plain = plain_array(rule, array) or PlainArray(pa.nulls(len(array), target(rule)), pa.nulls(len(array), pa.bool_()))
    checked = _Checked(plain.values, rounded=plain.rounded)
    doubtful = pc.and_(array.is_valid(), pc.invert(pc.fill_null(plain.fine, False)))
    if pc.any(doubtful, min_count=0).as_py():
        _clean_doubtful(rule, checked, array, doubtful, received)
    if array.null_count:
        _complete(rule, checked, array.is_null(), received)
    return checked


def _simplified(array: Array) -> Array:
    """The same values without the encodings that frames use; texts that are not UTF-8 as bytes."""
    import pyarrow as pa

    from chimera_metrics.integrations.validation.arrow_layouts import spelled_out

    array = spelled_out(array)
    if isinstance(array.type, pa.BaseExtensionType) and array.type.extension_name in ("arrow.uuid", "arrow.json"):
        array = array.storage
    if pa.types.is_large_string(array.type):
        array = array.cast(pa.string())
    if pa.types.is_string(array.type):
        try:
            array.validate(full=True)
        except pa.ArrowInvalid:
            array = array.cast(pa.binary())
    return array


def _clean_doubtful(rule: ColumnRule, checked: _Checked, array: Array, doubtful: Array, received: datetime) -> None:
    """Sends the doubtful values the row path's way."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from chimera_metrics.integrations.validation.plain_arrays import target

    indexes = np.flatnonzero(doubtful.to_numpy(zero_copy_only=False)).tolist()
    found = _python(array.filter(doubtful))
    if rule.kind == "json":
        found = list(map(_without_nulls, found))
    cleaned = check_column(rule, found, received)
    values = [value.bytes if isinstance(value, UUID) else value for value in cleaned.values]
    checked.values = pc.replace_with_mask(checked.values, doubtful, pa.array(values, target(rule)))
    checked.errors = {indexes[index]: sentence for index, sentence in cleaned.errors.items()}
    if cleaned.rounded:
        flags = np.zeros(len(array), dtype=bool)
        flags[[indexes[index] for index in cleaned.rounded]] = True
        rounded = pa.array(flags)
        checked.rounded = rounded if checked.rounded is None else pc.or_kleene(checked.rounded, rounded)


def _python(array: Array) -> list[Any]:
    import pyarrow as pa

    if pa.types.is_timestamp(array.type) and array.type.unit == "ns":
        array = array.cast(pa.timestamp("us", array.type.tz), safe=False)
    try:
        return list(array.to_pylist())
    except (ValueError, OverflowError):
        return [_python_value(value) for value in array]


def _without_nulls(value: Any) -> Any:
    """An object without the fields that are null: Arrow gives every object of a column the fields of all of them."""
    if isinstance(value, dict):
        return {key: _without_nulls(part) for key, part in value.items() if part is not None}
    return list(map(_without_nulls, value)) if isinstance(value, list) else value


def _python_value(scalar: Any) -> Any:
    try:
        return scalar.as_py()
    except (ValueError, OverflowError):
        return "a time that no calendar holds"


def _complete(rule: ColumnRule, checked: _Checked, absent: Array, received: datetime) -> None:
    """What stands where there is nothing: the default, or a refusal."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from chimera_metrics.integrations.validation.plain_arrays import target

    if rule.required:
        indexes = np.flatnonzero(absent.to_numpy(zero_copy_only=False)).tolist()
        checked.errors |= dict.fromkeys(indexes, missing(rule))
    elif rule.default is not None:
        fill: list[Any] = default_values(rule, pc.sum(absent).as_py(), received)
        values = [value.bytes if isinstance(value, UUID) else value for value in fill]
        checked.values = pc.replace_with_mask(checked.values, absent, pa.array(values, target(rule)))
