"""A window that is known to hold few rows, or many, spares its questions the branch that does not apply."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chimera_metrics.analytics import Question, Window, aggregate, correlation, quality_metrics, series, sizes
from tests.analytics.conftest import Store, at, days
from tests.analytics.rows import llm, ui

WINDOW = days(7)
METRIC = "ui.latency_p95_ms"


def known(few: bool) -> Window:
    return replace(WINDOW, few=(("ui_events", few),))


def questions(window: Window) -> list[Question]:
    return [
        aggregate([METRIC, "ui.events"], window=window, group_by=["event_type"]),
        series(METRIC, window=window),
        correlation(METRIC, "bench.latency_p95_ms", window=window),
        quality_metrics(window=window),
    ]


def test_sizes_says_which_tables_have_few_rows_in_the_window(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chimera_metrics.analytics.sql.source.FEW", 2)
    store.insert("ui_events", [ui(at(9, hour)) for hour in range(3)] + [ui(at(1))])
    store.insert("llm_events", [llm(at(9, hour)) for hour in range(2)] + [llm(at(1))])
    [row] = store.run(sizes(WINDOW, ["llm_events", "ui_events"]))
    assert {name: bool(few) for name, few in row.items()} == {"llm_events": True, "ui_events": False}


@pytest.mark.parametrize("few", [True, False])
def test_each_question_answers_the_same_with_and_without_that_knowledge(
    store: Store, monkeypatch: pytest.MonkeyPatch, few: bool
) -> None:
    if not few:
        monkeypatch.setattr("chimera_metrics.analytics.sql.source.FEW", 2)
    rows = [ui(at(4 + n % 6, n % 20), n % 5, latency_ms=float(n**1.5)) for n in range(60)]
    store.insert("ui_events", rows)
    for told, untold in zip(questions(known(few)), questions(WINDOW), strict=True):
        assert store.run(told.select) == store.run(untold.select)
        assert "few_or_many" in store.text(untold.select)
        assert "few_or_many" not in store.text(told.select)


def test_the_source_and_the_approximations_are_those_of_the_branch() -> None:
    told = [aggregate([METRIC], window=known(few)) for few in (True, False)]
    assert [one.source for one in told] == ["ui_events", "ui_events_hourly"]
    assert [bool(one.approximations) for one in told] == [False, True]
