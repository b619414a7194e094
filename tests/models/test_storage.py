"""What docs/storage.md says holds in order of magnitude at 100,000 rows; the figures are the benchmark's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.storage import columns, floors, reading
from bench.storage.store import Store, fill_plain, jsonl, opened, writable
from chimera_metrics.models import FACT_TABLES

PAGE = Path(__file__).parents[2] / "docs" / "storage.md"
ROWS = 100_000
# As many a day as in the benchmark.
DAYS = 2


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with opened(seed=1) as made:
        for table in ("ui_events", "llm_events"):
            made.fill("chimera_metrics", table, ROWS, DAYS)
            made.merge("chimera_metrics", f"{table}_hourly")
            fill_plain(made, table)
        yield made


@pytest.mark.parametrize(("table", "most", "against_jsonl"), [("ui_events", 18.5, 15), ("llm_events", 31, 8)])
def test_a_row_takes_no_more_than_the_page_says(store: Store, table: str, most: float, against_jsonl: float) -> None:
    modelled, plain = store.disk("chimera_metrics", table), store.disk("plain", table)
    assert modelled.rows == plain.rows == ROWS
    assert modelled.per_row < most < plain.per_row
    assert jsonl(store, table) / modelled.per_row > against_jsonl


def test_raw_bytes_are_those_of_the_values_counted_by_eye(store: Store) -> None:
    # ts 8, session_id 16, commit 40 + 1, latency 8 + 1, schema_version 2; a word its letters and one byte.
    sizes = {column.name: column.raw for column in columns.measure(store, "ui_events")}
    assert [sizes[name] for name in ("ts", "session_id", "commit_sha", "latency_ms", "schema_version")] == [
        8, 16, 41, 9, 2,
    ]  # fmt: skip
    assert 1 + len("error") < sizes["event_type"] < 1 + len("response_view")


def test_no_column_is_stored_below_its_floor_or_far_above_the_best_codec_tried(store: Store) -> None:
    lowest = floors.measure(store, "llm_events")
    for column in columns.measure(store, "llm_events"):
        stable = [size for (type_, codec), size in column.tried.items() if not type_ and "ALP" not in codec]
        assert lowest[column.name][0] <= column.stored <= 1.1 * min(stable) + 0.05, column.name


def test_the_look_up_of_a_session_reads_half_of_the_granules_of_its_day(store: Store) -> None:
    session = reading.sample(store, "chimera_metrics.ui_events", "session_id")
    question = f"SELECT * FROM ui_events WHERE session_id = '{session}'"
    assert reading.granules(store, question, reading.WITHOUT) == (2, ROWS // 8192 + 2)
    parts, granules = reading.granules(store, question)
    assert parts == 1
    assert granules <= 5


def test_events_of_a_commit_that_never_ran_are_known_to_be_none(store: Store) -> None:
    question = f"SELECT * FROM ui_events WHERE commit_sha = '{'7' * 40}'"
    assert reading.granules(store, question, reading.WITHOUT)[1] > 0
    assert reading.granules(store, question) == (0, 0)


def test_a_question_over_days_reads_less_than_a_hundredth_of_the_rows_from_the_rollup(store: Store) -> None:
    asked = [store.ask(select) for select in reading.QUESTIONS[1][2:]]
    assert sorted(asked[0].rows) == sorted(asked[1].rows)
    assert asked[0].rows_read == ROWS
    assert asked[1].rows_read < ROWS / 100


def test_the_page_names_the_codecs_of_the_models(store: Store) -> None:
    sections = PAGE.read_text(encoding="utf-8").split("## Columns of `")[1:]
    assert [section.partition("`")[0] for section in sections] == list(FACT_TABLES)
    for section in sections:
        table = section.partition("`")[0]
        page = section.partition("\n## ")[0]
        rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
        shown = {row[0].strip("| `"): row[5].strip("`") for row in rows}
        codecs = columns.chosen(store, table)
        assert shown == {name: codecs[name] for name in writable(table)}


def test_codecs_named_by_the_models_are_out_of_beta(store: Store) -> None:
    named = store.ask("SELECT compression_codec FROM system.columns WHERE database = 'chimera_metrics'").rows
    assert len(named) > 100
    assert not [codec for (codec,) in named if "ALP" in codec]
