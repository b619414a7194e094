"""The rule table: what each column of the seven tables takes, derived from the models.

A column is described once, in its model. From there come its rule here, and from the rule the row path, the
column path, the JSON schema of the insert tools and every sentence that refuses a value.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Literal

from clickhouse_sqlalchemy import types as ch
from clickhouse_sqlalchemy.drivers.base import ClickHouseDialect
from sqlalchemy import Column, Table

from chimera_metrics import suggestions
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.masking.columns import JSON_COLUMNS
from chimera_metrics.integrations.masking.searching import mask_text
from chimera_metrics.models import FACT_TABLES, insertable
from chimera_metrics.models.ddl import FixedString

Kind = Literal["time", "hour", "uuid", "word", "text", "float", "int", "money", "commit", "json"]

FIRST_DAY = date(1970, 1, 1)
# Tables are partitioned by Date, which counts days in 16 bits: 65,535 days after the first is its last.
LAST_DAY = FIRST_DAY + timedelta(days=2**16 - 1)
FIRST_TIME = datetime(1970, 1, 1, tzinfo=UTC)
LAST_TIME = datetime(LAST_DAY.year, LAST_DAY.month, LAST_DAY.day, 23, 59, 59, 999_000, tzinfo=UTC)
# `hour` is a DateTime, which counts seconds in 32 bits and so ends earlier; this is its last whole hour.
LAST_HOUR = datetime.fromtimestamp(2**32 - 1, UTC).replace(minute=0, second=0, microsecond=0)

# A word is stored in a dictionary: long or ever-changing text in it would cost every reader.
WORD_BYTES = 1_000
# A browser's own words, before they are reduced to browser, version family and platform.
USER_AGENT_BYTES = 10_000
TEXT_BYTES = 1_000_000

MONEY_LIMIT = 10**12  # Decimal(18, 6): twelve digits before the point

# What a type cannot say. Measures with these units are never negative; a share lies between 0 and 1.
MEASURES = frozenset({"ms", "s", "tokens", "tokens/s", "USD", "MB", "rows", "events"})
BOUNDS: dict[str, tuple[float, float]] = {
    "confidence_score": (0, 1),
    "correlation_strength": (-1, 1),
    "error_rate": (0, 1),
    "abandonment_rate": (0, 1),
}
# The age of the newest row is negative when its clock runs ahead: the very thing that the Watcher should report.
SIGNED = frozenset({"lag_seconds"})

INTEGERS: dict[type, int] = {ch.UInt16: 16, ch.UInt32: 32, ch.UInt64: 64}


@dataclass(frozen=True, slots=True)
class Default:
    """What stands where a row names nothing: a constant, the time of receipt, or a fresh id.

    The last two differ from row to row and from try to try, so they are always filled in before the rows leave:
    a block that is sent again, or replayed a day later, must be the same block. A constant is left to the engine
    where no row of a batch names the column.
    """

    kind: Literal["constant", "now", "uuid"]
    constant: str | int | None = None


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """What one column takes."""

    table: str
    name: str
    type: str  # as the engine spells it
    kind: Kind
    nullable: bool
    required: bool
    default: Default | None
    low: float | None
    high: float | None
    max_bytes: int
    meaning: str
    unit: str | None
    words: tuple[str, ...]

    @property
    def takes(self) -> str:
        """The second half of every sentence that refuses a value for this column."""
        return f"{self._takes()}, or null" if self.nullable else self._takes()

    def _takes(self) -> str:
        match self.kind:
            case "time" | "hour":
                last = (LAST_HOUR if self.kind == "hour" else LAST_TIME).date()
                return f"an ISO 8601 time such as '2026-05-31T12:00:00Z', from {FIRST_DAY} to {last}"
            case "uuid":
                return "a UUID such as '123e4567-e89b-12d3-a456-426614174000'"
            case "commit":
                return "a full commit id of 40 hexadecimal digits"
            case "json":
                return f"a JSON object, or its text, of at most {self.max_bytes:,} bytes"
            case "word" | "text":
                least = "at most" if self.nullable else "1 to"
                return f"text of {least} {self.max_bytes:,} bytes"
            case "int":
                return f"a whole number from {self.low:,} to {self.high:,}"
            case "money":
                return "an amount from 0 up to, but not including, 1,000,000,000,000"
            case "float":
                return _span(self.low, self.high)


def _span(low: float | None, high: float | None) -> str:
    if low is None:
        return "a number"
    return f"a number of {low:g} or more" if high is None else f"a number from {low:g} to {high:g}"


@dataclass(frozen=True, slots=True)
class TableRules:
    """The rules of one table, in the order of its columns."""

    table: str
    rules: tuple[ColumnRule, ...]
    set_by_store: frozenset[str]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(rule.name for rule in self.rules)

    @property
    def time(self) -> ColumnRule:
        """The column whose day decides a row's partition."""
        return next(rule for rule in self.rules if rule.kind in ("time", "hour"))

    def unknown(self, name: object) -> str:
        """The sentence for a column that the table does not have."""
        if name in self.set_by_store:
            return f"'{name}' is set by the store; leave it out."
        shown = shown_name(name)
        return suggestions.unknown("column", shown, self.names, f"{self.table} has")

    def first_unknown(self, names: Iterable[object]) -> object:
        """The first of `names` that is no column to insert into. Call it only when there is one."""
        return next(name for name in names if name not in self.names)


