"""Names with values in a cluster's Keeper, seen by every server at once: who claimed a batch, who migrates.

A table of the engine KeeperMap in strict mode: of several who put a name one succeeds, and a value is changed or
removed only by who knows it as it is. A single name costs 2 to 5 ms, however many there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chimera_metrics.integrations.clickhouse.cluster import CLAIMS as TABLE
from chimera_metrics.integrations.clickhouse.error_codes import ErrorCode
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.errors import StatementFailed

_STRICT: Mapping[str, Any] = {"keeper_map_strict_mode": 1, "async_insert": 0}
_TAKEN, _CHANGED = "Node exists", ("Bad version", "No node")


class KeeperMap:
    """The names of one database."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def create(self) -> None:
        """Makes the table, which holds what Keeper holds on whichever server it is made."""
        try:
            self._executor.command(
                f"CREATE TABLE IF NOT EXISTS {TABLE} (name String, value String) "
                f"ENGINE = KeeperMap('/muse/{self._executor.settings.database}') PRIMARY KEY name"
            )
        except StatementFailed as error:
            if error.code != ErrorCode.BAD_ARGUMENTS:
                raise
            raise StatementFailed(
                f"The servers of cluster {self._executor.settings.cluster} keep no claims in Keeper: set "
                "<keeper_map_path_prefix>/keeper_map</keeper_map_path_prefix> in the configuration of each, and run "
                f"this again ({error.sentence})",
                error.code,
            ) from None

    def put(self, name: str, value: str) -> bool:
        """Gives a name its value; False where it has one."""
        try:
            self._executor.command(f"INSERT INTO {TABLE} VALUES ({quote(name)}, {quote(value)})", _STRICT)
        except StatementFailed as error:
            if error.code == ErrorCode.KEEPER_EXCEPTION and _TAKEN in str(error):
                # Of an insert whose answer was lost the second try meets the first.
                return self.get(name) == value
            raise
        return True

    def get(self, name: str) -> str | None:
        return next((value for _, value in self._rows(f"name = {quote(name)}")), None)

    def change(self, name: str, known: str, value: str) -> bool:
        """Gives a name another value, if it has the one that is known."""
        self._mutate(f"UPDATE value = {quote(value)} WHERE name = {quote(name)} AND value = {quote(known)}")
        return self.get(name) == value

    def remove(self, name: str, known: str) -> bool:
        """Forgets a name, if its value is the one that is known. Whether it is gone."""
        self._mutate(f"DELETE WHERE name = {quote(name)} AND value = {quote(known)}")
        return self.get(name) is None

    def named(self, prefix: str) -> list[tuple[str, str]]:
        """All names that begin like that, with their values: reads the whole table."""
        return list(self._rows(f"startsWith(name, {quote(prefix)})"))

    def _mutate(self, change: str) -> None:
        try:
            self._executor.command(f"ALTER TABLE {TABLE} {change}", _STRICT)
        except StatementFailed as error:
            # Somebody else has changed it between the engine's look and its change.
            if error.code != ErrorCode.KEEPER_EXCEPTION or not any(words in str(error) for words in _CHANGED):
                raise

    def _rows(self, condition: str) -> Iterator[tuple[str, str]]:
        with self._executor.open(f"SELECT name, value FROM {TABLE} WHERE {condition}") as running:
            for block in running.blocks():
                yield from zip(*block, strict=True)
