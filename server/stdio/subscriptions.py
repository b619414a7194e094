"""What the client of a connection wants to hear of, in both generations of the protocol."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.server.catalog.protocol import (
    INTERNAL_ERROR,
    MOST_RESOURCES,
    SUBSCRIPTION_KEY,
    UPDATED,
    ProtocolError,
    check_told_of,
    honoured,
)
from chimera_metrics.server.updates import Updates

ACKNOWLEDGED = "notifications/subscriptions/acknowledged"
#: Streams at a time: each of them keeps a thread.
_MOST = 8
_LOOK_S = 0.25
_LIMIT = "Subscription limit reached"
Send = Callable[[str, dict[str, Any]], None]


class Subscriptions:
    """After a handshake each resource is asked for by itself; with an envelope one request stands for a stream."""

    def __init__(self, updates: Updates) -> None:
        self._updates = updates
        #: Writes a notification; set by the connection.
        self.send: Send = lambda method, params: None
        self._left: dict[str, Callable[[], None]] = {}
        self._streams = 0
        self._lock = threading.Lock()
        self._over = threading.Event()

    def subscribe(self, uri: str) -> None:
        check_told_of(uri)
        if len(self._left) >= MOST_RESOURCES and uri not in self._left:
            raise ProtocolError(INTERNAL_ERROR, _LIMIT)
        self._prepare()
        leave = self._updates.listen(lambda changed: self._tell(changed) if changed == uri else None)
        with self._lock:
            before = self._left.pop(uri, None)
            self._left[uri] = leave
        if before is not None:
            before()

    def unsubscribe(self, uri: str) -> None:
        with self._lock:
            leave = self._left.pop(uri, None)
        if leave is not None:
            leave()

    def stream(self, request_id: Any, asked: Mapping[str, Any], stop: Cancellation) -> dict[str, Any]:
        """Tells of what was asked for until the client cancels or the input ends; then what the request is answered."""
        meta = {SUBSCRIPTION_KEY: request_id}
        with self._lock:
            if self._streams >= _MOST:
                raise ProtocolError(INTERNAL_ERROR, _LIMIT)
            self._streams += 1
        try:
            self._prepare()
            found = honoured(asked)
            self.send(ACKNOWLEDGED, {"notifications": found, "_meta": meta})
            uris = frozenset(found.get("resourceSubscriptions", ()))
            leave = self._updates.listen(lambda changed: self._tell(changed, meta) if changed in uris else None)
            try:
                while not stop.cancelled and not self._over.wait(_LOOK_S):
                    pass
            finally:
                leave()
        finally:
            with self._lock:
                self._streams -= 1
        return {"_meta": meta}

    def close(self) -> None:
        """Ends the streams, so that their requests are answered, and tells of nothing more."""
        self._over.set()
        with self._lock:
            left, self._left = list(self._left.values()), {}
        for leave in left:
            leave()

    def _prepare(self) -> None:
        try:
            self._updates.prepare()
        except MuseError as error:
            raise ProtocolError(INTERNAL_ERROR, str(error)) from None

    def _tell(self, uri: str, meta: Mapping[str, Any] | None = None) -> None:
        self.send(UPDATED, {"uri": uri} | ({} if meta is None else {"_meta": dict(meta)}))
