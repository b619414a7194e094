"""Statements that ran on beyond their limit, because the engine looks at it between blocks only: they end in time."""

from __future__ import annotations

import contextlib
import time

import pytest

from chimera_metrics.errors import MuseError
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings

_COLUMNS = ", ".join(f"number * {place}" for place in range(500))
# What the engine calls for each row although all its arguments are constants, and what takes all pairs of its columns.
ENDS = [
    f"SELECT ignore(covarPopMatrix({_COLUMNS})) FROM numbers(200000000)",
    f"SELECT max(ignore(sqidEncode({', '.join(['18446744073709551615'] * 200)}))) FROM numbers(1000000)",
    "SELECT max(ignore(extractKeyValuePairs(repeat('a', 1000000), 'a', 'b', 'c'))) FROM numbers(1000000)",
    "SELECT max(ignore(arrayRotateLeft(range(100000), 2))) FROM numbers(1000000)",
    "SELECT max(ignore(space(100000))) FROM numbers(1000000)",
]


@pytest.mark.parametrize("sql", ENDS, ids=lambda sql: sql[:60])
def test_what_runs_ends_within_a_second_of_its_limit(embedded: ClickHouseSettings, sql: str) -> None:
    began = time.process_time()
    with ClickHouseClient(embedded) as client, contextlib.suppress(MuseError):
        client.query(sql, timeout_s=0.3)
    assert time.process_time() - began < 3.0  # of all threads; it went on for minutes
