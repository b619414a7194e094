"""`muse consume`: a topic of Kafka into a table."""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime

from chimera_metrics.apps.tables import say
from chimera_metrics.integrations import config
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.kafka.consumer import Consumer, Subscription


def run(what: Subscription) -> int:
    """Reads until it is told to stop; exit code 0 then."""
    settings = config.load()
    with ClickHouseClient(settings.clickhouse, settings.muse) as client:
        consumer = Consumer(client, what, _log)
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: consumer.stop())
        _log(f"Reading {what.topic} into {what.table} of {settings.clickhouse.where}.")
        if not consumer.run():
            # A statement that does not stop must not keep the process; what it stores is known by its claim.
            sys.stderr.flush()
            os._exit(0)
    return 0


def _log(text: str) -> None:
    say(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z {text}", err=True)
