"""What the lists of statements share: moments, a text that needs care, and two ways to ask."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import literal, select

from tests.alchemy.tables import SALES as s

# Wednesday
AT = literal(datetime(2024, 1, 3, 23, 30, 15, 250000, tzinfo=UTC))
SUNDAY = literal(date(2024, 1, 7))
NAIVE = literal(datetime(2024, 1, 3, 5))
TEA = "O'Hara\\tea"


def one(expression: Any) -> Any:
    return select(expression)


def ids(*conditions: Any) -> Any:
    return select(s.c.id).where(*conditions).order_by(s.c.id)
