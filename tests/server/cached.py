"""Servers' contexts on one store, and calls on them as both ways in make them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from chimera_metrics.integrations.answers.cache import AnswerCache
from chimera_metrics.integrations.audit.trail import audit_folder, files, read_lines
from chimera_metrics.integrations.clickhouse.statements import Cancellation, Traced
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, Settings
from chimera_metrics.server.calls import Answered
from chimera_metrics.server.catalog.callers import Caller, Role
from chimera_metrics.server.context import ServerContext
from chimera_metrics.server.offer import Offer

SUMMARY = "get.performance_summary"


@dataclass
class CalledServer:
    """One server: its calls, and the reads of the store that they took."""

    context: ServerContext
    offer: Offer
    traced: list[Traced] = field(default_factory=list)

    def call(self, tool: str, role: Role = "writer", /, **arguments: Any) -> Answered:
        return self.offer.calls.run(self.context, Caller("ada", role, "test"), tool, arguments, Cancellation())

    def looks(self) -> tuple[int, int]:
        """Hits and misses."""
        found = self.context.metrics._looks
        return found["hit"], found["miss"]

    @property
    def cache(self) -> AnswerCache:
        assert self.context.cache is not None
        return self.context.cache

    def questions(self) -> list[str]:
        """Statements on the tables since the last look."""
        found = [one.statement for one in self.traced if one.kind == "read" and "insert_ledger" not in one.statement]
        self.traced.clear()
        return [statement for statement in found if "system.parts" not in statement]

    def audit(self) -> list[dict[str, Any]]:
        folder = audit_folder(self.context.settings)
        return [line for file in files(folder) for _, line in read_lines(file) if line is not None]


@contextmanager
def called(settings: ClickHouseSettings, folder: Path, **muse: Any) -> Iterator[CalledServer]:
    found = Settings(settings, MuseSettings(audit_dir=folder, **muse))
    traced: list[Traced] = []
    context = ServerContext(found, ClickHouseClient(settings, found.muse, tracer=traced.append))
    try:
        yield CalledServer(context, Offer.of(found, read_only=False), traced)
    finally:
        context.close()


def fields(answered: Answered) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(answered.json)
    return found
