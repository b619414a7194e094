"""Frames as they come from an analysis: an index that means something, whole numbers of any size, objects."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from ipaddress import IPv4Address
from typing import Any

import pandas as pd  # type: ignore[import-untyped]
import polars as pl
import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.validation.column_path import validate_table
from chimera_metrics.integrations.writing import bulk
from tests.validation.own_columns import NAME, known, own_table
from tests.validation.paths import NOW, row

MOMENT = datetime(2026, 5, 1, 10, tzinfo=UTC)


def events(**values: list[Any]) -> pd.DataFrame:
    count = len(next(iter(values.values())))
    return pd.DataFrame({name: [value] * count for name, value in row("llm_events").items()} | values)


def clean(table: str, frame: Any) -> dict[str, list[Any]]:
    batch = validate_table(table, frame, now=NOW)
    assert batch.rejected == []
    return dict(zip(batch.data.column_names, bulk.columns(table, batch.data), strict=True))


def test_an_index_with_a_name_is_a_column(client: ClickHouseClient) -> None:
    frame = events(ts=[MOMENT, MOMENT.replace(hour=11)]).set_index("ts")
    assert client.insert("llm_events", frame)["inserted"] == 2
    found = client.executor.read("SELECT ts FROM llm_events ORDER BY ts").rows
    assert found == [(MOMENT,), (MOMENT.replace(hour=11),)]


def test_every_level_of_an_index_is_a_column() -> None:
    frame = events(ts=[MOMENT], tokens_in=[5], status=["timeout"]).set_index(["ts", "status"])
    found = clean("llm_events", frame)
    assert (found["ts"], found["status"], found["tokens_in"]) == ([MOMENT], ["timeout"], [5])


def test_row_numbers_are_no_column() -> None:
    assert clean("llm_events", events(tokens_in=[1, 2, 3]).query("tokens_in > 1"))["tokens_in"] == [2, 3]


REFUSED = {
    "times without a name": (events(ts=[MOMENT]).set_index("ts").rename_axis(None), "has no name"),
    "words without a name": (events(tokens_in=[1]).set_axis(["a"]), "has no name"),
    "a level without a name": (
        events(ts=[MOMENT], tokens_in=[1]).set_index(["ts", "tokens_in"]).rename_axis(["ts", None]),
        "has no name",
    ),
    "a name that is a column too": (events(ts=[MOMENT]).set_index("ts", drop=False), "'ts' as its index and as a"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_index_that_could_be_lost_is_refused(case: str) -> None:
    frame, sentence = REFUSED[case]
    with pytest.raises(InvalidInput, match=sentence):
        validate_table("llm_events", frame)


def test_an_index_that_is_no_column_of_the_table_is_named() -> None:
    batch = validate_table("llm_events", events(when=[MOMENT]).set_index("when"), now=NOW)
    assert batch.rejected[0].error.startswith("Unknown column 'when'")


WIDE = {
    "uint64 in pandas": ("UInt64", pd.Series([2**64 - 1, 2**53 + 1], dtype="uint64")),
    "nullable integers": ("Int64", pd.Series([-(2**63), 2**53 + 1], dtype="Int64")),
    "Python integers of 128 bits": ("Int128", pd.Series([2**127 - 1, -(2**100)], dtype=object)),
    "Python integers of 256 bits": ("UInt256", pd.Series([2**256 - 1, 1], dtype=object)),
    "uint64 in polars": ("UInt64", pl.Series([2**64 - 1, 0], dtype=pl.UInt64)),
}


@pytest.mark.parametrize("case", WIDE)
def test_no_digit_of_a_whole_number_is_lost(case: str) -> None:
    type_, column = WIDE[case]
    make = pl.DataFrame if isinstance(column, pl.Series) else pd.DataFrame
    with known(own_table({"c0": type_})):
        assert clean(NAME, make({"c0": column}))["c0"] == list(map(int, column.to_list()))


def test_a_float_that_may_have_lost_digits_is_refused_on_both_ways() -> None:
    with known(own_table({"c0": "UInt64"})):
        frame = pd.DataFrame({"c0": [2.0**53, 2.0**60]})
        batch = validate_table(NAME, frame, now=NOW)
    assert [bad.index for bad in batch.rejected] == [1]
    assert "may have lost digits" in batch.rejected[0].error


def test_objects_of_python_are_taken_as_rows_take_them() -> None:
    ids = [uuid.UUID(int=1), None, uuid.UUID(int=2)]
    frame = pd.DataFrame({"c0": ids, "c1": [{"b", "a"}, set(), {"c"}], "c2": [IPv4Address("192.0.2.1"), None, None]})
    with known(own_table({"a": "Nullable(UUID)", "b": "Array(String)", "c": "Nullable(IPv4)"}, required=False)):
        found = clean(NAME, frame)
    assert found["c0"] == ids
    assert found["c1"] == [["a", "b"], [], ["c"]]
    assert found["c2"] == [IPv4Address("192.0.2.1"), None, None]
