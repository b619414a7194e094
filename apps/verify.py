"""`muse verify`."""

from __future__ import annotations

from chimera_metrics.apps.tables import print_checks, print_json
from chimera_metrics.integrations import config
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.operations.verify import verify


def run(days: int | None, as_json: bool) -> int:
    """Prints a line for each check; 0 if all hold, 1 if not."""
    settings = config.load()
    with ClickHouseClient(settings.clickhouse, settings.muse) as client:
        found = verify(client, days)
    if as_json:
        print_json(found)
    else:
        print_checks(found["checks"])
    return 0 if found["holds"] else 1
