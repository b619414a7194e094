"""How often `muse gate` cries wolf, and which slow commits it sees; for docs/statistics.md.

    python -m bench.gate [--commits 5000] [--stored 400] [--seed 7] [--dry-run]

Each commit has a benchmark of its own with a history before it, and its runs are judged by the function that the
command calls. Some (`--stored all`: all) are put into one store, too, and judged from it as the command does: the
commit by what CI names, its runs and those before it read, the exit code. Every hundredth of these is judged by the
command as a whole, settings, opened store and printed line included. All must end alike.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.gate_cases import HELD, LEAST_SEEN, LOUD, SIZES, SLOW, STATED, Case, cases, runs
from bench.honesty import PAGE
from bench.honesty_report import Report, per_mille, share
from chimera_metrics.apps import gate as command
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.integrations.operations.gate import FOUND, Gate, Sides, gate, judge
from chimera_metrics.integrations.operations.gate_history import GateHistory, gate_history

MOST_ALARMS = 0.01
_WHOLE = 100
_AT_ONCE = 5_000
BEGIN, END = "<!-- measured by `python -m bench.gate` -->", "<!-- end of what bench.gate measured -->"
Codes = Mapping[Case, int]


def judged(case: Case, seed: int) -> int:
    """The exit code, without a store."""
    every = runs(case, seed)
    sides: dict[tuple[str, ...], Sides] = {("one",): (every[: case.before], every[case.before :])}
    return Gate(GateHistory(case.commit, None, ""), judge(sides)).exit_code


def fill(client: ClickHouseClient, every: Sequence[Case], seed: int) -> None:
    rows = [row for case in every for row in runs(case, seed)]
    for first in range(0, len(rows), _AT_ONCE):
        some = rows[first : first + _AT_ONCE]
        answer = client.insert("bench_runs", some)
        if answer["inserted"] != len(some):
            raise RuntimeError(f"{answer['inserted']:,} of {len(some):,} runs were stored: {answer['rejected']}")


def by_the_command(case: Case) -> int:
    """In the folder and with the settings that the process has."""
    os.environ["GITHUB_SHA"] = case.commit
    with contextlib.redirect_stdout(io.StringIO()):
        return command.run(None, None)


def from_a_store(folder: Path, every: Sequence[Case], seed: int) -> tuple[Codes, list[Case], float]:
    """The exit code of each, those that the whole command judges otherwise, and the seconds of a judgement."""
    settings = ClickHouseSettings(path=str(folder / "store"))
    runner.upgrade(settings)
    with _at_home(folder):
        with ClickHouseClient(settings) as client:
            fill(client, every, seed)
            started = time.perf_counter()
            codes = {
                case: gate(client, gate_history(folder, None, {"GITHUB_SHA": case.commit})).exit_code for case in every
            }
            each_s = (time.perf_counter() - started) / len(every)
        return codes, [case for case in every[::_WHOLE] if by_the_command(case) != codes[case]], each_s


@contextlib.contextmanager
def _at_home(folder: Path) -> Iterator[None]:
    """In the folder, with nothing set but its store, and without git."""
    kept = dict(os.environ)
    for name in [name for name in kept if name.startswith(("CH_", "MUSE_", "CI_COMMIT"))]:
        del os.environ[name]
    os.environ |= {"CH_PATH": str(folder / "store"), "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    try:
        with contextlib.chdir(folder):
            yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


def tell(report: Report, codes: Codes) -> None:
    """The tables, and whether false alarms are as few, and slow commits seen as often, as promised."""
    worse: dict[tuple[str, tuple[int, int], float], list[bool]] = defaultdict(list)
    for case, code in codes.items():
        worse[case.noise, (case.before, case.after), case.step].append(code == FOUND)
    quiet = [code == FOUND for case, code in codes.items() if not case.step and case.noise in HELD]
    report.at_most("false alarms", share(quiet), MOST_ALARMS)
    head = ["noise", *(f"{after} after {before}" for before, after in SIZES)]
    rows = [
        [name, *(per_mille(worse[name, size, 0.0]) for size in SIZES)]
        for name in (*HELD, *STATED)
        if (name, SIZES[0], 0.0) in worse
    ]
    promised = f"{sum(quiet)} of {len(quiet):,}, {share(quiet):.2%}, without those of AR(1); at most {MOST_ALARMS:.0%}"
    report.table(f"Gate: commits per 1,000 called worse when none of six measures is ({promised})", head, rows)
    rows = [
        [name, *("; ".join(f"{share(worse[name, size, step]):.2f}" for step in SLOW) for size in SIZES)]
        for name in LOUD
    ]
    steps = "; of ".join(f"{step:g} sd" for step in SLOW)
    report.table(f"Gate: share of slower commits called worse, all six measures slower by {steps}", head, rows)
    rows = []
    for size, least in LEAST_SEEN.items():
        seen = worse["normal", (size, size), 1.0]
        report.at_least(f"a step of 1 sd, {size} runs a side, one measure", share(seen), least)
        rows.append([str(size), f"{share(seen):.3f}", f"{least:g}", f"{len(seen):,}"])
    head = ["runs a side", "called worse", "at least", "commits"]
    report.table("Gate: share of commits called worse of which one measure is 1 sd slower (normal noise)", head, rows)


def write(lines: Sequence[str]) -> None:
    """Puts what was measured into the page."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text("\n".join([before + BEGIN, "", *lines, "", END]) + rest.partition(END)[2])


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--commits", type=int, default=5_000, help="commits that are not slower")
    options.add_argument("--stored", default="400", help="commits judged from a store, too; all: every one")
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--dry-run", action="store_true", help="print, write nothing")
    chosen = options.parse_args()
    every = cases(chosen.commits, power=max(1, 2 * chosen.commits // 5))
    some = every if chosen.stored == "all" else every[:: max(1, len(every) // max(1, int(chosen.stored)))]
    codes = {case: judged(case, chosen.seed) for case in every}
    with tempfile.TemporaryDirectory(prefix="muse-gate-") as name:
        stored, otherwise, each_s = from_a_store(Path(name), some, chosen.seed)
    report = Report()
    tell(report, codes)
    differ = [case for case, code in stored.items() if code != codes[case]] + otherwise
    wholly = f"{len(some[::_WHOLE]):,} of them by the command as a whole; {len(differ) or 'none'} ended otherwise"
    about = (
        f"By `python -m bench.gate --stored {chosen.stored}`, seed {chosen.seed}. Of {len(every):,} commits "
        f"{len(some):,} were judged from a store, too, {wholly}. Each of these took {1000 * each_s:.0f} ms."
    )
    print(about, *report.missed, sep="\n")
    if not chosen.dry_run:
        write([about, *(f"\nNot kept: {one}" for one in report.missed), *report.lines])
    return 1 if report.missed or differ else 0


if __name__ == "__main__":
    sys.exit(main())
