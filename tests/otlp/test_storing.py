"""Spans in the store: each once, in the table and its rollup, whatever way it comes again."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.otlp.json_form import read_json
from chimera_metrics.integrations.otlp.spans import Span
from chimera_metrics.integrations.otlp.storing import SpanStore, Stored
from tests.otlp.made import recorded, request, span


def scalar(client: ClickHouseClient, expression: str, table: str = "llm_events") -> Any:
    return client.executor.scalar(f"SELECT {expression} FROM {table}")


def spans(*numbers: int, **attributes: Any) -> list[Span]:
    return read_json(request(*(span(number, **attributes) for number in numbers)))


def test_a_request_sent_again_is_stored_once(client: ClickHouseClient) -> None:
    store, given = SpanStore(client), read_json(recorded("litellm"))
    assert store.store(given) == Stored(spans=10, stored=6, ignored=4)
    assert store.store(given) == Stored(spans=10, duplicates=6, ignored=4)
    assert scalar(client, "count()") == scalar(client, "sum(events)", "llm_events_hourly") == 6


def test_the_same_spans_in_other_requests_are_stored_once(client: ClickHouseClient) -> None:
    numbers, rng = list(range(1000)), random.Random(3)
    for size in (1000, 300, 170):
        for start in range(0, 1000, size):
            SpanStore(client).store(spans(*numbers[start : start + size]))
        rng.shuffle(numbers)
    assert scalar(client, "count()") == scalar(client, "uniqExact(run_id)") == 1000
    assert scalar(client, "sum(events)", "llm_events_hourly") == 1000


def test_requests_at_the_same_time_store_a_span_once(client: ClickHouseClient) -> None:
    store = SpanStore(client)
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda start: store.store(spans(*range(start, start + 30))), [0, 10, 20, 0, 5, 15]))
    assert sum(one.stored for one in told) == scalar(client, "count()") == 50


def test_a_span_twice_in_a_request_is_a_duplicate(client: ClickHouseClient) -> None:
    assert SpanStore(client).store(spans(1, 1, 2)) == Stored(spans=3, stored=2, duplicates=1)


@pytest.mark.parametrize("together", [True, False])
def test_of_nested_calls_the_inner_one_is_the_row(client: ClickHouseClient, together: bool) -> None:
    """A proxy and a client library both tell of one call; the inner span ends first."""
    inner, outer = span(1, 2, **{"gen_ai.request.model": "inner"}), span(2)
    store = SpanStore(client)
    for body in [request(outer, inner)] if together else [request(inner), request(outer)]:
        store.store(read_json(body))
    assert scalar(client, "groupArray(model)") == ["inner"]


def test_personal_data_is_masked(client: ClickHouseClient) -> None:
    failed = span(1) | {"status": {"code": 2, "message": "no account jane.doe@example.org"}}
    SpanStore(client).store(read_json(request(failed)))
    assert "jane" not in scalar(client, "any(error_msg)")


def test_a_row_that_cannot_be_stored_is_rejected_alone(client: ClickHouseClient) -> None:
    bad = span(1, **{"gen_ai.usage.input_tokens": 2**40})
    told = SpanStore(client).store(read_json(request(bad, span(2), span(3) | {"endTimeUnixNano": "0"})))
    assert (told.stored, told.rejected) == (1, 2)
    assert told.error


def test_a_cost_below_a_millionth_is_summed_up(client: ClickHouseClient) -> None:
    SpanStore(client).store(spans(*range(300), **{"gen_ai.usage.cost": 1e-07}))
    assert scalar(client, "sum(cost_usd)") == Decimal("0.00003")
    assert scalar(client, "sum(cost_usd)", "llm_events_hourly") == Decimal("0.00003")
