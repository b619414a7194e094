"""The two tables that the composed statements read, small enough to be checked by eye."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from clickhouse_sqlalchemy import Table, engines
from clickhouse_sqlalchemy import types as ch
from sqlalchemy import Column, MetaData

METADATA = MetaData()

SALES = Table(
    "al_sales",
    METADATA,
    Column("id", ch.Int32, primary_key=True),
    Column("shop", ch.String),
    Column("item", ch.String),
    Column("qty", ch.Int32),
    Column("price", ch.Nullable(ch.Float64), nullable=True),
    Column("paid", ch.Nullable(ch.Decimal(10, 2)), nullable=True),
    Column("sold", ch.DateTime64(3, "UTC")),
    Column("day", ch.Date),
    Column("ok", ch.Boolean),
    engines.MergeTree(order_by=("id",)),
)
SHOPS = Table(
    "al_shops",
    METADATA,
    Column("shop", ch.String, primary_key=True),
    Column("city", ch.String),
    Column("rank", ch.Int32),
    engines.MergeTree(order_by=("shop",)),
)


def _sale(
    id_: int, shop: str, item: str, qty: int, price: float | None, paid: str | None, day: int, hour: int
) -> dict[str, object]:
    return {
        "id": id_,
        "shop": shop,
        "item": item,
        "qty": qty,
        "price": price,
        "paid": None if paid is None else Decimal(paid),
        "sold": datetime(2024, 1, day, hour, 30, 15, 250000, tzinfo=UTC),
        "day": date(2024, 1, day),
        "ok": id_ % 3 != 0,
    }


SALES_ROWS = [
    _sale(1, "north", "apple", 3, 1.5, "4.50", 1, 9),
    _sale(2, "north", "pear", -7, 2.25, "15.75", 1, 12),
    _sale(3, "south", "apple", 10, 1.25, None, 2, 0),
    _sale(4, "south", "50% off", 1, None, "0.99", 3, 23),
    _sale(5, "east", "fig_jam", 4, 6.0, "24.00", 3, 8),
    _sale(6, "west", "O'Hara\\tea", 2, 4.0, "8.00", 7, 17),
    _sale(7, "west", "Äpfel", 5, None, None, 7, 18),
    _sale(8, "north", "apple", 8, 1.5, "12.00", 31, 23),
]
SHOPS_ROWS: list[dict[str, object]] = [
    {"shop": "north", "city": "Oslo", "rank": 1},
    {"shop": "south", "city": "Rome", "rank": 2},
    {"shop": "east", "city": "Kyiv", "rank": 2},
    {"shop": "far", "city": "Apia", "rank": 9},
]
