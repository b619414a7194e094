"""The commands `muse watch list | run | silence | acknowledge`."""

from __future__ import annotations

import sys
from datetime import datetime

import click

from chimera_metrics.apps.operations import as_json


@click.group(short_help="Judge watched metrics, and see their alarms.")
def watch() -> None:
    """Metrics that are watched: judge them, see alarms, silence and acknowledge them."""


@watch.command("list")
@as_json
def list_watches(as_json: bool) -> None:
    """List the watches, their last look, and the newest alarms."""
    from chimera_metrics.apps import watch as work

    sys.exit(work.list_(as_json))


@watch.command("run", short_help="Judge each watch whose bucket is over.")
@as_json
def run_watches(as_json: bool) -> None:
    """Judge each watch whose bucket is over, and send the webhooks that are due.

    For cron, where no HTTP server runs. Exits 0, or 1 where a watch could not be judged.
    """
    from chimera_metrics.apps import watch as work

    sys.exit(work.run(as_json))


@watch.command("silence", short_help="Send no webhooks for a watch until a time.")
@click.argument("name")
@click.option("--until", required=True, type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
              help="UTC: 2026-01-31 or 2026-01-31T18:00.")  # fmt: skip
def silence_watch(name: str, until: datetime) -> None:
    """Send no webhooks for a watch until a time; its alarms are still recorded.

    \b
    Example:
      muse watch silence p95-by-model --until 2026-01-31T18:00
    """
    from chimera_metrics.apps import watch as work

    sys.exit(work.silence(name, until))


@watch.command("acknowledge", short_help="Say that an alarm was seen.")
@click.argument("alarm_id", metavar="ID")
def acknowledge_alarm(alarm_id: str) -> None:
    """Say that an alarm was seen, so that `muse status` no longer names it."""
    from chimera_metrics.apps import watch as work

    sys.exit(work.acknowledge(alarm_id))


COMMANDS = (watch,)
