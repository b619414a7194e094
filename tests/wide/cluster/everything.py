"""What a user does with a cluster, from end to end, on servers that pose as one: statements, claims and answers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.keeper_map import KeeperMap
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings
from chimera_metrics.integrations.errors import InvalidInput, SettingsError
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.integrations.evolution.keeper_lock import KeeperLock
from chimera_metrics.integrations.evolution.lock import LockTerms
from chimera_metrics.integrations.operations import backup, retention
from chimera_metrics.integrations.operations.verify import verify
from chimera_metrics.integrations.watches.turns import Turns
from chimera_metrics.integrations.writing.keeper_claims import KeeperClaims
from chimera_metrics.integrations.writing.rebuilding import rebuild_day
from tests.copying.conftest import copy
from tests.wide.cluster.tables import Finding, refused
from tests.writing.rows import make_rows


def migrations(settings: ClickHouseSettings, other: ClickHouseSettings) -> Iterator[Finding]:
    """Up, no drift, down, and up again: a revision that is recorded a second time is not taken for a retry."""
    runner.upgrade(settings)
    runner.upgrade(other)
    yield "upgraded, and no drift", "; ".join(runner.check(settings))
    runner.downgrade(settings, "0001")
    runner.upgrade(settings)
    yield "down and up again", "" if runner.is_current(settings) else f"it is at {runner.current(settings)}"
    wrong = settings.model_copy(update={"cluster": "moose"})
    yield "an unknown cluster", refused(lambda: runner.upgrade(wrong), "set it to one of muse", SettingsError)


def retries(one: ClickHouseSettings, other: ClickHouseSettings) -> Iterator[Finding]:
    """The servers share Keeper and nothing else here: the other's ledger never hears of the batch, as in a cluster for
    the moment before it is replicated."""
    rows = make_rows("ui_events", 200, 3, days=3)
    with ClickHouseClient(one) as first, ClickHouseClient(other) as second:
        answers = [client.insert_ui_events(rows, idempotency_key="k") for client in (first, first, second)]
        told = [(answer["inserted"], answer["duplicates"]) for answer in answers]
        yield "a retry by another server is a duplicate", "" if told == [(200, 0), (0, 200), (0, 200)] else str(told)
        others = make_rows("ui_events", 5, 4)
        fault = refused(lambda: second.insert_ui_events(others, idempotency_key="k"), "idempotency_key", InvalidInput)
        yield "other rows under its key by another server", fault
        now = datetime.now(UTC)
        turns = [Turns(client.executor).claim("look", "w 1", now) for client in (first, second, first)]
        yield "a watch's look is one server's", "" if [bool(turn) for turn in turns] == [True, False, False] else "no"
        yield from _forgotten(first)


def _forgotten(client: ClickHouseClient) -> Iterator[Finding]:
    keeper = KeeperMap(client.executor)
    held = _over(keeper)
    later = datetime.now(UTC) + timedelta(minutes=1)
    KeeperClaims(client.executor).forget_before(later)
    Turns(client.executor).forget_before(later)
    left = _over(keeper)
    yield "what is over is forgotten in Keeper", "" if min(held) > 0 and left == (0, 0) else f"{held}, then {left}"


def _over(keeper: KeeperMap) -> tuple[int, int]:
    """Acknowledged batches and turns of which Keeper tells; those that are under way stay."""
    return sum('"answer"' in text for _, text in keeper.named("batch ")), len(keeper.named("turn "))


def unaware(settings: ClickHouseSettings) -> Iterator[Finding]:
    """A program that is not told of the cluster stores and changes nothing there."""
    with ClickHouseClient(settings.model_copy(update={"cluster": None})) as client:
        words = "replicated on a cluster, but CH_CLUSTER is not set"
        yield "a batch", refused(lambda: client.insert_ui_events(make_rows("ui_events", 9, 8)), words)
        yield "a migration", refused(lambda: runner.upgrade(client.settings), words)
        said = {line["name"]: line["figure"] for line in client.health()["checks"]}
        yield "status", "" if words in said.get("cluster", "") else str(said)
    with ClickHouseClient(settings) as client:
        yield "nothing was stored", "" if client.executor.scalar("SELECT count() FROM ui_events") == 200 else "it was"


def copied(settings: ClickHouseSettings, other: ClickHouseSettings, alone: ClickHouseSettings) -> Iterator[Finding]:
    """A store of one server copied to a cluster, and the cluster's to a store of one server."""
    runner.upgrade(alone)
    with ClickHouseClient(alone) as client:
        client.insert_ui_events(make_rows("ui_events", 400, 11, days=5), idempotency_key="alone")
    target = settings.model_copy(update={"database": "moved"})
    copy(alone.model_copy(update={"cluster": target.cluster}), target)  # as the settings have it
    with ClickHouseClient(target) as client:
        yield "to a cluster", "" if client.executor.scalar("SELECT count() FROM ui_events") == 400 else "not all rows"
        answer = client.insert_ui_events(make_rows("ui_events", 400, 11, days=5), idempotency_key="alone")
        yield "its batch is known there", "" if answer["duplicates"] == 400 else str(answer)
        found = client.executor.read("SELECT name FROM system.tables WHERE startsWith(name, 'muse_copy_')").rows
        yield "nothing is left beside the tables", ", ".join(name for (name,) in found)
    back = alone.model_copy(update={"database": "back"})
    yield "and back", str(behind) if (behind := copy(target, back).behind) else ""
    with contextlib.closing(Executor(target)) as executor, KeeperLock(executor, LockTerms()):
        yield "while a migration runs there", refused(lambda: copy(alone, target), "being copied to or migrated")
    unaware = target.model_copy(update={"cluster": None})
    yield "to it without CH_CLUSTER", refused(lambda: copy(alone, unaware), "but CH_CLUSTER is not set")
    # Both servers look into one Keeper, as those of a cluster do.
    yield "from one server of it to another", refused(lambda: copy(other, settings), "name the same store")


