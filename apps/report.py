"""`muse report`: a report with pictures that can be sent to a person."""

from __future__ import annotations

from pathlib import Path

from chimera_metrics.apps.stores import require_store
from chimera_metrics.apps.tables import say
from chimera_metrics.integrations import config
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.report.writing import write_report


def run(days: int, html: Path | None, markdown: Path | None, folder: Path | None) -> int:
    """Writes what is named; a report in HTML where nothing is."""
    settings = config.load()
    require_store(settings.clickhouse)
    if html is markdown is folder is None:
        html = Path("muse-report.html")
    with ClickHouseClient(settings.clickhouse, settings.muse) as client:
        client.ensure_schema()
        written = write_report(client, days, html, markdown, folder)
    for file in written:
        say(f"Written: {file}")
    return 0
