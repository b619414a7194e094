"""`muse status`."""

from __future__ import annotations

from chimera_metrics.apps.stores import missing_store
from chimera_metrics.apps.tables import print_checks, print_json
from chimera_metrics.integrations import config
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.operations.advising.lines import advice
from chimera_metrics.integrations.results import HealthResult

# What must be well for the store's own records to be read.
_NEEDED = {"connection", "checks", "schema"}


def run(as_json: bool, with_advice: bool = False) -> int:
    """Prints what is known of the store; 0 if healthy, 1 if not. Advice changes nothing about that."""
    settings = config.load()
    lines: list[dict[str, str]] = []
    if missing_store(settings.clickhouse) is not None:
        health = HealthResult.of({"healthy": False, "checks": [_no_store(settings.clickhouse)], "backup": None})
    else:
        with ClickHouseClient(settings.clickhouse, settings.muse) as client:
            health = client.health()
            answers = all(check["level"] != "error" for check in health["checks"] if check["name"] in _NEEDED)
            if with_advice and answers:
                lines = advice(client, client.execute_query)
    if as_json:
        print_json({**health, "advice": lines} if with_advice else health)
    else:
        print_checks([*health["checks"], *lines])
    return 0 if health["healthy"] else 1


def _no_store(settings: ClickHouseSettings) -> dict[str, str]:
    return {
        "name": "schema",
        "level": "error",
        "figure": f"there is no store at {settings.store_path}",
        "advice": "Run `muse upgrade`. If you have one already, set CH_PATH to its folder.",
    }
