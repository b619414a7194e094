"""Why a number is undefined. It is `None` beside a `Reason`, never NaN, inf or a plausible value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ReasonCode = Literal["too_few", "constant", "no_overlap", "no_data", "not_estimated", "nothing_stands_out"]


@dataclass(frozen=True, slots=True)
class Reason:
    """A code for programs and a sentence for readers."""

    code: ReasonCode
    text: str


def no_data(what: str) -> Reason:
    """Nothing to compute from: no rows, or every value missing."""
    return Reason("no_data", f"There are no values of {what} in this window.")


def too_few(what: str, have: int, need: int) -> Reason:
    """Some values, fewer than the method needs."""
    return Reason("too_few", f"{what} needs at least {need} points; there {_are(have)}.")


def too_few_a_side(before: int, after: int, need: int, missing: int) -> Reason:
    """Two samples, one of them too small; says how many values are missing."""
    text = f"Each side needs at least {need} values; there are {before} before and {after} after: {missing} more"
    return Reason("too_few", f"{text} {_is(missing)} needed.")


def too_few_runs(runs: int, since: int, need: int, missing: int) -> Reason:
    """A history too short to be judged; says how many runs are missing."""
    within = "all of them" if since == runs > 1 else f"{since} of them"
    text = f"A regression needs {2 * need} runs, {need} of them in the time looked at; there {_are(runs)}, {within}"
    return Reason("too_few", f"{text} in that time: {missing} more {_is(missing)} needed.")


def constant(what: str) -> Reason:
    """All values are equal."""
    return Reason("constant", f"All values of {what} are equal, so there is nothing to compare.")


def no_overlap() -> Reason:
    """Both series have values, never in the same bucket."""
    return Reason("no_overlap", "The two series have no bucket in which both have a value.")


def not_estimated(text: str) -> Reason:
    """The data are there, the method cannot give an honest number; `text` says why."""
    return Reason("not_estimated", text)


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _are(count: int) -> str:
    return "is 1" if count == 1 else f"are {count}"
