"""A process that was told to end does end, whatever still runs in it.

The embedded engine runs statements on threads of this process. One that nothing stops would keep the store, and with
it the end of the process, for as long as it runs. So a thread waits beside the usual end, and ends the process if that
has not come by then; should even Python hang, the system's own alarm does.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
from collections.abc import Callable

WITHIN_S = 7.0
_ALARM_AFTER_S = 1.0
_log = logging.getLogger(__name__)
_begun = threading.Event()


def end_within(flush: Callable[[], None], within_s: float = WITHIN_S) -> None:
    """From now on the process has so long to end by itself. `flush` is called before it is ended by force."""
    if _begun.is_set():
        return
    _begun.set()

    def end() -> None:
        # What ends the process must not wait for a lock that its other threads hold.
        flushing = threading.Thread(target=flush, name="muse-flush", daemon=True)
        flushing.start()
        flushing.join(0.5)
        os.write(2, b"A statement did not stop, so the server ended without it.\n")
        os._exit(1)

    timer = threading.Timer(within_s, end)
    timer.daemon = True
    timer.start()
    with contextlib.suppress(ValueError, AttributeError):  # another thread than the main one, or another system
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, within_s + _ALARM_AFTER_S)
