"""Times, lengths of time and numbers. Expected values by DuckDB 2.0.1, and by eye."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    Date,
    cast,
    extract,
    func,
    literal,
    select,
)

from tests.alchemy.expressions import AT, NAIVE, SUNDAY, ids, one
from tests.alchemy.tables import SALES as s

CASES: list[tuple[str, Any, list[Any]]] = [
    ("extract year", one(extract("year", AT)), [(2024,)]),
    ("extract month", one(extract("month", AT)), [(1,)]),
    ("extract day", one(extract("day", AT)), [(3,)]),
    ("extract hour", one(extract("hour", AT)), [(23,)]),
    ("extract minute", one(extract("minute", AT)), [(30,)]),
    ("extract second", one(extract("second", AT)), [(15,)]),
    ("extract quarter", one(extract("quarter", AT)), [(1,)]),
    ("extract week", one(extract("week", literal(date(2024, 12, 30)))), [(1,)]),
    ("extract isoyear", one(extract("isoyear", literal(date(2024, 12, 30)))), [(2025,)]),
    ("extract dow of a Sunday", one(extract("dow", SUNDAY)), [(0,)]),
    ("extract isodow of a Sunday", one(extract("isodow", SUNDAY)), [(7,)]),
    ("extract dow of a Wednesday", one(extract("dow", AT)), [(3,)]),
    ("extract doy", one(extract("doy", literal(date(2024, 12, 31)))), [(366,)]),
    ("extract epoch", one(extract("epoch", AT)), [(1704324615.25,)]),
    ("extract epoch of a date", one(extract("epoch", SUNDAY)), [(1704585600.0,)]),
    ("extract milliseconds", one(extract("milliseconds", AT)), [(15250,)]),
    ("extract microseconds", one(extract("microseconds", AT)), [(15250000,)]),
    (
        "extract from a column",
        select(s.c.id, extract("hour", s.c.sold)).where(s.c.id > 6).order_by(s.c.id),
        [(7, 18), (8, 23)],
    ),
    (
        "extract in a group",
        select(extract("month", s.c.day), func.count()).group_by(extract("month", s.c.day)),
        [(1, 8)],
    ),
    ("extract, in capitals", one(extract("HOUR", AT)), [(23,)]),
    ("seconds between two times", one(extract("epoch", AT - NAIVE)), [(66615.25,)]),
    ("a difference of times", one(AT - NAIVE), [(timedelta(hours=18, minutes=30, seconds=15, milliseconds=250),)]),
    ("a time and a length", one(NAIVE + timedelta(minutes=90)), [(datetime(2024, 1, 3, 6, 30, tzinfo=UTC),)]),
    ("a naive time is UTC", ids(s.c.sold >= datetime(2024, 1, 7, 18)), [(7,), (8,)]),
    (
        "a time of another zone",
        ids(s.c.sold >= datetime(2024, 1, 7, 20, tzinfo=timezone(timedelta(hours=2)))),
        [(7,), (8,)],
    ),
    ("a time between two", ids(s.c.sold.between(datetime(2024, 1, 2), datetime(2024, 1, 3, 12))), [(3,), (5,)]),
    ("a date", ids(s.c.day == date(2024, 1, 3)), [(4,), (5,)]),
    ("a date far off", one(literal(date(2200, 1, 1))), [(date(2200, 1, 1),)]),
    ("a date before 1970", one(literal(date(1912, 6, 23))), [(date(1912, 6, 23),)]),
    ("a date compared with a far one", ids(s.c.day < date(2200, 1, 1), s.c.id < 3), [(1,), (2,)]),
    ("a date of a time", select(cast(s.c.sold, Date)).where(s.c.id == 8), [(date(2024, 1, 31),)]),
    ("true division", one(literal(7) / literal(2)), [(Decimal("3.5000000000"),)]),
    ("true division of columns", select(s.c.qty / s.c.id).where(s.c.id == 2), [(Decimal("-3.5000000000"),)]),
    ("floor division", one(literal(7) // literal(2)), [(3.0,)]),
    ("floor division of a negative number", one(literal(-7) // literal(2)), [(-4,)]),
    ("floor division by a negative number", one(literal(7) // literal(-2)), [(-4,)]),
    ("floor division of two negative numbers", one(literal(-7) // literal(-2)), [(3,)]),
    ("floor division keeps 63 bits", one(literal(2**62 + 1) // literal(1)), [(2**62 + 1,)]),
    ("floor division of floats", one(literal(7.5) // literal(2.0)), [(3.0,)]),
    ("floor division of a column", select(s.c.qty // 2).where(s.c.id == 2), [(-4,)]),
    ("modulo", one(literal(7) % literal(4)), [(3,)]),
    ("brackets", select((s.c.qty + 1) * 2 - (s.c.id - 1)).where(s.c.id == 5), [(6,)]),
    ("negation", select(-s.c.qty).where(s.c.id == 2), [(7,)]),
    ("a number beyond 64 bits", one(literal(2**70)), [(2**70,)]),
    ("a negative number beyond 128 bits", one(literal(-(2**200))), [(-(2**200),)]),
    ("a Decimal", one(literal(Decimal("0.10"))), [(Decimal("0.1000000000"),)]),
    ("a Decimal compared", ids(s.c.paid == Decimal("15.75")), [(2,)]),
    (
        "a Decimal of 50 digits",
        one(literal(Decimal("1" * 40 + "." + "2" * 10))),
        [(Decimal("1" * 40 + "." + "2" * 10),)],
    ),
    ("a sum of Decimals", select(func.sum(s.c.paid)), [(Decimal("65.24"),)]),
    ("bits and", one(literal(13).bitwise_and(6)), [(4,)]),
    ("bits or", one(literal(13).bitwise_or(6)), [(15,)]),
    ("bits xor", one(literal(13).bitwise_xor(6)), [(11,)]),
    ("bits not", one(literal(13).bitwise_not()), [(-14,)]),
    ("bits left", one(literal(3).bitwise_lshift(4)), [(48,)]),
    ("bits right", one(literal(48).bitwise_rshift(4)), [(3,)]),
]
