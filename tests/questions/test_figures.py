"""How numbers are shown."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from chimera_metrics.analytics import metric_of
from chimera_metrics.integrations.questions.asking import note_gaps, thin
from chimera_metrics.integrations.questions.figures import digits_of, digits_of_metric, figure, point
from chimera_metrics.integrations.questions.wording import listed

SHOWN: list[tuple[Any, Any]] = [
    (412.34567891, 412.3457),
    (0.000412345678, 0.0004123457),
    (123456789.4, 123456789.0),
    (Decimal("0.412345678"), 0.4123457),
    (9007199254740993, 9007199254740993),
    (0.0, 0.0),
    (-1.5, -1.5),
    (float("nan"), None),
    (float("-inf"), None),
    (None, None),
    ("text", "text"),
]


@pytest.mark.parametrize(("value", "shown"), SHOWN, ids=[str(value) for value, _ in SHOWN])
def test_a_point_has_seven_digits_and_never_fewer_than_its_units(value: Any, shown: Any) -> None:
    assert point(value) == shown


def test_a_figure_has_ten_digits() -> None:
    assert figure(2 / 3) == 0.6666666667


def test_thinning_keeps_the_last_and_what_is_to_be_kept() -> None:
    assert thin(range(10), 4, keep=[1]) == [0, 1, 3, 6, 9]
    assert thin(range(4), 4) == [0, 1, 2, 3]
    assert thin(range(4), 0) == []


DIGITS: list[tuple[list[float | None], int]] = [
    ([100.0, 500.0, None], 7),
    ([0.001, 0.002], 7),
    ([10000000.2, 10000000.7], 14),
    ([1000.0, 1001.0], 10),
    ([-1000.0, 1000.0, float("nan")], 7),
    ([412.25], 15),
    ([], 15),
]


@pytest.mark.parametrize(("values", "digits"), DIGITS)
def test_points_have_the_digits_in_which_they_differ(values: list[float | None], digits: int) -> None:
    assert digits_of(values) == digits


def test_sums_and_means_have_all_digits_and_shares_seven() -> None:
    digits = {agg: digits_of_metric(metric_of(f"{agg}(llm_events.latency_ms)")) for agg in ("sum", "avg", "max", "p95")}
    assert digits == {"sum": 15, "avg": 15, "max": 15, "p95": 7}
    assert digits_of_metric(metric_of("llm.error_rate")) == 7


@pytest.mark.parametrize(
    ("left_out", "sides", "said"),
    [
        (0, 1, []),
        (1, 1, ["1 of 9 days lacks a value and is left out of the points."]),
        (2, 1, ["2 of 9 days lack a value and are left out of the points."]),
        (2, 2, ["2 of 9 days lack a value on one side or both and are left out of the points."]),
    ],
)
def test_buckets_without_a_value_are_counted_in_good_english(left_out: int, sides: int, said: list[str]) -> None:
    assert note_gaps(left_out, 9, "day", sides) == said


@pytest.mark.parametrize(("words", "said"), [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")])
def test_a_list_of_words_has_commas_and_one_and(words: list[str], said: str) -> None:
    assert listed(words) == said
