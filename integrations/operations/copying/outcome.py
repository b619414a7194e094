"""What a copy came to, and the sentences about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from chimera_metrics.integrations.operations.copying.comparing import Compared
from chimera_metrics.integrations.operations.copying.rollups import Settled
from chimera_metrics.integrations.operations.copying.side import Side
from chimera_metrics.integrations.writing.ledger import claim_files

_SHOWN = 5


@dataclass
class Outcome:
    """What a copy came to."""

    tables: list[Compared] = field(default_factory=list)
    copied: dict[str, int] = field(default_factory=dict)
    """Rows read, by table; a partition that changed meanwhile was read again."""
    behind: dict[str, list[str]] = field(default_factory=dict)
    """Partitions that changed after they were last read, by table."""
    notes: list[str] = field(default_factory=list)
    waiting: int = 0
    """Batches in the quarantine."""
    seconds: float = 0.0


def rollup_notes(settled: Sequence[Settled]) -> Iterator[str]:
    """Days on which the source's rollups do not tell what its rows do."""
    if more := [f"{one.rollup} {one.partition}" for one in settled if one.carried]:
        yield f"The source's rollup tells of more than its rows, and was carried over as it is: {_listed(more)}."
    if less := [f"{one.rollup} {one.partition}" for one in settled if not one.carried]:
        yield (
            f"The source's rollup tells of less than its rows, and the target's was made from them: {_listed(less)}. "
            "Run `muse verify` on the source."
        )


def source_notes(source: Side, behind: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """What goes on at the source."""
    files = claim_files(source.settings)
    begun = files.unfinished(datetime.now(UTC)) if files is not None else []
    if begun and not behind:
        yield (
            f"{len(begun)} batches were begun at the source and never acknowledged. Have their callers send them to "
            "the source again, and copy once more: the target does not know their keys, and would store them twice."
        )
    if behind:
        yield (
            f"Rows kept arriving at the source ({', '.join(sorted(behind))}). All that it had acknowledged when the "
            "last pass began is in the target. Run the same command again for what came since, the last time when "
            "nobody writes to the source any more."
        )


def _listed(days: Sequence[str]) -> str:
    more = len(days) - _SHOWN
    return ", ".join(days[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
