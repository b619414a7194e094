"""A window that is known to hold few rows, or many, spares its questions the branch that does not apply."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chimera_metrics.analytics import Question, Sizes, Window, aggregate, correlation, quality_metrics, series, sizes
from tests.analytics.conftest import Store, at, days
from tests.analytics.rows import llm, ui

WINDOW = days(7)
METRIC = "ui.latency_p95_ms"


def known(few: bool) -> Sizes:
    return Sizes.of(WINDOW, {"ui_events": few})


def questions(sizes: Sizes) -> list[Question]:
    return [
        aggregate([METRIC, "ui.events"], window=WINDOW, group_by=["event_type"], sizes=sizes),
        series(METRIC, window=WINDOW, sizes=sizes),
        correlation(METRIC, "bench.latency_p95_ms", window=WINDOW, sizes=sizes),
        quality_metrics(window=WINDOW, sizes=sizes),
    ]


def test_sizes_says_which_tables_have_few_rows_in_the_window(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chimera_metrics.analytics.row_counts.FEW", 2)
    store.insert("ui_events", [ui(at(9, hour)) for hour in range(3)] + [ui(at(1))])
    store.insert("llm_events", [llm(at(9, hour)) for hour in range(2)] + [llm(at(1))])
    [row] = store.run(sizes(WINDOW, ["llm_events", "ui_events"]))
    assert {name: bool(few) for name, few in row.items()} == {"llm_events": True, "ui_events": False}


@pytest.mark.parametrize("few", [True, False])
def test_each_question_answers_the_same_with_and_without_that_knowledge(
    store: Store, monkeypatch: pytest.MonkeyPatch, few: bool
) -> None:
    if not few:
        monkeypatch.setattr("chimera_metrics.analytics.row_counts.FEW", 2)
    rows = [ui(at(4 + n % 6, n % 20), n % 5, latency_ms=float(n**1.5)) for n in range(60)]
    store.insert("ui_events", rows)
    for told, untold in zip(questions(known(few)), questions(Sizes()), strict=True):
        assert store.run(told.select) == store.run(untold.select)
        assert "few_or_many" in store.text(untold.select)
        assert "few_or_many" not in store.text(told.select)


def test_the_source_and_the_approximations_are_those_of_the_branch() -> None:
    told = [aggregate([METRIC], window=WINDOW, sizes=known(few)) for few in (True, False)]
    assert [one.source for one in told] == ["ui_events", "ui_events_hourly"]
    assert [bool(one.approximations) for one in told] == [False, True]


def within(since: int, until: int, later: timedelta = timedelta()) -> Window:
    """From a day of June 2026 to another, asked for at noon of the tenth or later."""
    return Window(at(since, 0), at(until, 0), "UTC", WINDOW.now + later)


@pytest.mark.parametrize(
    ("few", "window", "told"),
    [
        (True, within(5, 8), True),
        (True, within(2, 8), None),  # reaches back further
        (True, within(5, 8, timedelta(minutes=2)), None),  # rows may have come since
        (False, within(1, 11), False),
        (False, within(5, 8), None),
        (False, within(1, 11, timedelta(days=1)), False),  # rows only become more
    ],
)
def test_what_is_known_of_a_window_holds_for_some_others(few: bool, window: Window, told: bool | None) -> None:
    assert known(few).few("ui_events", window) is told
    assert known(few).few("llm_events", window) is None
