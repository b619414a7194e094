"""Questions that cannot be answered as asked: one sentence each, with the correction."""

from __future__ import annotations

from collections.abc import Iterable

from chimera_metrics import suggestions
from chimera_metrics.errors import MuseError


class QuestionError(MuseError, ValueError):
    """A mistake in the question. Its text is for the one who asked: what is wrong, and what to write in its place."""

    kind = "question"


def unknown(kind: str, word: object, choices: Iterable[str], owner: str = "There are") -> QuestionError:
    """`Unknown column 'latencyp95'. Did you mean 'latency_p95_ms'? bench_runs has: ...`, names in order."""
    return QuestionError(suggestions.unknown(kind, str(word), sorted(choices), owner))
