"""Figures to Datadog: what the store did, sent to a DogStatsD agent when `MUSE_STATSD_HOST` names one.

UDP: nothing waits for the agent, and nothing fails without it. Unset, nothing is imported and nothing runs.

- `muse.clickhouse.query_duration` (timing, ms): tags `kind` (read, command, insert), `outcome` (ok, error)
- `muse.clickhouse.insert_success` (count of rows): tags `table`, `answer` (stored, duplicate, quarantined, rejected)
- `muse.clickhouse.insert_error` (count of calls): tags `table`, `error` (the kind of error)
- `muse.clickhouse.connection_pool` (gauge, connections): tag `state` (used, size)
- `muse.kafka.lag`, `.oldest_unread_s`, `.per_second` (gauges): tags `topic`, `table`, `group`

Each also carries `engine` (embedded, server), `database`, and the tags of `MUSE_STATSD_TAGS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.pool import QueuePool

from chimera_metrics.integrations.errors import MuseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from chimera_metrics.integrations.clickhouse.statements import Traced, Tracer
    from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings
    from chimera_metrics.integrations.operations.consumers import ConsumerState
    from chimera_metrics.integrations.results import Result

PREFIX = "muse.clickhouse"
_ANSWERS = {"inserted": "stored", "duplicates": "duplicate", "quarantined": "quarantined", "rejected_count": "rejected"}


class Figures:
    """Sends the figures of one client. Make it with `figures`."""

    def __init__(self, clickhouse: ClickHouseSettings, muse: MuseSettings) -> None:
        # The maintained client; its own telemetry and its look at DD_ variables are not wanted here.
        from datadog.dogstatsd.base import DogStatsd

        engine = "embedded" if clickhouse.embedded else "server"
        self._statsd: Any = DogStatsd(
            host=muse.statsd_host,
            port=muse.statsd_port,
            constant_tags=[f"engine:{engine}", f"database:{clickhouse.database}", *muse.statsd_tags],
            disable_telemetry=True,
            disable_buffering=True,
            origin_detection_enabled=False,
        )
        self._engine: Engine | None = None

    def watch(self, engine: Engine) -> None:
        """The engine whose pool is reported."""
        self._engine = engine

    def traced(self, traced: Traced) -> None:
        """A tracer of the executor: one duration a statement, and the pool as it stands."""
        outcome = "ok" if traced.error is None else "error"
        tags = [f"kind:{traced.kind}", f"outcome:{outcome}"]
        self._statsd.timing(f"{PREFIX}.query_duration", round(traced.elapsed_ms, 3), tags=tags)
        if self._engine is not None and isinstance(self._engine.pool, QueuePool):
            pool = self._engine.pool
            self._statsd.gauge(f"{PREFIX}.connection_pool", pool.checkedout(), tags=["state:used"])
            self._statsd.gauge(f"{PREFIX}.connection_pool", pool.size(), tags=["state:size"])

    def counted(self, table: str, store: Callable[[], Result]) -> Result:
        """Runs an insert, and counts what became of its rows or that it raised."""
        try:
            answer = store()
        except MuseError as error:
            tags = [f"table:{table}", f"error:{error.kind}"]
            self._statsd.increment(f"{PREFIX}.insert_error", 1, tags=tags)
            raise
        for field, word in _ANSWERS.items():
            if answer.get(field):
                tags = [f"table:{table}", f"answer:{word}"]
                self._statsd.increment(f"{PREFIX}.insert_success", answer[field], tags=tags)
        return answer

    def consumer(self, state: ConsumerState) -> None:
        """How far a consumer of Kafka is."""
        tags = [f"topic:{state.topic}", f"table:{state.table}", f"group:{state.group}"]
        for name in ("lag", "oldest_unread_s", "per_second"):
            self._statsd.gauge(f"muse.kafka.{name}", getattr(state, name), tags=tags)

    def close(self) -> None:
        self._statsd.close_socket()


def figures(clickhouse: ClickHouseSettings, muse: MuseSettings) -> Figures | None:
    """The sender, or None where no agent is named."""
    return Figures(clickhouse, muse) if muse.statsd_host else None


def both(first: Tracer | None, second: Tracer | None) -> Tracer | None:
    """One tracer that tells two."""
    if first is None or second is None:
        return first or second
    one, other = first, second

    def tell(traced: Traced) -> None:
        one(traced)
        other(traced)

    return tell
