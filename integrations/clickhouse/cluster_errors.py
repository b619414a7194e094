"""What a cluster's errors mean for who stored or asked something, and the next step.

`policy` decides, `sentence` says. The same number can mean two things; then the engine's words decide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from chimera_metrics.integrations.clickhouse.error_codes import ErrorCode

Decision = Literal["retry", "wait", "stop", "refuse"]

_NO_KEEPER_SET_UP = ("not configured", "without ZooKeeper", "no ZooKeeper configuration")
#: What Keeper says of a name that another has taken or changed: the same statement would meet the same name.
_LOST_RACE = ("Node exists", "Bad version")


def policy(code: int, words: str) -> Decision | None:
    """What to do about an error of a cluster; None for any other error."""
    match code:
        case ErrorCode.TABLE_IS_READ_ONLY:
            return "wait"
        case ErrorCode.UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE:
            return "stop"
        case ErrorCode.UNKNOWN_STATUS_OF_INSERT | ErrorCode.ALL_CONNECTION_TRIES_FAILED:
            return "retry"
        case ErrorCode.KEEPER_EXCEPTION:
            return "stop" if _has(words, _LOST_RACE) else "wait"
        case ErrorCode.NO_ZOOKEEPER:
            return "refuse" if _has(words, _NO_KEEPER_SET_UP) else "wait"
    return None


def sentence(code: int, words: str) -> str | None:
    """The error and its next step, the engine's words in it; None for an error that is no cluster's."""
    advice = _ADVICE.get(code)
    return None if advice is None else f"{words}. {advice(words)}"


def _read_only(_: str) -> str:
    return (
        "The replica takes no rows until it has its session with Keeper again, as a rule within half a minute; if it "
        "does not, see `muse status` and `SYSTEM RESTART REPLICA`."
    )


def _quorum(_: str) -> str:
    return (
        "A write before this one has not reached its quorum of replicas, and blocks all that follow: bring the "
        "replicas back that `muse status` names, and let the account write without insert_quorum, which this program "
        "does not need."
    )


def _unknown(_: str) -> str:
    return "Send the same rows again: the engine knows what it has of them, and stores none twice."


def _no_connection(_: str) -> str:
    return "No replica of a shard answered: start one, or see that the servers reach each other (`muse status`)."


def _keeper(words: str) -> str:
    if _has(words, _LOST_RACE):
        return "Another process was first; send the same again to learn what became of it."
    return "Keeper did not answer as it should; if that lasts, see that a majority of its servers runs."


def _no_keeper(words: str) -> str:
    if _has(words, _NO_KEEPER_SET_UP):
        return "Replicated tables need Keeper: name it in the servers' <zookeeper>, or unset CH_CLUSTER."
    return "The server has no session with Keeper at the moment; if that lasts, see that Keeper runs."


_ADVICE: Mapping[int, Callable[[str], str]] = {
    ErrorCode.TABLE_IS_READ_ONLY: _read_only,
    ErrorCode.UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE: _quorum,
    ErrorCode.UNKNOWN_STATUS_OF_INSERT: _unknown,
    ErrorCode.ALL_CONNECTION_TRIES_FAILED: _no_connection,
    ErrorCode.KEEPER_EXCEPTION: _keeper,
    ErrorCode.NO_ZOOKEEPER: _no_keeper,
}


def _has(words: str, any_of: tuple[str, ...]) -> bool:
    return any(part in words for part in any_of)
