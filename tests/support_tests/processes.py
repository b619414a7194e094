"""Watching what the engine runs."""

from __future__ import annotations

import threading
import time
from typing import Any

from clickhouse_driver.errors import ServerException

START_S = 5.0


def _until(client: Any, part: str, *, running: bool, seconds: float) -> bool:
    """Whether, within the time, a statement containing `part` runs, or none does."""
    query = f"SELECT count() > 0 FROM system.processes WHERE query LIKE '%{part}%' AND query NOT LIKE '%processes%'"
    end = time.monotonic() + seconds
    while client.execute(query) != [(int(running),)]:
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def gone_after(client: Any, part: str, seconds: float = 5.0) -> bool:
    """Whether no statement containing `part` runs any more within the time."""
    return _until(client, part, running=False, seconds=seconds)


def wait_until_running(client: Any, part: str) -> None:
    assert _until(client, part, running=True, seconds=START_S), "the statement never showed up"


def in_background(client: Any, sql: str, **options: Any) -> tuple[threading.Thread, list[Any]]:
    """Run a statement in a thread; the list gets its answer or error."""
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append(client.execute(sql, **options))
        except ServerException as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome
