"""How often `drivers` names the cause that was planted, and how often it names one where there is none.

Run: .venv/bin/python -m bench.drivers stories 50 | none 34 | lags 167 | commits 50 | peers 50 | times 5 | large 3 |
surface 1.
The numbers are draws of each, of `times` and `large` repetitions. The table goes to its place in docs/statistics.md.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.driver_commits import commits_named
from bench.driver_peers import adtributor, largest_contribution
from bench.driver_stories import FIRST_SEED, STORIES, store
from chimera_metrics.analytics.inference.drivers import drivers

PAGE = Path(__file__).parents[1] / "docs" / "statistics.md"
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


def stories(draws: int) -> Iterator[str]:
    yield "| story | metric | cause first | all causes | others named | CPU s a call | instead |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for story, metric in STORIES:
        one = measured(story, metric, range(FIRST_SEED, FIRST_SEED + draws))
        if one.farthest > 1e-9:
            raise SystemExit(f"{story}: contributions and rest are {one.farthest} beside the change.")
        instead = ", ".join(f"{what} {count}" for what, count in one.wrong.most_common(3))
        cells = [story, metric, f"{one.first} of {draws}", f"{one.every}", f"{one.others}"]
        yield f"| {' | '.join([*cells, f'{one.seconds / draws:.2f}', instead])} |"


def none(draws: int, noises: tuple[dict[str, Any], ...] = QUIET) -> Iterator[str]:
    yield "| nothing changed in | metric | stores | any named | CPU s a call |"
    yield "| --- | --- | --- | --- | --- |"
    for noise in noises:
        said = ", ".join(f"{name} {value}" for name, value in noise.items()) or "as above"
        for metric in ("rate", "sum", "count"):
            one = measured("none", metric, range(FIRST_SEED, FIRST_SEED + draws), **noise)
            yield f"| {said} | {metric} | {draws} | {one.named} | {one.seconds / draws:.2f} |"


def lags(draws: int) -> Iterator[str]:
    yield from none(draws, ({"lag": 0.6},))


def commits(draws: int) -> Iterator[str]:
    yield "| a commit that slows by | cause first | and its commit named |"
    yield "| --- | --- | --- |"
    for factor in (1.18, 1.4):
        first, named = commits_named(factor, range(FIRST_SEED, FIRST_SEED + draws))
        yield f"| {factor - 1.0:.0%} | {first} of {draws} | {named} |"


def peers(draws: int) -> Iterator[str]:
    yield "| story | metric | Adtributor | largest contribution |"
    yield "| --- | --- | --- | --- |"
    for story, metric in (*STORIES, ("none", "rate"), ("none", "count")):
        hits = [0, 0]
        for seed in range(FIRST_SEED, FIRST_SEED + draws):
            cube, causes = store(story, metric, seed)
            for place, rank in enumerate((adtributor, largest_contribution)):
                found = rank(cube)
                hits[place] += bool(found) and (not causes or found[0] in causes)
        what = "named something in " if story == "none" else ""
        yield f"| {story} | {metric} | {what}{hits[0]} of {draws} | {what}{hits[1]} of {draws} |"


def times(repeats: int) -> Iterator[str]:
    from bench.driver_times import times

    return times(repeats)


def large(repeats: int) -> Iterator[str]:
    from bench.driver_times import LARGE, times

    return times(repeats, LARGE)


def surface(draws: int) -> Iterator[str]:
    from bench.driver_surface import surface

    return surface(draws)


TABLES: dict[str, Callable[[int], Iterator[str]]] = {
    "stories": stories,
    "none": none,
    "lags": lags,
    "commits": commits,
    "peers": peers,
    "times": times,
    "large": large,
    "surface": surface,
}


def put(name: str, lines: list[str]) -> None:
    """Replaces the table of that name in docs/statistics.md."""
    begin, end = f"<!-- measured by `python -m bench.drivers {name}` -->", f"<!-- end of drivers {name} -->"
    before, rest = PAGE.read_text().split(begin)
    PAGE.write_text(f"{before}{begin}\n\n" + "\n".join(lines) + f"\n\n{end}{rest.split(end)[1]}")


def main() -> None:
    """Measure and print one table, and put it into the docs."""
    if len(sys.argv) != 3 or sys.argv[1] not in TABLES:
        raise SystemExit(__doc__)
    lines = []
    for line in TABLES[sys.argv[1]](int(sys.argv[2])):
        print(line, flush=True)
        lines.append(line)
        put(sys.argv[1], lines)


if __name__ == "__main__":
    main()
