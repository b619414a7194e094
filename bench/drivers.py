"""How often `drivers` names the cause that was planted, and how often it names one where there is none.

Run: .venv/bin/python -m bench.drivers stories 50 | none 100 | lags 100. The numbers are draws of each.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from bench.driver_stories import STORIES, store
from chimera_metrics.analytics.inference.drivers import drivers

QUIET: tuple[dict[str, Any], ...] = ({}, {"lag": 0.3}, {"noise": 0.25}, {"per_day": 300}, {"days": 56})


@dataclass
class Tally:
    """Of `draws`: the cause first, all causes named, others named beside them, anything named; and CPU seconds."""

    draws: int = 0
    first: int = 0
    every: int = 0
    others: int = 0
    named: int = 0
    farthest: float = 0.0
    seconds: float = 0.0
    wrong: Counter[str] = field(default_factory=Counter)


def measured(story: str, metric: str, seeds: range, **given: Any) -> Tally:
    """One story, drawn once for each seed."""
    tally = Tally()
    for seed in seeds:
        cube, causes = store(story, metric, seed, **given)
        began = time.process_time()
        answer = drivers(cube)
        tally.seconds += time.process_time() - began
        added = sum(one.contribution for one in answer.drivers) + (answer.rest or 0.0)
        tally.farthest = max(tally.farthest, abs(added - (answer.change or 0.0)) / max(1.0, abs(answer.change or 0.0)))
        found = [dict(one.where) for one in answer.drivers]
        tally.draws += 1
        tally.first += bool(found) and found[0] in causes
        tally.every += bool(causes) and all(cause in found for cause in causes)
        tally.others += sum(where not in causes for where in found)
        tally.named += bool(found)
        if causes and (not found or found[0] not in causes):
            tally.wrong[" and ".join(found[0]) or "everything" if found else "nothing"] += 1
    return tally


def main() -> None:
    """Measure and print one table."""
    what, draws = sys.argv[1], int(sys.argv[2])
    print("| story | metric | stores | cause first | all causes | others named | any named | CPU s a call | instead |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    asked: list[tuple[str, str, dict[str, Any]]] = [(story, metric, {}) for story, metric in STORIES]
    if what != "stories":
        noises = ({"lag": 0.6},) if what == "lags" else QUIET
        asked = [("none", metric, noise) for noise in noises for metric in ("rate", "sum", "count")]
    for story, metric, given in asked:
        one = measured(story, metric, range(1000, 1000 + draws), **given)
        if one.farthest > 1e-9:
            print(f"Contributions and rest are {one.farthest} beside the change.", file=sys.stderr)
        cells = [story, metric, str(given or ""), f"{one.first} of {draws}", f"{one.every}", f"{one.others}"]
        cells += [f"{one.named}", f"{one.seconds / draws:.2f}", str(dict(one.wrong.most_common(3)) or "")]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
