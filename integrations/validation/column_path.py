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

from chimera_metrics.integrations.masking.columns import likely_texts
from chimera_metrics.integrations.validation.cleaning import without_nulls
from chimera_metrics.integrations.validation.column_rule import ColumnRule
from chimera_metrics.integrations.validation.frames import to_arrow
from chimera_metrics.integrations.validation.masked_values import mask_values
from chimera_metrics.integrations.validation.row_path import Rejected, check_column, default_values, must_fill
from chimera_metrics.integrations.validation.rules import TableRules, rules_of, shown_name
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
class CheckedArray:
    """One array after its check. A refused value stands as null."""

    values: Array
    errors: dict[int, str] = field(default_factory=dict)
    rounded: Array | None = None


@dataclass(slots=True)
class Outcome:
    """What adds up over the stretches of a table."""

    batches: list[Any] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    rounded: Counter[str] = field(default_factory=Counter)
    masked: Counter[str] = field(default_factory=Counter)

    def batch(self, rules: TableRules) -> ArrowBatch:
        import pyarrow as pa
        import pyarrow.compute as pc

        clean = pa.Table.from_batches(self.batches)
        days = pc.cast(clean.column(rules.time.name).cast(pa.date32()), pa.int32())
        return ArrowBatch(
            table=rules.table,
            data=clean,
            days=days.combine_chunks(),
            rejected=self.rejected,
            rounded={name: count for name, count in self.rounded.items() if count},
            masked=dict(self.masked),
        )


def validate_table(table: str, data: Any, *, mask: bool = True, now: datetime | None = None) -> ArrowBatch:
    """Arrow data, or a pandas or polars frame, checked, completed and masked as validate_rows does with rows.

    Raises InvalidInput for an unknown table, and for what is no table of columns.
    """
    import pyarrow as pa

    rules = rules_of(table)
    whole = to_arrow(data)
    received = now or datetime.now(UTC)
    outcome, start = Outcome(), 0
    for stretch in whole.to_batches(max_chunksize=STRETCH):
        _validate_stretch(rules, stretch, start, received, mask, outcome)
        start += stretch.num_rows
    if not outcome.batches:
        empty = pa.RecordBatch.from_pylist([], schema=whole.schema)
        _validate_stretch(rules, empty, 0, received, mask, outcome)
    return outcome.batch(rules)


def _validate_stretch(
    rules: TableRules, stretch: Any, start: int, received: datetime, mask: bool, outcome: Outcome
) -> None:
    import pyarrow as pa

    count, names = stretch.num_rows, stretch.schema.names
    faults: dict[int, tuple[str, str]] = {}
    if not set(names) <= set(rules.names):
        unknown = rules.first_unknown(names)
        faults = dict.fromkeys(range(count), (shown_name(unknown), rules.unknown(unknown)))
    columns = {
        rule.name: check_array(rule, stretch.column(rule.name) if rule.name in names else pa.nulls(count), received)
        for rule in rules.rules
        if rule.name in names or must_fill(rule)
    }
    for name, column in columns.items():
        for index, sentence in column.errors.items():
            faults.setdefault(index, (name, sentence))
    outcome.rejected += [Rejected(start + index, *faults[index]) for index in sorted(faults)]
    keep_sound(rules, columns, faults, count, mask, outcome)


def keep_sound(
    rules: TableRules,
    columns: dict[str, CheckedArray],
    faults: dict[int, tuple[str, str]],
    count: int,
    mask: bool,
    outcome: Outcome,
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
    known = {rule.name: rule for rule in rules.rules}
    for name, column in columns.items():
        values, rounded = column.values, column.rounded
        if keep is not None:
            values, rounded = values.filter(keep), rounded if rounded is None else rounded.filter(keep)
        if rounded is not None:
            outcome.rounded[name] += pc.sum(rounded).as_py() or 0
        if mask and known[name].masks:
            values, made = mask_array(known[name], values)
            outcome.masked.update(made)
        arrays[name] = values
    outcome.batches.append(pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays)))


