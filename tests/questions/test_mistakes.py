"""A mistake in the question is one sentence with the correction."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from chimera_metrics.analytics import QuestionError
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.results import Result

Ask = Callable[[ClickHouseClient], Result]
MISTAKES: list[tuple[Ask, str]] = [
    (lambda c: c.aggregate([]), "No metric is asked for."),
    (lambda c: c.aggregate(["llm.latencyp95"]), "Unknown metric 'llm.latencyp95'. Did you mean 'llm.latency_p95_ms'?"),
    (lambda c: c.aggregate(["llm.calls", "ui.events"]), "ask about one table at a time, or correlate the two."),
    (lambda c: c.aggregate(["llm.calls"], group_by=["modl"]), "Unknown dimension 'modl'. Did you mean 'model'?"),
    (lambda c: c.aggregate(["llm.calls"], granularity="dayly"), "Unknown granularity 'dayly'."),  # type: ignore[arg-type]
    (lambda c: c.aggregate(["llm.calls"], granularity="minute", days=30), "points, more than 10,000; use 'hour'"),
    (lambda c: c.aggregate(["llm.calls"], order_by="cost"), "Unknown column to order by 'cost'."),
    (lambda c: c.aggregate(["llm.calls"], days=1, since="2026-01-01"), "Give either `days`, or `since` and `until`"),
    (lambda c: c.aggregate(["llm.calls"], since="2026-06-09", until="2026-06-08"), "The window runs backwards:"),
    (
        lambda c: c.aggregate(["llm.calls"], since="2026-06-11"),
        "which is not in the past (it is 2026-06-10T12:00:00Z);",
    ),
    (lambda c: c.aggregate(["llm.calls"], since="last week"), "`since` is 'last week', which is not a time."),
    (lambda c: c.aggregate(["llm.calls"], days=-1), "`days` is -1; it must be 0 (today so far) or more."),
    (lambda c: c.aggregate(["llm.calls"], filters=[{"column": "latency_ms", "op": ">", "value": "slow"}]), "'slow'"),
    (lambda c: c.correlate("ui.events", "llm.calls", max_lag=61), "`max_lag` is 61; it takes 0 to 60 buckets."),
    (lambda c: c.correlate("ui.events", "llm.calls", method="cosine"), "Unknown method 'cosine'."),  # type: ignore[arg-type]
    (lambda c: c.correlate("ui.events", "max(ui_events.ts)"), "'max(ui_events.ts)' is a time; ask for a number,"),
    (lambda c: c.trend("ui.events", group_by="session_id"), "Unknown column to split a series by 'session_id'."),
    (lambda c: c.trend("ui.events", granularity="none"), "Unknown granularity 'none'."),
    (lambda c: c.get_trend_data("ui.events", days=3, granularity="minute"), "points, more than 2,000; use 'hour'"),
    (lambda c: c.get_correlation_data(days=60, granularity="minute"), "use 'hour'"),
    (lambda c: c.get_performance_summary(days=100_000), "reaches back before 1970; give fewer."),
    (lambda c: c.get_quality_metrics(days=-3), "`days` is -3; it must be 0 (today so far) or more."),
]


@pytest.fixture
def client(embedded: ClickHouseSettings) -> Iterator[ClickHouseClient]:
    """One engine: no statement gets that far."""
    with ClickHouseClient(embedded) as made:
        yield made


@pytest.mark.parametrize(("ask", "sentence"), MISTAKES, ids=[sentence[:40] for _, sentence in MISTAKES])
def test_a_mistake_is_a_sentence(client: ClickHouseClient, ask: Ask, sentence: str) -> None:
    with pytest.raises(QuestionError) as caught:
        ask(client)
    assert sentence in str(caught.value)
    assert str(caught.value).endswith((".", "?"))
    assert "\n" not in str(caught.value)


def test_a_metric_without_a_list_around_it_is_one_metric(client: ClickHouseClient) -> None:
    assert client.aggregate("llm.calls")["rows"] == client.aggregate(["llm.calls"])["rows"]
    with pytest.raises(QuestionError, match=r"^Unknown metric 'llm\.cost'\. Did you mean 'llm\.cost_usd'\?"):
        client.aggregate("llm.cost")
