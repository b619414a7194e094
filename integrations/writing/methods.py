"""The methods of `ClickHouseClient` that store rows of one table, named after it, with its columns in the docstring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from chimera_metrics.integrations.results import InsertResult
from chimera_metrics.models import FACT_TABLES, insertable

if TYPE_CHECKING:
    from chimera_metrics.integrations.writing.arguments import OnInvalid


class _Client(Protocol):
    def insert(
        self, table: str, rows: Any, idempotency_key: str | None = None, on_invalid: OnInvalid = "reject_batch"
    ) -> InsertResult: ...


class _StoreOne(Protocol):
    def __call__(self, row: Mapping[str, Any], idempotency_key: str | None = None) -> InsertResult: ...


class _StoreMany(Protocol):
    def __call__(
        self,
        rows: Iterable[Mapping[str, Any]] | Any,
        idempotency_key: str | None = None,
        on_invalid: OnInvalid = "reject_batch",
    ) -> InsertResult: ...


class _Insert:
    """A method that stores rows of a table, with a docstring of its own."""

    def __init__(self, table: str, what: str, more: str) -> None:
        self._table = table
        about = FACT_TABLES[table]
        columns = ", ".join(column.name for column in insertable(about))
        self.__doc__ = f"Stores {what} of {table} exactly once: {about.comment}\n\n{more}\n\nColumns: {columns}."

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def _named(self, store: Any) -> Any:
        store.__name__, store.__qualname__, store.__doc__ = self._name, f"ClickHouseClient.{self._name}", self.__doc__
        return store


class InsertOne(_Insert):
    """Method that stores one row of a table exactly once."""

    def __init__(self, table: str) -> None:
        super().__init__(table, "one row", "`row` has values by column; sent again, it is answered as a duplicate.")

    def __get__(self, client: _Client, _: type | None = None) -> _StoreOne:
        def store(row: Mapping[str, Any], idempotency_key: str | None = None) -> InsertResult:
            return client.insert(self._table, [row], idempotency_key)

        found: _StoreOne = self._named(store)
        return found


class InsertMany(_Insert):
    """Method that stores rows of a table exactly once."""

    def __init__(self, table: str) -> None:
        more = (
            "`rows`: a list, stored as a whole or not at all; or an iterator, an Arrow table, a frame, by pieces. With "
            '`on_invalid="skip"` wrong rows are\nleft out and named. Sent again, they are answered as duplicates.'
        )
        super().__init__(table, "rows", more)

    def __get__(self, client: _Client, _: type | None = None) -> _StoreMany:
        def store(
            rows: Iterable[Mapping[str, Any]] | Any,
            idempotency_key: str | None = None,
            on_invalid: OnInvalid = "reject_batch",
        ) -> InsertResult:
            return client.insert(self._table, rows, idempotency_key, on_invalid)

        found: _StoreMany = self._named(store)
        return found
