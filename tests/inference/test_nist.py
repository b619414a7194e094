"""NIST's certified values; how many digits agree stands at the end of the tests' output."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from chimera_metrics.analytics.inference import correlate
from chimera_metrics.analytics.inference.least_squares import least_squares
from chimera_metrics.analytics.inference.series import Floats, lag1
from tests.conftest import Report
from tests.inference import public_data as data


def digits(found: float, certified: float) -> float:
    """Digits that agree (log relative error), at most 15."""
    return float(min(15.0, -np.log10(max(abs(found - certified) / abs(certified), 1e-15))))


def powers(x: Sequence[float], degree: int) -> Floats:
    """Columns 1, x, ..., x^degree."""
    return np.stack([np.asarray(x, dtype=np.float64) ** k for k in range(degree + 1)], axis=1)


STEPS = list(range(21))
WAMPLER_SD = [
    2152.32624678170,
    2363.55173469681,
    779.343524331583,
    101.475507550350,
    5.64566512170752,
    0.112324854679312,
]
LINEAR = {
    "Norris": (
        powers([x for _, x in data.NORRIS], 1), [y for y, _ in data.NORRIS],
        [-0.262323073774029, 1.00211681802045], [0.232818234301152, 0.429796848199937e-03], 12,
    ),
    "Pontius": (
        powers(data.PONTIUS_X, 2), data.PONTIUS_Y,
        [0.673565789473684e-03, 0.732059160401003e-06, -0.316081871345029e-14],
        [0.107938612033077e-03, 0.157817399981659e-09, 0.486652849992036e-16], 11,
    ),
    "Longley": (
        np.column_stack([np.ones(16), np.array(data.LONGLEY_X)]), data.LONGLEY_Y,
        [-3482258.63459582, 15.0618722713733, -0.358191792925910e-01, -2.02022980381683, -1.03322686717359,
         -0.511041056535807e-01, 1829.15146461355],
        [890420.383607373, 84.9149257747669, 0.334910077722432e-01, 0.488399681651699, 0.214274163161675,
         0.226073200069370, 455.478499142212], 10,
    ),
    "Filip": (
        powers(data.FILIP_X, 10), data.FILIP_Y,
        [-1467.48961422980, -2772.17959193342, -2316.37108160893, -1127.97394098372, -354.478233703349,
         -75.1242017393757, -10.8753180355343, -1.06221498588947, -0.670191154593408e-01, -0.246781078275479e-02,
         -0.402962525080404e-04],
        [298.084530995537, 559.779865474950, 466.477572127796, 227.204274477751, 71.6478660875927, 15.2897178747400,
         2.23691159816033, 0.221624321934227, 0.142363763154724e-01, 0.535617408889821e-03, 0.896632837373868e-05], 7,
    ),
    "Wampler1": (powers(STEPS, 5), data.WAMPLER1_Y, [1.0] * 6, None, 12),
    "Wampler2": (powers(STEPS, 5), data.WAMPLER2_Y, [10.0**-k for k in range(6)], None, 12),
    "Wampler3": (powers(STEPS, 5), data.WAMPLER3_Y, [1.0] * 6, WAMPLER_SD, 12),
    "Wampler4": (powers(STEPS, 5), data.WAMPLER4_Y, [1.0] * 6, [100.0 * sd for sd in WAMPLER_SD], 10),
    "Wampler5": (powers(STEPS, 5), data.WAMPLER5_Y, [1.0] * 6, [10000.0 * sd for sd in WAMPLER_SD], 9),
}  # fmt: skip


@pytest.mark.parametrize("name", LINEAR)
def test_least_squares_agrees_with_the_certified_regressions(name: str, report: Report) -> None:
    design, y, coefficients, errors, needed = LINEAR[name]
    fit = least_squares(design, np.array(y, dtype=np.float64))
    assert fit is not None
    agree = min(digits(a, b) for a, b in zip(fit.coefficients, coefficients, strict=True))
    said = f"{name}: coefficients {agree:.1f} digits"
    assert agree >= needed
    if errors is not None:
        agree = min(digits(a, b) for a, b in zip(fit.standard_errors, errors, strict=True))
        said += f", standard errors {agree:.1f}"
        assert agree >= min(needed, 7)
    report(said)


UNIVARIATE = {
    "Lew": (data.LEW, -177.435000000000, 277.332168044316, -0.307304800605679, 13),
    "Lottery": (data.LOTTERY, 518.958715596330, 291.699727470969, -0.120948622967393, 13),
    "Mavro": (data.MAVRO, 2.00185600000000, 0.000429123454003053, 0.937989183438248, 12),
    "Michelso": (data.MICHELSO, 299.852400000000, 0.0790105478190518, 0.535199668621283, 12),
    "NumAcc1": (data.NUM_ACC1, 10000002.0, 1.0, -0.5, 14),
    "NumAcc2": (data.NUM_ACC2, 1.2, 0.1, -0.999, 13),
    "NumAcc3": (data.NUM_ACC3, 1000000.2, 0.1, -0.999, 8),
    "NumAcc4": (data.NUM_ACC4, 10000000.2, 0.1, -0.999, 7),
    "PiDigits": (data.pi_digits(), 4.53480000000000, 2.86733906028871, -0.00355099287237972, 12),
}


@pytest.mark.parametrize("name", UNIVARIATE)
def test_mean_sd_and_autocorrelation_agree_with_the_certified_values(name: str, report: Report) -> None:
    values, mean, sd, r1, needed = UNIVARIATE[name]
    y = np.array(values, dtype=np.float64)
    fit = least_squares(np.ones((len(y), 1)), y)
    assert fit is not None
    centred = y - fit.coefficients[0]
    found = (digits(fit.coefficients[0], mean), digits(fit.residual_sd, sd), digits(float(lag1(centred[None])[0]), r1))
    report(f"{name}: mean {found[0]:.1f} digits, sd {found[1]:.1f}, r1 {found[2]:.1f}")
    assert min(found) >= needed


def test_pearson_agrees_with_the_certified_r_squared_of_norris() -> None:
    found = correlate([x for _, x in data.NORRIS], [y for y, _ in data.NORRIS])
    assert found.coefficient is not None
    assert digits(found.coefficient**2, data.NORRIS_R_SQUARED) >= 14