def shown_name(name: object) -> str:
    """The name of a column that may be anything, a secret by mistake too, as a sentence shows it."""
    shown = mask_text(str(name)[:2_000].encode("utf-8", "backslashreplace").decode())[0]
    return shown if len(shown) <= 60 else f"{shown[:60]}…"


def known_table(name: str) -> Table:
    """The one of the seven tables that has this name. Raises InvalidInput for any other name."""
    if name not in FACT_TABLES:
        raise InvalidInput(suggestions.unknown("table", str(name), FACT_TABLES))
    return FACT_TABLES[name]


@cache
def rules_of(table: str) -> TableRules:
    """The rules of `table`. Raises InvalidInput for a table that is not one of the seven."""
    model = known_table(table)
    given = insertable(model)
    return TableRules(
        table,
        tuple(_rule(model, column) for column in given),
        frozenset(model.columns.keys()) - {column.name for column in given},
    )


def _rule(table: Table, column: Column[Any]) -> ColumnRule:
    type_ = column.type
    # Nullable and LowCardinality wrap each other in either order.
    while isinstance(type_, ch.Nullable | ch.LowCardinality):
        type_ = type_.nested_type
        type_ = type_() if isinstance(type_, type) else type_
    kind = _kind(column, type_)
    low, high = _range(column, kind, type_)
    rule = ColumnRule(
        table=table.name,
        name=column.name,
        type=column.type.compile(dialect=ClickHouseDialect()),
        kind=kind,
        nullable=bool(column.nullable),
        required=column.info["required"],
        default=_default(column),
        low=low,
        high=high,
        max_bytes=_max_bytes(column, kind),
        meaning=column.info["meaning"],
        unit=column.info["unit"],
        words=column.info["words"],
    )
    if not (rule.nullable or rule.required or rule.default):
        raise TypeError(f"{table.name}.{column.name} needs a default, or to be required or nullable")
    return rule


def _kind(column: Column[Any], type_: object) -> Kind:
    if isinstance(type_, FixedString):
        return "commit"
    if isinstance(type_, ch.String) and not isinstance(type_, ch.UUID):  # a subclass of it
        if column.name in JSON_COLUMNS:
            return "json"
        return "word" if _low_cardinality(column.type) else "text"
    kinds: tuple[tuple[type, Kind], ...] = (
        (ch.DateTime64, "time"),  # before DateTime, of which it is a subclass
        (ch.DateTime, "hour"),
        (ch.UUID, "uuid"),
        (ch.Decimal, "money"),
        (ch.Float64, "float"),
        *((integer, "int") for integer in INTEGERS),
    )
    for candidate, kind in kinds:
        if isinstance(type_, candidate):
            return kind
    raise TypeError(f"No rule for {column.table.name}.{column.name} of type {type_!r}")


def _low_cardinality(type_: Any) -> bool:
    return isinstance(type_, ch.LowCardinality) or isinstance(getattr(type_, "nested_type", None), ch.LowCardinality)


def _range(column: Column[Any], kind: Kind, type_: object) -> tuple[float | None, float | None]:
    if kind == "int":
        return 0, 2 ** INTEGERS[type(type_)] - 1
    if column.name in BOUNDS:
        return BOUNDS[column.name]
    if kind in ("float", "money") and column.info["unit"] in MEASURES and column.name not in SIGNED:
        return 0, None
    return None, None


def _max_bytes(column: Column[Any], kind: Kind) -> int:
    if column.name == "user_agent":
        return USER_AGENT_BYTES
    return WORD_BYTES if kind == "word" else TEXT_BYTES


def _default(column: Column[Any]) -> Default | None:
    if column.server_default is None:
        return None
    expression: str = column.server_default.arg.text  # type: ignore[attr-defined]  # always text, by models.ddl.col
    if expression.startswith("now64("):
        return Default("now")
    if expression == "generateUUIDv4()":
        return Default("uuid")
    if expression.startswith("'") and expression.endswith("'"):
        return Default("constant", expression[1:-1])
    return Default("constant", int(expression))
