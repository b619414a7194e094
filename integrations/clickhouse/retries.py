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

from chimera_metrics.integrations.clickhouse import cluster_errors
from chimera_metrics.integrations.clickhouse.error_codes import ErrorCode
from chimera_metrics.integrations.errors import (
    MemoryExceeded,
    MuseError,
    StatementFailed,
    StatementTimeout,
    Unreachable,
)


class RetryPolicy(Enum):
    """What to do about an error."""

    RETRY = "retry"
    """It passes by itself: wait, and try again."""
    WAIT = "wait"
    """It passes when a cluster has recovered, which takes longer: wait longer, and try again."""
    SPLIT = "split"
    """Too much at once: send it in smaller blocks."""
    REFUSE = "refuse"
    """A mistake in the call or the set-up, or a store that others use: tell the caller, who still has the rows."""
    STOP = "stop"
    """Trying again would change nothing, and the caller cannot help it: keep the rows aside."""


# By what other clients repeat and by what a caller can correct. TOO_MANY_PARTS stands apart, see `policy_of`; what only
# a cluster says has a file of its own, cluster_errors.py.
CODES: Mapping[int, RetryPolicy] = {
    ErrorCode.UNEXPECTED_END_OF_FILE: RetryPolicy.RETRY,
    ErrorCode.TIMEOUT_EXCEEDED: RetryPolicy.RETRY,
    ErrorCode.READONLY: RetryPolicy.RETRY,  # a replica that lost its Keeper
    ErrorCode.TOO_MANY_SIMULTANEOUS_QUERIES: RetryPolicy.RETRY,
    ErrorCode.NO_FREE_CONNECTION: RetryPolicy.RETRY,
    ErrorCode.SOCKET_TIMEOUT: RetryPolicy.RETRY,
    ErrorCode.NETWORK_ERROR: RetryPolicy.RETRY,
    ErrorCode.ABORTED: RetryPolicy.RETRY,  # the server is going down
    ErrorCode.TOO_FEW_LIVE_REPLICAS: RetryPolicy.RETRY,
    ErrorCode.SYSTEM_ERROR: RetryPolicy.RETRY,
    ErrorCode.CANNOT_SCHEDULE_TASK: RetryPolicy.RETRY,
    ErrorCode.MEMORY_LIMIT_EXCEEDED: RetryPolicy.SPLIT,
    ErrorCode.NO_SUCH_COLUMN_IN_TABLE: RetryPolicy.REFUSE,
    ErrorCode.UNKNOWN_TABLE: RetryPolicy.REFUSE,
    ErrorCode.UNKNOWN_DATABASE: RetryPolicy.REFUSE,
    ErrorCode.UNKNOWN_SETTING: RetryPolicy.REFUSE,
    ErrorCode.ACCESS_DENIED: RetryPolicy.REFUSE,
}
_BASE_S = 0.2
_CEILING_S = 3.0
_WAIT_FACTOR = 5
_AGAIN = (RetryPolicy.RETRY, RetryPolicy.WAIT)
T = TypeVar("T")


def policy_of(error: MuseError) -> RetryPolicy:
    """What to do about `error`."""
    if isinstance(error, Unreachable | StatementTimeout):
        return RetryPolicy.RETRY
    if isinstance(error, MemoryExceeded):
        return CODES[ErrorCode.MEMORY_LIMIT_EXCEEDED]
    if isinstance(error, StatementFailed):
        if error.code == ErrorCode.TOO_MANY_PARTS:
            # The same code says two things: too many partitions in one block (split it), or too many parts (wait).
            return RetryPolicy.SPLIT if "partitions" in str(error) else RetryPolicy.RETRY
        decided = cluster_errors.policy(error.code, str(error))
        return CODES.get(error.code, RetryPolicy.STOP) if decided is None else RetryPolicy(decided)
    # A wrong password, a missing schema, a store or a pool that was busy for as long as one may wait.
    return RetryPolicy.REFUSE


def read_policy_of(error: MuseError) -> RetryPolicy:
    """The same for a read, which is the caller's to narrow: its time and its memory do not come back by waiting.

    Nor does a store that takes no writes keep a read from running: READONLY says that it asked for more than
    a read may.
    """
    policy = policy_of(error)
    if isinstance(error, StatementTimeout) or (isinstance(error, StatementFailed) and error.code == ErrorCode.READONLY):
        return RetryPolicy.REFUSE
    return policy if policy in _AGAIN else RetryPolicy.REFUSE


def pause_s(attempt: int, chance: Callable[[], float] = random.random, longer: bool = False) -> float:
    """Seconds before try number `attempt` + 2: doubling, bounded, with full jitter so that callers do not march.

    `longer`: for what a cluster needs to recover.
    """
    factor = _WAIT_FACTOR if longer else 1
    return factor * min(_CEILING_S, _BASE_S * float(2**attempt)) * (0.1 + 0.9 * chance())


def repeat(
    action: Callable[[], T],
    attempts: int,
    sleep: Callable[[float], None] = time.sleep,
    policy: Callable[[MuseError], RetryPolicy] = policy_of,
) -> T:
    """Runs `action`, and again up to `attempts` times while its error is one that passes."""
    for attempt in range(attempts + 1):
        try:
            return action()
        except MuseError as error:
            decided = policy(error)
            if attempt == attempts or decided not in _AGAIN:
                raise
            sleep(pause_s(attempt, longer=decided is RetryPolicy.WAIT))
    raise AssertionError("unreachable")
