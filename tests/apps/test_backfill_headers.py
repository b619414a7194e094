"""Headers and formats as spreadsheets and other programs write them: read where plain, else one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chimera_metrics.integrations.backfill.files import find_files, passed_over
from chimera_metrics.integrations.backfill.text_rows import column_name
from chimera_metrics.integrations.errors import InvalidInput

ROW = {"series": "dawn", "episode_num": "1", "title": "a"}


def read(path: Path) -> list[Any]:
    [file] = find_files(path)
    return [row for window in file.windows() for row in window.rows]


@pytest.mark.parametrize(
    "text",
    [
        "Series,Episode Num,TITLE\ndawn,1,a\n",
        "series,episodeNum,title\ndawn,1,a\n",
        "Series;Episode-Num;Title\ndawn;1;a\n",
        " series , episode_num , title \n dawn , 1 , a \n",
        "series,episode_num,title,\ndawn,1,a,\n",
        "series,episode_num,title\ndawn,1,a,\n",
        "sep=;\nseries;episode_num;title\ndawn;1;a\n",
        "sep=,\r\nseries,episode_num,title\r\ndawn,1,a\r\n",
    ],
)
def test_a_header_in_other_letters_means_the_table_s_columns(tmp_path: Path, text: str) -> None:
    path = tmp_path / "episodes.csv"
    path.write_bytes(text.encode())
    rows = [{name: value for name, value in row.items() if name} for row in read(path)]
    assert rows == [ROW]


def test_a_name_that_is_no_column_stays_as_it_is() -> None:
    known = {"latency_ms", "ts", "Own Name"}
    assert [column_name(name, known) for name in ("Latency (ms)", "Own Name", "timestamp", "ts2")] == [
        "latency_ms",
        "Own Name",
        "timestamp",
        "ts2",
    ]


def test_blanks_within_a_plain_file_are_data(tmp_path: Path) -> None:
    path = tmp_path / "episodes.csv"
    path.write_text("series,title\n dawn, a \n")
    assert read(path) == [{"series": " dawn", "title": " a "}]


def test_two_headers_of_one_column_are_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "episodes.csv"
    path.write_text("title,Title\na,b\n")
    with pytest.raises(InvalidInput, match="names the column 'title' more than once"):
        read(path)


def test_objects_line_by_line_may_be_called_json(tmp_path: Path) -> None:
    path = tmp_path / "episodes.json"
    path.write_text('{"series": "dawn"}\n{"series": "dusk"}\n')
    assert read(path) == [{"series": "dawn"}, {"series": "dusk"}]


@pytest.mark.parametrize("text", ['[{"series": "dawn"}]', '[\n  {"series": "dawn"}\n]', '{\n  "series": "dawn"\n}'])
def test_a_list_of_objects_is_answered_with_how_to_write_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "episodes.json"
    path.write_text(text)
    with pytest.raises(InvalidInput, match=r"one object a line, as `jq -c '\.\[\]'`"):
        read(path)


@pytest.mark.parametrize("name", ["llm-events.csv", "LLM Events.csv", "llm-events-2026-05.csv"])
def test_a_dash_or_a_blank_in_a_file_s_name_is_the_table_s_underscore(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("model\nopus\n")
    assert [file.table for file in find_files(tmp_path)] == ["llm_events"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("llm_events.xlsx", "is in a format that is not read; save it as CSV UTF-8."),
        ("llm_events.zip", "unpack it, or pack the file alone by gzip."),
        ("llm_events.txt", "call it .csv or .jsonl after what it holds."),
        ("llm_events.feather", "write it as Parquet."),
    ],
)
def test_a_format_that_is_not_read_is_named(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / name).write_text("x")
    with pytest.raises(InvalidInput) as refusal:
        find_files(tmp_path)
    assert str(refusal.value).startswith(f"{name} is in a format that is not read; ")
    assert words in str(refusal.value)
    (tmp_path / "episodes.csv").write_text("series\ndawn\n")
    [sentence] = passed_over(tmp_path)
    assert sentence.startswith(f"{name} is in a format that is not read; ")
