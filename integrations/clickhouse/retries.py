"""Which errors are worth another try, and how long to wait before it.

Reads repeat as they are. Writes repeat only because every block carries a token: what the first try stored, the second
does not store again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from enum import Enum
from typing import TypeVar

from integrations.errors import MuseError, StatementFailed, StatementTimeout, StoreBusy, Unreachable


class Verdict(Enum):
    """What to do about an error."""

    RETRY = "retry"
    SPLIT = "split"
    REFUSE = "refuse"
    STOP = "stop"


# ClickHouse error codes that pass by themselves, after what other clients repeat.
_PASSING = {
    3: "UNEXPECTED_END_OF_FILE",
    159: "TIMEOUT_EXCEEDED",
    164: "READONLY (a replica that lost its Keeper)",
    202: "TOO_MANY_SIMULTANEOUS_QUERIES",
    203: "NO_FREE_CONNECTION",
    209: "SOCKET_TIMEOUT",
    210: "NETWORK_ERROR",
    241: "MEMORY_LIMIT_EXCEEDED",
    242: "TABLE_IS_READ_ONLY",
    285: "TOO_FEW_LIVE_REPLICAS",
    319: "UNKNOWN_STATUS_OF_INSERT",
    425: "SYSTEM_ERROR",
    999: "KEEPER_EXCEPTION",
}
_BASE_S = 0.05
_CEILING_S = 2.0
T = TypeVar("T")


def judge(error: MuseError) -> Verdict:
    """Retry, split into smaller blocks, refuse as the caller's mistake, or stop."""
    if isinstance(error, Unreachable | StoreBusy | StatementTimeout):
        return Verdict.RETRY
    if isinstance(error, StatementFailed):
        if error.code == 252:
            # The same code says two things: too many partitions in one block (split it), or too many parts (wait).
            return Verdict.SPLIT if "partitions" in str(error) else Verdict.RETRY
        if error.code in _PASSING:
            return Verdict.RETRY
        if error.code in {6, 26, 27, 38, 41, 53, 69, 70, 72, 131, 349, 376, 407}:
            return Verdict.REFUSE
    return Verdict.STOP


def pause_s(attempt: int, chance: Callable[[], float] = random.random) -> float:
    """Seconds before try number `attempt` + 1: doubling, bounded, with full jitter so that callers do not march."""
    return min(_CEILING_S, _BASE_S * float(2**attempt)) * chance()


def repeat(action: Callable[[], T], attempts: int, sleep: Callable[[float], None] = time.sleep) -> T:
    """Runs `action`, and again up to `attempts` times while its error is one that passes."""
    for attempt in range(attempts + 1):
        try:
            return action()
        except MuseError as error:
            if attempt == attempts or judge(error) is not Verdict.RETRY:
                raise
            sleep(pause_s(attempt))
    raise AssertionError("unreachable")
