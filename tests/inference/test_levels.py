"""A small version of bench/honesty.py: fixed seeds, bounds with room for chance (about four standard errors)."""

from __future__ import annotations

import numpy as np
import pytest

from bench.noise import NOISES, SD, noise
from chimera_metrics.analytics.inference import anomalies
from chimera_metrics.analytics.inference.change_points import LEVEL, change_p_values
from chimera_metrics.analytics.inference.coefficients import effective_n, p_values, pearson
from chimera_metrics.analytics.inference.regressions import LEVEL as REGRESSION_LEVEL
from chimera_metrics.analytics.inference.regressions import step_p_values, worse_p_values
from chimera_metrics.analytics.inference.trend import trend_p_values

SERIES = 2000


def most(share: float, series: int = SERIES) -> float:
    """The largest share that chance would show where at most `share` is promised."""
    return share + 4.0 * float(np.sqrt(share * (1.0 - share) / series))


@pytest.mark.parametrize("name", NOISES)
def test_noise_seldom_has_a_trend_and_a_climb_is_seen(name: str) -> None:
    y, t = noise(np.random.default_rng(31), name, SERIES, 30), np.arange(30.0)
    assert (trend_p_values(y, t)[0] < 0.05).mean() <= most(0.08 if name == "AR(1) 0.6" else 0.065)
    least = {"normal": 0.30, "AR(1) 0.3": 0.20, "AR(1) 0.6": 0.13}.get(name, 0.3)
    seen = (trend_p_values(y + SD.get(name, 1.0) * t / 29.0, t)[0] < 0.05).mean()
    assert seen >= least - 4.0 * (least * (1.0 - least) / SERIES) ** 0.5


@pytest.mark.parametrize("name", NOISES)
def test_independent_series_seldom_correlate(name: str) -> None:
    rng = np.random.default_rng(32)
    x, y = noise(rng, name, SERIES, 60), noise(rng, name, SERIES, 60)
    p = p_values("pearson", pearson(x, y), effective_n("pearson", x, y))
    assert (p < 0.05).mean() <= most(0.065)


def test_a_correlation_of_0_4_over_30_points_is_seen() -> None:
    rng = np.random.default_rng(33)
    x = rng.standard_normal((SERIES, 30))
    y = 0.4 * x + 0.84**0.5 * rng.standard_normal((SERIES, 30))
    p = p_values("pearson", pearson(x, y), effective_n("pearson", x, y))
    assert (p < 0.05).mean() >= 0.55 - 0.03


@pytest.mark.parametrize(("n", "least"), [(10, 0.15), (20, 0.5), (40, 0.85)])
def test_regressions_are_seldom_false_and_seen(n: int, least: float) -> None:
    y = 100.0 + 5.0 * np.random.default_rng(34).standard_normal((SERIES, 2 * n))
    assert (step_p_values(y[:, :n], y[:, n:]) < REGRESSION_LEVEL).mean() <= most(0.010)
    assert (step_p_values(y[:, :n], y[:, n:] + 5.0) < REGRESSION_LEVEL).mean() >= least


@pytest.mark.parametrize("n", [5, 8])
def test_regressions_of_few_runs_are_seldom_false_and_seen_when_large(n: int) -> None:
    y = 100.0 + 5.0 * np.random.default_rng(36).standard_normal((SERIES, 2 * n))
    assert (worse_p_values(y[:, :n], y[:, n:]) < REGRESSION_LEVEL).mean() <= most(0.010)
    assert (worse_p_values(y[:, :n], y[:, n:] + 20.0) < REGRESSION_LEVEL).mean() >= 0.8


@pytest.mark.parametrize("n", [30, 120])
@pytest.mark.parametrize("name", NOISES)
def test_noise_seldom_has_a_change_point(name: str, n: int) -> None:
    y = noise(np.random.default_rng(35), name, SERIES, n)
    assert (change_p_values(y) < LEVEL).mean() <= most(0.050)


@pytest.mark.parametrize("name", NOISES)
def test_clean_series_seldom_have_an_anomaly(name: str) -> None:
    y = noise(np.random.default_rng(36), name, 400, 30)
    assert sum(bool(anomalies(list(row)).points) for row in y) / 400 <= most(0.050, 400)


def test_a_point_ten_sd_away_is_seen_in_normal_noise() -> None:
    y = noise(np.random.default_rng(37), "normal", 200, 60)
    y[:, 20] = 10.0
    assert sum(20 in [point.index for point in anomalies(list(row)).points] for row in y) >= 150
