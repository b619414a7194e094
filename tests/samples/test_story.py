"""The samples tell the same story at every hour of every weekday; `python -m bench.story` asks at all 168 hours."""

from __future__ import annotations

import pytest

from bench import story
from chimera_metrics.integrations.questions import asking


@pytest.mark.parametrize("hour", [0, 31, 71, 119, 167], ids=lambda hour: f"hour {hour} of a week")
def test_the_planted_regression_and_its_commit_are_told(hour: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "clock", asking.clock)  # put back at the end
    assert story.at(hour, range(5, 31, 5)) == []
