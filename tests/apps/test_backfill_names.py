"""Names of batches: whatever days a batch is of, its name tells them again."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from chimera_metrics.integrations.backfill import window_days
from chimera_metrics.integrations.backfill.file_days import UNKNOWN_DAY

MOMENT = datetime(2026, 5, 31, 12, 0, 0, 123456, tzinfo=UTC)


def test_days_in_a_row_are_one_stretch_also_over_days_that_the_window_has_not() -> None:
    present = {UNKNOWN_DAY, 10, 11, 14, 20, 21}
    assert window_days.named({UNKNOWN_DAY, 11, 14, 20}, present, None) == "-1000000,11..20"
    assert window_days.named({21}, present, MOMENT) == "21@2026-05-31T12:00:00.123456+00:00"


@pytest.mark.parametrize("newest", [None, MOMENT])
def test_any_days_are_read_again(newest: datetime | None) -> None:
    rng = random.Random(7)
    for _ in range(500):
        present = {rng.randrange(-40, 40) for _ in range(rng.randint(1, 30))} | {UNKNOWN_DAY}
        days = set(rng.sample(sorted(present), rng.randint(1, len(present))))
        assert window_days.read(window_days.named(days, present, newest), present) == (days, newest)


@pytest.mark.parametrize("name", ["", "0f3a5b7c9d1e2f40", "1234567890123456", "1..x", "5@yesterday"])
def test_another_name_is_of_no_days(name: str) -> None:
    assert window_days.read(name, {1, 5, UNKNOWN_DAY})[0] == set()
