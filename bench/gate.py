"""How often `muse gate` cries wolf, and which slow commits it sees: what the command does, for each commit.

    python -m bench.gate [--commits 5000] [--seed 7]

Each commit has a benchmark of its own with a history before it, all in one store, and is judged as the command judges
it: the commit by what CI names, its runs and those before it read from the store, the exit code. Every hundredth is
judged by the command as a whole too, settings, opened store and printed line included, and must end alike.
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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

from bench.noise import SD, noise
from chimera_metrics.analytics.questions.performance import MEASURES
from chimera_metrics.apps import gate as command
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.integrations.operations.gate import FOUND, gate
from chimera_metrics.integrations.operations.gate_history import gate_history
from chimera_metrics.integrations.questions.performance import HIGHER_IS_WORSE

NOISES = ("normal", "t3", "lognormal")
#: Runs before, runs of the commit.
SIZES = ((10, 6), (20, 6), (40, 10))
#: Commits of ten for each step, in standard deviations of the noise: eight that are not slower, and two that are.
STEPS = (0.0,) * 8 + (2.0, 4.0)
SD_SHARE = 0.03
#: One measure with a step of one standard deviation, as many runs before as of the commit: the least share seen.
LEAST_SEEN = {10: 0.15, 20: 0.5, 40: 0.85}
MOST_ALARMS = 0.01
_WHOLE = 100
_AT_ONCE = 5_000
_START = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Case:
    """One commit, and what is true of it; `step` in standard deviations."""

    number: int
    noise: str
    before: int
    after: int
    step: float
    measures: int = len(MEASURES)

    @property
    def commit(self) -> str:
        return f"{self.number + 1:040x}"


def cases(commits: int) -> list[Case]:
    """`commits` that are not slower, evenly over noises and sizes, a quarter as many that are, some of one measure."""
    found = []
    for number in range(commits * len(STEPS) // STEPS.count(0.0)):
        before, after = SIZES[number // len(STEPS) % len(SIZES)]
        name = NOISES[number // len(STEPS) // len(SIZES) % len(NOISES)]
        found.append(Case(number, name, before, after, STEPS[number % len(STEPS)]))
    for size in LEAST_SEEN:
        first = len(found)
        found += [Case(first + one, "normal", size, size, 1.0, measures=1) for one in range(max(1, commits // 10))]
    return found


def runs(case: Case, rng: np.random.Generator) -> Iterator[Mapping[str, Any]]:
    """Measures with a noise of 3 %; the commit's runs are worse by the step in every one."""
    total = case.before + case.after
    drawn = SD_SHARE * noise(rng, case.noise, len(MEASURES), total) / SD.get(case.noise, 1.0)
    for run in range(total):
        own = run >= case.before
        slower = SD_SHARE * case.step if own else 0.0
        values = {
            name: max(0.0, 100.0 * (1 + drawn[index, run] + (slower if HIGHER_IS_WORSE[name] else -slower)))
            for index, name in enumerate(MEASURES[: case.measures])
        }
        yield values | {
            "ts": _START + timedelta(minutes=run),
            "run_id": str(UUID(int=case.number * 1_000 + run + 1)),
            "commit_sha": case.commit if own else f"{10**12 + case.number * 1_000 + run:040x}",
            "model": f"benchmark-{case.number}",
            "quant": "-",
            "dataset": "-",
        }


def fill(client: ClickHouseClient, every: list[Case], seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = [row for case in every for row in runs(case, rng)]
    for first in range(0, len(rows), _AT_ONCE):
        some = rows[first : first + _AT_ONCE]
        answer = client.insert("bench_runs", some)
        if answer["inserted"] != len(some):
            raise RuntimeError(f"{answer['inserted']:,} of {len(some):,} runs were stored: {answer['rejected']}")


def judged(client: ClickHouseClient, case: Case, folder: Path) -> int:
    return gate(client, gate_history(folder, None, {"GITHUB_SHA": case.commit})).exit_code


def by_the_command(case: Case) -> int:
    """In the folder and with the settings that the process has."""
    os.environ["GITHUB_SHA"] = case.commit
    with contextlib.redirect_stdout(io.StringIO()):
        return command.run(None, None)


def measure(folder: Path, every: list[Case], seed: int) -> tuple[dict[Case, int], list[Case], float]:
    """The exit code of each, those that the whole command judges otherwise, and the seconds of a judgement."""
    settings = ClickHouseSettings(path=str(folder / "store"))
    runner.upgrade(settings)
    with _at_home(folder):
        with ClickHouseClient(settings) as client:
            fill(client, every, seed)
            started = time.perf_counter()
            codes = {case: judged(client, case, folder) for case in every}
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


def report(codes: Mapping[Case, int]) -> bool:
    """Prints the tables. Whether false alarms are as few, and slow commits seen as often, as promised."""
    seen: dict[tuple[str, int, int, int, float], list[bool]] = defaultdict(list)
    for case, code in codes.items():
        seen[case.noise, case.before, case.after, case.measures, case.step].append(code == FOUND)
    print(f"{'noise':<12}{'runs':>10}{'measures':>10}{'slower by':>12}{'called worse':>14}{'of':>8}")
    for (name, before, after, measures, step), found in sorted(seen.items()):
        by = f"{step:g} sd" if step else "-"
        print(f"{name:<12}{f'{before} + {after}':>10}{measures:>10}{by:>12}{np.mean(found):>14.1%}{len(found):>8,}")
    quiet = [code == FOUND for case, code in codes.items() if not case.step]
    print(f"\nFalse alarms: {sum(quiet)} of {len(quiet):,} commits ({np.mean(quiet):.2%}; at most {MOST_ALARMS:.0%}).")
    kept = bool(np.mean(quiet) <= MOST_ALARMS)
    for size, least in LEAST_SEEN.items():
        share = float(np.mean(seen["normal", size, size, 1, 1.0]))
        print(f"Seen of a step of 1 sd, {size} runs a side, one measure: {share:.0%} (at least {least:.0%}).")
        kept &= share >= least
    return kept


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--commits", type=int, default=5_000, help="commits that are not slower")
    options.add_argument("--seed", type=int, default=7)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="muse-gate-") as name:
        codes, otherwise, each_s = measure(Path(name), cases(chosen.commits), chosen.seed)
    kept = report(codes)
    print(f"A judgement takes {1000 * each_s:.0f} ms. The whole command judged {len(otherwise)} otherwise.")
    return 0 if kept and not otherwise else 1


if __name__ == "__main__":
    sys.exit(main())
