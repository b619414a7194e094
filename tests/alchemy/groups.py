"""Orders, groups and windows. Expected values by DuckDB 2.0.1, and by eye."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Float,
    collate,
    func,
    literal,
    null,
    select,
    tuple_,
    type_coerce,
)

from tests.alchemy.tables import SALES as s
from tests.alchemy.tables import SHOPS as p

CASES: list[tuple[str, Any, list[Any]]] = [
    (
        "NULL last",
        select(s.c.price).order_by(s.c.price.desc().nulls_last(), s.c.id).limit(3),
        [(6.0,), (4.0,), (2.25,)],
    ),
    ("NULL first", select(s.c.price).order_by(s.c.price.nulls_first(), s.c.id).limit(3), [(None,), (None,), (1.25,)]),
    (
        "NULL last of all",
        select(s.c.id).order_by(s.c.price.asc().nulls_last(), s.c.id),
        [(3,), (1,), (8,), (2,), (6,), (5,), (4,), (7,)],
    ),
    (
        "order of a language",
        select(s.c.item).where(s.c.id.in_([1, 2, 7])).order_by(collate(s.c.item, "de")),
        [("Äpfel",), ("apple",), ("pear",)],
    ),
    (
        "order of a language, backwards",
        select(s.c.item).where(s.c.id.in_([1, 2, 7])).order_by(collate(s.c.item, "de").desc()),
        [("pear",), ("apple",), ("Äpfel",)],
    ),
    (
        "groups",
        select(s.c.shop, func.sum(s.c.qty)).group_by(s.c.shop).order_by(s.c.shop),
        [("east", 4), ("north", 4), ("south", 11), ("west", 7)],
    ),
    (
        "groups by an expression",
        select((s.c.qty > 3).label("many"), func.count()).group_by(s.c.qty > 3).order_by("many"),
        [(False, 4), (True, 4)],
    ),
    (
        "having",
        select(s.c.shop).group_by(s.c.shop).having(func.count() > 1).order_by(s.c.shop),
        [("north",), ("south",), ("west",)],
    ),
    (
        "having an alias's expression",
        select(s.c.shop, func.sum(s.c.qty).label("qty"))
        .group_by(s.c.shop)
        .having(func.sum(s.c.qty) > 5)
        .order_by("qty"),
        [("west", 7), ("south", 11)],
    ),
    ("count of distinct values", select(func.count(s.c.shop.distinct())), [(4,)]),
    ("count of values that are not NULL", select(func.count(s.c.price), func.count()), [(6, 8)]),
    ("minimum, maximum, mean", select(func.min(s.c.qty), func.max(s.c.qty), func.avg(s.c.qty)), [(-7, 10, 3.25)]),
    ("aggregate of a condition", select(func.sum(s.c.qty).filter(s.c.shop == "north")), [(4,)]),
    ("median", select(func.percentile_cont(0.5).within_group(s.c.qty)), [(3.5,)]),
    (
        "totals of a rollup",
        select(s.c.ok, func.count()).group_by(func.rollup(s.c.ok)).order_by(func.count()),
        [(False, 2), (True, 6), (None, 8)],
    ),
    (
        "grouping sets",
        select(s.c.shop, s.c.ok, func.count())
        .where(s.c.shop == "north")
        .group_by(func.grouping_sets(tuple_(s.c.shop), tuple_(s.c.ok)))
        .order_by(func.count(), s.c.ok),
        [(None, True, 3), ("north", None, 3)],
    ),
    (
        "running sum",
        select(func.sum(s.c.qty).over(order_by=s.c.id)).order_by(s.c.id),
        [(3,), (-4,), (6,), (7,), (11,), (13,), (18,), (26,)],
    ),
    (
        "running sum in each shop",
        select(s.c.id, func.sum(s.c.qty).over(partition_by=s.c.shop, order_by=s.c.id)).order_by(s.c.id),
        [(1, 3), (2, -4), (3, 10), (4, 11), (5, 4), (6, 2), (7, 7), (8, 4)],
    ),
    (
        "row numbers",
        select(s.c.id, func.row_number().over(partition_by=s.c.shop, order_by=s.c.id.desc())).order_by(s.c.id),
        [(1, 3), (2, 2), (3, 2), (4, 1), (5, 1), (6, 2), (7, 1), (8, 1)],
    ),
    (
        "ranks",
        select(p.c.shop, func.rank().over(order_by=p.c.rank), func.dense_rank().over(order_by=p.c.rank)).order_by(
            p.c.shop
        ),
        [("east", 2, 2), ("far", 4, 3), ("north", 1, 1), ("south", 2, 2)],
    ),
    (
        "a frame of rows",
        select(func.sum(s.c.qty).over(order_by=s.c.id, rows=(-1, 1))).order_by(s.c.id),
        [(-4,), (6,), (4,), (15,), (7,), (11,), (15,), (13,)],
    ),
    (
        "a frame of values",
        select(func.sum(s.c.qty).over(order_by=s.c.id, range_=(-2, 0))).order_by(s.c.id),
        [(3,), (-4,), (6,), (4,), (15,), (7,), (11,), (15,)],
    ),
    (
        "the first of a window",
        select(func.first_value(s.c.item).over(partition_by=s.c.shop, order_by=s.c.id)).order_by(s.c.id).limit(4),
        [("apple",), ("apple",), ("apple",), ("apple",)],
    ),
    (
        "the value before",
        select(func.lag(s.c.price).over(order_by=s.c.id)).order_by(s.c.id).limit(3),
        [(None,), (1.5,), (2.25,)],
    ),
    (
        "the best of each group",
        select(s.c.shop, s.c.id)
        .where(tuple_(s.c.shop, s.c.qty).in_(select(s.c.shop, func.max(s.c.qty)).group_by(s.c.shop)))
        .order_by(s.c.shop),
        [("east", 5), ("north", 8), ("south", 3), ("west", 7)],
    ),
    ("a type of another name", select(type_coerce(s.c.qty, Float)).where(s.c.id == 1), [(3,)]),
    ("a name for a constant", select(literal("x").label("x"), null().label("n")), [("x", None)]),
]
