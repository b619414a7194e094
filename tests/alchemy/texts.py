"""Texts, patterns and names. Expected values by DuckDB 2.0.1, and by eye."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    String,
    bindparam,
    literal,
    null,
    select,
)

from tests.alchemy.expressions import TEA, ids, one
from tests.alchemy.tables import SALES as s

CASES: list[tuple[str, Any, list[Any]]] = [
    ("text and text", one(literal("a") + literal("b%")), [("ab%",)]),
    ("text and a column", select(s.c.shop + "/" + s.c.item).where(s.c.id == 4), [("south/50% off",)]),
    ("text and NULL", one(literal("a") + null().cast(String)), [(None,)]),
    ("concat", select(s.c.shop.concat("!")).where(s.c.id == 1), [("north!",)]),
    ("quotes and backslashes", one(literal('it\'s \\ "so" 100%')), [('it\'s \\ "so" 100%',)]),
    ("lines and tabs", one(literal("a\n\tb")), [("a\n\tb",)]),
    ("a backslash found", ids(s.c.item == TEA), [(6,)]),
    ("a literal that is rendered", select(s.c.id).where(s.c.item == bindparam("x", TEA, literal_execute=True)), [(6,)]),
    (
        "no way out of a rendered literal",
        select(s.c.id).where(s.c.item == bindparam("x", "\\' OR 1=1 --", literal_execute=True)),
        [],
    ),
    ("like", ids(s.c.item.like("app%")), [(1,), (3,), (8,)]),
    ("not like", ids(s.c.item.not_like("%a%"), s.c.id > 2), [(4,), (7,)]),
    ("ilike", ids(s.c.item.ilike("APPLE")), [(1,), (3,), (8,)]),
    ("starts with", ids(s.c.item.startswith("fig")), [(5,)]),
    ("ends with", ids(s.c.item.endswith("le")), [(1,), (3,), (8,)]),
    ("contains", ids(s.c.item.contains("p")), [(1,), (2,), (3,), (7,), (8,)]),
    ("contains, whatever the case", ids(s.c.item.icontains("o'h")), [(6,)]),
    ("contains a percent sign", ids(s.c.item.contains("50%", autoescape=True)), [(4,)]),
    ("contains an underline", ids(s.c.item.contains("g_j", autoescape=True)), [(5,)]),
    ("an underline is any letter", ids(s.c.item.like("_ig_jam")), [(5,)]),
    ("an escaped underline is none", ids(s.c.item.like("a!_ple", escape="!")), []),
    ("an escape that is escaped", one(literal("1/2%").like("1//2/%", escape="/")), [(True,)]),
    ("starts with a backslash's neighbour", ids(s.c.item.startswith("O'Hara\\", autoescape=True)), [(6,)]),
    ("a pattern", ids(s.c.item.regexp_match("^a.*e$")), [(1,), (3,), (8,)]),
    ("no pattern", ids(~s.c.item.regexp_match("[aeiou]$")), [(2,), (4,), (5,), (7,)]),
    ("a pattern, whatever the case", ids(s.c.item.regexp_match("^APP", flags="i")), [(1,), (3,), (8,)]),
]
