"""Results as people meet them at a prompt, in a notebook and in the libraries that work with tables."""

from __future__ import annotations

import inspect
import json
import pickle
import rlcompleter
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd  # type: ignore[import-untyped]  # its stubs are a package of their own
import polars as pl
import pyarrow as pa
import pytest

from chimera_metrics.integrations.async_client import AsyncClickHouseClient
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.results import Check, Column, QueryResult, Result
from chimera_metrics.models import FACT_TABLES

VALUES = """
    SELECT toDecimal64('0.00000001', 8) AS price, toDateTime('2026-01-02 03:04:05', 'UTC') AS at,
           toDateTime64('2026-01-02 03:04:05.678', 3, 'UTC') AS ts, toDate('2026-01-02') AS day,
           18446744073709551615 AS large, CAST(NULL AS Nullable(Int32)) AS none, [toDecimal32('1.5', 2)] AS prices,
           map('a', 1) AS words, (1, 'x') AS mixed, '<b>é</b>' AS text, true AS yes"""


@pytest.fixture
def found(client: ClickHouseClient) -> QueryResult:
    return client.query(VALUES)


def completed(text: str, **names: Any) -> set[str]:
    """What the tab key offers in Python's own prompt."""
    completer = rlcompleter.Completer(names)
    offers: Iterator[str | None] = (completer.complete(text, state) for state in range(1000))
    return {offer.rstrip("()") for offer in offers if offer is not None}


def test_tab_shows_fields_and_methods_and_nothing_that_empties_a_result(found: QueryResult) -> None:
    for offers in (completed("r.", r=found), {f"r.{name}" for name in dir(found) if name[0] != "_"}):
        assert {"r.rows", "r.row_count", "r.to_pandas", "r.to_polars", "r.to_arrow", "r.get", "r.items"} <= offers
        assert not {"r.clear", "r.pop", "r.popitem", "r.update", "r.setdefault", "r.fromkeys"} & offers


def test_it_reads_as_a_mapping_and_as_attributes(found: QueryResult) -> None:
    assert isinstance(found, dict)
    assert found.row_count == found["row_count"] == 1
    assert (type(found.columns[0]), found.columns[0].name) == (Column, "price")
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301  # our own
    with pytest.raises(AttributeError, match="has no field 'row_cuont'; it has columns, rows"):
        _ = found.row_cuont


def test_money_is_an_amount_in_python_and_text_in_json(found: QueryResult) -> None:
    assert found.rows[0][0] == Decimal("0.00000001")
    assert type(found.rows[0][0]) is Decimal
    row = json.loads(found.to_json())["rows"][0]
    assert (row[0], row[6]) == ("0.00000001", ["1.50"])
    assert found.to_pandas()["price"][0] == Decimal("0.00000001")


def test_arrow_has_the_engine_s_types(found: QueryResult) -> None:
    table = found.to_arrow()
    types = dict(zip(table.column_names, map(str, table.schema.types), strict=True))
    assert types == {
        "price": "decimal128(18, 8)", "at": "timestamp[s, tz=UTC]", "ts": "timestamp[ms, tz=UTC]",
        "day": "date32[day]", "large": "uint64", "none": "int32", "prices": "list<item: decimal128(9, 2)>",
        "words": "struct<a: int64>", "mixed": "string", "text": "string", "yes": "bool",
    }  # fmt: skip
    [row] = table.to_pylist()
    assert (row["large"], row["day"], row["none"]) == (2**64 - 1, date(2026, 1, 2), None)
    assert row["ts"] == datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
    assert row["mixed"] == '[1,"x"]'  # of two types in one list, which Arrow has not


def test_pandas_and_polars_have_the_same_rows(found: QueryResult) -> None:
    frame = found.to_pandas()
    assert list(frame.columns) == found.to_polars().columns == [column.name for column in found.columns]
    assert str(frame["none"].dtype) == "Int32"  # and no double with NaN
    assert frame["at"][0] == pd.Timestamp("2026-01-02 03:04:05", tz="UTC")
    assert isinstance(found.to_polars(), pl.DataFrame)


def test_a_frame_of_a_whole_result_leads_to_the_method(found: QueryResult) -> None:
    with pytest.raises(InvalidInput, match=r"use result\.to_pandas\(\)"):
        pd.DataFrame(found)
    assert pd.DataFrame(found.rows).shape == (1, 11)


def test_columns_of_one_name_and_no_rows_are_tables_too(client: ClickHouseClient) -> None:
    twice = client.query("SELECT 1 AS a, 1 AS a").to_arrow()
    assert (twice.column_names, twice.num_rows) == (["a", "a"], 1)
    empty = client.query("SELECT toDecimal64(1, 2) AS n WHERE false").to_arrow()
    assert (empty.num_rows, empty.schema.types) == (0, [pa.decimal128(18, 2)])


