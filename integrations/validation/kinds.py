"""The rule table by type: which kind of column each type of the engine makes, and how values of a kind come and go.

`TYPES` says what a type takes, `FORMS` how a kind looks in JSON, in Python and in Arrow. The row path, the column path,
the schemas of the insert tools and docs/columns.md follow from these two; a type that is not in `TYPES` has no rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

Kind = Literal[
    "time", "hour", "date", "clock", "uuid", "word", "text", "fixed", "commit", "enum", "ip", "bool", "float", "int",
    "money", "decimal", "json", "list", "map", "tuple", "object",
]  # fmt: skip

FIRST_DAY = date(1970, 1, 1)
# Tables are partitioned by Date, which counts days in 16 bits: 65,535 days after the first is its last.
LAST_DAY = FIRST_DAY + timedelta(days=2**16 - 1)
FIRST_TIME = datetime(1970, 1, 1, tzinfo=UTC)
LAST_TIME = datetime(LAST_DAY.year, LAST_DAY.month, LAST_DAY.day, 23, 59, 59, 999_000, tzinfo=UTC)
# DateTime counts seconds in 32 bits and so ends earlier; `hour` ends with its last whole hour.
LAST_SECOND = datetime.fromtimestamp(2**32 - 1, UTC)
LAST_HOUR = LAST_SECOND.replace(minute=0, second=0, microsecond=0)
# What the engine calls the range of Date32 and DateTime64.
FIRST_WIDE = date(1900, 1, 1)
LAST_WIDE = date(2299, 12, 31)
LONGEST_CLOCK = timedelta(hours=999, minutes=59, seconds=59)
# Python's times go to the microsecond, so a finer type would be filled with zeros.
FINEST = 6

# A word is stored in a dictionary: long or ever-changing text in it would cost every reader.
WORD_BYTES = 1_000
# A browser's own words, before they are reduced to browser, version family and platform.
USER_AGENT_BYTES = 10_000
TEXT_BYTES = 1_000_000
MONEY_LIMIT = 10**12  # Decimal(21, 9): twelve digits before the point
# The largest whole number up to which a Float64 holds every one: a larger float may have lost digits before it came.
EXACT = 2**53

FLOAT_LIMITS = {"Float32": (2 - 2**-23) * 2.0**127}


@dataclass(frozen=True, slots=True)
class TypeRow:
    """What columns of one of the engine's types are, and the bounds that the type itself sets."""

    kind: Kind
    low: Any = None
    high: Any = None


def _whole(bits: int, signed: bool) -> TypeRow:
    return TypeRow("int", -(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else TypeRow("int", 0, 2**bits - 1)


TYPES: dict[str, TypeRow] = {
    **{f"Int{bits}": _whole(bits, True) for bits in (8, 16, 32, 64, 128, 256)},
    **{f"UInt{bits}": _whole(bits, False) for bits in (8, 16, 32, 64, 128, 256)},
    "Bool": TypeRow("bool"),
    "Float32": TypeRow("float"),
    "Float64": TypeRow("float"),
    "Decimal": TypeRow("decimal"),
    "String": TypeRow("text"),
    "FixedString": TypeRow("fixed"),
    "UUID": TypeRow("uuid"),
    "IPv4": TypeRow("ip"),
    "IPv6": TypeRow("ip"),
    "Date": TypeRow("date", FIRST_DAY, LAST_DAY),
    "Date32": TypeRow("date", FIRST_WIDE, LAST_WIDE),
    "DateTime": TypeRow("time", FIRST_TIME, LAST_SECOND),
    "DateTime64": TypeRow("time"),
    "Time": TypeRow("clock"),
    "Time64": TypeRow("clock"),
    "Enum8": TypeRow("enum"),
    "Enum16": TypeRow("enum"),
    "Array": TypeRow("list"),
    "Map": TypeRow("map"),
    "Tuple": TypeRow("tuple"),
    "JSON": TypeRow("object"),
}
"""Every type that has a rule."""


@dataclass(frozen=True, slots=True)
class Form:
    """How values of one kind come in and go out."""

    json: str
    """The JSON type that the insert tools declare."""
    note: str | None
    """What the insert tools add to a column's meaning."""
    python: str
    """What `insert_*` takes from Python. JSON takes the same as text, numbers, lists and objects."""
    arrow: str
    """The Arrow types of frames and Parquet files that come without a detour; text is taken for each kind."""
    answer: str
    """What answers hold, in JSON."""


FORMS: dict[Kind, Form] = {
    "bool": Form("boolean", None, "`bool`; `'true'`, `'false'`", "bool", "true, false"),
    "int": Form(
        "integer",
        None,
        "`int`; whole `float` up to 2^53; `Decimal`; digits",
        "all integers, double",
        "number; text beyond 2^53",
    ),
    "float": Form("number", None, "`float`, `int`, `Decimal`; digits", "all integers and floats", "number"),
    "decimal": Form("string", "amount as text", "`Decimal`, `int`, `float`; digits", "decimal", "text"),
    "money": Form("number", None, "`Decimal`, `int`, `float`; digits", "decimal, integers, double", "text"),
    "text": Form("string", None, "`str`", "string", "text"),
    "word": Form("string", None, "`str`", "string, dictionary", "text"),
    "fixed": Form("string", None, "`str` of exactly so many bytes", "string", "text"),
    "commit": Form("string", "40 hex digits", "`str` of 40 hexadecimal digits", "string", "text"),
    "json": Form("string", "JSON text", "`dict`; `str`", "string, struct, map", "text"),
    "object": Form("object", None, "`dict`; its JSON text", "string, struct, map", "object"),
    "enum": Form("string", None, "`str`, `Enum`", "string, dictionary", "text"),
    "uuid": Form("string", "UUID", "`UUID`; its text; 16 bytes", "fixed_size_binary(16), string", "text"),
    "ip": Form("string", "IP address", "`IPv4Address`, `IPv6Address`; its text", "string", "text"),
    "time": Form("string", "ISO 8601, UTC if no zone", "`datetime`, `date`; ISO 8601", "timestamp, date", "ISO 8601"),
    "hour": Form("string", "ISO 8601, UTC if no zone", "`datetime`, `date`; ISO 8601", "timestamp, date", "ISO 8601"),
    "date": Form("string", "ISO 8601 date", "`date`; ISO 8601", "date32, string", "ISO 8601"),
    "clock": Form("string", "h:mm:ss", "`timedelta`, `time`; `'12:30:00'`", "duration, time, string", "text"),
    "list": Form("array", None, "`list`, `tuple`, `set`; its JSON text", "list, string", "list"),
    "map": Form("object", None, "`dict`, pairs; its JSON text", "map, struct, string", "object"),
    "tuple": Form("array", None, "`tuple`, `list`, `dict` by names; its JSON text", "struct, list, string", "list"),
}
"""Every kind, in the order of the documentation."""