def mask_array(rule: ColumnRule, values: Array) -> tuple[Array, dict[str, int]]:
    """An array of texts as they may be stored: only those that a pattern may match become Python values."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if rule.nested:
        from chimera_metrics.integrations.validation.arrow_values import from_array, to_array

        masked, made = mask_values(rule, from_array(rule, values))
        return to_array(rule, masked) if made else values, made
    if rule.kind == "word" or "user_agent" in rule.masks:
        return _mask_words(rule, values)
    likely = likely_texts(values, rule.masks, rule.kind == "json")
    texts = values.filter(likely).to_pylist()
    if not texts:
        return values, {}
    clean, counts = mask_values(rule, texts)
    return pc.replace_with_mask(values, likely, pa.array(clean, pa.string())), counts


def _mask_words(rule: ColumnRule, values: Array) -> tuple[Array, dict[str, int]]:
    """An array of texts that repeat: each is looked at once, and only what changes is counted by its rows."""
    import pyarrow as pa

    encoded = values.dictionary_encode()
    words = encoded.dictionary.to_pylist()
    clean, made = mask_values(rule, words)
    if not made:
        return values, {}
    changed = pa.array([new != old for new, old in zip(clean, words, strict=True)], pa.bool_())
    _, counts = mask_values(rule, values.filter(changed.take(encoded.indices)).to_pylist())
    return pa.array(clean, pa.string()).take(encoded.indices), counts


def check_array(rule: ColumnRule, array: Array, received: datetime) -> CheckedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    from chimera_metrics.integrations.validation.arrow_values import target
    from chimera_metrics.integrations.validation.plain_arrays import PlainArray, plain_array

    array = _simplified(array)
    plain = plain_array(rule, array) or PlainArray(pa.nulls(len(array), target(rule)), pa.nulls(len(array), pa.bool_()))
    checked = CheckedArray(plain.values, rounded=plain.rounded)
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


def _clean_doubtful(rule: ColumnRule, checked: CheckedArray, array: Array, doubtful: Array, received: datetime) -> None:
    """Sends the doubtful values the row path's way."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from chimera_metrics.integrations.validation.arrow_values import to_array

    indexes = np.flatnonzero(doubtful.to_numpy(zero_copy_only=False)).tolist()
    found = _python(array.filter(doubtful))
    if rule.kind == "json":
        # Arrow gives every object of a column the fields of all of them.
        found = list(map(without_nulls, found))
    cleaned = check_column(rule, found, received)
    checked.values = _replaced(checked.values, doubtful, to_array(rule, cleaned.values))
    checked.errors = {indexes[index]: sentence for index, sentence in cleaned.errors.items()}
    if cleaned.rounded:
        flags = np.zeros(len(array), dtype=bool)
        flags[[indexes[index] for index in cleaned.rounded]] = True
        rounded = pa.array(flags)
        checked.rounded = rounded if checked.rounded is None else pc.or_kleene(checked.rounded, rounded)


def _python(array: Array) -> list[Any]:
    import pyarrow as pa

    from chimera_metrics.integrations.validation.arrow_layouts import map_reader

    if pa.types.is_timestamp(array.type) and array.type.unit == "ns":
        array = array.cast(pa.timestamp("us", array.type.tz), safe=False)
    try:
        found = list(array.to_pylist())
    except (ValueError, OverflowError):
        return [_python_value(value) for value in array]
    read = map_reader(array.type)
    return found if read is None else [None if value is None else read(value) for value in found]


def _python_value(scalar: Any) -> Any:
    try:
        return scalar.as_py()
    except (ValueError, OverflowError):
        return "a time that no calendar holds"


def _complete(rule: ColumnRule, checked: CheckedArray, absent: Array, received: datetime) -> None:
    """What stands where there is nothing: the default, or a refusal."""
    import numpy as np
    import pyarrow.compute as pc

    from chimera_metrics.integrations.validation.arrow_values import to_array

    if rule.required:
        indexes = np.flatnonzero(absent.to_numpy(zero_copy_only=False)).tolist()
        checked.errors |= dict.fromkeys(indexes, missing(rule))
    elif rule.default is not None:
        fill: list[Any] = default_values(rule, pc.sum(absent).as_py(), received)
        checked.values = _replaced(checked.values, absent, to_array(rule, fill))


def _replaced(values: Array, places: Array, others: Array) -> Array:
    """The array with `others`, in their order, where the mask `places` says so."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_nested(values.type):
        return pc.replace_with_mask(values, places, others)
    if len(others) == len(values):
        return others
    # Arrow replaces no lists: both arrays are laid one after the other, and each row is taken from its place.
    chosen = np.arange(len(values))
    chosen[places.to_numpy(zero_copy_only=False)] = len(values) + np.arange(len(others))
    return pa.concat_arrays([values, others]).take(pa.array(chosen))
