"""The ceiling of an answer's bytes holds, and what is said of a cut is so."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from chimera_metrics.integrations.answers.shortening import shortened
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings
from chimera_metrics.integrations.errors import StatementFailed

ROOM = 1_000
ROWS: dict[str, list[Any]] = {
    "a text": ["x" * 5_000, 1],
    "characters of several bytes": ["é\n" * 5_000, None],
    "two texts": ["x" * 5_000, "y" * 300, "z" * 9_000],
    "a list": [list(range(10_000)), "short"],
    "a list of long texts": [["x" * 900, "y" * 900, "z"], 1.5],
    "a tuple with a long text in it": [[["x" * 9_000, 1]], True],
    "a map": [{f"key{n}": "v" * 50 for n in range(100)}],
    "many": ["x" * 90 for _ in range(20)],
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_row_that_alone_is_too_long_is_cut_to_its_room(row: list[Any]) -> None:
    kept, _ = shortened(row, [f"c{n}" for n in range(len(row))], ROOM)
    assert ROOM * 0.8 < len(orjson.dumps(kept)) <= ROOM
    assert [type(one) for one in kept] == [type(one) for one in row]


def test_short_values_stay_whole_and_the_cut_ones_are_named() -> None:
    kept, said = shortened(["x" * 5_000, "short", list(range(9_000))], ["title", "model", "list"], ROOM)
    assert kept[1] == "short"
    cut = f"it is cut: title after {len(kept[0])} characters, list after {len(kept[2])} items. Read the rest"
    assert said.startswith(f"The first row alone is longer than that, so {cut}")
    assert "model" not in said


LONG = [
    ("SELECT groupArray(number) AS a FROM numbers(1000000)", "it is cut: a after "),
    ("SELECT repeat('x', 100000) AS a, 1 AS b", "it is cut: a after "),
    ("SELECT [(repeat('x', 1000000), number)] AS a FROM numbers(2)", "it is cut: a inside its items."),
    ("SELECT map('k', range(500000)) AS a", "it is cut: a inside its items."),
    ("SELECT repeat('\\n', 100000) AS a", "it is cut: a after "),
    ("SELECT arrayStringConcat(arrayMap(x -> repeat('y', 1000000), range(20))) AS a", "it is cut: a after "),
]


@pytest.mark.parametrize(("sql", "said"), LONG, ids=[sql for sql, _ in LONG])
def test_one_long_row_stays_within_the_ceiling(client: ClickHouseClient, sql: str, said: str) -> None:
    answer = client.query(sql)
    assert 50_000 < len(orjson.dumps(answer)) <= 60_000
    assert (answer.row_count, answer.truncated) == (1, True)
    assert answer.truncated_reason.startswith("Stopped at 60000 bytes. The first row alone is longer than that")
    assert said in answer.truncated_reason
    assert ("OFFSET 1" in answer.truncated_reason) is ("numbers(2)" in sql)


def test_a_long_row_after_short_ones_is_left_for_the_next_page(client: ClickHouseClient) -> None:
    answer = client.query("SELECT number, repeat('x', number * 100000) AS a FROM numbers(3) ORDER BY number")
    assert answer.rows == [[0, ""]]
    assert answer.truncated_reason.startswith("Stopped after 1 row at 60000 bytes; ")


def test_rows_after_one_that_has_no_room_are_not_even_shaped(client: ClickHouseClient) -> None:
    answer = client.query("SELECT groupArray(number) AS a FROM numbers(1000000) GROUP BY number % 100 ORDER BY a")
    assert len(orjson.dumps(answer)) <= 60_000
    assert answer.row_count == 1
    assert "LIMIT … OFFSET 1" in answer.truncated_reason


def test_names_of_columns_count_too(client: ClickHouseClient) -> None:
    columns = ", ".join(f"number AS a_rather_long_name_of_a_column_{n}" for n in range(300))
    answer = client.query(f"SELECT {columns} FROM numbers(1000)", max_rows=1000)
    assert len(orjson.dumps(answer)) <= 60_000


@pytest.mark.parametrize(
    "sql",
    ["SELECT groupArray([number]) FROM numbers(5000000)", "SELECT repeat('x', 100000) FROM numbers(1000)"],
)
def test_what_is_too_much_to_be_read_at_all_is_a_sentence(embedded: ClickHouseSettings, sql: str) -> None:
    with ClickHouseClient(embedded) as client, pytest.raises(StatementFailed, match=r"more than 32 MB, .*substring"):
        client.query(sql, max_rows=10_000)


def test_a_program_gets_long_values_whole(client: ClickHouseClient) -> None:
    [row] = client.execute_query("SELECT repeat('x', 1000000) AS a, range(100000) AS b")
    assert (len(row["a"]), len(row["b"])) == (1_000_000, 100_000)


def test_the_ceiling_is_the_setting_s(embedded: ClickHouseSettings) -> None:
    with ClickHouseClient(embedded, MuseSettings(max_result_bytes=5_000)) as client:
        answer = client.query("SELECT repeat('x', 100000) AS a")
    assert 4_000 < len(orjson.dumps(answer)) <= 5_000
