"""What ClickHouse has no words for is refused with a sentence, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from clickhouse_sqlalchemy import select as ch_select
from sqlalchemy import (
    JSON,
    Engine,
    column,
    delete,
    except_all,
    extract,
    func,
    insert,
    intersect_all,
    literal,
    select,
    table,
    tablesample,
    update,
)
from sqlalchemy.exc import CompileError

from chimera_metrics.integrations.errors import InvalidInput
from tests.alchemy.tables import SALES as s
from tests.alchemy.tables import SHOPS as p

IDS, RANKS = select(s.c.id), select(p.c.rank)
JOINED = s.join(p, s.c.shop == p.c.shop)

REFUSED: list[tuple[Any, str]] = [
    (select(extract("nonsense", s.c.sold)), "extract.. has no field 'nonsense'"),
    (except_all(IDS, RANKS), r"Use except_\(\)"),
    (intersect_all(IDS, RANKS), r"Use intersect\(\)"),
    (IDS.with_for_update(), "locks no rows"),
    (select(IDS.lateral("x")), "no LATERAL"),
    (IDS.fetch(10, percent=True), "no FETCH in percent"),
    (IDS.where(s.c.id.between(1, 2, symmetric=True)), "no BETWEEN SYMMETRIC"),
    (IDS.where(s.c.item.regexp_match("a", flags="x")), "takes the flags i, m, s and U"),
    (select(func.mode().within_group(s.c.qty)), "no WITHIN GROUP for mode"),
    (select(func.localtime()), "use func.now"),
    (select(table("t", column("doc", JSON)).c.doc["a"]), "JSONExtractString"),
    (insert(s).returning(s.c.id), "no RETURNING"),
    (update(s).values(qty=1).where(s.c.shop == p.c.shop), "has one table"),
    (delete(s).where(s.c.shop == p.c.shop), "has one table"),
    (delete(s), "WHERE clause is required"),
    (select(tablesample(s, func.bernoulli(10)).c.id), "samples by a table's own key"),
    (ch_select(s.c.id).select_from(JOINED).final(), "are about one table"),
    (ch_select(s.c.id).select_from(JOINED).sample(0.1), "are about one table"),
]


@pytest.mark.parametrize(("statement", "sentence"), REFUSED, ids=[sentence for _, sentence in REFUSED])
def test_a_statement_without_words_is_refused(engine: Engine, statement: Any, sentence: str) -> None:
    with engine.connect() as connection, pytest.raises(CompileError, match=sentence):
        connection.execute(statement)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: literal(2**300), "more than the 256 bits"),
        (lambda: literal(Decimal("NaN")), "is no amount"),
        (lambda: literal(Decimal("1" * 80)), "at most 76 digits"),
        (lambda: literal(date(2300, 1, 1)), "years 1900 to 2299"),
        (lambda: literal(datetime(1800, 1, 1)), "years 1900 to 2299"),
    ],
)
def test_a_value_that_no_type_holds_is_refused(engine: Engine, make: Callable[[], Any], sentence: str) -> None:
    with engine.connect() as connection:
        with pytest.raises(InvalidInput, match=sentence):
            connection.execute(select(make()))
        with pytest.raises(CompileError, match=sentence):
            select(make()).compile(engine, compile_kwargs={"literal_binds": True})
