"""What somebody may have meant by a name that is not there: "Did you mean 'latency_p95_ms'?", everywhere the same.

Names are compared by their words first (`p95_latency` is `latency_p95_ms`), and by their letters only where the words
say nothing (`modl` is `model`). A name that begins with the same table goes before any other.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_WORD = re.compile(r"[A-Z]*[a-z0-9]+|[A-Z]+|[^\W_]+")
# Words for the same statistic; the last is the one that names here use.
_SAME = {
    word: names.split()[-1]
    for names in ("median p50", "mean average avg", "std stdev stddev", "distinct unique uniq", "total sum")
    for word in names.split()
}
# From here on two words are one word misspelt: `eror` and `error`, but not `cost` and `count`, nor `p95` and `p99`.
_SAME_WORD = 0.75
_LISTED = 12


def nearest(name: str, known: Iterable[str], *, letters: float = 0.6, words: float = 0.6) -> str | None:
    """The one of `known` that `name` is most likely meant to be, or None if none is near.

    letters, words: the least share, 0 to 1, of letters or of words that two names have in common to be near; either
    is enough. A share is twice what is common over the sum of both, as in `difflib`. In the same table half of the
    words are enough.

    >>> nearest("llm.success_rate", ["deploy.success_rate", "llm.calls", "llm.error_rate"])
    'llm.error_rate'
    """
    near = []
    for other in known:
        same_table, asked, offered = _within_table(name.strip(), other)
        common = _words_in_common(_words(asked), _words(offered))
        enough = min(words, 0.5) if same_table else words
        alike = _letters_in_common(asked.lower(), offered.lower(), least=0 if common >= enough else letters)
        if common >= enough or alike >= letters:
            near.append((same_table, common, alike, other))
    return max(near)[-1] if near else None


def did_you_mean(
    name: str, known: Iterable[str], shown: str = "'{}'", *, letters: float = 0.6, words: float = 0.6
) -> str:
    """` Did you mean 'model'?`, to stand behind the sentence that refuses `name`; empty if no name is near."""
    near = nearest(name, known, letters=letters, words=words)
    return f" Did you mean {shown.format(near)}?" if near is not None else ""


def unknown(kind: str, name: str, known: Iterable[str], owner: str = "There are") -> str:
    """`Unknown column 'latencyp95'. Did you mean 'latency_p95_ms'? bench_runs has: ...`.

    A list too long to read is cut, and left out where there is a near name to offer.
    """
    names = list(known)
    hint = did_you_mean(name, names)
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    listed = f" {owner}: {', '.join(names[:_LISTED])}{more}."
    return f"Unknown {kind} '{name}'.{hint}{'' if hint and len(names) > 3 * _LISTED else listed}"


def _within_table(asked: str, other: str) -> tuple[bool, str, str]:
    """Whether both names begin with the same table; if so, what follows it."""
    table, dot, rest = asked.rpartition(".")
    if dot and other.lower().startswith(f"{table.lower()}."):
        return True, rest, other[len(table) + 1 :]
    return False, asked, other


def _words(name: str) -> set[str]:
    found = {word.lower() for word in _WORD.findall(name)}
    return {_SAME.get(word, word) for word in found}


def _words_in_common(asked: set[str], offered: set[str]) -> float:
    if not asked or not offered:
        return 0.0
    same = asked & offered
    common = float(len(same))
    rest = offered - same
    for word in sorted(asked - same):
        alike, nearest_word = max(
            ((_letters_in_common(word, one, least=_SAME_WORD), one) for one in rest), default=(0.0, "")
        )
        if alike:
            common += alike
            rest.discard(nearest_word)
    return 2 * common / (len(asked) + len(offered))


def _letters_in_common(asked: str, offered: str, least: float) -> float:
    """The share, or 0 where it is less than `least`, which is mostly known without comparing letter by letter."""
    if 2 * min(len(asked), len(offered)) < least * (len(asked) + len(offered)):
        return 0.0
    matcher = difflib.SequenceMatcher(a=offered, b=asked)
    share = matcher.ratio() if matcher.quick_ratio() >= least else 0.0
    return share if share >= least else 0.0
