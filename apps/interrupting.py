"""Ctrl-C while a statement runs: the engine hands no signal over before it is done, so it works on another thread."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar

from chimera_metrics.apps.terminal import STOPPED
from chimera_metrics.integrations.clickhouse.statements import Cancellation

_LOOK_S = 0.2
_STOP_S = 3.0
Found = TypeVar("Found")


def interruptible(work: Callable[[Cancellation], Found]) -> Found:
    """What `work` returns or raises. Ctrl-C stops its statement; one that does not stop ends with the process."""
    stop = Cancellation()
    found: list[Found] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            found.append(work(stop))
        except BaseException as error:  # noqa: BLE001  # raised again where it was asked for
            failed.append(error)

    worker = threading.Thread(target=copy_context().run, args=[run], name="muse-statement", daemon=True)
    worker.start()
    try:
        while worker.is_alive():
            worker.join(_LOOK_S)
    except KeyboardInterrupt:
        threading.Thread(target=stop.cancel, daemon=True).start()
        worker.join(_STOP_S)
        if worker.is_alive():
            os._exit(STOPPED)
        raise
    if failed:
        raise failed[0]
    return found[0]
