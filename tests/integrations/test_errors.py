"""Whatever a caller does wrong is a MuseError: one sentence, caught by one `except`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import bindparam, column, delete, select, table
from sqlalchemy.schema import DropTable

from chimera_metrics.errors import MuseError
from chimera_metrics.integrations.async_client import AsyncClickHouseClient
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.models import metadata

Call = Callable[[ClickHouseClient], Any]
EARLY = datetime(2026, 1, 2, tzinfo=UTC)

MISTAKES: dict[str, Call] = {
    "more than a read": lambda client: client.query("DROP TABLE episodes"),
    "no SQL at all": lambda client: client.query("nonsense"),
    "two statements": lambda client: client.query("SELECT 1; SELECT 2"),
    "a table that is not there": lambda client: client.query("SELECT * FROM nowhere"),
    "a column that is not there": lambda client: client.query("SELECT nothing FROM episodes"),
    "a parameter that is missing": lambda client: client.query("SELECT {a:Int32}"),
    "a parameter of another type": lambda client: client.query("SELECT {a:Int32}", {"a": "x"}),
    "too many rows": lambda client: client.query("SELECT 1", max_rows=10**9),
    "too much time": lambda client: client.query("SELECT 1", timeout_s=10**9),
    "SQL of execute_query": lambda client: client.execute_query("DROP TABLE episodes"),
    "a Select of another table": lambda client: client.execute_query(select(column("a")).select_from(table("b"))),
    "a Select with parameters": lambda client: client.execute_query(select(column("a")), {"a": 1}),
    "an unknown metric": lambda client: client.aggregate(["llm.cals"]),
    "no metric": lambda client: client.aggregate([]),
    "metrics of two tables": lambda client: client.aggregate(["llm.calls", "ui.events"]),
    "an unknown dimension": lambda client: client.aggregate(["llm.calls"], group_by=["nothing"]),
    "an unknown granularity": lambda client: client.aggregate(["llm.calls"], granularity="eon"),  # type: ignore[arg-type]
    "an unknown operator": lambda client: client.aggregate(
        ["llm.calls"], filters=[{"column": "model", "op": "~", "value": "x"}]
    ),
    "a filter without a value": lambda client: client.aggregate(["llm.calls"], filters=[{"column": "model"}]),
    "a window that ends before it begins": lambda client: client.trend("llm.calls", since=EARLY, until="2026-01-01"),
    "a time that is none": lambda client: client.trend("llm.calls", since="yesterday-ish"),
    "days and since": lambda client: client.trend("llm.calls", days=3, since=EARLY),
    "days below zero": lambda client: client.trend("llm.calls", days=-1),
    "an unknown method": lambda client: client.correlate("llm.calls", "ui.events", method="guess"),  # type: ignore[arg-type]
    "a lag out of range": lambda client: client.correlate("llm.calls", "ui.events", max_lag=-1),
    "an unknown table to describe": lambda client: client.describe("nowhere"),
    "an unknown table to insert": lambda client: client.insert("nowhere", [{}]),
    "a row that is none": lambda client: client.insert_episodes(7),
    "a key that is none": lambda client: client.insert_episodes([{}], idempotency_key=""),
}
# What a type checker would refuse, and a notebook does not.
TYPES: dict[str, Callable[[Any], Any]] = {
    "SQL that is no text": lambda client: client.query(3),
    "SQL in bytes": lambda client: client.query(b"SELECT 1"),
    "parameters in a list": lambda client: client.query("SELECT {a:Int32}", [1]),
    "names of parameters that are no text": lambda client: client.query("SELECT 1", {1: 2, "a": 3}),
    "rows as text": lambda client: client.query("SELECT 1", max_rows="ten"),
    "half a row": lambda client: client.query("SELECT 1", max_rows=1.5),
    "time as text": lambda client: client.query("SELECT 1", timeout_s="soon"),
    "a statement that is none": lambda client: client.execute_query(1),
    "a Select without its value": lambda client: client.execute_query(select(bindparam("x"))),
    "DDL as an object": lambda client: client.execute_query(DropTable(metadata.tables["episodes"])),
    "a Select that cannot be compiled": lambda client: client.execute_query(delete(metadata.tables["episodes"])),
    "a number to describe": lambda client: client.describe(3),
    "a number as metric": lambda client: client.trend(4),
    "a number as group": lambda client: client.trend("llm.calls", group_by=5),
    "three groups of a trend": lambda client: client.trend("llm.calls", group_by=["model", "source", "operation"]),
    "no metrics": lambda client: client.aggregate(None),
    "half a day": lambda client: client.get_quality_metrics(days=1.5),
    "days as text": lambda client: client.get_correlation_data(days="week"),
    "a lag as text": lambda client: client.correlate("llm.calls", "ui.events", max_lag="one"),
    "a filter as text": lambda client: client.correlate(
        "llm.calls", "ui.events", x_filters="model=opus or model=haiku"
    ),
    "a mapping of models": lambda client: client.get_performance_summary(model={"name": "opus"}),
}
MISTAKES |= TYPES


@pytest.mark.parametrize("mistake", list(MISTAKES.values()), ids=list(MISTAKES))
def test_a_mistake_is_a_muse_error_and_one_sentence(client: ClickHouseClient, mistake: Call) -> None:
    with pytest.raises(MuseError) as caught:
        mistake(client)
    text = str(caught.value)
    assert text == caught.value.sentence
    assert "Traceback" not in text
    assert len(text.splitlines()) == 1
    assert len(text) > 15


@pytest.mark.parametrize("group_by", ["model", ["model"], ("model",)], ids=str)
def test_one_group_may_stand_without_a_list_and_in_one(client: ClickHouseClient, group_by: Any) -> None:
    assert client.aggregate("llm.calls", group_by=group_by)["columns"][0]["name"] == "model"
    assert client.trend("llm.calls", group_by=group_by)["group_by"] == ["model"]


def test_one_filter_may_stand_without_a_list(client: ClickHouseClient) -> None:
    given: Any = {"column": "model", "value": "opus"}
    assert client.aggregate("llm.calls", filters=given)["rows"] == [[0]]
    assert client.trend("llm.calls", filters=given)["filters"] == ["model = opus"]
    assert client.correlate("llm.calls", "ui.events", x_filters=given)["n"] == 0


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"port": "x"}, "CH_PORT holds 'x', but takes a whole number: native protocol port."),
        ({"timeout": 0}, "CH_TIMEOUT holds 0, but takes a number greater than 0: seconds for one statement."),
    ],
)
def test_a_wrong_setting_in_python_is_the_sentence_of_its_variable(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(MuseError) as caught:
        ClickHouseSettings(**given)
    assert str(caught.value) == sentence


def test_a_closed_async_client_says_so(settings: ClickHouseSettings) -> None:
    async def ask_after_the_end() -> None:
        client = AsyncClickHouseClient(settings)
        assert await client.ready()
        await client.close()
        await client.close()
        with pytest.raises(MuseError, match="closed; make a new one"):
            await client.query("SELECT 1")

    asyncio.run(ask_after_the_end())
