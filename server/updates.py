"""Tells listeners that the alarms have changed, whoever changed them: the store is looked at while somebody listens."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable, Mapping

from chimera_metrics.integrations.errors import MuseError

EVERY_S = 10.0
"""Seconds between two looks."""
ALARMS = "muse://alarms"
_log = logging.getLogger(__name__)
#: By watch, what differs once one of its alarms has changed.
Changes = Mapping[str, Hashable]
#: Takes the address of a resource that has changed.
Told = Callable[[str], None]


def alarms_of(watch: str) -> str:
    """The address of one watch's alarms."""
    return f"{ALARMS}/{watch}"


def is_told_of(uri: str) -> bool:
    """Whether a change of that resource is ever told of."""
    return uri == ALARMS or (uri.startswith(f"{ALARMS}/") and len(uri) > len(ALARMS) + 1)


class Updates:
    """Looks at the store, on a thread of its own, as long as there are listeners."""

    def __init__(self, look: Callable[[], Changes]) -> None:
        """`look` reads the store and may raise MuseError."""
        self._look = look
        self._lock = threading.Lock()
        self._listeners: dict[object, Told] = {}
        self._known: Changes = {}
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._failed = False

    def prepare(self) -> None:
        """Reads how things stand, where nobody listens yet. Raises MuseError where the store does not answer."""
        if not self._listeners:
            self._known = self._look()

    def listen(self, told: Told) -> Callable[[], None]:
        """Tells of changes since `prepare`, until the function that it returns is called. Reads nothing itself."""
        token = object()
        with self._lock:
            self._listeners[token] = told
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="muse-updates", daemon=True)
                self._thread.start()

        def leave() -> None:
            with self._lock:
                self._listeners.pop(token, None)
            self._wake.set()

        return leave

    def look_now(self) -> None:
        """Somebody knows that there may be something new."""
        self._wake.set()

    def close(self) -> None:
        with self._lock:
            self._listeners.clear()
            thread = self._thread
        self._wake.set()
        if thread is not None:
            thread.join(2.0)

    def _run(self) -> None:
        while True:
            self._wake.wait(EVERY_S)
            self._wake.clear()
            with self._lock:
                if not self._listeners:
                    self._thread = None
                    return
            try:
                self._tell()
            except MuseError as error:
                if not self._failed:
                    _log.warning("The alarms were not looked at: %s", error)
                self._failed = True
            except Exception:  # noqa: BLE001  # a bug must not end the thread
                _log.exception("The alarms were not looked at")

    def _tell(self) -> None:
        found = self._look()
        self._failed = False
        changed = [watch for watch in found.keys() | self._known.keys() if found.get(watch) != self._known.get(watch)]
        self._known = found
        if not changed:
            return
        for told in list(self._listeners.values()):
            for uri in (ALARMS, *map(alarms_of, sorted(changed))):
                told(uri)
