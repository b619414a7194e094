"""The thread of an HTTP server that judges the watches each minute and sends the webhooks that are due."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.errors import MuseError

EVERY_S = 60.0
_log = logging.getLogger(__name__)


class Watching:
    """Judges until it is closed. Of several servers on one store each look is taken by one."""

    def __init__(
        self, client: ClickHouseClient, every_s: float = EVERY_S, after: Callable[[], None] = lambda: None
    ) -> None:
        """`after` is called after each round."""
        self._after = after
        self._client = client
        self._every_s = every_s
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="muse-watches", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends it; a round under way is finished first, at most for some seconds."""
        self._closing.set()
        self._thread.join(2.0)

    def _run(self) -> None:
        from chimera_metrics.integrations.watches import operations

        while not self._closing.wait(self._every_s):
            try:
                self._client.ensure_schema()
                operations.run(self._client)
                self._after()
            except MuseError as error:
                _log.warning("The watches were not judged: %s", error)
            except Exception:  # noqa: BLE001  # a bug must not end the thread
                _log.exception("The watches were not judged")
