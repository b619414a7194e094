"""Files as people and programs save them: names, delimiters, encodings, large numbers, nested columns."""

from __future__ import annotations

import gzip
import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest
from pyarrow import parquet

from chimera_metrics.integrations.backfill.files import find_files
from chimera_metrics.integrations.backfill.rejected_rows import RejectedRows
from chimera_metrics.integrations.backfill.text_rows import delimiter_of
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.validation.column_path import validate_table
from chimera_metrics.integrations.validation.row_path import Rejected, validate_rows
from chimera_metrics.integrations.validation.rules import rules_of
from chimera_metrics.integrations.writing import bulk
from tests.validation.own_columns import NAME, known, own_table

ROW = {"series": "dawn", "episode_num": "1", "title": "Grüße; 日本"}


def read(path: Path) -> list[Any]:
    [file] = find_files(path)
    found = [window.rows for window in file.windows()]
    return [row for rows in found for row in (rows if isinstance(rows, list) else rows.to_pylist())]


NAMED = {
    "episodes.csv": "episodes",
    "episodes (1).csv": "episodes",
    "episodes für März – Köln.csv": "episodes",
    "Episodes.CSV": "episodes",
    "bench_runs.2026-01.csv.gz": "bench_runs",
    "BENCH_RUNS-2026.JSONL": "bench_runs",
    "llm_events_2026_01.parquet": "llm_events",
    "ui_events.tsv": "ui_events",
    "ui_events_hourly.csv": None,
    "episodesold.csv": None,
    "notes.csv": None,
    "episodes": None,
}


@pytest.mark.parametrize("name", NAMED)
def test_a_file_is_of_the_table_that_its_name_begins_with(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    if NAMED[name] is None:
        with pytest.raises(InvalidInput, match="holds no file named after a table"):
            find_files(tmp_path)
    else:
        assert [file.table for file in find_files(tmp_path)] == [NAMED[name]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_csv_file_may_have_any_usual_delimiter_and_mark(tmp_path: Path, delimiter: str, encoding: str) -> None:
    mark = "\ufeff" if encoding == "utf-16-le" else ""
    lines = [delimiter.join(ROW), delimiter.join(f'"{value}"' for value in ROW.values())]
    path = tmp_path / "episodes.csv.gz"
    path.write_bytes(gzip.compress((mark + "\r\n".join(lines)).encode(encoding)))
    assert read(path) == [ROW]


def test_the_delimiter_is_the_one_that_makes_known_columns() -> None:
    names = rules_of("episodes").names
    assert delimiter_of("series;title,old;episode_num", names) == ";"
    assert delimiter_of("series", names) == ","
    assert delimiter_of("", names) == ","


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_another_encoding_is_a_sentence(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"episodes.{form}"
    lines = [",".join(ROW), "dawn,1,Grüße"] if form == "csv" else [json.dumps({"title": "Grüße"}, ensure_ascii=False)]
    path.write_bytes("\n".join(lines).encode("latin-1"))
    with pytest.raises(InvalidInput, match=r"is not written in UTF-8: it has the byte 0xfc .* Save it as UTF-8"):
        read(path)


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_no_digit_of_a_large_number_is_lost(tmp_path: Path, form: str) -> None:
    wide = [2**127 - 1, -(2**100), 2**64, 2**53 + 1]
    path = tmp_path / f"{NAME}.{form}"
    with known(own_table({"c0": "Int128"})):
        if form == "parquet":
            parquet.write_table(pa.table({"c0": pa.array([str(number) for number in wide])}), path)
        else:
            lines = ["c0", *map(str, wide)] if form == "csv" else [f'{{"c0": {number}}}' for number in wide]
            path.write_text("\n".join(lines))
        assert validate_rows(NAME, read(path)).data[1] == wide


def test_a_large_number_inside_metadata_keeps_its_digits(tmp_path: Path) -> None:
    path = tmp_path / "ui_events.jsonl"
    identity = '"session_id": "123e4567-e89b-12d3-a456-426614174000", "event_type": "error"'
    path.write_text(f'{{{identity}, "metadata": {{"n": 18446744073709551617}}}}\n')
    batch = validate_rows("ui_events", read(path))
    assert batch.data[batch.columns.index("metadata")] == ['{"n":18446744073709551617}']


def test_what_json_has_no_word_for_is_readable_in_the_file_of_rejected_rows(tmp_path: Path) -> None:
    rejected = RejectedRows(tmp_path, datetime(2026, 1, 1, tzinfo=UTC))
    (tmp_path / "ui_events.jsonl").touch()
    [file] = find_files(tmp_path / "ui_events.jsonl")
    row = {"latency_ms": math.nan, "deep": [{"x": math.inf, (1, 2): -math.inf}], "big": 2**70}
    rejected.add(file, [row], [Rejected(0, "latency_ms", "why")])
    assert rejected.file is not None
    [line] = rejected.file.read_text().splitlines()
    assert orjson.loads(line)["row"]["deep"] == [{"x": "Infinity", "(1, 2)": "-Infinity"}]
    assert json.loads(line)["row"] | {"deep": 0} == {"latency_ms": "NaN", "deep": 0, "big": 2**70}


def test_maps_lists_and_structs_of_parquet_are_columns_and_metadata(tmp_path: Path) -> None:
    types = {"c0": "Array(String)", "c1": "Map(String, Float64)", "c2": "Tuple(a Int32, b String)", "c3": "JSON"}
    nested = {
        "c0": pa.array([["x", "y"]], pa.large_list(pa.string())),
        "c1": pa.array([[("k", 0.5)]], pa.map_(pa.string(), pa.float32())),
        "c2": pa.array([{"b": "t", "a": 5}]),
        "c3": pa.array([[("k", "v")]], pa.map_(pa.string(), pa.string())),
    }
    path = tmp_path / f"{NAME}.parquet"
    parquet.write_table(pa.table(nested), path)
    with known(own_table(types)):
        [window] = find_files(path)[0].windows()
        batch = validate_table(NAME, window.rows)
        assert batch.rejected == []
        assert bulk.columns(NAME, batch.data)[1:] == [[["x", "y"]], [{"k": 0.5}], [(5, "t")], [{"k": "v"}]]
