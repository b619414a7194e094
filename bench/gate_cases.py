"""The commits that `bench.gate` has judged, and their made-up runs: each draws from a seed of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np

from bench.noise import SD, noise
from chimera_metrics.analytics.questions.performance import MEASURES
from chimera_metrics.integrations.questions.performance import HIGHER_IS_WORSE

SPREAD_OUT = "spread x 4"
#: For these the rate of false alarms is promised; the runs of a commit with four times the spread are noise, too.
HELD = ("normal", "t3", "lognormal", f"normal, {SPREAD_OUT}")
#: Runs that remember each other: measured beside them.
STATED = ("AR(1) 0.3", "AR(1) 0.6")
#: Runs before, runs of the commit.
SIZES = ((10, 6), (20, 6), (40, 10))
#: Standard deviations of the noise by which every measure is worse.
SLOW = (1.0, 2.0)
LOUD = ("normal", "t3", "lognormal")
#: One measure with a step of one standard deviation, as many runs before as of the commit: the least share seen.
LEAST_SEEN = {10: 0.15, 20: 0.5, 40: 0.85}
SD_SHARE = 0.03
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


def cases(commits: int, power: int | None = None) -> list[Case]:
    """`commits` that are not slower, evenly over noises and sizes, a fifth as many of each noise that is only stated,
    a quarter as many that are slower, and for each size `power` of one measure."""
    kinds = [(name, size) for size in SIZES for name in HELD]
    wanted = [(kinds[place % len(kinds)], 0.0) for place in range(commits)]
    wanted += [((name, SIZES[place % len(SIZES)]), 0.0) for name in STATED for place in range(-(-commits // 5))]
    slow = [((name, size), step) for name in LOUD for size in SIZES for step in SLOW]
    wanted += [slow[place % len(slow)] for place in range(-(-commits // 4))]
    found = [Case(number, name, *size, step) for number, ((name, size), step) in enumerate(wanted)]
    each = max(1, commits // 10) if power is None else power
    ones = [size for size in LEAST_SEEN for _ in range(each)]
    return found + [Case(len(found) + place, "normal", size, size, 1.0, 1) for place, size in enumerate(ones)]


def runs(case: Case, seed: int) -> list[Mapping[str, Any]]:
    """Measures with a noise of 3 %; the commit's runs, the last ones, are worse by the step in every one."""
    rng = np.random.default_rng([seed, case.number])
    name, total = case.noise.partition(",")[0], case.before + case.after
    drawn = SD_SHARE * noise(rng, name, len(MEASURES), total) / SD.get(name, 1.0)
    if SPREAD_OUT in case.noise:
        drawn[:, case.before :] *= 4.0
    return [_run(case, run, drawn[:, run]) for run in range(total)]


def _run(case: Case, run: int, drawn: np.ndarray[Any, Any]) -> Mapping[str, Any]:
    own = run >= case.before
    slower = SD_SHARE * case.step if own else 0.0
    values: dict[str, float | None] = dict.fromkeys(MEASURES)
    for name, deviation in zip(MEASURES[: case.measures], drawn, strict=False):
        worse = slower if HIGHER_IS_WORSE[name] else -slower
        values[name] = max(0.0, 100.0 * (1.0 + float(deviation) + worse))
    return values | {
        "ts": _START + timedelta(minutes=run),
        "run_id": str(UUID(int=case.number * 1_000 + run + 1)),
        "commit_sha": case.commit if own else f"{10**12 + case.number * 1_000 + run:040x}",
        "model": f"benchmark-{case.number}",
        "quant": "-",
        "dataset": "-",
    }
