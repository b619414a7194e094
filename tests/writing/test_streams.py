"""Streams: a piece is known by what it holds, and the answer says what became of the pieces."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.writing import streams
from tests.writing.rows import adds_up, counts, make_rows

WRONG = {"latency_ms": -1.0}


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "ROWS_PER_PIECE", 10)
    monkeypatch.setattr(streams, "ARROW_ROWS_PER_PIECE", 10)


@pytest.mark.parametrize("key", [None, "k"])
@pytest.mark.parametrize("form", [iter, pa.Table.from_pylist], ids=["iterator", "arrow"])
def test_a_stream_sent_again_with_a_row_corrected_stores_only_what_was_missing(
    client: ClickHouseClient, form: Any, key: str | None
) -> None:
    rows = make_rows("ui_events", 45)
    first = client.insert_ui_events(form([row | WRONG if place == 13 else row for place, row in enumerate(rows)]), key)
    assert (first["inserted"], first["rejected_count"], first["rejected"][0]["index"]) == (35, 10, 13)
    assert first["note"] == (
        "1 of the 5 pieces of this stream holds wrong rows, so none of the 10 rows of that piece was stored; 35 rows "
        "of the others are. Correct the wrong rows where they stand and send the whole stream again: only what is "
        'missing is stored. on_invalid "skip" stores the right rows of such a piece too.'
    )
    again = client.insert_ui_events(form(rows), key)
    assert (again["inserted"], again["duplicates"], adds_up(again)) == (10, 35, True)
    assert again["note"] == "35 of these rows were stored before and are not stored again."
    assert "This batch was stored at" in str(client.insert_ui_events(form(rows), key)["note"])
    assert counts(client, "ui_events") == (45, 45)


def test_equal_pieces_of_one_stream_are_data_and_known_again(client: ClickHouseClient) -> None:
    piece, other = make_rows("ui_events", 10), make_rows("ui_events", 10, 1)
    assert client.insert_ui_events(iter([*piece, *other, *piece]))["inserted"] == 30
    assert client.insert_ui_events(iter([*piece, *other, *piece]))["duplicates"] == 30
    more = client.insert_ui_events(iter([*piece, *piece, *piece]))
    assert (more["inserted"], more["duplicates"]) == (10, 20)
    assert counts(client, "ui_events") == (40, 40)


def test_the_first_piece_of_a_stream_is_the_same_batch_as_the_same_rows_in_a_list(client: ClickHouseClient) -> None:
    rows = make_rows("ui_events", 20)
    client.insert_ui_events(rows[10:])
    stored = client.insert_ui_events(iter(rows))
    assert (stored["inserted"], stored["duplicates"]) == (10, 10)
    assert client.insert_ui_events(rows[:10])["duplicates"] == 10
    assert client.insert_ui_events(rows)["inserted"] == 20, "a list is one batch, whatever it holds"


def test_a_stream_under_a_key_may_go_on_at_the_end_of_a_piece(client: ClickHouseClient) -> None:
    rows = make_rows("episodes", 35)
    assert client.insert_episodes(iter(rows[:20]), "k")["inserted"] == 20
    assert client.insert_episodes(iter(rows[:10]), "k")["duplicates"] == 10
    longer = client.insert_episodes(iter(rows), "k")
    assert (longer["inserted"], longer["duplicates"]) == (15, 20)
    with pytest.raises(InvalidInput, match=r"'k#3' was used at .* for other rows"):
        client.insert_episodes(iter(rows[:33]), "k")
    assert counts(client, "episodes")[0] == 35


CALLS: dict[str, tuple[dict[str, Any], str]] = {
    "a key that is no text": ({"idempotency_key": 5}, "idempotency_key takes text of 1 to 200 characters; this is int"),
    "no characters": ({"idempotency_key": ""}, "idempotency_key takes text of 1 to 200 characters; this has 0"),
    "too many": ({"idempotency_key": "k" * 201}, "idempotency_key takes text of 1 to 200 characters; this has 201"),
    "half a character": ({"idempotency_key": "\ud800"}, "idempotency_key takes valid Unicode text"),
    "a word unknown": ({"on_invalid": "bogus"}, 'on_invalid takes "reject_batch" or "skip", not \'bogus\''),
    "a word of no kind": ({"on_invalid": None}, 'on_invalid takes "reject_batch" or "skip", not None'),
    "nothing": ({"rows": None}, "Rows are a list or an iterable of mappings, .*; this is NoneType"),
    "a number": ({"rows": 5}, "Rows are a list or an iterable of mappings, .*; this is int"),
    "text": ({"rows": "text"}, "Rows are a list or an iterable of mappings, .*; this is str"),
    "one row": ({"rows": {"series": "s"}}, "This is one row; put it into a list"),
}


@pytest.mark.parametrize("case", CALLS)
@pytest.mark.parametrize("form", [list, iter, pa.Table.from_pylist], ids=["list", "iterator", "arrow"])
def test_a_wrong_argument_is_one_sentence(embedded: ClickHouseSettings, case: str, form: Any) -> None:
    words, sentence = CALLS[case]
    with ClickHouseClient(embedded) as client, pytest.raises(InvalidInput, match=sentence):
        client.insert("episodes", **({"rows": form(make_rows("episodes", 1))} | words))
