"""What makes two batches the same batch, and what must never do so."""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pandas as pd  # type: ignore[import-untyped]
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.writing.bulk import arrow_hash
from chimera_metrics.integrations.writing.ledger import content_hash
from tests.writing.rows import counts, make_rows

WORDS = pa.dictionary(pa.int8(), pa.string())
VIEW = pa.string_view()


def _arrow(type_: Any, *values: Any) -> Any:
    return pa.table({"a": pa.array(values, type_)})


def _runs(*values: str) -> Any:
    return pa.table({"a": pc.run_end_encode(pa.array(values))})


LAYOUTS: dict[str, tuple[Any, Any]] = {
    "dictionary": (_arrow(WORDS, "x", "y"), _arrow(WORDS, "z", "w")),
    "dictionary in a struct": (
        _arrow(pa.struct([("b", WORDS)]), {"b": "x"}),
        _arrow(pa.struct([("b", WORDS)]), {"b": "z"}),
    ),
    "dictionary in a list": (_arrow(pa.list_(WORDS), ["x"]), _arrow(pa.list_(WORDS), ["z"])),
    "dictionary in a list of fixed size": (_arrow(pa.list_(WORDS, 1), ["x"]), _arrow(pa.list_(WORDS, 1), ["z"])),
    "dictionary in a map": (
        _arrow(pa.map_(pa.string(), WORDS), [("k", "x")]),
        _arrow(pa.map_(pa.string(), WORDS), [("k", "z")]),
    ),
    "pandas categories": (
        pa.Table.from_pandas(pd.DataFrame({"a": pd.Categorical(["x", "y"])})),
        pa.Table.from_pandas(pd.DataFrame({"a": pd.Categorical(["z", "w"], categories=["z", "w"])})),
    ),
    "polars categories": (
        pa.table(pl.DataFrame({"a": pl.Series(["x", "y"], dtype=pl.Categorical)})),
        pa.table(pl.DataFrame({"a": pl.Series(["z", "w"], dtype=pl.Categorical)})),
    ),
    "polars words in a struct": (
        pa.table(pl.DataFrame({"a": [{"b": "x"}]})),
        pa.table(pl.DataFrame({"a": [{"b": "z"}]})),
    ),
    "view in a list": (_arrow(pa.list_view(VIEW), ["x"], None), _arrow(pa.list_view(VIEW), ["z"], None)),
    "bytes": (_arrow(pa.binary_view(), b"x"), _arrow(pa.binary_view(), b"z")),
    "runs": (_runs("x", "x", "y"), _runs("x", "z", "z")),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_tables_are_told_apart_by_their_values_however_those_are_laid_out(layout: str) -> None:
    left, right = LAYOUTS[layout]
    assert arrow_hash("t", left) != arrow_hash("t", right)
    twice = pa.concat_tables([left, left])
    assert arrow_hash("t", left) == arrow_hash("t", twice.slice(left.num_rows))


def test_a_dictionary_is_a_matter_of_layout_whatever_else_it_holds() -> None:
    words = pa.DictionaryArray.from_arrays(pa.array([1, 0], pa.int8()), ["unused", "x", "y"][1:])
    other = pa.DictionaryArray.from_arrays(pa.array([2, 1], pa.int32()), ["unused", "x", "y"])
    hashes = {arrow_hash("t", pa.table({"a": array})) for array in (words, other, pa.array(["y", "x"]))}
    assert len(hashes) == 1


def test_the_hashes_of_batches_that_a_ledger_may_hold_stay_what_they_were() -> None:
    table = pa.table({"a": pa.array(["x", None]), "b": pa.array([1.5, 2.0]), "c": pa.array([{"d": 1}, None])})
    rows: list[dict[str, Any]] = [
        {"a": 1, "b": None, "c": {"d": [1, None]}},
        {"a": 2.5, "b": "null", "c": Decimal("1.50")},
    ]
    assert [
        arrow_hash("ui_events", table),
        arrow_hash("ui_events", _arrow(VIEW, "x", None)),
        content_hash("ui_events", rows),
        content_hash("ui_events", [{"a": 2**70, "b": {"c": None}}]),
    ] == [
        "78ec93cd995c7b4ccbc77147b54c77b32df49e865a1119edbfe7816e6c6deaa3",
        "c6a40c7ada09f5c5850e13cd1c8ac9f902728be3048a2cf3d7a7f479924dd35a",
        "6a7734baf7f1af38a8898ceb97585ffa1077909dc2d9493427e70399a2fd9a8a",
        "b7c9aa4ab61c822e88765552eddb41dfef4380aabe139923224c6cb31172fcf5",
    ]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_not_nothing(number: float) -> None:
    batches: list[list[dict[str, Any]]] = [
        [{"a": number, "b": "null"}, {}],
        [{"a": None, "b": "null"}, {}],
        [{"b": "null", "c": {"d": [number]}}, {}],
        [{"b": "null", "c": {"d": [None]}}, {}],
        [{"a": [number], "b": "null"}, {"a": None}],
    ]
    assert len({content_hash("t", rows) for rows in batches}) == len(batches)
    assert len({content_hash("t", [{"a": other}]) for other in (float("nan"), float("inf"), -float("inf"))}) == 3


def test_a_row_that_was_refused_for_nan_is_never_answered_as_stored_once_it_is_corrected(
    client: ClickHouseClient,
) -> None:
    one, other = make_rows("ui_events", 2)
    refused = client.insert_ui_events([one | {"latency_ms": float("nan")}, other], "corrected", "skip")
    assert (refused["inserted"], refused["rejected_count"]) == (1, 1)
    with pytest.raises(InvalidInput, match=r"was used at .* for other rows"):
        client.insert_ui_events([one | {"latency_ms": None}, other], "corrected", "skip")
    assert counts(client, "ui_events")[0] == 1


def test_categories_with_other_words_under_one_key_are_refused(client: ClickHouseClient) -> None:
    ids = [str(uuid.uuid4()) for _ in range(2)]
    words = [pd.Categorical(["x", "y"]), pd.Categorical(["z", "w"], categories=["z", "w"])]
    frames = [pd.DataFrame({"session_id": ids, "event_type": found}) for found in words]
    assert client.insert_ui_events(frames[0], "words")["inserted"] == 2
    with pytest.raises(InvalidInput, match=r"was used at .* for other rows"):
        client.insert_ui_events(frames[1], "words")
    assert client.insert_ui_events(frames[1])["inserted"] == 2


class Row(Mapping[str, Any]):
    """A row that is no dict, such as drivers of databases give."""

    def __init__(self, **values: Any) -> None:
        self._values = values

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class Opaque:
    """Something that no column takes."""


@pytest.mark.parametrize("more", [1, 2**70], ids=["small", "beyond 64 bits"])
def test_rows_are_told_apart_by_what_they_hold_not_by_their_type(more: int) -> None:
    plain = content_hash("t", [{"a": {"b": [{"c": more}]}, "d": 1}])
    others = [
        Row(d=1, a=Row(b=[Row(c=more)])),
        OrderedDict(a={"b": [OrderedDict(c=more)]}, d=1),
        OrderedDict(d=1, a=Row(b=[{"c": more}])),
    ]
    assert {content_hash("t", [row]) for row in others} == {plain}
    assert content_hash("t", [Row(a=Row(b=2), d=more)]) != content_hash("t", [Row(a=Row(b=3), d=more)])
    assert content_hash("t", [{"a": Opaque(), "d": more}]) == content_hash("t", [{"a": Opaque(), "d": more}])


@pytest.mark.parametrize("within", [list, tuple, dict])
def test_what_differs_in_the_innermost_alone_is_stored_or_refused_and_never_taken_for_known(
    client: ClickHouseClient, within: Any
) -> None:
    for times in (200, *range(248, 304)):
        found = []
        for innermost in (1, 2):
            value: Any = innermost
            for _ in range(times):
                value = {"a": value} if within is dict else within([value])
            row = make_rows("ui_events", 1)[0] | {"metadata": {"a": value}}
            found.append(client.insert_ui_events([row]))
        assert [(one.duplicates, one.inserted + one.rejected_count) for one in found] == [(0, 1), (0, 1)], times


@pytest.mark.parametrize("times", [300, 1_000, 5_000, 50_000])
@pytest.mark.parametrize("within", [list, tuple, dict, "all"])
def test_a_value_nested_however_deep_is_refused_with_a_sentence(
    client: ClickHouseClient, within: Any, times: int
) -> None:
    value: Any = 1
    for turn in range(times):
        kind = (list, tuple, dict)[turn % 3] if within == "all" else within
        value = {"a": value} if kind is dict else kind([value])
    for field, said in (("metadata", "nested too deeply"), ("event_type", "event_type holds a")):
        row = make_rows("ui_events", 1)[0] | {field: {"a": value} if field == "metadata" else value}
        answer = client.insert_ui_events([row])
        assert answer.inserted == 0
        assert said in answer.rejected[0].error
