"""Frames of pandas, polars and others as Arrow tables: the rows that they hold, their index included.

pyarrow is imported only when data comes this way, pandas never: a frame brings it along.
"""

from __future__ import annotations

import numbers
from collections import Counter
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from uuid import UUID

from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.validation.rules import shown_name

Frame = Any  # any of several libraries'


def to_arrow(data: Any) -> Any:
    """Any frame as a pyarrow.Table. Raises InvalidInput."""
    import pyarrow as pa

    of_pandas = type(data).__module__.partition(".")[0] == "pandas"
    if isinstance(data, pa.Array) or (of_pandas and not hasattr(data, "columns")):
        raise _one_column(data)
    try:
        table = _of_pandas(data) if of_pandas else _of_others(data)
    except pa.ArrowException as error:
        reason = " ".join(str(error).split())[:200]
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


def _of_others(data: Any) -> Any:
    import pyarrow as pa

    if isinstance(data, pa.RecordBatch):
        return pa.Table.from_batches([data])
    if isinstance(data, pa.RecordBatchReader):
        return data.read_all()
    if isinstance(data, pa.Table) or hasattr(data, "__arrow_c_stream__"):
        return pa.table(data)
    raise InvalidInput(
        f"A table of rows is an Arrow table, or a pandas or polars frame; this is {type(data).__name__}."
    )


def _one_column(data: Any) -> InvalidInput:
    return InvalidInput(
        f"This is one column, a {type(data).__name__}; give a table of rows: an Arrow table, or a pandas or polars "
        "frame."
    )


def _of_pandas(frame: Frame) -> Any:
    import pyarrow as pa

    frame = _with_index(frame)
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, OverflowError):
        spelled = {place: found for place in range(frame.shape[1]) if (found := _spelled(frame.iloc[:, place]))}
    frame = frame.copy(deep=False)
    for place, values in spelled.items():
        frame.isetitem(place, values)
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, OverflowError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InvalidInput(f"The frame has a column of mixed types, which Arrow cannot hold ({reason}).") from None


def _with_index(frame: Frame) -> Frame:
    """The frame with its index as columns; row numbers without a name are none. Raises InvalidInput."""
    index = frame.index
    named = [name for name in index.names if name is not None]
    if not named and index.nlevels == 1 and index.dtype.kind in "iu":
        return frame
    if len(named) < index.nlevels:
        raise InvalidInput(
            f"The frame's index holds {index.dtype} values and has no name, so it is not said which column they are; "
            'name it (df.index.name = "ts"), or leave it out (df.reset_index(drop=True)).'
        )
    twice = [name for name in named if name in frame.columns]
    if twice:
        raise InvalidInput(
            f"The frame has '{shown_name(twice[0])}' as its index and as a column; leave one out "
            "(df.reset_index(drop=True))."
        )
    return frame.reset_index()


_SPELLED: tuple[tuple[type | tuple[type, ...], Callable[[Any], Any]], ...] = (
    # Whole numbers beyond 64 bits, which Arrow has no type for; a bool is no number here.
    (numbers.Integral, lambda value: str(int(value))),
    ((UUID, IPv4Address, IPv6Address), str),
    ((set, frozenset), lambda value: sorted(value, key=repr)),
)


def _spelled(column: Any) -> list[Any] | None:
    """The values of a column of Python objects in a form that Arrow has, or None."""
    if column.dtype.kind != "O":
        return None
    values = column.tolist()
    present = [value for value in values if value is not None and value == value]
    for kind, change in _SPELLED:
        if present and all(isinstance(value, kind) and not isinstance(value, bool) for value in present):
            return [None if value is None or value != value else change(value) for value in values]
    return None
