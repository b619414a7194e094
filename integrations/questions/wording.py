"""Words for lists and counts in notes."""

from __future__ import annotations

from collections.abc import Sequence


def listed(words: Sequence[str]) -> str:
    """The words as a sentence lists them.

    Example: a; a and b; a, b and c.
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
