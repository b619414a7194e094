"""`muse import`: other tools' files into the tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chimera_metrics.apps.tables import print_json, say
from chimera_metrics.integrations import config
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient


def spans(files: Sequence[Path], as_json: bool) -> int:
    """Stores the calls of models among the files' spans; exit code 0 when nothing was rejected or kept aside."""
    from chimera_metrics.integrations.otlp.files import requests_of
    from chimera_metrics.integrations.otlp.storing import SpanStore, Stored

    settings, total = config.load(), Stored()
    with ClickHouseClient(settings.clickhouse, settings.muse) as client:
        client.ensure_schema()
        store = SpanStore(client)
        for file in files:
            for found in requests_of(file, settings.muse.max_request_bytes):
                total.add(store.store(found))
    counts = {name: getattr(total, name) for name in COUNTED}
    if as_json:
        print_json(counts | {"error": total.error or None})
    else:
        say(", ".join(f"{name} {count:,}" for name, count in counts.items()))
        if total.error:
            say(f"Of the rejected spans the first: {total.error}")
        if total.quarantined:
            say("What the store did not take waits: `muse quarantine replay` stores it.")
    return 1 if total.rejected or total.quarantined else 0


def benchmarks(format: str, files: Sequence[Path], commit: str | None, as_json: bool) -> int:
    """Stores the runs of benchmarks in the files; exit code 0 when nothing was rejected or kept aside."""
    from chimera_metrics.integrations.bench_files.reading import read_file

    settings = config.load()
    read = [(file, read_file(format, file, commit)) for file in files]
    told: list[dict[str, Any]] = []
    with ClickHouseClient(settings.clickhouse, settings.muse) as client:
        client.ensure_schema()
        writer = client.writer
        for file, found in read:
            key = f"file:import:{found.digest}"
            answer = writer.store(writer.check("bench_runs", found.rows, found.digest, key, "skip"))
            counts = {name: answer[name] for name in RUNS}
            said = {"commits_from": found.commits, "left_out": found.left_out, "notes": found.notes}
            told.append({"file": str(file), **counts, **said, "rejected": answer["rejected"]})
    if as_json:
        print_json(told)
    else:
        for one in told:
            _say(one)
    return 1 if any(one["rejected_count"] or one["quarantined"] for one in told) else 0


def _say(one: dict[str, Any]) -> None:
    counts = ", ".join(
        f"{name.replace('_count', '')} {one[name]:,}" for name in RUNS if one[name] or name == "inserted"
    )
    say(f"{one['file']}: {counts}; commit from {one['commits_from']}")
    if one["left_out"]:
        say(f"  no column for: {', '.join(one['left_out'])}")
    for note in one["notes"]:
        say(f"  {note}")
    for bad in one["rejected"]:
        say(f"  rejected: {bad['field']}: {bad['error']}")


RUNS = ("inserted", "duplicates", "replaced", "rejected_count", "quarantined")
COUNTED = ("spans", "stored", "duplicates", "ignored", "rejected", "quarantined")
