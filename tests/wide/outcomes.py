"""What ran, and the table of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from xml.etree.ElementTree import Element


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line of the table: what ran where, how it ended, how long it took."""

    where: str
    what: str
    passed: int
    failed: int
    skipped: int
    seconds: float


def counted(where: str, what: str, cases: Sequence[Element]) -> Outcome:
    """The outcome of test cases of a JUnit report."""
    failed = sum(case.find("failure") is not None or case.find("error") is not None for case in cases)
    skipped = sum(case.find("skipped") is not None for case in cases)
    seconds = sum(float(case.get("time", 0)) for case in cases)
    return Outcome(where, what, len(cases) - failed - skipped, failed, skipped, seconds)


HEADINGS = ("where", "what", "passed", "failed", "skipped", "seconds")


def table(outcomes: Iterable[Outcome]) -> str:
    """The outcomes as lines, numbers to the right."""
    rows: list[Sequence[str]] = [HEADINGS]
    for outcome in outcomes:
        *words, seconds = astuple(outcome)
        rows.append([*map(str, words), f"{seconds:.0f}"])
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(
            word.ljust(width) if column < 2 else word.rjust(width)
            for column, (word, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