ANSWERS = {
    "trend": lambda client: client.trend("ui.events", days=3, group_by="event_type"),
    "correlate": lambda client: client.correlate("llm.calls", "ui.events", days=3),
    "correlation": lambda client: client.get_correlation_data(days=3),
    "performance": lambda client: client.get_performance_summary(),
    "quality": lambda client: client.get_quality_metrics(),
    "describe": lambda client: client.describe(),
    "health": lambda client: client.health(),
    "insert": lambda client: client.insert_episodes([{"series": "weekly"}]),
}


@pytest.mark.parametrize("name", list(ANSWERS))
def test_every_answer_is_a_table_and_a_page(client: ClickHouseClient, name: str) -> None:
    client.insert_ui_event({"session_id": "123e4567-e89b-12d3-a456-426614174000", "event_type": "error"})
    answer = ANSWERS[name](client)
    assert type(answer) is not Result
    assert answer.to_polars().shape == answer.to_pandas().shape == answer.to_arrow().shape
    assert answer._repr_html_().startswith("<table>")


def test_a_trend_is_a_row_for_each_point_and_health_for_each_check(client: ClickHouseClient) -> None:
    events = [{"session_id": "123e4567-e89b-12d3-a456-426614174000", "event_type": kind} for kind in ("error", "a")]
    client.insert_ui_events(events[:1])
    frame = client.trend("ui.events", days=3, group_by="event_type").to_pandas()
    assert (frame["group"].unique().tolist(), str(frame["ts"].dtype)) == (["error"], "datetime64[us, UTC]")
    health = client.health()
    assert type(health.checks[0]) is Check
    assert health.to_pandas()["name"].tolist() == [check.name for check in health.checks]


def test_a_notebook_shows_the_rows_and_runs_nothing_that_is_stored(client: ClickHouseClient) -> None:
    page = client.query("SELECT '<script>alert(1)</script>' AS \"<i>\", number AS n FROM numbers(60)")._repr_html_()
    assert "<script>" not in page
    assert "<i>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert page.count("<tr>") == 51
    assert "<p>50 of 60 rows, 2 columns; to_pandas() has all.</p>" in page


METHODS = [name for name in dir(ClickHouseClient) if name[0] != "_"]


@pytest.mark.parametrize("name", METHODS)
def test_every_method_has_a_docstring(name: str) -> None:
    assert (inspect.getdoc(getattr(ClickHouseClient, name)) or "").strip()


@pytest.mark.parametrize("table", list(FACT_TABLES))
def test_the_insert_methods_say_their_table_and_its_columns(client: ClickHouseClient, table: str) -> None:
    singular = table.removesuffix("s")
    for name in (f"insert_{singular}", f"insert_{table}"):
        method = getattr(client, name)
        assert method.__name__ == name
        for said in (table, FACT_TABLES[table].comment, "Columns: ", FACT_TABLES[table].columns[0].name):
            assert str(said) in (inspect.getdoc(method) or "")


def test_clients_name_engine_place_and_database_and_no_secret() -> None:
    settings = ClickHouseSettings(host="db.example.org", username="ada", password="hush-7f3a", database="facts")
    with ClickHouseClient(settings) as client:
        assert repr(client) == "<ClickHouseClient: ClickHouse server, db.example.org:9440, database facts>"
    other = AsyncClickHouseClient(ClickHouseSettings(path="/srv/muse/store"))
    assert repr(other) == "<AsyncClickHouseClient: embedded chDB, /srv/muse/store, database chimera_metrics>"
    assert {"insert_episodes", "get_trend_data", "query"} <= set(dir(other))


LIGHT = """
import sys
from chimera_metrics import ClickHouseClient, ClickHouseSettings, Result
print(Result(rows=[], columns=[])._repr_html_()[:7])
print(sorted({"pandas", "polars", "pyarrow", "numpy"} & set(sys.modules)))
"""


def test_the_libraries_are_loaded_by_the_call_alone_and_a_missing_one_is_a_sentence(found: QueryResult) -> None:
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)
    assert done.stdout == "<table>\n[]\n"
    with pytest.MonkeyPatch.context() as without:
        without.setitem(sys.modules, "polars", None)
        with pytest.raises(InvalidInput, match="polars is not installed here: run `pip install polars`"):
            found.to_polars()


def test_a_result_read_as_another_librarys_says_what_to_write() -> None:
    result = Result.of({"columns": [{"name": "n", "type": "UInt8"}], "rows": [[1], [2]]})
    for wrong in (0, -1, slice(2)):
        with pytest.raises(TypeError, match=r"its rows are result\.records\(\)"):
            result[wrong]
    with pytest.raises(KeyError, match="This result has no field 'row'; it has columns, rows"):
        result["row"]
    for name, instead in (
        ("fetchall", "records()"),
        ("df", "to_pandas()"),
        ("result_rows", "rows"),
        ("to_dict", "records()"),
    ):
        with pytest.raises(AttributeError) as refusal:
            getattr(result, name)
        assert str(refusal.value).endswith(f"it has columns, rows. Write {instead}.")
    assert [row.n for row in result.records()] == [1, 2]
    assert result.get("nope") is None
