"""Conditions, casts and functions. Expected values by DuckDB 2.0.1, and by eye."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    Float,
    Integer,
    Numeric,
    String,
    Text,
    all_,
    and_,
    any_,
    between,
    case,
    cast,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    text,
    true,
    try_cast,
    tuple_,
)

from tests.alchemy.expressions import TEA, ids, one
from tests.alchemy.tables import SALES as s
from tests.alchemy.tables import SHOPS as p

CASES: list[tuple[str, Any, list[Any]]] = [
    ("in a list", ids(s.c.id.in_([1, 5, 99])), [(1,), (5,)]),
    ("not in a list", ids(s.c.id.not_in([1, 2, 3, 4, 5])), [(6,), (7,), (8,)]),
    ("in an empty list", ids(s.c.id.in_([])), []),
    ("not in an empty list", select(func.count()).where(s.c.id.not_in([])), [(8,)]),
    ("in a list of texts", ids(s.c.item.in_([TEA, "50% off", "x'y"])), [(4,), (6,)]),
    ("a tuple in a list", ids(tuple_(s.c.shop, s.c.qty).in_([("north", 3), ("west", 2)])), [(1,), (6,)]),
    ("a tuple in an empty list", ids(tuple_(s.c.shop, s.c.qty).in_([])), []),
    ("between", ids(s.c.qty.between(2, 4)), [(1,), (5,), (6,)]),
    ("not between", ids(~between(s.c.qty, 2, 8)), [(2,), (3,), (4,)]),
    ("equal to any of a subquery", ids(s.c.id == any_(select(p.c.rank).scalar_subquery())), [(1,), (2,)]),
    (
        "less than all of a subquery",
        ids(s.c.id > all_(select(p.c.rank).where(p.c.rank < 9).scalar_subquery()), s.c.id < 5),
        [(3,), (4,)],
    ),
    ("is None", ids(s.c.price.is_(None)), [(4,), (7,)]),
    ("is not None", ids(s.c.price.is_not(None), s.c.id > 3), [(5,), (6,), (8,)]),
    ("equal to None", ids(s.c.paid == None), [(3,), (7,)]),  # noqa: E711  # SQLAlchemy's IS NULL
    ("is true", ids((s.c.price > 2).is_(True)), [(2,), (5,), (6,)]),
    ("is not true", ids((s.c.price > 2).is_not(True)), [(1,), (3,), (4,), (7,), (8,)]),
    ("is false", ids((s.c.price > 2).is_(False)), [(1,), (3,), (8,)]),
    ("a boolean column", ids(s.c.ok), [(1,), (2,), (4,), (5,), (7,), (8,)]),
    ("a boolean column, negated", ids(~s.c.ok), [(3,), (6,)]),
    ("a boolean column is false", ids(s.c.ok.is_(False)), [(3,), (6,)]),
    ("true and false", select(true(), false()), [(True, False)]),
    ("true in a condition", ids(true(), s.c.id == 1), [(1,)]),
    ("false in a condition", ids(or_(false(), s.c.id == 1)), [(1,)]),
    ("and, or, not", ids(or_(and_(s.c.qty > 3, s.c.shop == "north"), not_(s.c.id < 8))), [(8,)]),
    ("different, NULL or not", ids(s.c.price.is_distinct_from(1.5), s.c.id < 5), [(2,), (3,), (4,)]),
    ("not different from NULL", ids(s.c.price.is_not_distinct_from(None)), [(4,), (7,)]),
    ("a comparison is a bool", select(s.c.qty > 3).where(s.c.id < 4).order_by(s.c.id), [(False,), (False,), (True,)]),
    (
        "case",
        select(case((s.c.qty < 0, "back"), (s.c.qty > 5, "many"), else_="few")).where(s.c.id < 4).order_by(s.c.id),
        [("few",), ("back",), ("many",)],
    ),
    (
        "case without else",
        select(case((s.c.qty > 5, "many"))).where(s.c.id < 4).order_by(s.c.id),
        [(None,), (None,), ("many",)],
    ),
    (
        "case of a value",
        select(case({"north": 1, "south": 2}, value=s.c.shop, else_=0)).order_by(s.c.id).limit(5),
        [(1,), (1,), (2,), (2,), (0,)],
    ),
    ("case in a sum", select(func.sum(case((s.c.ok, s.c.qty), else_=0))), [(14,)]),
    (
        "case in an order",
        select(s.c.id).order_by(case((s.c.shop == "west", 0), else_=1), s.c.id).limit(3),
        [(6,), (7,), (1,)],
    ),
    ("cast to a number", one(cast("12", Integer)), [(12,)]),
    ("cast to a text", one(cast(12, String)), [("12",)]),
    ("cast to an amount", one(cast("1.25", Numeric(10, 2))), [(Decimal("1.25"),)]),
    ("cast to a float", one(cast("1.5", Float)), [(1.5,)]),
    ("cast to a big number", one(cast("9007199254740993", BigInteger)), [(9007199254740993,)]),
    ("cast to a date", one(cast("2024-02-29", Date)), [(date(2024, 2, 29),)]),
    ("cast to a boolean", one(cast(1, Boolean)), [(True,)]),
    ("cast of NULL", select(cast(s.c.price, Text)).where(s.c.id == 4), [(None,)]),
    ("cast that may fail", select(try_cast("12", Integer), try_cast("x", Integer)), [(12, None)]),
    ("coalesce", select(func.coalesce(s.c.price, 0)).where(s.c.id.in_([3, 4])).order_by(s.c.id), [(1.25,), (0.0,)]),
    (
        "nullif",
        select(func.nullif(s.c.shop, "north")).where(s.c.id < 4).order_by(s.c.id),
        [(None,), (None,), ("south",)],
    ),
    ("number of letters", one(func.char_length(literal("Grüße"))), [(5,)]),
    ("concat of three", one(func.concat("a", "b", "c")), [("abc",)]),
    ("upper and lower", select(func.upper("ab"), func.lower("AB")), [("AB", "ab")]),
    ("now is past 2020", one(func.now() > datetime(2020, 1, 1)), [(True,)]),
    ("today is past 2020", one(func.current_date() > date(2020, 1, 1)), [(True,)]),
    ("current_timestamp", one(func.current_timestamp() > datetime(2020, 1, 1)), [(True,)]),
    ("texts of a group", select(func.aggregate_strings(s.c.item, "|")).where(s.c.shop == "east"), [("fig_jam",)]),
    ("a percent sign in text", select(text("'100%' LIKE '%0%'")), [(1,)]),
    ("a percent sign in a literal column", select(literal_column("17 % 5")), [(2,)]),
    ("a percent sign in a label", select(literal(1).label("share in %")), [(1,)]),
    ("a name with quotes", select(s.c.id.label('a "b" `c` \\d')).where(s.c.id == 1), [(1,)]),
    (
        "a column called by another's name",
        select(s.c.shop.label("item"), s.c.item.label("shop")).where(s.c.shop == "east"),
        [("east", "fig_jam")],
    ),
    ("an aggregate called by its column's name", select(func.max(s.c.qty).label("qty")).where(s.c.qty < 10), [(8,)]),
]
