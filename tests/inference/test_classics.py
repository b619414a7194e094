"""Data sets whose answers are published."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chimera_metrics.analytics.inference import anomalies, change_points, correlate, trend
from chimera_metrics.analytics.inference.coefficients import kendall
from chimera_metrics.analytics.inference.series import floats
from tests.inference import public_data as data


@pytest.mark.parametrize(
    ("x", "y", "pearson"),
    [  # Anscombe 1973 gives r = 0.816 for all four; here to seven digits, as R prints them.
        (data.ANSCOMBE_X, data.ANSCOMBE_Y1, 0.8164205),
        (data.ANSCOMBE_X, data.ANSCOMBE_Y2, 0.8162365),
        (data.ANSCOMBE_X, data.ANSCOMBE_Y3, 0.8162867),
        (data.ANSCOMBE_X4, data.ANSCOMBE_Y4, 0.8165214),
    ],
)
def test_anscombes_quartet_has_one_r(x: list[float], y: list[float], pearson: float) -> None:
    assert correlate(x, y).coefficient == pytest.approx(pearson, abs=5e-8)


def test_anscombe_iv_rests_on_one_pair_and_the_answer_says_so() -> None:
    found = correlate(data.ANSCOMBE_X4, data.ANSCOMBE_Y4)
    assert any("One pair carries this" in caution for caution in found.cautions)


def test_anscombe_iv_has_rank_correlation_one_half() -> None:
    # The engine's rankCorr says 0.625 (ties); all x but one are equal, and its y is the largest of 11: 0.5.
    assert correlate(data.ANSCOMBE_X4, data.ANSCOMBE_Y4, method="spearman").coefficient == pytest.approx(0.5)


def test_the_niles_mann_kendall_s_is_minus_1387() -> None:
    flow = floats([float(v) for v in data.NILE])
    # S is tau-b's numerator: tau-b times sqrt((pairs - ties in y) pairs).
    sizes = [data.NILE.count(v) for v in set(data.NILE)]
    pairs, ties = 100 * 99 / 2, sum(size * (size - 1) / 2 for size in sizes)
    s = kendall(floats([float(i) for i in range(100)]), flow) * (pairs * (pairs - ties)) ** 0.5
    assert s == pytest.approx(-1387.0, abs=1e-9)


def test_the_nile_falls_by_sens_slope_of_2_6_a_year() -> None:
    found = trend(data.NILE)
    assert found.slope_per_day == pytest.approx(-2.6, abs=1e-12)
    assert found.direction == "falling"


def test_the_nile_changed_between_1898_and_1899() -> None:
    found = change_points(data.NILE)
    assert [1871 + change.index for change in found.changes] == [1899]
    assert (found.changes[0].before, found.changes[0].after) == (1130.0, 842.5)


def test_the_nile_has_no_anomaly_until_one_is_made() -> None:
    assert anomalies(data.NILE).points == ()
    spoilt: list[float | None] = [*data.NILE[:50], 5000.0, *data.NILE[51:]]
    assert [point.index for point in anomalies(spoilt).points] == [50]


def test_known_trend_and_steps_change_nothing_in_the_anomalies() -> None:
    line, steps = trend(data.NILE), change_points(data.NILE)
    assert anomalies(data.NILE, line=line, steps=steps) == anomalies(data.NILE)
    assert replace(line, n=0) != line  # results are values: copied, compared, never changed
