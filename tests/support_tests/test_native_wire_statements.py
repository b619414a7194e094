"""What the wire reads off a statement's text."""

from __future__ import annotations

import pytest

from tests.support.native_wire.statements import mask, read_statement, unquote


def test_masking_keeps_every_position() -> None:
    sql = "SELECT 'a''b\\'c', `x;y`, \"q\" -- c\n/* 'd' */ FROM t"
    assert len(mask(sql)) == len(sql)
    assert mask("SELECT 'FORMAT'").endswith("'xxxxxx'")


@pytest.mark.parametrize(
    ("sql", "head", "names", "settings"),
    [
        ("INSERT INTO t VALUES", "INSERT INTO t", None, ""),
        ("insert into db.t (a, `b c`) format Native", "INSERT INTO db.t (a, `b c`)", ["a", "b c"], ""),
        (
            "/* c */ INSERT INTO TABLE t (a) SETTINGS x = 1, y = 'VALUES' VALUES ;",
            "INSERT INTO t (a)",
            ["a"],
            "SETTINGS x = 1, y = 'VALUES'",
        ),
    ],
)
def test_inserts_are_told_apart(sql: str, head: str, names: list[str] | None, settings: str) -> None:
    insert = read_statement(sql).insert
    assert insert is not None
    assert (insert.head, insert.names, insert.settings) == (head, names, settings)


@pytest.mark.parametrize("sql", ["INSERT INTO t VALUES (1)", "INSERT INTO t SELECT 1", "SELECT 'INSERT INTO t VALUES'"])
def test_rows_do_not_follow_these(sql: str) -> None:
    assert read_statement(sql).insert is None


def test_a_bound_value_is_unquoted_once() -> None:
    assert unquote(r"'a\\tb\'c'") == r"a\tb'c"
    assert unquote("5") == "5"
