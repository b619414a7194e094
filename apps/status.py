"""`muse status`."""

from __future__ import annotations

import json

import click

from integrations import config
from integrations.clickhouse_client import ClickHouseClient


def run(as_json: bool) -> int:
    """Prints what is known of the store; 0 if healthy, 1 if not."""
    settings = config.load()
    with ClickHouseClient(settings.clickhouse, settings.muse) as client:
        health = client.health()
    if as_json:
        click.echo(json.dumps(health))
    else:
        for check in health["checks"]:
            click.echo(f"{_MARKS[check['level']]} {check['name']:<12} {check['figure']}")
            if check["advice"]:
                click.echo(f"  {'':<12} {check['advice']}")
    return 0 if health["healthy"] else 1


_MARKS = {"ok": "ok  ", "warning": "warn", "error": "FAIL"}
