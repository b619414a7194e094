"""Compound selects, subqueries and common table expressions. Expected values by DuckDB 2.0.1, and by eye."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Integer,
    String,
    and_,
    cast,
    column,
    desc,
    except_,
    exists,
    func,
    intersect,
    literal,
    or_,
    select,
    tuple_,
    union,
    union_all,
    values,
)

from tests.alchemy.tables import SALES as s
from tests.alchemy.tables import SHOPS as p

A, B = select(s.c.shop), select(p.c.shop)
IDS, RANKS = select(s.c.id.label("v")), select(p.c.rank.label("v"))
big = select(s.c.id, s.c.qty).where(s.c.qty > 3).cte("big")
per_shop = select(s.c.shop, func.sum(s.c.qty).label("total")).group_by(s.c.shop).subquery("per_shop")
letters = values(column("n", Integer), column("letter", String), name="letters").data(
    [(1, "a"), (2, None), (3, "c'\\%")]
)
counting = select(cast(literal(1), Integer).label("n")).cte("counting", recursive=True)
counting = counting.union_all(select(counting.c.n + 1).where(counting.c.n < 5))
other = s.alias("other")

CASES: list[tuple[str, Any, list[Any]]] = [
    ("union all, ordered and limited", union_all(IDS, RANKS).order_by("v").limit(3), [(1,), (1,), (2,)]),
    ("union all, descending", union_all(IDS, RANKS).order_by(desc("v")).limit(2), [(9,), (8,)]),
    ("union all, limit and offset", union_all(IDS, RANKS).order_by("v").limit(3).offset(4), [(2,), (3,), (4,)]),
    ("union all, offset alone", union_all(IDS, RANKS).order_by("v").offset(9), [(7,), (8,), (9,)]),
    (
        "union keeps each row once",
        union(A, B).order_by("shop"),
        [("east",), ("far",), ("north",), ("south",), ("west",)],
    ),
    (
        "union ordered by a column of the first",
        union(A, B).order_by(s.c.shop.desc()),
        [("west",), ("south",), ("north",), ("far",), ("east",)],
    ),
    ("union, limited", union(A, B).order_by("shop").limit(2), [("east",), ("far",)]),
    ("except", except_(A, B).order_by("shop"), [("west",)]),
    ("except, the other way", except_(B, A), [("far",)]),
    ("intersect", intersect(A, B).order_by("shop"), [("east",), ("north",), ("south",)]),
    ("intersect, limited", intersect(A, B).order_by("shop").limit(1), [("east",)]),
    (
        "union of a union and an intersect",
        union(A, intersect(A, B)).order_by("shop"),
        [("east",), ("north",), ("south",), ("west",)],
    ),
    ("except of a union", except_(union(A, B), A).order_by("shop"), [("far",)]),
    ("union all of three", union_all(IDS, RANKS, IDS).order_by("v").limit(4), [(1,), (1,), (1,), (2,)]),
    (
        "selects with limits of their own",
        union_all(IDS.order_by(desc("v")).limit(1), RANKS.order_by("v").limit(1)).order_by("v"),
        [(1,), (8,)],
    ),
    (
        "a limited select inside a limited union",
        union_all(IDS.order_by("v").limit(2), RANKS).order_by(desc("v")).limit(2),
        [(9,), (2,)],
    ),
    (
        "a limited union inside a union",
        union_all(union_all(IDS, RANKS).order_by("v").limit(2), select(literal(0))).order_by("v"),
        [(0,), (1,), (1,)],
    ),
    ("union by method", A.union(B).order_by("shop").limit(3), [("east",), ("far",), ("north",)]),
    (
        "union all of a filter with itself",
        union_all(IDS.where(s.c.id < 3), IDS.where(s.c.id < 2)).order_by("v"),
        [(1,), (1,), (2,)],
    ),
    (
        "union of two columns",
        union(select(s.c.shop, s.c.ok), select(p.c.shop, p.c.rank > 1)).order_by("shop", "ok"),
        [
            ("east", True),
            ("far", True),
            ("north", False),
            ("north", True),
            ("south", False),
            ("south", True),
            ("west", False),
            ("west", True),
        ],
    ),
    (
        "union with literals",
        select(literal("sale").label("kind"), s.c.id.label("n"))
        .where(s.c.id > 6)
        .union_all(select(literal("shop"), p.c.rank))
        .order_by("kind", "n"),
        [("sale", 7), ("sale", 8), ("shop", 1), ("shop", 2), ("shop", 2), ("shop", 9)],
    ),
    (
        "count of a limited union",
        select(func.count()).select_from(union_all(IDS, RANKS).order_by("v").limit(5).subquery()),
        [(5,)],
    ),
    ("sum over a union", select(func.sum(union_all(IDS, RANKS).subquery().c.v)), [(50,)]),
    ("a union as a common table", select(func.max(union_all(IDS, RANKS).cte("both").c.v)), [(9,)]),
    (
        "a limited union as a common table",
        union_all(IDS, RANKS).order_by("v").limit(4).cte("few").select().order_by("v"),
        [(1,), (1,), (2,), (2,)],
    ),
    (
        "grouping a union",
        select(union_all(A, B).subquery("u").c.shop, func.count()).group_by("shop").order_by("shop"),
        [("east", 2), ("far", 1), ("north", 4), ("south", 3), ("west", 2)],
    ),
    (
        "in a union",
        select(s.c.id)
        .where(s.c.shop.in_(union(select(p.c.shop).where(p.c.rank == 1), select(p.c.shop).where(p.c.rank == 9))))
        .order_by(s.c.id),
        [(1,), (2,), (8,)],
    ),
    ("ordered by an expression of a label", union_all(IDS, RANKS).order_by(desc("v")).limit(1), [(9,)]),
    ("limit in a subquery", select(func.count()).select_from(select(s.c.id).limit(3).subquery()), [(3,)]),
    (
        "ordered subquery, then offset",
        select(select(s.c.id).order_by(s.c.id).offset(5).subquery().c.id).order_by("id"),
        [(6,), (7,), (8,)],
    ),
    (
        "in an ordered, limited subquery",
        select(s.c.id).where(s.c.id.in_(select(s.c.id).order_by(s.c.id.desc()).limit(2))).order_by(s.c.id),
        [(7,), (8,)],
    ),
    (
        "in a subquery of another table",
        select(s.c.id).where(s.c.shop.in_(B)).order_by(s.c.id),
        [(1,), (2,), (3,), (4,), (5,), (8,)],
    ),
    ("not in a subquery", select(s.c.id).where(s.c.shop.not_in(B)).order_by(s.c.id), [(6,), (7,)]),
    (
        "a tuple in a subquery",
        select(s.c.id)
        .where(tuple_(s.c.shop, s.c.qty).in_(select(s.c.shop, s.c.qty).where(s.c.id < 3)))
        .order_by(s.c.id),
        [(1,), (2,)],
    ),
    ("scalar subquery", select(s.c.id, select(func.max(p.c.rank)).scalar_subquery()).where(s.c.id == 1), [(1, 9)]),
    (
        "above the average",
        select(s.c.id).where(s.c.qty > select(func.avg(s.c.qty)).scalar_subquery()).order_by(s.c.id),
        [(3,), (5,), (7,), (8,)],
    ),
    (
        "correlated sum",
        select(p.c.shop, select(func.sum(s.c.qty)).where(s.c.shop == p.c.shop).scalar_subquery())
        .where(p.c.rank < 3)
        .order_by(p.c.shop),
        [("east", 4), ("north", 4), ("south", 11)],
    ),
    (
        "exists",
        select(p.c.shop).where(exists().where(s.c.shop == p.c.shop)).order_by(p.c.shop),
        [("east",), ("north",), ("south",)],
    ),
    ("not exists", select(p.c.shop).where(~exists().where(s.c.shop == p.c.shop)), [("far",)]),
    (
        "exists of a select",
        select(p.c.city).where(select(s.c.id).where(s.c.shop == p.c.shop, s.c.qty > 5).exists()).order_by(p.c.city),
        [("Oslo",), ("Rome",)],
    ),
    (
        "a subquery joined",
        select(p.c.city, per_shop.c.total).join_from(p, per_shop, p.c.shop == per_shop.c.shop).order_by(p.c.city),
        [("Kyiv", 4), ("Oslo", 4), ("Rome", 11)],
    ),
    (
        "a subquery of a subquery",
        select(func.max(select(per_shop.c.total).where(per_shop.c.total < 15).subquery().c.total)),
        [(11,)],
    ),
    (
        "both columns of one name in a subquery",
        select(select(s.c.shop, p.c.shop, p.c.rank).join_from(s, p, s.c.shop == p.c.shop).subquery("j").c.shop_1)
        .order_by("shop_1")
        .limit(1),
        [("east",)],
    ),
    ("common table", select(big.c.id).order_by(big.c.id), [(3,), (5,), (7,), (8,)]),
    ("rows of a common table", select(func.count()).select_from(big), [(4,)]),
    (
        "common table joined",
        select(s.c.item, big.c.qty).join_from(s, big, s.c.id == big.c.id).order_by(s.c.id),
        [("apple", 10), ("fig_jam", 4), ("Äpfel", 5), ("apple", 8)],
    ),
    (
        "common table in both halves of a union",
        union_all(select(big.c.id), select(big.c.id + 100)).order_by("id").limit(6),
        [(3,), (5,), (7,), (8,), (103,), (105,)],
    ),
    (
        "common table in a subquery",
        select(s.c.id).where(s.c.id.in_(select(big.c.id))).order_by(s.c.id),
        [(3,), (5,), (7,), (8,)],
    ),
    (
        "two common tables",
        select(big.c.id).where(big.c.id.in_(select(select(s.c.id).where(s.c.ok).cte("good").c.id))).order_by(big.c.id),
        [(5,), (7,), (8,)],
    ),
    ("recursive", select(counting.c.n).order_by(counting.c.n), [(1,), (2,), (3,), (4,), (5,)]),
    ("recursive, summed", select(func.sum(counting.c.n)), [(15,)]),
    (
        "recursive, joined",
        select(s.c.item).join_from(counting, s, s.c.id == counting.c.n).where(counting.c.n > 3).order_by(s.c.id),
        [("50% off",), ("fig_jam",)],
    ),
    ("values", select(letters).order_by(letters.c.n), [(1, "a"), (2, None), (3, "c'\\%")]),
    (
        "values, joined",
        select(s.c.shop, letters.c.letter).join_from(s, letters, s.c.id == letters.c.n).order_by(s.c.id),
        [("north", "a"), ("north", None), ("south", "c'\\%")],
    ),
    ("values, filtered", select(letters.c.n).where(letters.c.letter.is_(None)), [(2,)]),
    ("values as a common table", select(letters.cte("w")).order_by("n").limit(1), [(1, "a")]),
    ("distinct", select(s.c.shop).distinct().order_by(s.c.shop), [("east",), ("north",), ("south",), ("west",)]),
    ("distinct of an expression", select(func.abs(s.c.qty % 2).label("odd")).distinct().order_by("odd"), [(0,), (1,)]),
    ("distinct, limited", select(s.c.shop).distinct().order_by(s.c.shop).limit(2).offset(1), [("north",), ("south",)]),
    (
        "distinct on the first of each",
        select(s.c.shop, s.c.id).distinct(s.c.shop).order_by(s.c.shop, s.c.id),
        [("east", 5), ("north", 1), ("south", 3), ("west", 6)],
    ),
    ("limit", select(s.c.id).order_by(s.c.id).limit(2), [(1,), (2,)]),
    ("offset alone", select(s.c.id).order_by(s.c.id).offset(6), [(7,), (8,)]),
    ("limit and offset", select(s.c.id).order_by(s.c.id.desc()).limit(2).offset(1), [(7,), (6,)]),
    ("slice", select(s.c.id).order_by(s.c.id).slice(2, 4), [(3,), (4,)]),
    ("fetch", select(s.c.id).order_by(s.c.id).fetch(3), [(1,), (2,), (3,)]),
    ("fetch and offset", select(s.c.id).order_by(s.c.id).fetch(2).offset(3), [(4,), (5,)]),
    ("fetch with ties", select(p.c.rank).order_by(p.c.rank).fetch(2, with_ties=True), [(1,), (2,), (2,)]),
    ("limit zero", select(s.c.id).limit(0), []),
    (
        "self join",
        select(s.c.id, other.c.id)
        .join_from(s, other, and_(s.c.shop == other.c.shop, s.c.id < other.c.id))
        .order_by(s.c.id, other.c.id),
        [(1, 2), (1, 8), (2, 8), (3, 4), (6, 7)],
    ),
    (
        "inner join",
        select(s.c.id, p.c.city).join_from(s, p, s.c.shop == p.c.shop).where(p.c.rank == 2).order_by(s.c.id),
        [(3, "Rome"), (4, "Rome"), (5, "Kyiv")],
    ),
    (
        "outer join",
        select(s.c.id, p.c.city).join_from(s, p, s.c.shop == p.c.shop, isouter=True).where(s.c.id > 4).order_by(s.c.id),
        [(5, "Kyiv"), (6, None), (7, None), (8, "Oslo")],
    ),
    (
        "outer join, only those without",
        select(s.c.id).outerjoin(p, s.c.shop == p.c.shop).where(p.c.shop.is_(None)).order_by(s.c.id),
        [(6,), (7,)],
    ),
    (
        "outer join, number without",
        select(func.count()).select_from(s.outerjoin(p, s.c.shop == p.c.shop)).where(p.c.rank.is_(None)),
        [(2,)],
    ),
    (
        "outer join, counted",
        select(p.c.shop, func.count(s.c.id)).outerjoin(s, s.c.shop == p.c.shop).group_by(p.c.shop).order_by(p.c.shop),
        [("east", 1), ("far", 0), ("north", 3), ("south", 2)],
    ),
    (
        "outer join, coalesced",
        select(p.c.shop, func.coalesce(func.max(s.c.item), "-"))
        .outerjoin(s, s.c.shop == p.c.shop)
        .group_by(p.c.shop)
        .order_by(p.c.shop),
        [("east", "fig_jam"), ("far", "-"), ("north", "pear"), ("south", "apple")],
    ),
    (
        "full join",
        select(s.c.id, p.c.shop)
        .join_from(s, p, s.c.shop == p.c.shop, full=True)
        .where(or_(s.c.id.is_(None), p.c.shop.is_(None)))
        .order_by(s.c.id.nulls_last()),
        [(6, None), (7, None), (None, "far")],
    ),
    (
        "condition of the join, not of the row",
        select(s.c.id, p.c.city)
        .outerjoin(p, and_(s.c.shop == p.c.shop, p.c.rank == 1))
        .where(s.c.id < 4)
        .order_by(s.c.id),
        [(1, "Oslo"), (2, "Oslo"), (3, None)],
    ),
    ("two froms", select(s.c.id).where(s.c.shop == p.c.shop, p.c.city == "Rome").order_by(s.c.id), [(3,), (4,)]),
    (
        "two joins",
        select(s.c.id, p.c.city, other.c.item)
        .join_from(s, p, s.c.shop == p.c.shop)
        .join(other, other.c.id == s.c.qty)
        .order_by(s.c.id),
        [(1, "Oslo", "apple"), (4, "Rome", "apple"), (5, "Kyiv", "50% off"), (8, "Oslo", "apple")],
    ),
    ("join by the table's method", select(func.count()).select_from(s.join(p, s.c.shop == p.c.shop)), [(6,)]),
]
