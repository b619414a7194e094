"""A value that no row has answers as it is, beside a note with the values that there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.results import Result
from tests.analytics.conftest import at
from tests.analytics.rows import bench, deployment, llm, ui
from tests.questions.conftest import Fill

Ask = Callable[[ClickHouseClient], Result]
STATUS = "No row of llm_events has status = error; known are success, failure, timeout (did you mean failure?)."
SHOUTED = "No row of llm_events has status = FAILURE; known are success, failure, timeout (did you mean failure?)."
MODEL = "No row of llm_events has model = gpt4o-mini; known are gpt-4o-mini, opus (did you mean gpt-4o-mini?)."
LIKE = "No row of llm_events has model like %GPT%; known are gpt-4o-mini, opus (did you mean gpt-4o-mini?)."
EVENT = "No row of ui_events has event_type = Error; known are error (did you mean error?)."
SHOUT: dict[str, Any] = {"column": "status", "value": "FAILURE"}
ASKED: list[tuple[Ask, str]] = [
    (lambda c: c.aggregate(["rate(llm_events.status = error)"], days=3), STATUS),
    (lambda c: c.aggregate(["llm.calls"], days=3, filters=[SHOUT]), SHOUTED),
    (lambda c: c.aggregate(["llm.calls"], days=3, group_by=["model"], filters=[SHOUT]), SHOUTED),
    (lambda c: c.aggregate(["llm.latency_mean_ms"], days=3, granularity="day", filters=[SHOUT]), SHOUTED),
    (lambda c: c.aggregate(["llm.calls"], filters=[{"column": "model", "op": "in", "values": ["gpt4o-mini"]}]), MODEL),
    (
        lambda c: c.aggregate(
            ["llm.calls"], filters=[{"column": "model", "op": "in", "values": ["opus", "gpt4o-mini"]}]
        ),
        MODEL,
    ),
    (lambda c: c.aggregate(["llm.calls"], filters=[{"column": "status", "op": "!=", "value": "error"}]), STATUS),
    (lambda c: c.trend("llm.calls", filters=[{"column": "model", "op": "not in", "values": ["gpt4o-mini"]}]), MODEL),
    (lambda c: c.compare(["llm.calls"], filters=[{"column": "model", "op": "not like", "value": "%GPT%"}]), LIKE),
    (lambda c: c.forecast("llm.calls", filters=[{"column": "status", "op": "!=", "value": "error"}]), STATUS),
    (lambda c: c.anomalies(["llm.calls"], filters=[SHOUT], granularity="day"), SHOUTED),
    (lambda c: c.drivers("llm.calls", filters=[SHOUT], days=3), SHOUTED),
    (lambda c: c.aggregate(["llm.calls"], filters=[{"column": "model", "op": "like", "value": "%GPT%"}]), LIKE),
    (lambda c: c.trend("llm.calls", days=3, filters=[SHOUT]), SHOUTED),
    (lambda c: c.trend("rate(llm_events.status = error)", days=3), STATUS),
    (lambda c: c.get_trend_data("rate(llm_events.status = error)", days=3), STATUS),
    (lambda c: c.correlate("llm.calls", "rate(ui_events.event_type = Error)", x_filters=[SHOUT], days=3), SHOUTED),
    (lambda c: c.correlate("llm.calls", "rate(ui_events.event_type = Error)", x_filters=[SHOUT], days=3), EVENT),
    (lambda c: c.query("SELECT count() FROM llm_events WHERE status = 'error'"), STATUS),
    (lambda c: c.query("SELECT model, countIf(e.status = 'error') AS n FROM llm_events AS e GROUP BY model"), STATUS),
    (lambda c: c.query("SELECT * FROM llm_events WHERE 'gpt4o-mini' = model LIMIT 3"), MODEL),
    (lambda c: c.query("SELECT ts FROM llm_events WHERE model IN ('gpt4o-mini')"), MODEL),
    (lambda c: c.query("SELECT ts FROM llm_events WHERE model IN ('opus', 'gpt4o-mini')"), MODEL),
    (lambda c: c.query("SELECT count() FROM llm_events WHERE status != 'error'"), STATUS),
    (lambda c: c.query("SELECT count() FROM llm_events WHERE model NOT IN ('gpt4o-mini', 'opus')"), MODEL),
    (lambda c: c.query("SELECT ts FROM llm_events WHERE model LIKE '%GPT%'"), LIKE),
    (lambda c: c.query("SELECT sum(events) FROM llm_events_hourly WHERE status = {s:String}", {"s": "error"}), STATUS),
]


@pytest.fixture(autouse=True)
def _rows(fill: Fill) -> None:
    calls = [("opus", "success"), ("gpt-4o-mini", "success"), ("gpt-4o-mini", "success"), ("gpt-4o-mini", "failure")]
    found = [llm(at(7 + n % 3, n), 10.0, model=model, status=status) for n, (model, status) in enumerate(calls)]
    fill("llm_events", [*found, llm(at(9, 4), model="gpt-4o-mini", status="failure"),
                        llm(at(9, 5), model="opus", status="timeout")])  # fmt: skip
    fill("ui_events", [ui(at(7), event_type="error"), ui(at(8), event_type="error")])


@pytest.mark.parametrize(("ask", "note"), ASKED)
def test_the_note_names_the_values_that_there_are(client: ClickHouseClient, ask: Ask, note: str) -> None:
    assert note in ask(client).notes


QUIET: list[Ask] = [
    lambda c: c.aggregate(["llm.calls"], days=3, filters=[{"column": "status", "value": "failure"}]),
    lambda c: c.aggregate(["llm.calls"], days=0, filters=[{"column": "status", "value": "failure"}]),
    lambda c: c.aggregate(["llm.calls"], filters=[{"column": "latency_ms", "op": ">", "value": "1e9"}]),
    lambda c: c.trend("llm.error_rate", days=3),
    lambda c: c.aggregate(["llm.calls"], filters=[{"column": "status", "op": "!=", "value": "success"}]),
    lambda c: c.query("SELECT count() FROM llm_events WHERE model IN ('opus', 'gpt-4o-mini')"),
    lambda c: c.query("SELECT count() FROM llm_events WHERE status = 'timeout' AND model = 'gpt-4o-mini'"),
    lambda c: c.query("SELECT count() FROM llm_events WHERE error_msg = 'nothing of the kind'"),
    lambda c: c.query("SELECT 0 AS n WHERE 'a' = 'b'"),
]


@pytest.mark.parametrize("ask", QUIET)
def test_nothing_is_said_where_rows_have_the_value(client: ClickHouseClient, ask: Ask) -> None:
    assert not any(note.startswith("No row") for note in ask(client).notes)


CATALOG: list[Ask] = [
    lambda c: c.aggregate(["deploy.success_rate"], days=3),
    lambda c: c.trend("deploy.success_rate", days=3),
    lambda c: c.correlate("deploy.success_rate", "llm.error_rate", days=3),
]


@pytest.mark.parametrize("ask", CATALOG)
def test_nothing_is_said_of_values_that_the_catalog_wrote(client: ClickHouseClient, fill: Fill, ask: Ask) -> None:
    """No deployment was ready yet: nobody wrote `ready`, so nobody misspelt it."""
    fill("deployments", [deployment(at(7), 1, "error"), deployment(at(8), 2, "error")])
    assert not any(note.startswith("No row") for note in ask(client).notes)


def test_the_values_are_asked_for_once_a_minute_and_only_of_an_empty_answer(client: ClickHouseClient) -> None:
    traces: list[str] = []
    with ClickHouseClient(client.settings, tracer=lambda trace: traces.append(trace.statement)) as traced:
        for _ in range(3):
            traced.aggregate(["llm.calls"], days=3, filters=[{"column": "status", "value": "success"}])
        assert not any("known" in text for text in traces)
        for _ in range(3):
            traced.aggregate(["llm.calls"], days=3, filters=[SHOUT])
        assert sum("known" in text for text in traces) == 1


def test_a_table_that_was_empty_a_moment_ago_has_its_values_now(client: ClickHouseClient, fill: Fill) -> None:
    """The clock stands: the second question comes within the minute."""
    loud = [{"column": "quant", "value": "Q4"}]
    assert not any(note.startswith("No row") for note in client.aggregate(["bench.runs"], days=3, filters=loud).notes)
    fill("bench_runs", [bench(at(7), 1, 100.0)])
    note = "No row of bench_runs has quant = Q4; known are q4 (did you mean q4?)."
    assert note in client.aggregate(["bench.runs"], days=3, filters=loud).notes
