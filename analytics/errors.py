"""Questions that cannot be answered as asked: one sentence each, with the correction."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from chimera_metrics.errors import MuseError

_LISTED = 12


class QuestionError(MuseError, ValueError):
    """A mistake in the question. Its text is for the one who asked: what is wrong, and what to write in its place."""

    kind = "question"


def unknown(kind: str, word: str, choices: Iterable[str], owner: str = "There are") -> QuestionError:
    """`Unknown column 'latencyp95'. Did you mean 'latency_p95_ms'? bench_runs has: ...`.

    A list too long to read is left out when there is a near name to offer.
    """
    known = sorted(choices)
    near = _nearest(word, known)
    listed = "" if near and len(known) > 3 * _LISTED else f" {owner}: {_listed(known)}."
    return QuestionError(f"Unknown {kind} '{word}'.{near}{listed}")


def _nearest(word: str, known: list[str]) -> str:
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.strip().lower(), by_lower, n=1, cutoff=0.6)
    return f" Did you mean '{by_lower[near[0]]}'?" if near else ""


def _listed(known: list[str]) -> str:
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    return ", ".join(known[:_LISTED]) + more
