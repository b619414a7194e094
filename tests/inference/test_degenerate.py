"""One table of degenerate series over all functions: None and a reason, never NaN, inf or a warning."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chimera_metrics.analytics.inference import (
    Case,
    History,
    Watched,
    anomalies,
    change_points,
    compare,
    compare_all,
    compare_histories,
    compare_history,
    compare_newest,
    correlate,
    correlate_within,
    cycle,
    first_bad_commit,
    forecast,
    mean_interval,
    newest_anomalies,
    quantile_interval,
    regressions,
    trend,
    trends,
)

Values = list[float | None]
NAN, INF = float("nan"), float("inf")
EXACT: dict[str, list[float]] = {
    "constant but for rounding": [0.1 + 0.2, 0.3] * 15,
    "huge offset": [1e15 + i % 3 for i in range(30)],
    "huge values": [1e308 * (-1.0) ** i * (1 + i % 5) / 5.0 for i in range(30)],
    "tiny values": [1e-310 * (i % 7) for i in range(30)],
    "one huge": [float(i % 4) for i in range(29)] + [1e300],
    "a line": [float(i) for i in range(30)],
    "a clean step": [1.0] * 15 + [2.0] * 15,
    "zero but one": [0.0] * 29 + [7.0],
    "long ties": [float(i // 10) for i in range(60)],
}
CASES: dict[str, Values] = {
    **{name: list(values) for name, values in EXACT.items()},
    "no rows": [],
    "one row": [3.0],
    "two rows": [3.0, 4.0],
    "three rows": [3.0, 4.0, 1.0],
    "four rows": [3.0, 4.0, 1.0, 2.0],
    "eight rows": [3.0, 4.0, 1.0, 2.0, 8.0, 5.0, 7.0, 6.0],
    "constant": [5.0] * 30,
    "all zero": [0.0] * 30,
    "ties": [1.0, 2.0] * 15,
    "all null": [None] * 30,
    "all nan": [NAN] * 30,
    "infinities": [INF, -INF] * 15,
    "gaps": [1.0, None, 3.0, NAN, 2.0, INF, 7.0, None, 5.0, 4.0, None, 9.0, 8.0, 6.0, 1.5, 2.5],
}


def other(values: Values) -> Values:
    return [float((7 * i) % 11) for i in range(len(values))]


def halves(values: Values) -> tuple[Values, Values]:
    return values[: len(values) // 2], values[len(values) // 2 :]


FUNCTIONS: dict[str, Callable[[Values], Any]] = {
    "trend": trend,
    "trends": lambda v: trends([v, other(v)]),
    "change_points": change_points,
    "anomalies": anomalies,
    "forecast": forecast,
    "newest": lambda v: newest_anomalies([Watched("a", v), Watched("b", other(v))], 2, period=7),
    "newest counts": lambda v: newest_anomalies(
        [Watched("a", [None if x is None else abs(x) for x in v], counts=True)]
    ),
    "forecast under a week": lambda v: forecast(v, period=7),
    "forecast of rates": lambda v: forecast([None if x is None else min(abs(x), 1.0) for x in v], ceiling=1.0),
    "cycle": lambda v: cycle(v, 7),
    "trend under a week": lambda v: trend(v, period=7),
    "trend with steps": lambda v: trend(v, steps=change_points(v)),
    "change points under a week": lambda v: change_points(v, period=7),
    "anomalies under a week": lambda v: anomalies(v, period=7),
    "counts": lambda v: anomalies([None if x is None else abs(x) for x in v], counts=True),
    "rates": lambda v: anomalies([None if x is None else min(abs(x), 1.0) for x in v], n=[20.0] * len(v)),
    "pearson": lambda v: correlate(v, other(v)),
    "spearman": lambda v: correlate(v, other(v), method="spearman"),
    "kendall": lambda v: correlate(v, other(v), method="kendall"),
    "with itself": lambda v: correlate(v, v),
    "lags": lambda v: correlate(v, other(v), max_lag=3),
    "lags beyond": lambda v: correlate(v, other(v), max_lag=40, method="kendall"),
    "within": lambda v: correlate_within(v, other(v), [i % 2 for i in range(len(v))]),
    "within single": lambda v: correlate_within(v, other(v), list(range(len(v)))),
    "compare": lambda v: compare(*halves(v)),
    "compare turned": lambda v: compare(*halves(v), higher_is_worse=False),
    "regressions": lambda v: regressions(compare_all([Case("a", *halves(v)), Case("b", v, other(v))])),
    "history": lambda v: compare_history(v, range(len(v))),
    "history turned": lambda v: compare_history(v, range(len(v)), higher_is_worse=False),
    "histories": lambda v: regressions(compare_histories([History("a", v, range(len(v)))])),
    "newest runs": lambda v: compare_newest([History("a", v, range(len(v)))], since=len(v) // 2)["a"],
    "adjusted": lambda v: correlate(v, other(v), period=7),
    "adjusted ranks": lambda v: correlate(v, other(v), method="kendall", period=7, max_lag=3),
    "within by days": lambda v: correlate_within(
        v, other(v), [i % 2 for i in range(len(v))], [i // 2 for i in range(len(v))]
    ),
    "mean_interval": mean_interval,
    "quantile_interval": lambda v: quantile_interval(v, 0.9),
    "first_bad_commit": lambda v: first_bad_commit(v, [str(i // 4) for i in range(len(v))]),
}


def numbers(result: Any) -> Iterator[float]:
    """Every float in a result."""
    if isinstance(result, float):
        yield result
    elif dataclasses.is_dataclass(result):
        for each in dataclasses.fields(result):
            yield from numbers(getattr(result, each.name))
    elif isinstance(result, list | tuple):
        for item in result:
            yield from numbers(item)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_gives_nan_or_inf_or_warns(function: str, case: str) -> None:
    for number in numbers(FUNCTIONS[function](CASES[case])):
        assert math.isfinite(number)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    "function", ["trend", "pearson", "spearman", "kendall", "within", "within by days", "compare", "history"]
)
def test_an_undefined_number_has_a_reason(function: str, case: str) -> None:
    result = FUNCTIONS[function](CASES[case])
    assert result.p_value is not None or result.reason is not None


@pytest.mark.parametrize(
    ("case", "function", "code"),
    [
        ("no rows", "trend", "no_data"),
        ("all null", "trend", "no_data"),
        ("infinities", "trend", "no_data"),
        ("three rows", "trend", "too_few"),
        ("eight rows", "trend", None),
        ("constant", "trend", "constant"),
        ("constant but for rounding", "trend", "constant"),
        ("no rows", "pearson", "no_data"),
        ("three rows", "pearson", "too_few"),
        ("four rows", "pearson", None),
        ("constant", "pearson", "constant"),
        ("constant", "kendall", "constant"),
        ("all nan", "spearman", "no_data"),
        ("one row", "change_points", "too_few"),
        ("constant", "change_points", "constant"),
        ("all null", "anomalies", "no_data"),
        ("zero but one", "anomalies", "not_estimated"),
        ("no rows", "forecast", "no_data"),
        ("infinities", "forecast", "no_data"),
        ("gaps", "forecast", "too_few"),
        ("ties", "forecast", None),
        ("constant", "forecast", "constant"),
        ("one huge", "forecast", "not_estimated"),
        ("a line", "forecast", None),
        ("one row", "compare", "no_data"),
        ("eight rows", "compare", "too_few"),
        ("constant", "compare", "constant"),
        ("all null", "first_bad_commit", "no_data"),
    ],
)
def test_reasons_are_the_right_ones(case: str, function: str, code: str | None) -> None:
    reason = FUNCTIONS[function](CASES[case]).reason
    assert (reason and reason.code) == code


def test_series_that_never_meet_have_no_overlap() -> None:
    reason = correlate([1.0, None, 2.0, None], [None, 1.0, None, 2.0]).reason
    assert reason is not None
    assert reason.code == "no_overlap"


def test_importing_analytics_loads_neither_numpy_nor_scipy_and_inference_never_scipy_stats() -> None:
    code = (
        "import sys, analytics; assert not {'numpy', 'scipy'} & set(sys.modules); "
        "from chimera_metrics.analytics.inference import trend, correlate, change_points, compare, anomalies; "
        "assert 'scipy' not in sys.modules; "
        "y = [float((7 * i) % 11) for i in range(40)]; z = y[::-1]; "
        "trend(y); correlate(y, z); change_points(y); compare(y, z); anomalies(y); "
        "assert 'scipy.stats' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
