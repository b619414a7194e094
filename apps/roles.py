"""`muse roles plan | apply`."""

from __future__ import annotations

from collections.abc import Sequence

from chimera_metrics.apps.tables import print_json, say
from chimera_metrics.integrations import config
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.operations import roles


def plan(
    users: Sequence[str], networks: Sequence[str], hidden: Sequence[str], only: Sequence[str], as_json: bool
) -> int:
    """Prints the statements; needs no store."""
    settings = config.load()
    planned = roles.statements(settings.clickhouse, roles.access(users, networks, hidden, only))
    _print(planned, as_json)
    return 0


def apply(
    users: Sequence[str], networks: Sequence[str], hidden: Sequence[str], only: Sequence[str], as_json: bool
) -> int:
    """Runs them."""
    settings = config.load()
    granted = roles.access(users, networks, hidden, only)
    with ClickHouseClient(settings.clickhouse, settings.muse) as client:
        ran = roles.apply(client, granted)
    _print(ran, as_json)
    if not as_json:
        say(f"-- {len(ran)} statements ran on {settings.clickhouse.where}.")
    return 0


def _print(planned: Sequence[str], as_json: bool) -> None:
    if as_json:
        print_json(planned)
    else:
        say("\n".join(f"{statement};" for statement in planned), lines=True)
