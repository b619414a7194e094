"""Whether the samples tell their story at whatever hour of whatever weekday they are ingested and asked.

Run: .venv/bin/python -m bench.story [--hours 168]. For each hour of a week the clock is held there, the samples are
moved to it, and `get.performance_summary` is asked for windows of 5 to 30 days: each must name the planted regression
with its commit, and nothing else as worse. The trend of the demo must show its step with the same commit.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chimera_metrics.integrations.backfill.files import find_files
from chimera_metrics.integrations.backfill.ingest import Backfill
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.questions import asking

SAMPLES = Path(__file__).parents[1] / "samples"
FIRST = datetime(2026, 11, 23, 0, 24, tzinfo=UTC)
WINDOWS = range(5, 31)
HOURS = 168
GROUP = ("llama-3.1-8b-instruct", "q4_k_m", "banter-chat")
COMMIT = "5d8a17f4c2e06b93a1f75d04e8c6293b7f10ad6e"
MEASURES = {"latency_p95_ms", "latency_p99_ms"}
ALLOWED = MEASURES | {"tokens_per_sec", "latency_p50_ms"}  # planted too, but small: 3 %
FILTERS = [{"column": "model", "value": GROUP[0]}, {"column": "quant", "value": GROUP[1]}]


class _Silent:
    def advance(self, position: int, rows: int) -> None:
        """Nothing is shown."""

    def file_done(self, size: int) -> None:
        """Nothing is shown."""


def missed(client: ClickHouseClient, now: datetime, windows: range = WINDOWS) -> Iterator[str]:
    """What is not told as it was planted, a line each; the clock is held at `now`."""
    files = find_files(SAMPLES)
    Backfill(client, files, days=36, shift_to_now=True, now=now).run(_Silent())
    asking.clock = lambda: now
    for days in windows:
        groups = client.get_performance_summary(days=days).groups
        told = {
            (one.model, one.quant, one.dataset): {(found.measure, found.commit_sha) for found in one.regressions}
            for one in groups
            if one.regressions
        }
        own = told.pop(GROUP, set())
        if not {(measure, COMMIT) for measure in MEASURES} <= own or {measure for measure, _ in own} - ALLOWED:
            yield f"{now:%a %H:%M}, days={days}: the planted regression is told as {sorted(own)}"
        if told:
            yield f"{now:%a %H:%M}, days={days}: also worse: {told}"
    [series] = client.trend("bench.latency_p95_ms", days=35, filters=FILTERS).series
    if [one.commit_sha for one in series.change_points] != [COMMIT]:
        yield f"{now:%a %H:%M}: the step is told as {series.change_points}"


def at(hour: int, windows: range = WINDOWS) -> list[str]:
    """What is missed in that hour of a week, in a store of its own."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ClickHouseClient(ClickHouseSettings(path=str(Path(folder) / "store"))) as client,
    ):
        client.ensure_schema()
        return list(missed(client, FIRST + timedelta(hours=hour), windows))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=int, default=HOURS, help="hours of a week, evenly spread")
    asked = parser.parse_args().hours
    found: list[str] = []
    for number in range(asked):
        for line in at(number * HOURS // asked):
            print(line, flush=True)
            found.append(line)
        print(f"\r{number + 1} of {asked} hours", end="", file=sys.stderr, flush=True)
    print(f"\n{asked * len(WINDOWS):,} summaries, {asked} trends: {len(found)} not as planted")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
