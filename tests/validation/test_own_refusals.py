"""What a column of one's own refuses, and which columns are refused before any row comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from chimera_metrics.integrations.errors import InvalidInput, SchemaMismatch
from chimera_metrics.integrations.evolution.comparators import refuse_without_rule
from chimera_metrics.integrations.validation.row_path import validate_rows
from chimera_metrics.integrations.validation.rules import rules_of
from tests.validation.own_columns import NAME, known, own_table
from tests.validation.paths import NOW, refusal

SENTENCES: list[tuple[str, Any, str]] = [
    ("Bool", 1, "c0 holds 1; it takes true or false."),
    ("UInt8", 256, "c0 holds 256; it takes a whole number from 0 to 255."),
    ("UInt8", True, "c0 holds true; it takes a whole number from 0 to 255."),
    ("Int128", 1e30, "c0 holds 1e+30; it takes a whole number from"),
    ("Decimal(9, 2)", "10000000", "c0 holds '10000000'; it takes an amount from more than -10^7 up to"),
    ("Float32", 1e39, "c0 holds 1e+39; it takes a number."),
    ("FixedString(3)", "ab", "c0 holds 'ab'; it takes text of exactly 3 bytes."),
    ("Enum8('good' = 1, 'bad' = 2)", "Good", "c0 holds 'Good'; it takes one of 'good', 'bad'."),
    ("Enum8('good' = 1)", 1, "c0 holds 1; it takes one of 'good'."),
    ("IPv4", "2001:db8::1", "c0 holds '[ip]'; it takes an IPv4 address such as '192.0.2.1'."),
    ("IPv6", "fe80::1%eth0", "it takes an IPv6 address such as '2001:db8::1'."),
    ("Date", "2149-06-07", "c0 holds '2149-06-07'; it takes an ISO 8601 date such as '2026-05-31', from 1970-01-01 to"),
    ("Date", NOW, "it takes an ISO 8601 date such as"),
    ("DateTime", "2200-01-01", "c0 holds '2200-01-01'; it takes an ISO 8601 time"),
    ("Time", "1000:00:00", "c0 holds '1000:00:00'; it takes a time such as '12:30:00', from -999:59:59 to 999:59:59."),
    ("Array(UInt8)", [1, -1], "c0[1] holds -1; it takes a whole number from 0 to 255."),
    ("Array(String)", ["a", None], "c0[1] holds null; it takes text of at most 1,000,000 bytes."),
    ("Array(Array(Bool))", [[True], [0]], "c0[1][0] holds 0; it takes true or false."),
    ("Array(String)", "a", "c0 holds 'a'; it takes a list, each item of it text of at most 1,000,000 bytes."),
    ("Map(String, Bool)", {"a": "yes"}, "c0['a'] holds 'yes'; it takes true or false."),
    ("Map(UInt8, Bool)", {"x": True}, "a key of c0 holds 'x'; it takes a whole number from 0 to 255."),
    ("Map(UInt8, Bool)", {"1": True, 1: True}, "c0 holds the key 1 twice; it takes an object"),
    ("Tuple(a UInt8, b String)", [1], "c0 holds a list of 1; it takes a list of 2 values (a: a whole number"),
    ("Tuple(a UInt8, b String)", {"a": 1, "c": 2}, "c0 holds an object with the name 'c'; it takes"),
    ("Tuple(a UInt8, b String)", {"a": 1}, "c0.b holds null; it takes text"),
    ("JSON", "[1]", "c0 holds '[1]'; it takes a JSON object, or its text"),
    ("JSON", {"a": float("nan")}, "c0 holds an object that JSON cannot hold (NaN or infinity)"),
]


@pytest.mark.parametrize(("type_", "value", "sentence"), SENTENCES)
def test_a_value_that_does_not_fit_is_refused_with_its_place(type_: str, value: Any, sentence: str) -> None:
    with known(own_table({"c0": type_})):
        assert sentence in refusal(validate_rows(NAME, [{"c0": value}], now=NOW))


NO_RULE = {
    "BFloat16": "own_things.c0 has the type BFloat16, for which insert has no rule: use Float32.",
    "DateTime64(9)": "times go to the microsecond here, so use DateTime64(6).",
    "Array(Variant(String, UInt8))": "for which insert has no rule: use JSON, or a column for each type.",
    "Point": "use Tuple(Float64, Float64).",
    "AggregateFunction(uniq, UUID)": "use a type that docs/columns.md lists.",
}


@pytest.mark.parametrize("type_", NO_RULE)
@pytest.mark.parametrize("refuses", [refuse_without_rule, lambda _: rules_of(NAME)], ids=["check", "insert"])
def test_a_type_without_a_rule_is_refused(refuses: Callable[[Any], Any], type_: str) -> None:
    with known(own_table({"c0": type_})) as table, pytest.raises((SchemaMismatch, InvalidInput)) as raised:
        refuses(table.metadata)
    assert NO_RULE[type_] in str(raised.value)


def test_a_column_says_what_stands_where_a_row_names_nothing() -> None:
    says_nothing = pytest.raises(SchemaMismatch, match=r"own_things\.c0 says nothing about rows that do not name it")
    with known(own_table({"c0": "UInt8"}, required=False)) as table, says_nothing:
        refuse_without_rule(table.metadata)


def test_a_default_that_insert_cannot_work_out_is_refused() -> None:
    table = own_table({"c0": "String"}, required=False)
    table.c.c0.server_default = text("upper('x')")  # type: ignore[assignment]
    table.c.c0.server_default.arg = text("upper('x')")  # type: ignore[union-attr]
    with known(table), pytest.raises(SchemaMismatch, match="which insert cannot work out: give a literal"):
        refuse_without_rule(table.metadata)


MASKED: dict[str, tuple[Any, Any]] = {
    "String": ("to bob@example.com", "to [email]"),
    "Array(String)": (["ok", "bob@example.com"], ["ok", "[email]"]),
    "Map(String, String)": (
        {"who": "bob@example.com", "password": "hunter2"},
        {"who": "[email]", "password": "[secret]"},
    ),
    "Map(String, UInt8)": ({"a@example.com": 1, "b@example.com": 2}, {"[email]": 1, "[email] (2)": 2}),
    "Tuple(who String, n UInt8)": (("10.0.0.1", 5), ("[ip]", 5)),
    "Array(Map(String, Array(String)))": ([{"a": ["bob@example.com"]}], [{"a": ["[email]"]}]),
    "JSON": ({"a": {"token": "t0k3n-t0k3n"}, "n": 5}, {"a": {"token": "[secret]"}, "n": 5}),
}


@pytest.mark.parametrize("type_", MASKED)
def test_text_is_masked_at_any_depth(type_: str) -> None:
    given, wanted = MASKED[type_]
    with known(own_table({"c0": type_})):
        batch = validate_rows(NAME, [{"c0": given}], now=NOW)
        assert (batch.rejected, batch.data[1]) == ([], [wanted])
        assert validate_rows(NAME, [{"c0": given}], mask=False, now=NOW).data[1] == [given]


def test_a_column_that_says_so_is_not_masked() -> None:
    with known(own_table({"c0": "Array(String)"}, masked=False)):
        assert validate_rows(NAME, [{"c0": ["bob@example.com"]}], now=NOW).data[1] == [["bob@example.com"]]
