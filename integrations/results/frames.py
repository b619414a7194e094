"""The table within a result, for the libraries that work with tables. Each is loaded when it is asked for."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.results.json_text import as_json
from chimera_metrics.integrations.results.points import records

if TYPE_CHECKING:
    import pandas  # type: ignore[import-untyped]  # its stubs are a package of their own
    import polars
    import pyarrow

Table = tuple[list[str], list[str | None], list[list[Any]]]
# The lists that are an answer's table, the first that it has; without one the answer is a single row.
_TABLES = (
    *("series", "points", "forecast", "anomalies", "groups", "comparisons", "drivers", "checks"),
    *("tables", "metrics", "rejected"),
)
_MODIFIERS = re.compile(r"^(?:Nullable|LowCardinality)\((.*)\)$")
_PLAIN = {
    **{f"{sign}Int{bits}": f"{sign.lower()}int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)},
    "Float32": "float32",
    "Float64": "float64",
    "BFloat16": "float32",
    "Bool": "bool_",
    "String": "string",
    "UUID": "string",
    "IPv4": "string",
    "IPv6": "string",
    "Date": "date32",
    "Date32": "date32",
}
_UNITS = {"0": "s", "1": "ms", "2": "ms", "3": "ms"}


def table_of(result: Mapping[str, Any]) -> Table:
    """Names, the engine's types where they are known, and rows."""
    if (found := _listed(result)) is not None:
        return found
    if isinstance(result.get("series"), list):
        return _series(result["series"])
    for name in _TABLES:
        part = result.get(name)
        if name == "comparisons" and "pipeline" in result:
            continue  # of a page on everything they are a part, not the table
        if isinstance(part, Mapping) and (found := _listed(part)) is not None:
            return found
        if isinstance(part, list) and all(isinstance(row, Mapping) for row in part):
            return _of_mappings(part)
    flat = {f"{name}.{inner}": value for name, part in result.items() for inner, value in _flat(part)}
    return _of_mappings([{name.removesuffix("."): value for name, value in flat.items()}])


def _listed(part: Mapping[str, Any]) -> Table | None:
    """Of `columns` and `rows`; columns of points are their names alone."""
    columns, rows = part.get("columns"), part.get("rows")
    if not isinstance(columns, list) or not isinstance(rows, list):
        return None
    named = [column if isinstance(column, Mapping) else {"name": column} for column in columns]
    return [column["name"] for column in named], [column.get("type") for column in named], rows


def _series(series: Sequence[Mapping[str, Any]]) -> Table:
    """The points of all series below each other, each with its group."""
    rows = []
    for one in series:
        points = one["points"]
        if isinstance(points, Mapping):
            points = records(points)
        group = one["group"]
        named = group if isinstance(group, Mapping) else {} if group is None else {"group": group}
        rows += [{**named, **point} for point in points]
    return _of_mappings(rows)


def _of_mappings(rows: Sequence[Mapping[str, Any]]) -> Table:
    names = list(dict.fromkeys(name for row in rows for name in row))
    types = ["DateTime64(6, 'UTC')" if name == "ts" else None for name in names]
    return names, types, [[row.get(name) for name in names] for row in rows]


def _flat(part: Any) -> list[tuple[str, Any]]:
    if isinstance(part, Mapping):
        return list(part.items())
    return [("", part)]


def arrow(result: Mapping[str, Any]) -> pyarrow.Table:
    """The columns in Arrow's types; a column that has none is JSON text."""
    import pyarrow

    names, types, rows = table_of(result)
    # Names may be twice in a row of SQL, so not by a dictionary.
    columns = [_column([row[place] for row in rows], type_) for place, type_ in enumerate(types)]
    return pyarrow.Table.from_arrays(columns, names=names)


def _column(values: Sequence[Any], type_: str | None) -> pyarrow.Array:
    import pyarrow

    wanted = None if type_ is None else _arrow_type(type_)
    if wanted is not None:
        try:
            return pyarrow.array([_typed(value, wanted) for value in values], wanted)
        except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, ValueError, TypeError, OverflowError):
            pass  # a value that is none of its type, such as a text that was cut
    try:
        return pyarrow.array(values)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, OverflowError):
        return pyarrow.array([None if value is None else as_json(value).decode() for value in values])


def _arrow_type(type_: str) -> pyarrow.DataType | None:
    """Arrow's type of the engine's; None for what values say better themselves."""
    import pyarrow

    while (found := _MODIFIERS.match(type_)) is not None:
        type_ = found[1]
    if type_ in _PLAIN:
        return getattr(pyarrow, _PLAIN[type_])()
    name, _, inner = type_.removesuffix(")").partition("(")
    if name in {"FixedString", "Enum8", "Enum16"}:
        return pyarrow.string()
    if name == "Decimal":
        precision, scale = map(int, inner.split(","))
        return (pyarrow.decimal128 if precision <= 38 else pyarrow.decimal256)(precision, scale)
    if name == "DateTime":
        return pyarrow.timestamp("s", inner.strip("' ") or "UTC")
    if name == "DateTime64":
        digits, _, zone = inner.partition(",")
        return pyarrow.timestamp(_UNITS.get(digits.strip(), "us"), zone.strip("' ") or "UTC")
    if name == "Array":
        item = _arrow_type(inner)
        return None if item is None else pyarrow.list_(item)
    return None


def _typed(value: Any, wanted: pyarrow.DataType) -> Any:
    """A value as JSON has it, back in its own type."""
    import pyarrow.types as kinds

    if isinstance(value, list) and kinds.is_list(wanted):
        return [_typed(item, wanted.value_type) for item in value]
    if not isinstance(value, str):
        return Decimal(str(value)) if kinds.is_decimal(wanted) and isinstance(value, int | float) else value
    if kinds.is_integer(wanted):
        return int(value)
    if kinds.is_timestamp(wanted):
        return datetime.fromisoformat(value)
    if kinds.is_date(wanted):
        return date.fromisoformat(value)
    return Decimal(value) if kinds.is_decimal(wanted) else value


def pandas_frame(result: Mapping[str, Any]) -> pandas.DataFrame:
    """By Arrow; whole numbers with nulls stay whole numbers."""
    needed("pandas")
    import pandas

    table = arrow(result)
    integers = {
        f"{sign}int{bits}": getattr(pandas, f"{sign.upper()}Int{bits}Dtype")()
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    }

    def kept(type_: pyarrow.DataType) -> Any:
        return integers.get(str(type_)) if str(type_) in nulls else None

    nulls = {str(column.type) for column in table.columns if column.null_count}
    return table.to_pandas(types_mapper=kept)


def polars_frame(result: Mapping[str, Any]) -> polars.DataFrame:
    """By Arrow."""
    needed("polars")
    import polars

    made = polars.from_arrow(arrow(result))
    return made if isinstance(made, polars.DataFrame) else made.to_frame()


def needed(library: str) -> None:
    """Raises InvalidInput for a library that is not installed: it is no dependency of ours."""
    try:
        importlib.import_module(library)
    except ImportError:
        raise InvalidInput(f"{library} is not installed here: run `pip install {library}`.") from None
