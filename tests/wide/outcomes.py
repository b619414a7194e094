"""What ran, and the table of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line of the table: what ran where, how it ended, how long it took."""

    where: str
    what: str
    passed: int
    failed: int
    skipped: int
    seconds: float


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
