"""Faulted runs on four servers 18.16, two shards of two replicas: no row lost, none doubled.

    python -m bench.cluster [--runs 100] [--seed 21] [--write]

Each run sends one batch by our order of work, with a fault and a retry on another server, and counts every row on every
replica. The servers are Debian's, too old for this program: what is shown is their replication under our order of work,
with a reduced model and blocks known by their content where newer servers know tokens.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.support.debian_server import available
from tests.wide.cluster.faults import FAULTS, WAYS, Run, Story
from tests.wide.cluster.old_servers import old_cluster
from tests.wide.cluster.zookeeper import zookeeper

DOCUMENT = Path(__file__).parents[1] / "docs" / "scale.md"
_BEGIN, _END = "<!-- cluster runs -->", "<!-- end of cluster runs -->"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench.cluster", description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=21)
    parser.add_argument("--write", action="store_true", help="put the table into docs/scale.md")
    chosen = parser.parse_args(arguments)
    if not available():
        print("Debian's clickhouse-server is not there: run `bash tests/support/debian_packages.sh`.", file=sys.stderr)
        return 2
    started = time.monotonic()
    runs, doubled = _run(chosen.runs, chosen.seed)
    text = report(runs, doubled, chosen.seed, time.monotonic() - started)
    print(text)
    if chosen.write:
        before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(_BEGIN)
        DOCUMENT.write_text(f"{before}{_BEGIN}\n{text}\n{_END}{rest.partition(_END)[2]}", encoding="utf-8")
    return 0 if all(run.holds for run in runs) and doubled else 1


def _run(count: int, seed: int) -> tuple[list[Run], int]:
    runs = []
    with (
        tempfile.TemporaryDirectory(prefix="muse-cluster-") as name,
        zookeeper(Path(name) / "zookeeper") as keeper,
        old_cluster(Path(name), keeper) as cluster,
    ):
        story = Story(cluster, seed)
        for number in range(count):
            runs.append(story.run(number))
            print(f"{number + 1}: {runs[-1]}", file=sys.stderr, flush=True)
        return runs, story.control()


def report(runs: Sequence[Run], doubled: int, seed: int, seconds: float) -> str:
    """The table, a line for each fault and way in."""
    lines = [
        f"{len(runs)} runs, seed {seed}, {seconds:.0f} s (`python -m bench.cluster --runs {len(runs)} --seed {seed}`). "
        f"With the engine's memory of blocks switched off, a retry on the other replica doubles {doubled} of {doubled} "
        "rows: the runs would show it.",
        "",
        "| fault | sent to | runs | acknowledged | stored | lost | doubled | replicas apart | in the rollup "
        "| after its repair |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for fault in FAULTS:
        for way in WAYS:
            of = [run for run in runs if (run.fault, run.way) == (fault, way)]
            if of:
                lines.append(_line(fault, way, of))
    return "\n".join([*lines, _line("all", "", runs)])


def _line(fault: str, way: str, runs: Sequence[Run]) -> str:
    names = ("acknowledged", "stored", "lost", "doubled", "apart", "in_rollup", "repaired")
    sums = [f"{sum(getattr(run, name) for run in runs):,}" for name in names]
    return f"| {' | '.join([fault, way, str(len(runs)), *sums])} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
