"""Drivers: planted causes are named first, nothing is named where nothing is, and contributions add up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.driver_stories import STORIES, store
from bench.drivers import measured
from chimera_metrics.analytics.inference.driver_cube import Cube, expected_sums, undone
from chimera_metrics.analytics.inference.drivers import Drivers, drivers


def small(after: dict[str, tuple[float, float]], *, additive: bool = False, days: int = 35) -> Cube:
    """Words a and b with 100 rows a day each; a rate of 0.1 with a little wobble, and from day 28 on what is said:
    the rows a day and the rate of each."""
    usual = {"a": (100.0, 0.1), "b": (100.0, 0.1)}
    cells = [(day, word, *(usual | after if day >= days - 7 else usual)[word]) for day in range(days) for word in "ab"]
    day, word, n, rate = (np.array(column) for column in zip(*cells, strict=True))
    wobble = 1.0 + 0.03 * np.cos(2.4 * day.astype(float) + (word == "b"))
    n = n.astype(float)
    s = n.copy() if additive else n * rate.astype(float) * wobble
    index = np.arange(days)
    before, now = (index >= days - 14) & (index < days - 7), index >= days - 7
    words = {"source": (word == "b").astype(np.intp)}
    return Cube(day.astype(np.intp), words, n, s, s, (index % 7).astype(np.intp), before, now, additive)


def added_up(found: Drivers) -> float:
    return (found.before or 0.0) + sum(one.contribution for one in found.drivers) + (found.rest or 0.0)


def test_a_rate_that_doubles_for_half_the_rows_is_5_points() -> None:
    """0.1 of 200 becomes 0.2 of 100 and 0.1 of 100: 0.15."""
    found = drivers(small({"a": (100.0, 0.2)}))
    [one] = found.drivers
    assert (dict(one.where), one.kind, found.reason) == ({"source": 0}, "rate", None)
    assert one.contribution == pytest.approx(0.05, abs=0.003)
    assert one.before == pytest.approx(0.1, abs=0.005)
    assert one.after == pytest.approx(0.2, abs=0.01)
    assert added_up(found) == pytest.approx(found.after or 0.0, abs=1e-12)


def test_a_word_that_went_silent_takes_its_rows_along() -> None:
    found = drivers(small({"b": (0.0, 0.1)}, additive=True))
    [one] = found.drivers
    assert (dict(one.where), one.kind, one.before, one.after) == ({"source": 1}, "volume", 100.0, 0.0)
    assert (found.change, one.contribution, found.rest) == (-700.0, -700.0, 0.0)


def test_what_changes_everywhere_alike_is_everything() -> None:
    found = drivers(small({"a": (100.0, 0.2), "b": (100.0, 0.2)}))
    assert [dict(one.where) for one in found.drivers] == [{}]


def test_no_change_is_an_answer() -> None:
    found = drivers(small({}))
    assert found.drivers == ()
    assert found.reason is not None
    assert found.reason.code == "nothing_stands_out"
    assert str(found.looked_at) in found.reason.text
    assert found.rest == found.change


def test_the_day_on_which_a_rate_changed_is_its_onset() -> None:
    cube = small({})
    late = (cube.day >= 29) & (cube.words["source"] == 0)
    found = drivers(replace(cube, s=np.where(late, cube.s * 3.0, cube.s)), births=[29])
    assert [(dict(one.where), one.onset) for one in found.drivers] == [({"source": 0}, 29)]


def test_less_than_three_weeks_before_the_window_are_too_few() -> None:
    reason = drivers(small({"a": (100.0, 0.9)}, days=27)).reason
    assert reason is not None
    assert (reason.code, "there are 20" in reason.text) == ("too_few", True)
    assert drivers(small({"a": (100.0, 0.9)}, days=28)).drivers


def test_nothing_and_values_below_0_are_refused() -> None:
    cube = small({})
    for changed, code in (
        (replace(cube, s=0.0 * cube.s), "no_data"),
        (replace(cube, s=cube.s - 12.0), "not_estimated"),
    ):
        reason = drivers(changed).reason
        assert reason is not None
        assert reason.code == code


def test_a_pure_shift_of_the_mix_leaves_no_rate_behind() -> None:
    cube, _ = store("mix", "rate", 5)
    groupings = cube.groupings(2)
    expected = expected_sums(cube, groupings)
    assert expected.sum() == pytest.approx(cube.s.sum(), rel=0.01)
    assert expected[cube.after[cube.day]].sum() == pytest.approx(cube.s[cube.after[cube.day]].sum(), rel=0.15)


def test_undone_volume_of_a_total_is_the_baseline_s() -> None:
    cube = small({"a": (250.0, 0.1)}, additive=True)
    back = undone(cube, "volume", cube.words["source"] == 0, cube.s)
    assert back.value("after") == pytest.approx(back.value("before"))


@pytest.mark.parametrize(("story", "metric"), STORIES)
def test_a_planted_cause_comes_first(story: str, metric: str) -> None:
    tally = measured(story, metric, range(3))
    assert tally.first == 3, tally.wrong
    assert tally.farthest < 1e-9


@pytest.mark.parametrize("metric", ["rate", "sum", "count"])
def test_noise_names_nobody(metric: str) -> None:
    assert measured("none", metric, range(500, 512), lag=0.3).named == 0
