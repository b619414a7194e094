"""Large and wide batches: a call of 10,000 rows, streams, Arrow and frames, 400 days, several writers at once."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd  # type: ignore[import-untyped]
import polars as pl
import pyarrow as pa
import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.writing import blocks as blocking
from chimera_metrics.integrations.writing import streams
from chimera_metrics.integrations.writing.bulk import arrow_hash
from chimera_metrics.models import FACT_TABLES, insertable
from tests.writing.rows import adds_up, counts, make_rows

ROOT = Path(__file__).parents[2]


def test_a_call_of_10000_rows(client: ClickHouseClient) -> None:
    rows = make_rows("ui_events", 10_000, days=5)
    assert client.insert_ui_events(rows)["inserted"] == 10_000
    assert counts(client, "ui_events") == (10_000, 10_000)


def test_rows_over_400_days_in_any_order(client: ClickHouseClient) -> None:
    rows = make_rows("episodes", 600, days=400)
    assert client.insert_episodes(rows)["inserted"] == 600
    assert client.insert_episodes(rows)["duplicates"] == 600
    assert counts(client, "episodes")[0] == 600


FORMS: dict[str, Callable[[list[dict[str, Any]]], Any]] = {
    "arrow": pa.Table.from_pylist,
    "record batch": pa.RecordBatch.from_pylist,
    "reader": lambda rows: pa.Table.from_pylist(rows).to_reader(max_chunksize=7),
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "iterator": iter,
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_rows_is_stored_once(client: ClickHouseClient, form: str) -> None:
    rows = make_rows("ui_events", 300, days=3)
    answers = [client.insert_ui_events(FORMS[form](rows)) for _ in range(2)]
    assert [(answer["inserted"], answer["duplicates"]) for answer in answers] == [(300, 0), (0, 300)]
    assert counts(client, "ui_events") == (300, 300)


@pytest.mark.parametrize("table", ["llm_events", "bench_runs", "session_stats"])
def test_arrow_and_rows_store_the_same_values(client: ClickHouseClient, table: str) -> None:
    rows = make_rows(table, 50, days=3)
    names = ", ".join(column.name for column in insertable(FACT_TABLES[table]))
    found = []
    for form in (list, pa.Table.from_pylist):
        client.executor.command(f"TRUNCATE TABLE {table}")
        assert client.insert(table, form(rows))["inserted"] == 50
        found.append(sorted(client.executor.read(f"SELECT {names} FROM {table}").rows, key=repr))
    assert found[0] == found[1]


def test_a_stream_goes_in_by_pieces_and_its_equal_pieces_are_data(
    client: ClickHouseClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "ROWS_PER_PIECE", 100)
    piece = make_rows("ui_events", 100)
    sums: list[int] = []
    stream = itertools.chain(piece, piece, [{"event_type": "x"}], make_rows("ui_events", 49, 1))
    answer = client.insert_stream("ui_events", stream, on_invalid="skip", progress=lambda r: sums.append(r["received"]))
    assert (answer["received"], answer["inserted"], answer["rejected_count"], answer["batches"]) == (250, 249, 1, 3)
    assert answer["rejected"][0]["index"] == 200
    assert sums == [100, 200, 250]
    again = client.insert_stream("ui_events", iter([*piece, *piece]))
    assert (again["inserted"], again["duplicates"]) == (0, 200)
    assert counts(client, "ui_events") == (249, 249)


def test_a_stream_under_a_key_that_says_something_else_is_refused(
    client: ClickHouseClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "ROWS_PER_PIECE", 10)
    rows = make_rows("episodes", 30)
    assert client.insert_stream("episodes", iter(rows), "k")["inserted"] == 30
    assert client.insert_stream("episodes", iter(rows), "k")["duplicates"] == 30
    with pytest.raises(InvalidInput, match="'k#2' was used"):
        client.insert_stream("episodes", iter(rows[:-1]), "k")
    assert counts(client, "episodes")[0] == 30


def test_the_hash_of_a_table_does_not_depend_on_its_chunks() -> None:
    rows = [row | {"latency_ms": None if n % 3 else 1.5} for n, row in enumerate(make_rows("ui_events", 200))]
    whole = pa.Table.from_pylist(rows)
    for start, stop in ((0, 20), (50, 70), (13, 14)):
        fresh = pa.Table.from_pylist(rows[start:stop], schema=whole.schema)
        assert arrow_hash("ui_events", whole.slice(start, stop - start)) == arrow_hash("ui_events", fresh)
    pieces = pa.concat_tables([whole.slice(0, 7), whole.slice(7, 100), whole.slice(107)])
    assert arrow_hash("ui_events", whole) == arrow_hash("ui_events", pieces)
    assert arrow_hash("ui_events", whole) != arrow_hash("ui_events", whole.slice(1))
    assert arrow_hash("ui_events", whole) != arrow_hash("llm_events", whole)


def test_a_day_too_large_for_one_block_is_sliced(client: ClickHouseClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocking, "ROWS_PER_BLOCK", 40)
    for form in (list, pa.Table.from_pylist):
        rows = make_rows("ui_events", 250, len(repr(form)), days=2)
        assert client.insert_ui_events(form(rows))["inserted"] == 250
    assert counts(client, "ui_events") == (500, 500)


def test_several_writers_at_once(client: ClickHouseClient) -> None:
    answers: list[Any] = []

    def write(seed: int) -> None:
        for number in range(5):
            answers.append(client.insert_ui_events(make_rows("ui_events", 40, 10 * seed + number, days=3)))

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(map(adds_up, answers))
    assert sum(answer["inserted"] for answer in answers) == 6 * 5 * 40
    assert counts(client, "ui_events") == (1200, 1200)


def test_writers_in_several_processes_share_the_embedded_store(tmp_path: Path, embedded: ClickHouseSettings) -> None:
    program = (
        "import sys; from chimera_metrics.integrations.clickhouse_client import ClickHouseClient\n"
        "from chimera_metrics.integrations.config import ClickHouseSettings\n"
        "from tests.writing.rows import make_rows\n"
        "with ClickHouseClient(ClickHouseSettings(path=sys.argv[1], store_wait=60)) as client:\n"
        "    for seed in (1, 2, int(sys.argv[2])):\n"
        "        print(client.insert_deployments(make_rows('deployments', 20, seed))['inserted'])"
    )
    with ClickHouseClient(embedded) as client:
        client.executor.command("TRUNCATE TABLE deployments")
        client.executor.command("TRUNCATE TABLE insert_ledger")
    words = [sys.executable, "-c", program, embedded.path]
    started = [subprocess.Popen([*words, seed], cwd=ROOT, stdout=subprocess.PIPE, text=True) for seed in ("3", "4")]
    told = [int(line) for process in started for line in process.communicate(timeout=60)[0].split()]
    with ClickHouseClient(embedded) as client:
        assert counts(client, "deployments")[0] == sum(told) == 80


def test_a_million_rows_of_an_iterator_are_never_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer takes a piece while it stores another, and no more: seen by how far the iterator has been read."""
    taken = 0
    ahead: list[int] = []

    def rows() -> Iterator[dict[str, Any]]:
        nonlocal taken
        for row in itertools.repeat({"event_type": "x"}, 100 * streams.ROWS_PER_PIECE):
            taken += 1
            yield row

    class Writer:
        def check(self, table: str, piece: Any, *_: Any) -> Any:
            return piece

        def store(self, piece: Any) -> Any:
            stored.append(len(piece))
            ahead.append(taken - sum(stored))
            empty: dict[str, Any] = {"rejected": [], "masked": {}, "rounded": {}, "note": None, "batch_id": None}
            return (
                empty
                | dict.fromkeys(("inserted", "duplicates", "replaced", "rejected_count", "quarantined"), 0)
                | {"received": len(piece)}
            )

    stored: list[int] = []
    result = streams.insert_stream(Writer(), "ui_events", rows())  # type: ignore[arg-type]
    assert result["received"] == 100 * streams.ROWS_PER_PIECE
    assert max(ahead) <= streams.ROWS_PER_PIECE
