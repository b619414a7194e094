"""`Result`: a dictionary whose keys are attributes, and a table for the libraries that work with tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Self, get_args, get_type_hints

from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.results.json_text import as_json, lean
from chimera_metrics.integrations.unseen import seen

if TYPE_CHECKING:
    import pandas  # type: ignore[import-untyped]  # its stubs are a package of their own
    import polars
    import pyarrow

# Of a dictionary's methods those that read; a result is not there to be emptied.
_READING = ("get", "items", "keys", "values")


class Rows(list[Any]):
    """A list within a result.

    pandas asks every list that it is to make a column of for its `ndim`: it then has the whole result, of which it
    cannot know what is a column.
    """

    __slots__ = ()

    @property
    def ndim(self) -> int:
        raise InvalidInput("A result is more than one table: use result.to_pandas(), or to_polars() or to_arrow().")


class _Quiet(type):
    """What the tab key offers. The interpreter's own completion reads the bases of a class beside `dir`."""

    @property
    def __bases__(cls) -> tuple[type, ...]:  # type: ignore[override]
        return ()

    def __dir__(cls) -> list[str]:
        own = (name for one in cls.__mro__ if issubclass(one, Result) for name in vars(one) if name[0] != "_")
        return sorted({*own, *_READING})


# What other libraries call the table of a result.
_INSTEAD = {
    **dict.fromkeys(("df", "to_df", "to_dataframe", "dataframe", "to_pd", "todf"), "to_pandas()"),
    **dict.fromkeys(
        ("fetchall", "fetchone", "all", "to_dicts", "to_dict", "to_list", "mappings", "named_results"), "records()"
    ),
    **dict.fromkeys(("pl", "to_pl"), "to_polars()"),
    **dict.fromkeys(("arrow", "to_table", "fetch_arrow_table"), "to_arrow()"),
    **dict.fromkeys(("json", "tojson"), "to_json()"),
    **dict.fromkeys(("to_csv", "csv", "to_parquet"), "to_pandas() and its to_csv, or ask for an export"),
    **dict.fromkeys(("result_rows", "data", "values"), "rows"),
    **dict.fromkeys(("column_names", "description"), "columns"),
}


class Result(dict[str, Any], metaclass=_Quiet):
    """A dictionary whose keys are attributes too: `result["n"]` and `result.n`.

    `to_pandas()`, `to_polars()` and `to_arrow()` make a table of it, and a notebook shows that table. Amounts of money
    are `Decimal`; in its JSON (`to_json()`) they are text.
    """

    __slots__ = ("_draw", "images")
    #: Pictures (PNG) that go with the fields; no part of the mapping.
    images: list[bytes]
    #: What draws its picture; see `picture`.
    _draw: Callable[[Any], bytes]

    def __getattr__(self, name: str) -> Any:
        if name == "images":
            return []  # none was asked for
        try:
            return self[name]
        except KeyError:
            raise AttributeError(self._no_field(name)) from None

    def __getitem__(self, key: Any) -> Any:
        try:
            return super().__getitem__(key)
        except KeyError:
            if not isinstance(key, int):
                raise KeyError(self._no_field(key)) from None
        except TypeError:
            if not isinstance(key, slice):
                raise
        raise TypeError("A result is read by its fields; its rows are result.records(), such as result.records()[0].")

    def _no_field(self, name: Any) -> str:
        instead = _INSTEAD.get(str(name).lower())
        other = f" Write {instead}." if instead else ""
        return f"This result has no field {name!r}; it has {', '.join(self)}.{other}"

    def __dir__(self) -> list[str]:
        return sorted({*dir(type(self)), *(name for name in self if name.isidentifier())})

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Self:
        """`value` with every mapping in it, at any depth, as a Result, and nothing invisible in its texts."""
        parts = cls._parts()
        made = cls()
        for key, item in value.items():
            deep = _deep(item, parts.get(key, Result))
            made[_deep(key, Result)] = Rows(deep) if type(deep) is list else deep
        return made

    @classmethod
    @cache
    def _parts(cls) -> dict[str, type[Result]]:
        """The fields that hold results, by the class of those: as the annotations have it."""
        found = {}
        for name, hint in get_type_hints(cls).items():
            for one in (hint, *get_args(hint)):
                if isinstance(one, type) and issubclass(one, Result):
                    found[name] = one
        return found

    def to_arrow(self) -> pyarrow.Table:
        """The table of this result for Arrow, in the types that the engine gave its columns."""
        from chimera_metrics.integrations.results.frames import arrow

        return arrow(self)

    def to_pandas(self) -> pandas.DataFrame:
        """The table of this result as a pandas frame; times have their zone, amounts are `Decimal`."""
        from chimera_metrics.integrations.results.frames import pandas_frame

        return pandas_frame(self)

    def to_polars(self) -> polars.DataFrame:
        """The table of this result as a polars frame."""
        from chimera_metrics.integrations.results.frames import polars_frame

        return polars_frame(self)

    def records(self) -> list[Result]:
        """The rows of the table of this result, each by the names of its columns: `points.records()[0].value`."""
        from chimera_metrics.integrations.results.frames import table_of

        names, _, rows = table_of(self)
        return [Result.of(dict(zip(names, row, strict=True))) for row in rows]

    def to_json(self) -> str:
        """The result as JSON, as the tools answer it: without fields that say nothing, and amounts as text."""
        return as_json(lean(self, include_sql=True)).decode()

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from chimera_metrics.integrations.results.page import html

        return html(self)


def _deep(value: Any, kind: type[Result]) -> Any:
    if isinstance(value, str):
        return seen(value)
    if isinstance(value, Mapping):
        return kind.of(value)
    if isinstance(value, list | tuple):
        return [_deep(item, kind) for item in value]
    return value
