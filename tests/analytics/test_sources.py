"""Which question reads which source, and that rollup and rows agree."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from chimera_metrics.analytics import METRICS, Window, aggregate, window_of
from tests.analytics.conftest import NOW, Store, at, days, whole_days
from tests.analytics.rows import llm, ui

UTC_DAYS = days(7)
HALF_HOUR = window_of(now=NOW, since="2026-06-01T00:30:00Z", until="2026-06-09T00:00:00Z")
LATE = window_of(now=NOW, since="2026-06-01", until="2026-06-20T00:30:00Z")
MODEL = [{"column": "model", "value": "opus"}]


@pytest.mark.parametrize(
    ("metrics", "given", "source"),
    [
        (["llm.calls", "llm.latency_p95_ms", "llm.cost_usd"], {}, "llm_events_hourly"),
        (["llm.calls"], {"granularity": "hour", "group_by": ["model", "status"]}, "llm_events_hourly"),
        (["llm.error_rate"], {"filters": MODEL}, "llm_events_hourly"),
        (["ui.events", "ui.sessions", "ui.latency_mean_ms"], {"granularity": "month"}, "ui_events_hourly"),
        (["ui.events"], {"granularity": "day", "window": days(7, timezone="Europe/Berlin")}, "ui_events_hourly"),
        (["ui.events"], {"window": whole_days(3, "Asia/Kolkata")}, "ui_events_hourly"),
        (["llm.calls"], {"exact": True}, "llm_events"),
        (["llm.calls"], {"granularity": "minute", "window": days(0)}, "llm_events"),
        (["llm.calls"], {"filters": [{"column": "latency_ms", "op": ">", "value": 5}]}, "llm_events"),
        (["llm.calls", "llm.cost_per_call_usd"], {}, "llm_events"),
        (["llm.calls", "stddev(llm_events.latency_ms)"], {}, "llm_events"),
        (["rate(llm_events.latency_ms > 100)"], {}, "llm_events"),
        (["llm.cost_usd / llm.calls"], {"group_by": ["model"]}, "llm_events_hourly"),
        (["llm.cost_usd / uniq(llm_events.run_id)"], {}, "llm_events"),
        (["p75(llm_events.latency_ms)"], {}, "llm_events"),
        (["p999(ui_events.latency_ms)"], {}, "ui_events"),
        (["ui.events"], {"group_by": ["commit_sha"]}, "ui_events"),
        (["ui.abandonment_rate"], {}, "ui_events"),
        (["ui.events"], {"granularity": "day", "window": whole_days(3, "Asia/Kolkata")}, "ui_events"),
        (["ui.events"], {"window": HALF_HOUR}, "ui_events"),
        (["ui.events"], {"window": LATE}, "ui_events"),
        (["bench.runs"], {}, "bench_runs"),
        (["sessions.count"], {"granularity": "hour"}, "session_stats"),
    ],
)
def test_the_rollup_answers_what_it_can(metrics: list[str], given: dict[str, Any], source: str) -> None:
    given = {"window": UTC_DAYS, **given}
    assert aggregate(metrics, **given).source == source


def fill_at_random(store: Store) -> None:
    """2,000 calls and 2,000 events over five days, some values missing."""
    draw = random.Random(20260610)
    moments = [at(4) + timedelta(seconds=draw.uniform(0, 5 * 86_400)) for _ in range(2_000)]

    def latency() -> float | None:
        return None if draw.random() < 0.1 else draw.lognormvariate(5, 1)

    calls = []
    for ts in moments:
        status = draw.choice(["success"] * 8 + ["failure", "timeout"])
        cost = Decimal(draw.randrange(10**6)) / 10**6 if draw.random() < 0.9 else None
        tokens = draw.randrange(500) if draw.random() < 0.9 else None
        calls.append(llm(ts, latency(), model=draw.choice("abc"), status=status, cost_usd=cost, tokens_in=tokens))
    store.insert("llm_events", calls)
    kinds = ["overlay_open", "query_submit", "error"]
    store.insert("ui_events", [ui(ts, draw.randrange(300), draw.choice(kinds), latency()) for ts in moments])


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """No window has so few rows that it is answered exactly."""
    monkeypatch.setattr("chimera_metrics.analytics.row_counts.FEW", 0)


def agree(rollup: Any, rows: Any) -> bool:
    if rows is None or rollup is None:
        return rows is rollup
    return bool(float(rollup) == pytest.approx(float(rows), rel=1e-9))


@pytest.mark.parametrize(
    ("window", "granularity"),
    [(days(7), "none"), (days(7, timezone="America/New_York"), "day"), (whole_days(4), "hour")],
    ids=["all", "days of New York", "hours"],
)
@pytest.mark.usefixtures("many")
def test_rollup_and_rows_agree(store: Store, window: Window, granularity: str) -> None:
    """Counts, sums, means, extremes, rates and (few) distinct counts, to the last digit."""
    fill_at_random(store)
    for table in ("llm", "ui"):
        names = [name for name in METRICS if name.startswith(f"{table}.") and _rolled(name, window)]
        names = [name for name in names if "latency_p" not in name]
        more = [f"{agg}({table}_events.latency_ms)" for agg in ("min", "max", "count", "sum")]
        more.append(f"sum({table}_events.latency_ms) / {table}.error_rate")
        given: dict[str, Any] = {"window": window, "granularity": granularity, "group_by": _groups(table)}
        rollup, rows = (aggregate([*names, *more], exact=exact, **given) for exact in (False, True))
        assert (rollup.source, rows.source) == (f"{table}_events_hourly", f"{table}_events")
        order = rollup.names("group")
        found, wanted = (_sorted(store.run(question.select), order) for question in (rollup, rows))
        assert [tuple(row[key] for key in order) for row in found] == [
            tuple(row[key] for key in order) for row in wanted
        ]
        for ours, theirs in zip(found, wanted, strict=True):
            asked = [name for name in theirs if name not in ("ts", *order)]
            assert [name for name in asked if not agree(ours[name], theirs[name])] == [], (ours, theirs)


def _groups(table: str) -> list[str]:
    return ["model", "status"] if table == "llm" else ["event_type"]


def _rolled(name: str, window: Window) -> bool:
    return aggregate([name], window=window).source.endswith("_hourly")


def _sorted(rows: list[dict[str, Any]], order: list[str]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: [str(row.get(key)) for key in ("ts", *order)])


@pytest.mark.usefixtures("many")
def test_percentiles_of_many_rows_are_the_same_from_rollup_and_rows(store: Store) -> None:
    """The sketch of all hours put together is the sketch of all rows."""
    fill_at_random(store)
    everything = [{"column": "schema_version", "op": ">", "value": 0}]
    asked = [f"{agg}(ui_events.latency_ms)" for agg in ("p50", "p90", "p95", "p99")]
    asked.append("p99(ui_events.latency_ms) / p50(ui_events.latency_ms)")
    rollup, rows = aggregate(asked, window=days(7)), aggregate(asked, window=days(7), filters=everything)
    assert (rollup.source, rows.source) == ("ui_events_hourly", "ui_events")
    assert store.run(rollup.select) == store.run(rows.select)


@pytest.mark.usefixtures("many")
def test_percentiles_of_many_rows_are_within_1_percent_of_the_value_at_that_rank(store: Store) -> None:
    latencies = np.random.default_rng(7).lognormal(5, 1, 5_000)
    store.insert("ui_events", [ui(at(9), latency_ms=float(latency)) for latency in latencies])
    asked = {q: f"p{q:g}(ui_events.latency_ms)".replace("99.9", "999") for q in (50, 75, 90, 95, 99, 99.9)}
    [row] = store.run(aggregate(list(asked.values()), window=days(7)).select)
    for q in asked:
        at_rank = np.percentile(latencies, q, method="lower")
        assert row[f"p{q:g}_latency_ms".replace("99.9", "999")] == pytest.approx(at_rank, rel=0.0101), q


@pytest.mark.parametrize("granularity", ["none", "day"])
def test_percentiles_of_few_rows_are_exact_though_a_rollup_is_there(store: Store, granularity: str) -> None:
    """NumPy's p95 of 10, 20, 30, 40, 50 is 48; the sketch would say 40."""
    store.insert("ui_events", [ui(at(9), n, latency_ms=10.0 * n) for n in range(1, 6)])
    question = aggregate(["ui.latency_p95_ms", "ui.sessions"], window=days(7), granularity=granularity)
    [row] = store.run(question.select)
    assert question.source == "ui_events_hourly"
    assert (row["latency_p95_ms"], row["sessions"]) == (np.percentile([10, 20, 30, 40, 50], 95), 5)


