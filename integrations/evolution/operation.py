"""What every operation of ours has in common. See `operations` for tables and views, `part_operations` for their parts.

`ensure_…` creates what is missing and checks what is there; `remove_…` drops what is there; `set_…` and `modify_…`
name the state wanted: each says what is wanted, so that it can be run again. Definitions are ClickHouse's own words, as
in `CREATE TABLE`.
"""

from __future__ import annotations

import re
from typing import Any

from alembic.operations import MigrateOperation

_NAME = re.compile(r"\s*CREATE\s+(?:TABLE|MATERIALIZED\s+VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?`?(\w+)`?", re.IGNORECASE)


def name_of(ddl: str) -> str:
    """The name of what a `CREATE` statement creates."""
    match = _NAME.match(ddl)
    if match is None:
        raise ValueError(f"a CREATE TABLE or CREATE MATERIALIZED VIEW statement was expected, not: {ddl[:80]}")
    return match[1]


class ClickHouseOp(MigrateOperation):
    """An operation of ours: its arguments, in order, are its public attributes."""

    #: The function of `op` that revisions call.
    verb: str
    #: Where in a revision it stands: what is created before what reads it, what is dropped after.
    order = 0

    @property
    def arguments(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if not name.startswith("_") and name != "info"}

    def to_diff_tuple(self) -> tuple[Any, ...]:
        return (self.verb, *self.arguments.values())


def known(value: str | None) -> str:
    if value is None:
        raise ValueError("an operation without what stood before cannot be reversed")
    return value
