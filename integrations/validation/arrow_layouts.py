"""Arrow arrays spelled out: the same values without dictionaries, runs and views.

Those are ways to lay a column out. Arrow's own functions take few of them (pyarrow 26 selects no rows of a view), and
an array with a dictionary is written without its words.

This module needs pyarrow; import it only where Arrow data is at hand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from chimera_metrics.integrations.errors import InvalidInput

Array = Any  # pyarrow ships no types


def has_dictionary(type_: Any) -> bool:
    """Whether the type, or one inside it, has a dictionary."""
    return bool(pa.types.is_dictionary(type_)) or any(map(has_dictionary, _inner(type_)))


def is_spelled_out(type_: Any) -> bool:
    """Whether neither the type nor any inside it is one that `spelled_out` changes."""
    changed = pa.types.is_dictionary(type_) or pa.types.is_run_end_encoded(type_) or _is_view(type_)
    return not changed and all(map(is_spelled_out, _inner(type_)))


def spelled_out_table(data: Any) -> Any:
    """A table whose columns are spelled out; the very same table where they are already."""
    for index, field in enumerate(data.schema):
        if not is_spelled_out(field.type):
            column = data.column(index)
            type_ = spelled_out(pa.nulls(0, field.type)).type
            chunks = [spelled_out(chunk) for chunk in column.chunks]
            # Without the field's own metadata: there polars names the words of a dictionary.
            plain = pa.field(field.name, type_, field.nullable)
            data = data.set_column(index, plain, pa.chunked_array(chunks, type_))
    return data


def spelled_out(array: Array) -> Array:
    """The same values; the very same array where it is spelled out already. Raises InvalidInput for a union of such."""
    type_ = array.type
    if is_spelled_out(type_):
        return array
    if isinstance(type_, pa.BaseExtensionType):
        return spelled_out(array.storage)
    if pa.types.is_dictionary(type_):
        return spelled_out(array.dictionary).take(array.indices)
    if pa.types.is_run_end_encoded(type_):
        places = np.arange(array.offset, array.offset + len(array))
        runs = np.searchsorted(array.run_ends.to_numpy(), places, side="right")
        return spelled_out(array.values).take(pa.array(runs))
    if _is_view(type_):
        return array.cast(pa.large_string() if pa.types.is_string_view(type_) else pa.large_binary())
    if pa.types.is_struct(type_):
        parts = [spelled_out(part) for part in array.flatten()]
        fields = [pa.field(field.name, part.type) for field, part in zip(type_, parts, strict=True)]
        return pa.StructArray.from_arrays(parts, fields=fields, mask=array.is_null())
    if pa.types.is_map(type_):
        pairs = _list(array.cast(pa.list_(pa.struct([("key", type_.key_type), ("value", type_.item_type)]))))
        offsets = pairs.offsets.cast(pa.int32())
        return pa.MapArray.from_arrays(offsets, *pairs.values.flatten(), mask=array.is_null())
    if pa.types.is_union(type_):
        raise InvalidInput(f"A column of the Arrow type {type_} cannot be stored; give each of its types a column.")
    return _list(array)


def _list(array: Array) -> Array:
    """Lists of any kind as lists of one kind."""
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy()
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    return pa.LargeListArray.from_arrays(offsets, spelled_out(array.flatten()), mask=array.is_null())


def _is_view(type_: Any) -> bool:
    return bool(pa.types.is_string_view(type_) or pa.types.is_binary_view(type_))


def _inner(type_: Any) -> list[Any]:
    """The types that a type is made of."""
    if isinstance(type_, pa.BaseExtensionType):
        return [type_.storage_type]
    if pa.types.is_dictionary(type_) or pa.types.is_run_end_encoded(type_):
        return [type_.value_type]
    return [type_.field(index).type for index in range(type_.num_fields)]


def map_reader(type_: Any) -> Callable[[Any], Any] | None:
    """What makes dicts of the maps in a value of the type, at any depth; None where it has no map.

    Arrow gives maps to Python as lists of pairs. A map that has a key twice stays one, for its column to refuse.
    """
    if pa.types.is_map(type_):
        key, item = (map_reader(part) for part in (type_.key_type, type_.item_type))
        return lambda value: _dict([(_read(key, name), _read(item, part)) for name, part in value])
    if pa.types.is_struct(type_):
        readers = {field.name: map_reader(field.type) for field in type_}
        if not any(readers.values()):
            return None
        return lambda value: {name: _read(readers[name], part) for name, part in value.items()}
    if pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_fixed_size_list(type_):
        inner = map_reader(type_.value_type)
        return None if inner is None else lambda value: [_read(inner, item) for item in value]
    return None


def _read(reader: Callable[[Any], Any] | None, value: Any) -> Any:
    return value if reader is None or value is None else reader(value)


def _dict(pairs: list[tuple[Any, Any]]) -> Any:
    try:
        found = dict(pairs)
    except TypeError:  # a list as a key
        return pairs
    return found if len(found) == len(pairs) else pairs
