"""Made-up benchmark runs in which the newest commit slows everything or one of five models."""

from __future__ import annotations

import numpy as np

from bench.driver_stories import WEEK
from chimera_metrics.analytics.inference.driver_cube import Cube
from chimera_metrics.analytics.inference.drivers import drivers

_MODEL = 3


def commit_store(seed: int, factor: float, *, per_day: int = 300) -> tuple[Cube, int, dict[str, int]]:
    """The cube of 35 days of runs, the day of the last seven on which the commit begins, and where it slows: everything
    for odd seeds, one model for even ones."""
    rng = np.random.default_rng(seed)
    index = np.arange(35)
    weekday = (index + rng.integers(7)) % 7
    birth = int(28 + rng.integers(4))
    day = np.repeat(index, rng.poisson(per_day * WEEK[weekday]))
    words = {"model": rng.integers(5, size=len(day)), "quant": rng.integers(4, size=len(day))}
    level = 0.04 * rng.standard_normal(35)
    slow = (day >= birth) & ((words["model"] == _MODEL) | (seed % 2 == 1))
    noise = np.exp(level[day] + 0.2 * rng.standard_normal(len(day)))
    ms = 200.0 * noise * (1.0 + 0.2 * words["model"]) * np.where(slow, factor, 1.0)
    before, after = (index >= 21) & (index < 28), index >= 28
    coded = {dim: code.astype(np.intp) for dim, code in words.items()}
    cube = Cube(
        day.astype(np.intp), coded, np.ones(len(day)), ms, ms * ms, weekday.astype(np.intp), before, after, False
    )
    return cube, birth, {} if seed % 2 else {"model": _MODEL}


def commits_named(factor: float, seeds: range) -> tuple[int, int]:
    """In how many draws the cause is first, and in how many its onset is the day of the commit too."""
    first = named = 0
    for seed in seeds:
        cube, birth, where = commit_store(seed, factor)
        found = drivers(cube, births=[birth]).drivers
        if found and dict(found[0].where) == where:
            first += 1
            named += found[0].onset in (birth, birth + 1)
    return first, named
