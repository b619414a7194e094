"""Watches: quiet series stay quiet under daily looks, steps are seen, thresholds have hysteresis."""

from __future__ import annotations

import numpy as np
import pytest

from bench import watch_rivals
from bench.honesty_report import Report
from bench.watch_series import HELD
from bench.watches import alarms, measure
from chimera_metrics.analytics.inference import look_at_threshold, look_for_change
from chimera_metrics.analytics.inference.watch_evidence import LEARN, evidence, threshold


@pytest.mark.parametrize("name", HELD)
def test_at_most_5_in_100_quiet_series_ever_alarm_in_a_year(name: str) -> None:
    ever = alarms(np.random.default_rng(3), name, 200, 365).any(axis=1)
    assert ever.mean() <= 0.05 + 2 * (0.05 * 0.95 / 200) ** 0.5


def test_a_step_is_seen_soon_where_and_which_way_it_went() -> None:
    values = list(np.random.default_rng(5).standard_normal(120))
    for place in range(100, 120):
        values[place] -= 4.0
    found = look_for_change(values, before=56, since=56)
    assert found.place is not None
    assert found.first is not None
    assert 100 < found.place <= 106
    assert 99 <= found.first <= 102
    assert found.up is False
    assert look_for_change(values[:100], before=56, since=56).place is None


def test_an_alarm_of_an_earlier_look_is_not_raised_again() -> None:
    values = [*np.random.default_rng(5).standard_normal(90), *([9.0] * 10), *([0.0] * 60)]
    first = look_for_change(values, before=56, since=56).place
    assert first is not None
    assert look_for_change(values, before=56, since=130).place is None


def test_every_report_measures_and_judges() -> None:
    report = Report()
    measure(report, 20, 1)
    assert len([line for line in report.lines if line.startswith("**")]) == 3
    assert report.promised == 27


def test_a_batch_equals_each_series_alone() -> None:
    y = np.random.default_rng(1).standard_normal((4, 120)).cumsum(axis=1)
    places = np.arange(120)
    batch = evidence(y, places).log_r
    for row, alone in zip(batch, y, strict=True):
        assert row == pytest.approx(evidence(alone[None], places).log_r[0])


def test_the_threshold_is_that_of_doob_and_ville() -> None:
    assert threshold(365, 56, drift=False) == pytest.approx(np.log(14_600))  # 2 * 365 / 0.05


@pytest.mark.parametrize(
    ("values", "code"), [([], "too_few"), ([1.0] * 28, "too_few"), ([None] * 90, "too_few"), ([3.0] * 90, "constant")]
)
def test_what_cannot_be_judged_has_a_reason(values: list[float | None], code: str) -> None:
    found = look_for_change(values, before=56, since=0)
    assert found.reason is not None
    assert found.reason.code == code
    assert (found.place, found.evidence) == (None, None)


def test_gaps_are_left_out_and_weekdays_kept() -> None:
    week = [100.0, 105, 105, 102, 95, 45, 40]
    noise = np.random.default_rng(2).standard_normal(140)
    values: list[float | None] = [week[i % 7] + noise[i] for i in range(140)]
    values[60:64] = [None] * 4
    assert look_for_change(values, before=56, since=0).place is None


def test_a_random_walk_gets_a_caution() -> None:
    walk = list(np.random.default_rng(4).standard_normal(200).cumsum())
    assert "not promised" in (look_for_change(walk, before=56, since=0).caution or "")


def test_counts_and_rates_are_judged_on_their_own_scales() -> None:
    rng = np.random.default_rng(6)
    counts = [float(one) for one in rng.poisson(5, 100)] + [40.0] * 5
    assert look_for_change(counts, before=56, since=56, kind="count").place is not None
    n = [float(one) for one in rng.integers(5, 600, 110)]
    rates: list[float | None] = [rng.binomial(int(one), 0.02) / one for one in n]
    assert look_for_change(rates, n, before=56, since=56, kind="rate").place is None
    rates[104:] = [0.2] * 6
    assert look_for_change(rates, n, before=56, since=56, kind="rate").place is not None


def test_a_steady_climb_is_no_change_for_drift() -> None:
    climb = list(np.random.default_rng(8).standard_normal(365) + 8 * np.arange(365) / 365)
    assert look_for_change(climb, before=84, since=84).place is not None
    assert look_for_change(climb, before=84, since=84, drift=True).place is None


def test_a_threshold_swung_about_raises_one_alarm() -> None:
    # Above 100, clear at 90: 101 raises, 95 and 102 keep it, 89 clears it.
    found = look_at_threshold([80, 101, 95, None, 102], "above", 100.0, 90.0)
    assert (found.on, found.turns) == (True, ((1, True),))
    found = look_at_threshold([95, 89, 99], "above", 100.0, 90.0, on=True)
    assert (found.on, found.turns) == (False, ((1, False),))
    assert look_at_threshold([0.5, 0.4], "below", 0.45).turns == ((1, True),)
    assert not look_at_threshold([100.0], "above", 100.0).on


def test_every_turn_among_the_values_of_one_look_is_told() -> None:
    found = look_at_threshold([89, 101, 80, 105], "above", 100.0, 90.0, on=True)
    assert (found.on, found.turns) == (True, ((0, False), (1, True), (2, False), (3, True)))


def test_others_are_set_beside_a_watch_on_the_same_series(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_rivals, "SERIES", ("white",))
    monkeypatch.setattr(watch_rivals, "YEAR", 20)
    monkeypatch.setattr(watch_rivals, "noisefloor", lambda: lambda y: [LEARN + 3])
    report = Report()
    watch_rivals.measure(report, series=4, trend_series=2, seed=7)
    quiet, loud = (line for line in report.lines if line.startswith("| white"))
    assert quiet.split("|")[2:4] == [" 0 ", " 1000 "]
    assert loud.split("|")[3] == " - "  # it alarms in all before the step


def test_alarms_in_the_history_are_none_of_the_looks() -> None:
    found = watch_rivals.looked_at(lambda y: [3, LEARN + 1], np.zeros((1, LEARN + 4)))
    assert found.tolist() == [[False, True, False, False]]
