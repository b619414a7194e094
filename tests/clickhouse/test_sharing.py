"""Two servers and `muse status` on one embedded store: every call is answered (a minute of it: bench/sharing.py)."""

from __future__ import annotations

import anyio

from bench.sharing import share
from chimera_metrics.integrations.clickhouse.store import open_store
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner


def test_every_call_of_three_programs_on_one_store_is_answered(store_path: str) -> None:
    runner.upgrade(ClickHouseSettings(path=store_path))
    open_store(store_path).close()
    tallies = anyio.run(share, store_path, 8)
    assert [tally.failed for tally in tallies] == [[], [], []]
    assert all(tally.answered >= 2 for tally in tallies)
