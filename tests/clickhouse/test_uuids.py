"""UUIDs of an answer: the same objects and the same texts as the codec makes, in columns, parts and nested types."""

from __future__ import annotations

import random
from uuid import UUID

import pytest

from chimera_metrics.integrations.answers.shaping import Shaper
from chimera_metrics.integrations.clickhouse.codec import decode, encode
from chimera_metrics.integrations.clickhouse.uuids import UUIDColumn
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient

_DRAWN = random.Random(11)
IDS = [
    UUID(int=0),
    UUID(int=1),
    UUID(int=2**128 - 1),
    UUID("00112233-4455-6677-8899-aabbccddeeff"),
    *(UUID(int=_DRAWN.getrandbits(128)) for _ in range(300)),
]


def column_of(ids: list[UUID]) -> UUIDColumn:
    (_, (found,)) = decode(b"".join(encode(["id"], ["UUID"], [ids])))
    assert isinstance(found, UUIDColumn)
    return found


def test_a_column_is_the_ids_and_their_texts() -> None:
    assert list(column_of(IDS)) == IDS
    assert column_of(IDS).texts() == list(map(str, IDS))
    assert len(column_of(IDS)) == len(IDS)


@pytest.mark.parametrize(
    "part", [slice(0, 3), slice(3, None), slice(-2, None), slice(5, 5), slice(9, 2), slice(0, 9, 4)]
)
@pytest.mark.parametrize("made", [False, True])
def test_a_part_is_that_part(part: slice, made: bool) -> None:
    column = column_of(IDS)
    assert not made or column[0] == IDS[0]
    assert list(column[part]) == IDS[part]
    assert Shaper().column(column[part], "id", "UUID") == list(map(str, IDS[part]))


def test_single_ids_are_found() -> None:
    column = column_of(IDS)
    assert (column[0], column[3], column[-1]) == (IDS[0], IDS[3], IDS[-1])
    assert IDS[7] in column
    with pytest.raises(IndexError):
        column[len(IDS)]


def test_a_column_is_stored_as_it_was_read() -> None:
    sent = b"".join(encode(["id"], ["UUID"], [IDS]))
    columns, data = decode(sent)
    assert b"".join(encode([columns[0].name], [columns[0].type], data)) == sent


def test_several_blocks_are_one_column() -> None:
    sent = b"".join(encode(["id"], ["UUID"], [IDS]))
    _, (found,) = decode(sent + sent)
    assert list(found) == IDS + IDS


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        ("Nullable(UUID)", [IDS[3], None, IDS[9]]),
        ("LowCardinality(UUID)", [IDS[3], IDS[3], IDS[9]]),
        ("Array(UUID)", [[IDS[3], IDS[9]], [], [IDS[1]]]),
        ("Map(String, UUID)", [{"a": IDS[3]}, {}]),
        ("Tuple(UUID, UInt8)", [(IDS[3], 1), (IDS[9], 2)]),
    ],
)
def test_what_stands_within_other_types_is_made_at_once(type_: str, values: list[object]) -> None:
    _, (found,) = decode(b"".join(encode(["id"], [type_], [values])))
    assert list(found) == values


def test_answers_rows_and_dicts_hold_the_same_ids(client: ClickHouseClient) -> None:
    sql = f"SELECT toUUID(a) AS id FROM (SELECT arrayJoin({[str(id_) for id_ in IDS[:40]]}) AS a)"
    assert [row[0] for row in client.query(sql)["rows"]] == list(map(str, IDS[:40]))
    assert [row["id"] for row in client.execute_query(sql)] == IDS[:40]
    assert client.query("SELECT toUUID(a) AS id FROM (SELECT arrayJoin([] :: Array(String)) AS a)")["rows"] == []
