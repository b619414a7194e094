"""Arrow tables and frames: what goes in, what comes out."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from typing import Any
from uuid import UUID

import pandas as pd  # type: ignore[import-untyped]  # its stubs are a package of their own
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.validation.column_path import validate_table
from chimera_metrics.integrations.validation.frames import to_arrow
from chimera_metrics.models import FACT_TABLES
from tests.validation.paths import ID, NOW, REQUIRED, assert_agree, by_columns


def least(table: str, count: int = 1, **columns: Any) -> dict[str, Any]:
    """The least columns of `table`, with `columns`."""
    return {name: [value] * count for name, value in REQUIRED[table].items()} | columns


@pytest.mark.parametrize("table", FACT_TABLES)
def test_the_least_table_of_each_kind_is_enough(table: str) -> None:
    batch = by_columns(table, least(table, 3))
    assert batch.rejected == []
    assert batch.rows == 3


def test_columns_come_out_in_the_types_that_are_inserted() -> None:
    batch = by_columns("llm_events", least("llm_events", cost_usd=[0.5], tokens_in=[3], latency_ms=[1]))
    assert {field.name: str(field.type) for field in batch.data.schema} == {
        "ts": "timestamp[ms, tz=UTC]",
        "run_id": "fixed_size_binary[16]",
        "source": "string",
        "model": "string",
        "operation": "string",
        "tokens_in": "uint32",
        "latency_ms": "double",
        "cost_usd": "decimal128(21, 9)",
        "status": "string",
    }


def test_wrong_rows_are_left_out_over_all_chunks() -> None:
    count = 150_000
    latencies = [-1.0 if index in (0, 65_536, 149_999) else 1.0 for index in range(count)]
    batch = by_columns("ui_events", least("ui_events", count, latency_ms=pa.chunked_array([latencies])))
    assert [bad.index for bad in batch.rejected] == [0, 65_536, 149_999]
    assert batch.rows == len(batch.days) == count - 3


def test_a_column_that_the_table_does_not_have_refuses_every_row() -> None:
    batch = by_columns("ui_events", least("ui_events", 2, latencyp95=[1, 2]))
    assert [(bad.index, bad.field) for bad in batch.rejected] == [(0, "latencyp95"), (1, "latencyp95")]
    assert batch.rows == 0


def test_no_rows_are_a_table_of_none() -> None:
    batch = validate_table("ui_events", pa.table(least("ui_events")).slice(0, 0), now=NOW)
    assert (batch.rows, batch.rejected, len(batch.days)) == (0, [], 0)


def test_texts_that_are_not_utf8_are_refused_row_by_row() -> None:
    bad = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.array([0, 2, 4], pa.int32()).buffers()[1], pa.py_buffer(b"ok\xff\xfe")]
    )
    batch = by_columns("llm_events", least("llm_events", 2, error_msg=bad))
    assert [bad.error.split(";")[0] for bad in batch.rejected] == ["error_msg holds bytes that are not valid UTF-8"]


def test_times_beyond_any_calendar_are_refused() -> None:
    far = pa.array([2**62], pa.int64()).cast(pa.timestamp("s", "UTC"))
    batch = by_columns("ui_events", least("ui_events", ts=far))
    assert batch.rejected[0].error.startswith("ts holds 'a time that no calendar holds'; ")


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_of_any_unit_are_the_same_time(unit: str) -> None:
    batch = by_columns("ui_events", least("ui_events", ts=pa.array([NOW]).cast(pa.timestamp(unit, "UTC"), safe=False)))
    expected = NOW.replace(microsecond=0) if unit == "s" else NOW
    assert batch.data["ts"].to_pylist() == [expected]


def test_frames_of_pandas_and_polars_are_tables() -> None:
    columns = least("ui_events", 3, latency_ms=[1.5, None, 3.0], metadata=["{}", None, '{"a": 1}'])
    for frame in (pd.DataFrame(columns, index=[7, 8, 9]), pl.DataFrame(columns), pa.RecordBatch.from_pydict(columns)):
        batch = validate_table("ui_events", frame, now=NOW)
        assert batch.rejected == []
        assert batch.data["latency_ms"].to_pylist() == [1.5, None, 3.0]
        assert batch.data["metadata"].to_pylist() == ["{}", "{}", '{"a": 1}']
        assert batch.data["session_id"].to_pylist() == [UUID(ID).bytes] * 3


def test_ids_in_arrows_own_type_are_ids() -> None:
    ids = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([UUID(ID).bytes], pa.binary(16)))
    batch = by_columns("ui_events", least("ui_events", session_id=ids))
    assert batch.data["session_id"].to_pylist() == [UUID(ID).bytes]


def test_counts_with_gaps_that_a_frame_made_floats_are_counts() -> None:
    assert_agree("llm_events", least("llm_events", 3, tokens_in=[1.0, None, 2.5]), ["run_id"])


def test_what_is_no_table_is_refused() -> None:
    for data in ([{"a": 1}], 5, "x"):
        with pytest.raises(InvalidInput, match="A table of rows is an Arrow table, or a pandas or polars frame"):
            validate_table("ui_events", data)
    with pytest.raises(InvalidInput, match="more than one column 'a'"):
        validate_table("ui_events", pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]))
    with pytest.raises(InvalidInput, match="a column of mixed types"):
        validate_table("ui_events", pd.DataFrame({"a": [1, "x", {}]}, dtype=object))


def test_rows_alone_do_not_load_pyarrow() -> None:
    code = (
        "import sys; from chimera_metrics.integrations.validation import column_path\n"
        "from chimera_metrics.integrations.validation.row_path import *\n"
        "validate_rows('deployments', [{'status': 'ready', 'error_msg': 'bob@example.com'}] * 100); "
        "sys.exit('pyarrow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


WORDS = pa.dictionary(pa.int8(), pa.string())
LAYOUTS = {
    "polars": pa.table(pl.DataFrame({"a": [{"b": "x", "c": [{"d": "y"}]}]})).column("a"),
    "views": pa.array([{"b": "x"}], pa.struct([("b", pa.string_view())])),
    "dictionary": pa.array([{"b": "x"}], pa.struct([("b", WORDS)])),
    "list": pa.array([{"b": ["x"]}], pa.struct([("b", pa.list_view(pa.string_view()))])),
    "map": pa.array([{"b": [("k", "x")]}], pa.struct([("b", pa.map_(pa.string(), WORDS))])),
    "runs": pa.StructArray.from_arrays([pc.run_end_encode(pa.array(["x"]))], ["b"]),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_object_is_the_same_object_however_arrow_lays_it_out(layout: str) -> None:
    column = LAYOUTS[layout]
    batch = assert_agree("ui_events", least("ui_events", metadata=column))
    assert batch.rejected == []


@pytest.mark.parametrize("dtype", [pl.Categorical, pl.Enum(["x", "y"])])
def test_categories_of_polars_are_words(dtype: Any) -> None:
    words = pl.Series(["x", None, "y"], dtype=dtype)
    batch = validate_table("llm_events", pl.DataFrame(least("llm_events", 3, error_msg=words)), now=NOW)
    assert batch.data["error_msg"].to_pylist() == ["x", None, "y"]


def test_the_fields_that_arrow_gives_every_object_are_left_out_where_they_are_null() -> None:
    metadata = [{"a": 1}, {"b": {"c": "x"}}, {}, {"b": {"d": [{"e": 1}, {"f": 2}, None]}}]
    texts = [json.dumps(value, separators=(",", ":")) for value in metadata]
    columns = least("ui_events", 4, metadata=metadata)
    arrow = pa.Table.from_pydict(columns)
    for frame in (pd.DataFrame(columns), pl.DataFrame(arrow), arrow):
        assert validate_table("ui_events", frame, now=NOW).data["metadata"].to_pylist() == texts


BIG = Decimal("99999999999999999999.999999999999999999")
AMOUNTS: dict[str, tuple[Any, list[Decimal | None]]] = {
    "beyond the column": (pa.decimal128(38, 18), [BIG, Decimal(1), None, Decimal(f"-{BIG}")]),
    "rounded beyond the column": (pa.decimal128(38, 26), [Decimal("999999999999." + "9" * 25 + "8"), Decimal(1)]),
    "rounded beyond its own type": (pa.decimal128(38, 27), [Decimal("99999999999." + "9" * 27), Decimal("0.5")]),
    "all behind the point": (pa.decimal128(38, 38), [Decimal("0." + "9" * 38), Decimal(0), None]),
    "256 bits": (pa.decimal256(60, 20), [Decimal("9" * 40 + ".5"), Decimal(1)]),
    "whole": (pa.decimal128(20, 0), [Decimal("9" * 20), Decimal(10**12), Decimal(10**12 - 1)]),
    "small": (pa.decimal128(13, 11), [Decimal("99.99999999999"), Decimal("0.0000000005"), Decimal("0.0000000015")]),
}


@pytest.mark.parametrize("case", AMOUNTS)
def test_amounts_of_any_size_are_refused_or_rounded_as_in_rows(case: str) -> None:
    type_, amounts = AMOUNTS[case]
    assert_agree("llm_events", least("llm_events", len(amounts), cost_usd=pa.array(amounts, type_)), ["run_id"])


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (pd.Series([1]), "one column, a Series; give a table"),
        (pl.Series([1]), "one column, a Series; give a table"),
        (pa.array([1]), "one column, a Int64Array; give a table"),
        (pa.chunked_array([[1]]), "one column, a ChunkedArray; give a table"),
        (pl.DataFrame({"a": pl.Series([1], dtype=pl.Int128)}), "has a column of a type that Arrow does not have"),
        (pl.LazyFrame({"a": [1]}), "this is LazyFrame"),
    ],
)
def test_what_is_not_quite_a_table_is_one_sentence(data: Any, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        to_arrow(data)
