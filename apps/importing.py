"""`muse import`: other tools' files into the tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

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


COUNTED = ("spans", "stored", "duplicates", "ignored", "rejected", "quarantined")
