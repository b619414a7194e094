"""How many words fit: beside cells that are counted."""

from __future__ import annotations

import numpy as np
import pytest

from chimera_metrics.analytics.inference.driver_words import words_that_fit


def zipf(size: int) -> list[float]:
    return [1000.0 / rank for rank in range(1, size + 1)]


@pytest.mark.parametrize("cells", [2_000, 20_000, 200_000])
@pytest.mark.parametrize("rows_a_day", [500, 20_000])
def test_so_many_words_make_nearly_so_many_cells(cells: int, rows_a_day: int) -> None:
    rows = {"a": zipf(60), "b": zipf(200), "c": zipf(9)}
    most = words_that_fit(rows, rows_a_day=rows_a_day, days=42, cells=cells)
    assert counted(rows, rows_a_day, most) * 42 <= cells * 1.1
    if most < 100:
        assert counted(rows, rows_a_day, 2 * most) * 42 > cells * 0.9


def counted(rows: dict[str, list[float]], rows_a_day: int, most: int) -> int:
    """The cells of one day, drawn."""
    rng = np.random.default_rng(3)
    drawn = []
    for words in rows.values():
        shares = np.array(words) / sum(words)
        drawn.append(np.minimum(rng.choice(len(words), rows_a_day, p=shares), most))
    return len(set(zip(*(each.tolist() for each in drawn), strict=True)))


def test_two_words_are_the_least_and_none_are_all() -> None:
    rows = {"a": zipf(60), "b": zipf(60)}
    assert words_that_fit(rows, rows_a_day=1e6, days=42, cells=10) == 2
    assert words_that_fit({"a": [], "b": [0.0]}, rows_a_day=0.0, days=42, cells=10) == 100
