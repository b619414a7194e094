"""Which errors are worth another try, and how long to wait before it.

Reads repeat as they are. Writes repeat only because every block carries a token: what the first try stored, the second
does not store again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from enum import Enum
from typing import TypeVar

from chimera_metrics.integrations.errors import (
    MemoryExceeded,
    MuseError,
    StatementFailed,
    StatementTimeout,
    Unreachable,
)


class Verdict(Enum):
    """What to do about an error."""

    RETRY = "retry"
    """It passes by itself: wait, and try again."""
    SPLIT = "split"
    """Too much at once: send it in smaller blocks."""
    REFUSE = "refuse"
    """A mistake in the call or the set-up, or a store that others use: tell the caller, who still has the rows."""
    STOP = "stop"
    """Trying again would change nothing, and the caller cannot help it: keep the rows aside."""


# ClickHouse error codes, by what other clients repeat and by what a caller can correct. 252 stands apart, see `judge`.
CODES: Mapping[int, Verdict] = {
    3: Verdict.RETRY,  # UNEXPECTED_END_OF_FILE
    159: Verdict.RETRY,  # TIMEOUT_EXCEEDED
    164: Verdict.RETRY,  # READONLY: a replica that lost its Keeper
    202: Verdict.RETRY,  # TOO_MANY_SIMULTANEOUS_QUERIES
    203: Verdict.RETRY,  # NO_FREE_CONNECTION
    209: Verdict.RETRY,  # SOCKET_TIMEOUT
    210: Verdict.RETRY,  # NETWORK_ERROR
    236: Verdict.RETRY,  # ABORTED: the server is going down
    242: Verdict.RETRY,  # TABLE_IS_READ_ONLY
    285: Verdict.RETRY,  # TOO_FEW_LIVE_REPLICAS
    319: Verdict.RETRY,  # UNKNOWN_STATUS_OF_INSERT
    425: Verdict.RETRY,  # SYSTEM_ERROR
    439: Verdict.RETRY,  # CANNOT_SCHEDULE_TASK
    999: Verdict.RETRY,  # KEEPER_EXCEPTION
    241: Verdict.SPLIT,  # MEMORY_LIMIT_EXCEEDED
    16: Verdict.REFUSE,  # NO_SUCH_COLUMN_IN_TABLE
    60: Verdict.REFUSE,  # UNKNOWN_TABLE
    81: Verdict.REFUSE,  # UNKNOWN_DATABASE
    115: Verdict.REFUSE,  # UNKNOWN_SETTING
    497: Verdict.REFUSE,  # ACCESS_DENIED
}
_BASE_S = 0.2
_CEILING_S = 3.0
T = TypeVar("T")


def judge(error: MuseError) -> Verdict:
    """What to do about `error`."""
    if isinstance(error, Unreachable | StatementTimeout):
        return Verdict.RETRY
    if isinstance(error, MemoryExceeded):
        return CODES[241]
    if isinstance(error, StatementFailed):
        if error.code == 252:
            # The same code says two things: too many partitions in one block (split it), or too many parts (wait).
            return Verdict.SPLIT if "partitions" in str(error) else Verdict.RETRY
        return CODES.get(error.code, Verdict.STOP)
    # A wrong password, a missing schema, a store or a pool that was busy for as long as one may wait.
    return Verdict.REFUSE


def judge_read(error: MuseError) -> Verdict:
    """The same for a read, which is the caller's to narrow: its time and its memory do not come back by waiting.

    Nor does a store that takes no writes keep a read from running: 164 says that it asked for more than a read may.
    """
    verdict = judge(error)
    if isinstance(error, StatementTimeout) or (isinstance(error, StatementFailed) and error.code == 164):
        return Verdict.REFUSE
    return verdict if verdict is Verdict.RETRY else Verdict.REFUSE


def pause_s(attempt: int, chance: Callable[[], float] = random.random) -> float:
    """Seconds before try number `attempt` + 2: doubling, bounded, with full jitter so that callers do not march."""
    return min(_CEILING_S, _BASE_S * float(2**attempt)) * (0.1 + 0.9 * chance())


def repeat(
    action: Callable[[], T],
    attempts: int,
    sleep: Callable[[float], None] = time.sleep,
    verdict: Callable[[MuseError], Verdict] = judge,
) -> T:
    """Runs `action`, and again up to `attempts` times while its error is one that passes."""
    for attempt in range(attempts + 1):
        try:
            return action()
        except MuseError as error:
            if attempt == attempts or verdict(error) is not Verdict.RETRY:
                raise
            sleep(pause_s(attempt))
    raise AssertionError("unreachable")
