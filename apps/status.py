"""`muse status`."""

from __future__ import annotations

from chimera_metrics.apps.stores import missing_store
from chimera_metrics.apps.tables import print_checks, print_json
from chimera_metrics.integrations import config
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.results import HealthResult


def run(as_json: bool) -> int:
    """Prints what is known of the store; 0 if healthy, 1 if not."""
    settings = config.load()
    if missing_store(settings.clickhouse) is not None:
        health = HealthResult.of({"healthy": False, "checks": [_no_store(settings.clickhouse)], "backup": None})
    else:
        with ClickHouseClient(settings.clickhouse, settings.muse) as client:
            health = client.health()
    if as_json:
        print_json(health)
    else:
        print_checks(health["checks"])
    return 0 if health["healthy"] else 1


def _no_store(settings: ClickHouseSettings) -> dict[str, str]:
    return {
        "name": "schema",
        "level": "error",
        "figure": f"there is no store at {settings.store_path}",
        "advice": "Run `muse upgrade`. If you have one already, set CH_PATH to its folder.",
    }
