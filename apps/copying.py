"""`muse copy`."""

from __future__ import annotations

from chimera_metrics.apps.progress import Bar
from chimera_metrics.apps.tables import print_json, print_table, say
from chimera_metrics.integrations import config
from chimera_metrics.integrations.operations.copying.addresses import named_by_address, settings_of
from chimera_metrics.integrations.operations.copying.outcome import Outcome
from chimera_metrics.integrations.operations.copying.work import Copy


def run(source: str, target: str | None, as_json: bool) -> int:
    """Copies and prints what came of it; 0 where the target is what was read. Raises MuseError where it is not."""
    own = config.load().clickhouse
    theirs = settings_of(source, "--from", own)
    ours = settings_of(target, "--to", own) if target is not None else own
    named = (theirs,) if target is None else (theirs, ours)
    with Bar(0, shown=not as_json) as bar, named_by_address(*named):
        outcome = Copy(theirs, ours, bar, own.retry_attempts).run()
    if as_json:
        print_json(_as_dict(outcome))
        return 0
    print_table(
        ("table", "rows", "copied", "checksum"),
        [
            (one.table, one.rows, outcome.copied.get(one.table, 0), f"{one.checksum:x}")
            for one in outcome.tables
            if one.rows
        ],
        right=("rows", "copied", "checksum"),
    )
    for note in outcome.notes:
        say(note)
    say(f"{_verdict(outcome)} {sum(outcome.copied.values()):,} rows copied in {outcome.seconds:.1f} s.")
    return 0


def _verdict(outcome: Outcome) -> str:
    waiting = f", {outcome.waiting} batches in the quarantine" if outcome.waiting else ""
    if outcome.behind:
        return f"The target is as the source was when it was last read{waiting}."
    return f"Equal on both sides: rows, sums, checksums and rollups{waiting}."


def _as_dict(outcome: Outcome) -> dict[str, object]:
    return {
        "equal": not outcome.behind,
        "behind": outcome.behind,
        "tables": {
            one.table: {
                "rows": one.rows,
                "copied": outcome.copied.get(one.table, 0),
                "checksum": f"{one.checksum:x}",
            }
            for one in outcome.tables
        },
        "quarantined_batches": outcome.waiting,
        "notes": outcome.notes,
        "seconds": round(outcome.seconds, 2),
    }
