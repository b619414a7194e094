"""Values as JSON keeps them: a column at once is what its values are one by one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chimera_metrics.integrations.answers.shaping import Shaper, iso

MOMENTS = [
    datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC),
    datetime(2026, 1, 2, 3, 4, 5, 678_901, UTC),
    datetime(2026, 1, 2, 3, 4, 5, 1_000, UTC),
    datetime(2026, 1, 2, tzinfo=UTC),
    datetime(1900, 1, 1, tzinfo=UTC),
]
COLUMNS: list[tuple[str, list[Any]]] = [
    ("DateTime64(6, 'UTC')", [*MOMENTS, None]),
    ("DateTime64(3, 'Asia/Kolkata')", [moment.astimezone(ZoneInfo("Asia/Kolkata")) for moment in MOMENTS]),
    ("Nullable(UUID)", [UUID(int=0), None, UUID("61f0c404-5cb3-11e7-907b-a6006ad3dba0")]),
    ("Float64", [1.5, None, 1e300]),
    ("LowCardinality(Nullable(String))", ["a", None, "b"]),
]


@pytest.mark.parametrize(("type_", "values"), COLUMNS, ids=[type_ for type_, _ in COLUMNS])
def test_a_column_is_shaped_as_its_values_are(type_: str, values: list[Any]) -> None:
    assert Shaper().column(values, "c", type_) == [Shaper().value(value) for value in values]


# Whole milliseconds and microseconds in all their digits, which end with noughts in many ways.
MICROSECONDS = st.one_of(
    st.integers(0, 999_999), st.integers(0, 999).map(lambda digits: digits * 1000), st.sampled_from([1, 100, 100_100])
)
TIMES = st.builds(
    lambda moment, micro: moment.replace(microsecond=micro), st.datetimes(timezones=st.just(UTC)), MICROSECONDS
)


@given(st.lists(TIMES, min_size=1))
def test_a_column_of_times_is_shaped_as_each_is(moments: list[datetime]) -> None:
    assert Shaper().column(moments, "c", "DateTime64(6, 'UTC')") == [iso(moment) for moment in moments]