@pytest.mark.usefixtures("many")
def test_the_sketch_is_further_off_below_1(store: Store) -> None:
    """What the engine's quantileDD makes of one value: within 1 % from 1 upwards, up to 3.1 % too high below.

    `APPROXIMATE` says so; should a later engine do better, it may promise more.
    """
    for value, worst in ((1.0, 0.0101), (250.0, 0.0101), (0.98, 0.0311)):
        store.clear()
        store.insert("ui_events", [ui(at(9), latency_ms=value)])
        [row] = store.run(aggregate(["ui.latency_p50_ms"], window=days(7)).select)
        assert abs(row["latency_p50_ms"] / value - 1) <= worst
    assert row["latency_p50_ms"] / value - 1 > 0.01


def test_a_rollup_counts_the_running_hour(store: Store) -> None:
    """At 12:20 a call of 12:10 counts, from rollup and rows alike."""
    window = window_of(now=NOW + timedelta(minutes=20), days=1)
    store.insert("llm_events", [llm(at(10, 12, 10))])
    for exact in (False, True):
        assert store.run(aggregate(["llm.calls"], window=window, exact=exact).select) == [{"calls": 1}]


def test_metrics_of_the_rollups_are_marked_approximate_as_those_of_the_rows() -> None:
    by_rollup = aggregate(["ui.sessions", "ui.latency_p95_ms"], window=days(7))
    by_rows = aggregate(["ui.sessions", "ui.latency_p95_ms"], window=HALF_HOUR)
    assert by_rollup.approximations == by_rows.approximations
    assert [one["function"] for one in by_rollup.approximations] == ["uniq", "quantileDD(0.01)"]
    assert aggregate(["ui.sessions"], window=days(7), exact=True).approximations == ()
