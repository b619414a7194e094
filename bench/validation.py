"""What validation and masking cost: microseconds a row, by path, for 100,000 rows of UI events.

python -m bench.validation
"""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute  # makes pa.compute known

from chimera_metrics.integrations.validation.column_path import validate_table
from chimera_metrics.integrations.validation.row_path import validate_rows

ROWS = 100_000
AGENTS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    f"Chrome/{version}.0.{build}.0 Safari/537.36"
    for version in range(110, 130)
    for build in range(50)
]


def ui_rows(count: int, personal: bool) -> list[dict[str, Any]]:
    """Rows of eight fields; with `personal`, one in ten has an e-mail address in its metadata."""
    rng = random.Random(7)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        {
            "ts": (start + timedelta(seconds=37 * index)).isoformat(),
            "session_id": str(uuid.UUID(int=rng.getrandbits(128))),
            "commit_sha": f"{rng.getrandbits(16):040x}",
            "event_type": rng.choice(["overlay_open", "query_submit", "error"]),
            "latency_ms": rng.lognormvariate(4, 1),
            "user_agent": rng.choice(AGENTS),
            "metadata": json.dumps(
                {"panel": rng.randint(1, 40), "tokens": rng.randint(1, 900), "at": "12:30:05"}
                | ({"who": f"u{index}@example.com"} if personal and index % 10 == 0 else {})
            ),
            "schema_version": 1,
        }
        for index in range(count)
    ]


def best(run: Callable[[], object], repeats: int = 3) -> float:
    """The shortest of a few runs, in microseconds a row."""
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        run()
        times.append(time.perf_counter() - begin)
    return min(times) / ROWS * 1e6


def main() -> None:
    rows = ui_rows(ROWS, personal=False)
    personal = ui_rows(ROWS, personal=True)
    bad = [*rows]
    for index in range(0, ROWS, 1000):
        bad[index] = bad[index] | {"latency_ms": -1}
    table: list[tuple[str, Callable[[], object]]] = [
        ("rows", lambda: validate_rows("ui_events", rows, mask=False)),
        ("rows, masked", lambda: validate_rows("ui_events", rows)),
        ("rows, masked, 1 in 10 personal", lambda: validate_rows("ui_events", personal)),
        ("rows, masked, 1 in 1,000 refused", lambda: validate_rows("ui_events", bad)),
    ]
    frame = pa.table({name: [row[name] for row in rows] for name in rows[0]})
    arrow = frame.set_column(0, "ts", pa.compute.cast(frame["ts"], pa.timestamp("us", "UTC")))
    dirty = arrow.set_column(6, "metadata", pa.array([row["metadata"] for row in personal]))
    table += [
        ("arrow", lambda: validate_table("ui_events", arrow, mask=False)),
        ("arrow, masked", lambda: validate_table("ui_events", arrow)),
        ("arrow, masked, 1 in 10 personal", lambda: validate_table("ui_events", dirty)),
        ("arrow, masked, times as text", lambda: validate_table("ui_events", frame)),
    ]
    print(f"{'path':<36}{'µs/row':>8}")
    for name, run in table:
        print(f"{name:<36}{best(run):>8.2f}")


if __name__ == "__main__":
    main()
