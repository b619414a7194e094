"""`muse watch list | run | silence | acknowledge`."""

from __future__ import annotations

from datetime import UTC, datetime

from chimera_metrics.apps.tables import print_json, print_table, say
from chimera_metrics.integrations import config
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.watches import operations


def _client() -> ClickHouseClient:
    settings = config.load()
    client = ClickHouseClient(settings.clickhouse, settings.muse)
    client.ensure_schema()
    return client


def list_(as_json: bool) -> int:
    """The watches and the newest alarms."""
    with _client() as client:
        found = client.watch_list()
    if as_json:
        print_json(found)
        return 0
    if not found.watches:
        say("No watch is set; the tool watch.set and ClickHouseClient.watch_set set one.")
    else:
        rows = [(w.name, w.metric, w.when, w.granularity, w.last_look, w.open_alarms) for w in found.watches]
        print_table(("watch", "metric", "when", "by", "last look", "open alarms"), rows, right=("open alarms",))
    if found.alarms:
        say("")
        listed = [(a.id, a.watch, a.series, a.when, a.bucket, a.value, a.state) for a in found.alarms]
        print_table(("alarm", "watch", "series", "when", "bucket", "value", "state"), listed, right=("value",))
    return 0


def run(as_json: bool) -> int:
    """One round; 1 where a watch could not be judged."""
    with _client() as client:
        found = operations.run(client)
    if as_json:
        print_json(found)
    else:
        say(
            f"{found.looks} looks, {found.raised} alarms; {found.delivered} webhooks delivered, {found.failed} to be "
            "tried again."
        )
        for problem in found.problems:
            say(problem, err=True)
    return 1 if found.problems else 0


def silence(name: str, until: datetime) -> int:
    """No webhooks until then."""
    with _client() as client:
        operations.silence(client, name, until.replace(tzinfo=UTC))
    say(f"{name} sends no webhooks until {until:%Y-%m-%d %H:%M} UTC.")
    return 0


def acknowledge(alarm_id: str) -> int:
    """It was seen."""
    with _client() as client:
        found = operations.acknowledge(client, alarm_id)
    say(f"Alarm {found.alarm_id} of {found.watch} was acknowledged by {found.acknowledged_by}.")
    return 0
