"""Whole results as files: every type reads back as it is stored, in blocks, within the room that there is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from chimera_metrics.integrations.answers.exporting import PREVIEW, Export, FileFormat
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.errors import InvalidInput

FORMATS: list[FileFormat] = ["csv", "parquet", "arrow"]
# Expression, what Parquet and Arrow hold, and what stands in CSV.
TYPES: list[tuple[str, Any, str]] = [
    ("toInt64(-9007199254740993)", -9007199254740993, "-9007199254740993"),
    ("toUInt64(18446744073709551615)", 18446744073709551615, "18446744073709551615"),
    (
        "toInt256('123456789012345678901234567890')",
        "123456789012345678901234567890",
        '"123456789012345678901234567890"',
    ),
    ("toFloat64(0.5)", 0.5, "0.5"),
    ("true", True, "true"),
    ("'a, \"b\"\nc'", 'a, "b"\nc', '"a, ""b""\nc"'),
    ("''", "", '""'),
    ("NULL::Nullable(String)", None, ""),
    ("'\u200bx'", "\u200bx", '"\u200bx"'),
    ("unhex('ff00')", "ff00", '"ff00"'),
    ("toLowCardinality('w')", "w", '"w"'),
    ("toDecimal64('1.50', 2)", Decimal("1.50"), "1.50"),
    ("toDecimal256('1.50', 2)", Decimal("1.50"), "1.50"),
    ("toDate('2026-05-01')", date(2026, 5, 1), "2026-05-01"),
    ("toDateTime('2026-05-01 10:00:00', 'UTC')", datetime(2026, 5, 1, 10, tzinfo=UTC), "2026-05-01 10:00:00Z"),
    (
        "toDateTime64('2026-05-01 10:00:00.123456', 6, 'Europe/Berlin')",
        datetime(2026, 5, 1, 8, 0, 0, 123456, UTC),
        "2026-05-01 08:00:00.123456Z",
    ),
    ("[1, 2]::Array(UInt8)", [1, 2], '"[1,2]"'),
    ("['a']::Array(String)", ["a"], '"[""a""]"'),
    ("map('a', 1)::Map(String, UInt8)", '{"a":1}', '"{""a"":1}"'),
    (
        "toUUID('6f1c1c9e-6d0e-4a55-9d5e-0b2f3a1c4d5e')",
        "6f1c1c9e-6d0e-4a55-9d5e-0b2f3a1c4d5e",
        '"6f1c1c9e-6d0e-4a55-9d5e-0b2f3a1c4d5e"',
    ),
]


def export(folder: Path, form: FileFormat, most: int = 1_000_000_000) -> Export:
    return Export(form, folder / f"whole.{form}", lambda: most)


def read(made: Export) -> pa.Table:
    if made.format == "csv":
        return pyarrow.csv.read_csv(made.path)
    if made.format == "parquet":
        return pyarrow.parquet.read_table(made.path)
    return pa.ipc.open_file(made.path).read_all()


@pytest.mark.parametrize(("expression", "value", "text"), TYPES, ids=[one for one, _, _ in TYPES])
def test_a_value_of_each_type_is_kept(
    client: ClickHouseClient, tmp_path: Path, expression: str, value: Any, text: str
) -> None:
    for form in FORMATS:
        made = export(tmp_path, form)
        client.query(f"SELECT {expression} AS v", export=made)
        if form == "csv":
            assert made.path.read_text() == f'"v"\n{text}\n'
        else:
            assert read(made)["v"].to_pylist() == [value]


@pytest.mark.parametrize("form", FORMATS)
def test_a_result_beyond_every_ceiling_is_whole(client: ClickHouseClient, tmp_path: Path, form: FileFormat) -> None:
    made = export(tmp_path, form)
    answer = client.query("SELECT number AS n, toString(number) AS t FROM numbers(300000)", export=made)
    assert answer["export"] == {"format": form, "rows": 300_000, "bytes": made.path.stat().st_size}
    table = read(made)
    assert table.num_rows == 300_000
    assert sum(table["n"].to_pylist()) == 300_000 * 299_999 // 2
    assert answer["rows"][-1] == [PREVIEW - 1, str(PREVIEW - 1)]
    assert answer["truncated_reason"] == f"The first {PREVIEW} of 300,000 rows are shown; the export has all."


@pytest.mark.parametrize("form", FORMATS)
def test_no_rows_are_a_file_with_columns(client: ClickHouseClient, tmp_path: Path, form: FileFormat) -> None:
    made = export(tmp_path, form)
    answer = client.query("SELECT model, ts FROM bench_runs", export=made)
    assert (answer["rows"], answer["truncated"], answer["export"]["rows"]) == ([], False, 0)
    assert read(made).column_names == ["model", "ts"]


def test_a_file_without_room_stops_the_statement(client: ClickHouseClient, tmp_path: Path) -> None:
    made = export(tmp_path, "csv", most=2_000_000)
    with pytest.raises(InvalidInput, match="MUSE_EXPORT_MAX_MB"):
        client.query("SELECT number FROM numbers(1000000000)", export=made)
    assert made.path.stat().st_size < 20_000_000


@pytest.mark.parametrize("form", FORMATS)
def test_an_aggregate_is_exported_beyond_its_rows(client: ClickHouseClient, tmp_path: Path, form: FileFormat) -> None:
    event = {"session_id": "6f1c1c9e-6d0e-4a55-9d5e-0b2f3a1c4d5e", "event_type": "error"}
    began = datetime.now(UTC)
    client.insert_ui_events([event | {"ts": began - timedelta(days=6)}])
    made = export(tmp_path, form)
    answer = client.aggregate("ui.events", granularity="hour", days=7, export=made)
    table = read(made)
    assert table.column_names == ["ts", "events", "partial"]
    turned = int(datetime.now(UTC).hour != began.hour)  # the hour, since the event was stored
    assert table.num_rows == answer["export"]["rows"]
    assert 6 * 24 + 1 <= table.num_rows <= 6 * 24 + 1 + turned
    assert sum(table["events"].to_pylist()) == 1
    assert answer["row_count"] == len(answer["rows"]) == PREVIEW


def test_another_form_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="export is 'xlsx', but takes csv, parquet, arrow"):
        export(tmp_path, "xlsx")  # type: ignore[arg-type]
