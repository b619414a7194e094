"""A slice of `bench.bursts`, and what it would say of faults."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from bench.bursts import ENDS, Round, run_round
from chimera_metrics.integrations.config import ClickHouseSettings


@pytest.mark.parametrize("end", ENDS)
def test_no_call_of_a_burst_is_lost_doubled_or_misrouted(end: str, tmp_path: Path) -> None:
    store = ClickHouseSettings(path=str(tmp_path / "store"))
    found = run_round(end, 200, random.Random(end), store, tmp_path)
    assert list(found.faults()) == []
    assert found.calls == 200
    assert found.answers


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({1: [2], 2: [2]}, "id 1: {2: 1} came, {1: 1} was asked"),
        ({1: [1, 1], 2: [2]}, "id 1: {1: 1} came, {1: 1} was asked"),
        ({1: [1]}, "id 2 was not answered"),
    ],
)
def test_a_fault_is_told(answers: dict[int, list[int]], said: str) -> None:
    found = Round("input ends", asked={1: [1], 2: [2]}, answers=answers, recorded=2, code=0)
    assert said in list(found.faults())
