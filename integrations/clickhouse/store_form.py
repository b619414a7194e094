"""Whether a program's settings say what its store is: one server's, replicated on a cluster, or spread over shards.

A program that does not know of the cluster claims batches where other servers do not look; one that does not know of
the shards leaves it to the servers which shard a row goes to, so that a retry may store it on another, and looks for
parts where there are none. So whatever stores or changes something asks first.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from chimera_metrics.integrations.clickhouse.cluster import CLAIMS, SHARDED
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import SchemaMismatch

# A store becomes a cluster's (`muse adopt`) while nothing writes to it; a writer that was idle meanwhile notices.
_KNOWN_S = 60.0
_CLUSTER = re.compile(r"Distributed\('([^']+)'")


@dataclass(frozen=True, slots=True)
class Misfit:
    """What a program's settings and its store disagree about, and the next step."""

    figure: str
    advice: str

    def sentence(self, settings: ClickHouseSettings) -> str:
        return f"In {settings.database} on {settings.where} {self.figure}. {self.advice}"


def question(database: str) -> str:
    """What `misfit` and `alone` need to know of a database: each table's name, engine and engine with arguments."""
    listed = ", ".join(map(quote, sorted({*SHARDED, CLAIMS})))
    return (
        f"SELECT name, engine, engine_full FROM system.tables WHERE database = {quote(database)} AND name IN ({listed})"
    )


def shards_of(found: Iterable[Iterable[Any]]) -> str | None:
    """The cluster over whose shards the rows are spread; None where they are not."""
    clusters = (_CLUSTER.match(str(full)) for _, engine, full in found if engine == "Distributed")
    return next((match[1] for match in clusters if match is not None), None)


def misfit(settings: ClickHouseSettings, found: Iterable[Iterable[Any]]) -> Misfit | None:
    """What `found`, the answer to `question`, says against the settings; None if they go together."""
    engines = {str(name): (str(engine), str(full)) for name, engine, full in found}
    claims = engines.pop(CLAIMS, None)
    spread = sorted(name for name, (engine, _) in engines.items() if engine == "Distributed")
    if spread and not settings.on_shards:
        return _unaware_of_shards(settings, shards_of((name, *engines[name]) for name in spread))
    whole = sorted(engines.keys() - set(spread))
    if whole and settings.on_shards:
        return Misfit(
            f"{len(whole)} tables ({', '.join(whole[:3])} …) are not spread over shards, but CH_SHARDED is set",
            "Unset it; or, since tables cannot be spread in place, name a new database in CH_DATABASE, run `muse "
            f"upgrade`, and fill it by `muse copy --from 'clickhouse://{settings.where}/{settings.database}'`.",
        )
    replicated = any(engine.startswith("Replicated") for engine, _ in engines.values())
    # Without claims in Keeper they are replicated tables of somebody's own making.
    if replicated and claims is not None and settings.cluster is None:
        return Misfit(
            "the tables are replicated on a cluster, but CH_CLUSTER is not set",
            "Set it to the cluster's name in every program that reaches them: without it two servers may take the same "
            "batch, and changes miss the other servers.",
        )
    return None


def _unaware_of_shards(settings: ClickHouseSettings, cluster: str | None) -> Misfit:
    unset = [] if settings.cluster else [f"CH_CLUSTER={cluster}" if cluster else "CH_CLUSTER"]
    return Misfit(
        f"rows lie on shards, but {'CH_SHARDED' if settings.cluster else 'CH_CLUSTER'} is not set",
        f"Set {' and '.join([*unset, 'CH_SHARDED=true'])} in every program that reaches them: without it rows are "
        "spread otherwise and may be stored twice, and changes miss the shards.",
    )


def alone(settings: ClickHouseSettings, found: Iterable[Iterable[Any]]) -> Misfit | None:
    """The same for tables that no other server of the cluster has: a batch stored there is on one server only."""
    plain = sorted(str(name) for name, engine, _ in found if str(engine).endswith("MergeTree") and _is_plain(engine))
    if settings.cluster is None or not plain:
        return None
    return Misfit(
        f"{len(plain)} tables ({', '.join(plain[:3])} …) stand on this server alone, but CH_CLUSTER is set",
        "Run `muse adopt --yes`, which makes them the cluster's in place, or unset CH_CLUSTER.",
    )


def _is_plain(engine: object) -> bool:
    return not str(engine).startswith(("Replicated", "Shared"))


def found_misfit(executor: Executor) -> Misfit | None:
    """`misfit` of the store that the executor asks; an embedded store has one form."""
    settings = executor.settings
    return None if settings.embedded else misfit(settings, executor.read(question(settings.database)).rows)


def require(executor: Executor) -> None:
    """Raises SchemaMismatch where the settings and the store do not go together."""
    if (wrong := found_misfit(executor)) is not None:
        raise SchemaMismatch(wrong.sentence(executor.settings))


class KnownForm:
    """The form that a writer's store has, asked once a minute: one short statement in that time."""

    def __init__(self, executor: Executor, clock: Callable[[], float] = time.monotonic) -> None:
        self._executor = executor
        self._clock = clock
        self._until: float | None = None
        self._lock = threading.Lock()

    def require(self) -> None:
        """Raises SchemaMismatch where a batch would not be stored on every server, or not surely once."""
        settings = self._executor.settings
        if settings.embedded:
            return
        with self._lock:
            if self._until is not None and self._until > self._clock():
                return
        found = self._executor.read(question(settings.database)).rows
        if (wrong := misfit(settings, found) or alone(settings, found)) is not None:
            raise SchemaMismatch(wrong.sentence(settings))
        with self._lock:
            self._until = self._clock() + _KNOWN_S
