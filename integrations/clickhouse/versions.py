"""The ClickHouse versions that this program works with, and what it does where one lacks a setting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from chimera_metrics.integrations.clickhouse.dbapi import DatabaseError
from chimera_metrics.integrations.clickhouse.error_codes import ErrorCode

Version = tuple[int, int]

# From 26.3 on FINAL within a window returns a re-sent benchmark run in its last version, whatever days the two carry.
OLDEST: Version = (26, 3)
NEWEST_TESTED: Version = (26, 9)

DISPENSABLE: Mapping[str, str] = {
    "defer_partition_pruning_after_final": "26.3 always defers it, which is what the setting asks for",
    "allow_replace_partition_from_empty_source": "26.3 always allows it, which is what the setting asks for",
}
"""Settings of ours that a server may lack, and why nothing is lost. No other is ever left out."""


def shown(version: Version) -> str:
    return ".".join(map(str, version))


def support(version: str) -> str:
    """One clause on a server's version, such as '26.3.9.1'."""
    major, minor = (int(part) for part in version.split(".")[:2])
    if (major, minor) < OLDEST:
        return f"not supported: {shown(OLDEST)} LTS is the oldest that is"
    if (major, minor) > NEWEST_TESTED:
        return f"supported, but newer than {shown(NEWEST_TESTED)}, the newest that was tested"
    return "supported"


class KnownSettings:
    """Which settings a server has: asked once a version, because a server passes over unknown ones in silence.

    Shared by the connections of one engine. Servers behind one address may differ in version while they are upgraded.
    """

    def __init__(self) -> None:
        self._names: dict[Version, frozenset[str] | None] = {}

    def keep(self, wanted: Mapping[str, Any], version: Version, ask: Callable[[], Iterable[str]]) -> dict[str, Any]:
        """`wanted` without what the server can do without; raises DatabaseError for a setting that it needs.

        ask: names the settings that the server has.
        """
        if not wanted:
            return {}
        if version not in self._names:
            self._names[version] = _asked(ask)
        names = self._names[version]
        missing = set() if names is None else wanted.keys() - names
        if needed := sorted(missing - DISPENSABLE.keys()):
            raise DatabaseError(
                f"The server, ClickHouse {shown(version)}, has no setting {needed[0]}", code=ErrorCode.UNKNOWN_SETTING
            )
        return {name: value for name, value in wanted.items() if name not in missing}


def _asked(ask: Callable[[], Iterable[str]]) -> frozenset[str] | None:
    """None where the account may not ask: everything is sent then, and the server takes what it knows."""
    try:
        return frozenset(ask())
    except DatabaseError as error:
        if error.code != ErrorCode.ACCESS_DENIED:
            raise
        return None
