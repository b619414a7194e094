"""What every call finds: one typed context, made by the SDK's lifespan, or by `stdio.serve`."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from chimera_metrics.integrations.answers.cache import cache_of
from chimera_metrics.integrations.audit.shipping import Shipper, Shipping
from chimera_metrics.integrations.audit.trail import AuditFile, AuditLine, Ceiling, audit_folder
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import Settings
from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.integrations.operations.contents import EMPTY, contents
from chimera_metrics.integrations.redis_link import link_of
from chimera_metrics.integrations.results import Result
from chimera_metrics.server.exports import Exports
from chimera_metrics.server.metrics import Metrics
from chimera_metrics.server.updates import Changes, Updates

if TYPE_CHECKING:
    import anyio

_log = logging.getLogger(__name__)
# More calls than connections wait for a connection, each on a thread of its own.
WORKERS = 100
_PROBE_S = 1.0


class UnderWay(Protocol):
    """The record of a call that has not ended yet."""

    def abandon(self) -> None: ...


class Audit:
    """The audit file of a server, and the thread that ships its lines."""

    def __init__(self, settings: Settings, client: ClickHouseClient) -> None:
        folder = audit_folder(settings)
        self._file = AuditFile(folder, Ceiling.of(settings.muse))
        self.shipping = Shipping(folder, client.executor)
        self._shipper = Shipper(self.shipping)

    def append(self, entry: AuditLine) -> None:
        self._file.append(entry)
        self._shipper.wake()

    def close(self) -> None:
        self._shipper.close()
        self._file.close()


class ServerContext:
    """The client, behind the one check that the store's schema is the one that this program knows."""

    def __init__(self, settings: Settings, client: ClickHouseClient) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.audit = Audit(settings, client) if settings.muse.audit else None
        #: The records of the calls that run now.
        self.under_way: set[UnderWay] = set()
        self.exports = Exports(settings)
        self.updates = Updates(self._alarm_changes)
        #: The Redis that our servers share, if there is one.
        self.redis = link_of(settings)
        self.cache = cache_of(settings, client.executor, self.redis)
        self._client = client
        #: Whether the store is known to hold rows.
        self.filled = False
        self._warming: threading.Thread | None = None
        self._probe_lock = threading.Lock()
        self._probed: tuple[float, str | None] = (0.0, "starting")

    @classmethod
    def on(cls, settings: Settings) -> ServerContext:
        """A context of its own. While the client and the server still shake hands, the engine is loaded and the
        schema looked at; the log then says which store it is and how much it holds."""
        context = cls(settings, ClickHouseClient(settings.clickhouse, settings.muse))
        context.warm_up()
        return context

    @property
    def own_client(self) -> ClickHouseClient:
        """The client as it is: for those that look after the schema themselves."""
        return self._client

    @property
    def client(self) -> ClickHouseClient:
        """The client, once the schema is known to be current. An embedded store is upgraded, a server's never."""
        self._client.ensure_schema()
        return self._client

    @cached_property
    def workers(self) -> anyio.CapacityLimiter:
        """Of the threads on which the calls of an event loop wait for the store."""
        import anyio

        return anyio.CapacityLimiter(WORKERS)

    @cached_property
    def probes(self) -> anyio.CapacityLimiter:
        """One thread asks whether the store answers; other threads that ask meanwhile wait for its answer."""
        import anyio

        return anyio.CapacityLimiter(1)

    def warm_up(self) -> None:
        """Opens the store on a thread, ahead of the first call; whatever is wrong with it, that call will say too."""

        def look() -> None:
            with contextlib.suppress(Exception):
                self._say_what_is_served()

        self._warming = threading.Thread(target=look, name="muse-warm-up", daemon=True)
        self._warming.start()

    def _say_what_is_served(self) -> None:
        """Opens the store; the log says which it is and how much it holds, or why it does not answer."""
        name = f"Serving {self.settings.clickhouse.where}, database {self.settings.clickhouse.database}"
        try:
            client = self.client
            if _log.isEnabledFor(logging.INFO):
                _log.info("%s: it %s", name, contents(client).in_words)
        except MuseError as error:
            _log.warning("%s, which does not answer yet: %s", name, error)

    def note_if_empty(self, answer: Result) -> None:
        """Says in the answer that the store is empty, and what to do. Asked until it is not, never again after that."""
        if self.filled:
            return
        try:
            self.filled = contents(self._client).rows > 0
        except MuseError:  # the answer itself came; nothing is known of its tables
            return
        if self.filled:
            return
        if isinstance(answer.get("notes"), list):
            answer["notes"].append(EMPTY)
        elif "note" in answer:
            answer["note"] = " ".join(filter(None, (answer["note"], EMPTY)))

    def ready(self) -> bool:
        """Whether the store answers."""
        return self.unready() is None

    def unready(self) -> str | None:
        """Why the store does not answer, as the kind of error; asked at most once a second however many ask."""
        from chimera_metrics.integrations.operations.health import probe

        with self._probe_lock:
            asked, answer = self._probed
            if time.monotonic() - asked > _PROBE_S:
                try:
                    found = probe(self.client)
                    answer = found["cause"]
                    if answer is not None:
                        _log.warning("Not ready: %s", found["advice"])
                except MuseError as error:
                    _log.warning("Not ready: %s", error)
                    answer = error.kind
                self._probed = (time.monotonic(), answer)
            return answer

    def overdue(self) -> int:
        """How many statements run on although their limit of time is over."""
        return self._client.executor.overdue()

    def _alarm_changes(self) -> Changes:
        from chimera_metrics.integrations.watches.book import Book

        return Book(self.client.executor).changes()

    def abandon_calls(self) -> None:
        """Writes the audit lines of the calls that the process will not see the end of."""
        for record in list(self.under_way):
            with contextlib.suppress(MuseError):
                record.abandon()

    def stop_family(self, family: str) -> bool:
        """Stops the reads of that family on the engine, and says whether there were any."""
        try:
            return self._client.executor.stop_family(family)
        except MuseError as error:
            _log.warning("A call of another server was not stopped: %s", error)
            return False

    def close(self) -> None:
        if self._warming is not None:
            self._warming.join()
        self.updates.close()
        if self.audit is not None:
            self.audit.close()
        self.exports.close()
        if self.redis is not None:
            self.redis.close()
        self._client.close()
