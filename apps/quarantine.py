"""`muse quarantine`: batches that the store could not take, shown and stored after all."""

from __future__ import annotations

from chimera_metrics.apps.tables import print_json, say
from chimera_metrics.integrations import config
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.integrations.writing.keys import given_key
from chimera_metrics.integrations.writing.quarantine import Quarantine, QuarantinedBatch, quarantine_folder


def show(as_json: bool) -> int:
    """Lists what waits. Exit code 0, also when something does."""
    quarantine = Quarantine(quarantine_folder(config.load().clickhouse))
    found = quarantine.batches()
    if as_json:
        print_json([_facts(kept) for kept in found])
        return 0
    if not found:
        say("Nothing waits in the quarantine.")
        return 0
    say(f"{'batch':<10}{'table':<15}{'rows':>10}  {'since':<20} reason")
    for kept in found:
        say(f"{kept.name:<10}{kept.identity.table:<15}{kept.rows:>10,}  {kept.since:%Y-%m-%d %H:%M:%S}Z {kept.reason}")
    say(f"`muse quarantine replay` stores them. They lie in {quarantine.folder}.")
    return 0


def replay(batch: str | None, as_json: bool) -> int:
    """Stores what waits, each batch once. Exit code 0 when nothing is left of what was asked for."""
    settings = config.load()
    left, answers = 0, []
    with ClickHouseClient(settings.clickhouse, settings.muse) as client:
        for kept in client.quarantine.batches():
            if batch is not None and not kept.name.startswith(batch):
                continue
            try:
                result = client.replay(kept)
                facts = {"inserted": result["inserted"], "duplicates": result["duplicates"], "error": None}
            except MuseError as error:
                left += 1
                facts = {"inserted": 0, "duplicates": 0, "error": str(error)}
            answers.append({"batch": kept.name, "table": kept.identity.table, **facts})
            if not as_json:
                _say(answers[-1])
    if as_json:
        print_json(answers)
    elif not answers:
        say("Nothing waits in the quarantine." if batch is None else f"No batch {batch} waits.")
    return 1 if left or (batch is not None and not answers) else 0


def _say(answer: dict[str, object]) -> None:
    told = answer["error"] or f"{answer['inserted']:,} stored, {answer['duplicates']:,} were stored already"
    say(f"{answer['batch']:<10}{answer['table']:<15}{told}")


def _facts(kept: QuarantinedBatch) -> dict[str, object]:
    return {
        "batch": kept.name,
        "table": kept.identity.table,
        "rows": kept.rows,
        "since": kept.since.isoformat(),
        "idempotency_key": given_key(kept.identity.key) if kept.given else None,
        "reason": kept.reason,
        "file": str(kept.path),
    }