def backups(settings: ClickHouseSettings, folder: Path) -> Iterator[Finding]:
    """A backup that comes back beside the store, at places in Keeper of its own, with equal rows."""
    muse = MuseSettings(backup_dir=folder)
    yield (
        "a backup to each server's own folder",
        refused(lambda: backup.create(settings, muse), "in common"),
    )
    muse = MuseSettings(backup_dir=folder, backup_disk="common")
    made = backup.create(settings, muse)
    found, _ = backup.verify(settings, muse, made.name)
    yield "a backup", "" if found.rows == made.rows > 0 else f"{found.rows} of {made.rows} rows"
    backup.restore(settings, muse, made.name, "beside")
    beside = settings.model_copy(update={"database": "beside"})
    yield "restored beside", "; ".join(runner.check(beside))


def operations(settings: ClickHouseSettings) -> Iterator[Finding]:
    """Rebuilding, retention, status and verify say and do as on one server."""
    with ClickHouseClient(settings) as client:
        first = client.executor.scalar("SELECT min(toDate(ts)) FROM ui_events")
        rebuild_day(client.executor, first)
        counted = "SELECT (SELECT sum(events) FROM ui_events_hourly) = (SELECT count() FROM ui_events)"
        yield "rollups rebuilt", "" if client.executor.scalar(counted) else "they do not count the rows"
        yield "verify", "; ".join(f"{x['name']}: {x['figure']}" for x in verify(client)["checks"] if _bad(x))
        said = {line["name"]: line for line in client.health()["checks"]}
        # This engine's tables are plain behind the wire's pose, and `system.replicas` says so.
        line = said["replicas"]
        yield "status has a line on replicas", "" if "muse adopt" in line["advice"] else str(line)
        retention.set_rule(client, "ui_events", 1)
        retention.apply(client, retention.plan(client))
        yield "retention", "" if client.executor.scalar("SELECT count() FROM ui_events") == 0 else "days are left"


def _bad(line: dict[str, str]) -> bool:
    return line["level"] == "error"
