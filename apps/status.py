"""`muse status`."""

from __future__ import annotations

from chimera_metrics.apps.tables import print_checks, print_json
from chimera_metrics.integrations import config
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient


def run(as_json: bool) -> int:
    """Prints what is known of the store; 0 if healthy, 1 if not."""
    settings = config.load()
    with ClickHouseClient(settings.clickhouse, settings.muse) as client:
        health = client.health()
    if as_json:
        print_json(health)
    else:
        print_checks(health["checks"])
    return 0 if health["healthy"] else 1
