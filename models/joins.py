"""Joins of clickhouse-sqlalchemy's tables, whose statements the cache of SQLAlchemy can hold.

Its `Table.join` keeps its options in a dict, which has no hash: every such statement failed with a TypeError.
"""

from __future__ import annotations

from typing import Any

from clickhouse_sqlalchemy.sql import schema, selectable
from sqlalchemy.sql.selectable import Join


class _Flags(dict[str, Any]):
    """clickhouse-sqlalchemy's options of a join, as a part of the key of a cached statement."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))


def hashable_join(left: Any, right: Any, onclause: Any = None, isouter: bool = False, full: Any = False) -> Join:
    """The join that clickhouse-sqlalchemy's `Table.join` makes, with options that have a hash."""
    flags: Any = _Flags(full) if isinstance(full, dict) else full
    return Join(left, right, onclause=onclause, isouter=isouter, full=flags)


schema.Join = hashable_join
# What its Select adds is not in the key of a cached statement; said here, SQLAlchemy need not warn of it.
selectable.Select.inherit_cache = False
