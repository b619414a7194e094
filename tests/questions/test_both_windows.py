"""Both windows of a comparison from one statement: what two statements a side say, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chimera_metrics.analytics import compare, window_of
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.questions.asking import Asking
from chimera_metrics.integrations.questions.compare import Compared, judge
from tests.analytics.rows import llm, ui
from tests.questions.conftest import NOW, Fill

METRICS = [
    "llm.latency_p95_ms", "llm.latency_p50_ms", "llm.latency_mean_ms", "llm.calls", "llm.error_rate", "llm.cost_usd",
    "llm.cost_usd / llm.calls", "uniq(llm_events.run_id)", "max(llm_events.latency_ms)",
    "stddev(llm_events.latency_ms)", "min(llm_events.latency_ms)",
]  # fmt: skip

NUMBERS = ("first", "second", "change", "low", "high", "p_value", "p_adjusted", "n_first", "n_second")


def calls(now: datetime, days: int = 30) -> list[dict[str, Any]]:
    """Calls of three models, at all hours; the third begins within the newer window, the second ends before it."""
    rows = []
    for back in range(days):
        for number in range(9):
            model = ("opus", "haiku", "new")[number % 3]
            if (model == "new" and back > 4) or (model == "haiku" and back < 9):
                continue
            ts = now - timedelta(days=back, hours=number * 2.5)
            status = "success" if (number + back) % 4 else "failure"
            rows.append(llm(ts, 40.0 + (7 * back**2 + 13 * number) % 53, model=model, status=status, cost_usd="0.0125"))
    return rows


def differences(one: list[Compared], four: list[Compared]) -> list[Any]:
    """What is not the same; sums of days differ from sums of rows in their last digits."""
    ours, theirs = ({(each.metric.text, each.group): each for each in found} for found in (one, four))
    assert ours.keys() == theirs.keys()
    pairs = [
        (key, name, getattr(ours[key].found, name), getattr(theirs[key].found, name))
        for key in ours
        for name in NUMBERS
    ]
    verdicts = [(key, ours[key].verdict, theirs[key].verdict) for key in ours]
    unlike = [pair for pair in pairs if not (pair[2] is pair[3] is None or pair[2] == pytest.approx(pair[3], rel=1e-9))]
    return [*unlike, *(verdict for verdict in verdicts if verdict[1] != verdict[2])]


@pytest.mark.parametrize("few", [True, False], ids=["exact", "from sketches"])
@pytest.mark.parametrize("group_by", [(), ("model",), ("model", "status")])
@pytest.mark.parametrize("days", [7, 10])
def test_one_statement_says_what_four_say(
    client: ClickHouseClient,
    fill: Fill,
    monkeypatch: pytest.MonkeyPatch,
    few: bool,
    group_by: tuple[str, ...],
    days: int,
) -> None:
    monkeypatch.setattr("chimera_metrics.analytics.row_counts.FEW", 100_000 if few else 2)
    fill("llm_events", calls(NOW))
    given = [one for one in METRICS if few or not one.startswith(("uniq", "stddev"))]
    for metrics in (given, ["llm.calls", "llm.error_rate"]):
        asked = compare(metrics, window=window_of(now=NOW, days=days), group_by=group_by)
        assert asked.together is not None
        one, four = (judge(Asking(client), form) for form in (asked, replace(asked, together=None)))
        assert differences(one, four) == []


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata"])
def test_days_are_those_of_the_zone_over_a_change_of_clocks(client: ClickHouseClient, fill: Fill, zone: str) -> None:
    now = NOW.replace(month=11, day=2)  # Berlin's clocks went back on the 25th of October
    fill("llm_events", calls(now))
    asked = compare(METRICS, window=window_of(now=now, days=7, timezone=zone), group_by=["model"])
    one, four = (judge(Asking(client), form) for form in (asked, replace(asked, together=None)))
    assert differences(one, four) == []


def test_the_largest_groups_of_each_window_are_kept(
    client: ClickHouseClient, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chimera_metrics.analytics.questions.compare.MAX_COMPARED", 1)
    fill("llm_events", calls(NOW))
    asked = compare(["llm.calls"], window=window_of(now=NOW, days=3), group_by=["model"])
    assert asked.together is not None
    kept = {(row["side"], row["model"]) for row in Asking(client).read(asked.together).mappings()}
    assert kept == {(0, "opus"), (1, "new")}


def test_each_summary_compares_by_one_statement_a_table(
    client: ClickHouseClient, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill("llm_events", calls(NOW))
    fill("ui_events", [ui(NOW - timedelta(days=back, hours=1), back) for back in range(1, 30)])
    ran: list[str] = []
    real = Executor.read

    def read(executor: Executor, statement: Any, *arguments: Any) -> Any:
        ran.append(executor.compile(statement))
        return real(executor, statement, *arguments)

    monkeypatch.setattr(Executor, "read", read)
    for method in (client.get_quality_metrics, client.get_performance_summary):
        ran.clear()
        method()
        compared = [text for text in ran if "GROUPING SETS" in text]
        assert len(compared) == 2
        assert not any("few_or_many" in text for text in compared)


@pytest.mark.parametrize(
    "given",
    [
        {"metrics": ["ui.abandonment_rate"]},
        {"metrics": ["ui.events"], "a_filters": [{"event_type": "error"}], "b_filters": []},
    ],
)
def test_sessions_and_groups_of_rows_are_read_side_by_side(given: Any) -> None:
    assert compare(window=window_of(now=NOW, days=7), **given).together is None
