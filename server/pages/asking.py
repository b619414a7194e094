"""Questions of the page: each on record like a tool's call, its answer kept for a minute."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from chimera_metrics.integrations.clickhouse.call import serving
from chimera_metrics.integrations.errors import AccessRefused, MuseError
from chimera_metrics.integrations.guard.judging import StatementRefused
from chimera_metrics.integrations.report.asking import Asked
from chimera_metrics.integrations.results import Result
from chimera_metrics.server.calls import Record
from chimera_metrics.server.catalog.callers import Caller
from chimera_metrics.server.context import ServerContext

KEPT_S = 60.0
_MOST = 300
MakeRecord = Callable[[ServerContext, Caller, str, Mapping[str, Any] | None], Record]


class Remembered:
    """The newest answers, by question and zone. What a reader may read is the same for all callers."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[str, tuple[float, Any]] = OrderedDict()

    def get(self, key: str) -> Any:
        with self._lock:
            made, value = self._kept.get(key, (0.0, None))
            return value if value is not None and time.monotonic() - made < KEPT_S else None

    def put(self, key: str, value: Any) -> None:
        with self._lock:
            self._kept[key] = (time.monotonic(), value)
            self._kept.move_to_end(key)
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)


class PageAsk:
    """Asks for one caller. A question and its answer stand in the audit as `page/<method>`."""

    def __init__(
        self, state: ServerContext, caller: Caller, record: MakeRecord, kept: Remembered, zone: str | None
    ) -> None:
        self._state, self._caller, self._record, self._kept, self._zone = state, caller, record, kept, zone

    def __call__(self, method: str, **arguments: Any) -> Result:
        return self._on_record(method, arguments, lambda: self._known(method, arguments))

    def rows(self, sql: str) -> Result:
        """The rows of a statement, behind the guard of the tool `query`."""
        return self._on_record("query", {"sql": sql}, lambda: self._state.client.query(sql))

    def _known(self, method: str, arguments: dict[str, Any]) -> Result:
        key = f"{self._zone} {method} {sorted(arguments.items())!r}"
        found: Result | None = self._kept.get(key)
        if found is None:
            found = Asked(self._state.client, self._zone)(method, **arguments)
            self._kept.put(key, found)
        return found

    def _on_record(self, method: str, arguments: dict[str, Any], ask: Callable[[], Result]) -> Result:
        record = self._record(self._state, self._caller, f"page/{method}", arguments)
        try:
            with serving(record.call):
                found = ask()
            record.sent(0)
            return found
        except MuseError as error:
            refused = isinstance(error, StatementRefused | AccessRefused)
            record.failed("refused" if refused else "error", str(error))
            raise
        finally:
            record.end(None)
