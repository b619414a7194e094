"""CH_SHARDED from end to end on chDB shards: migrations, batches and their retries, rollups, answers, a third shard."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pyarrow as pa
from alembic import command
from alembic.runtime.migration import MigrationContext

from chimera_metrics.integrations.clickhouse.cluster import HERE
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings
from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.integrations.evolution import runner
from chimera_metrics.integrations.evolution.canonical import read
from chimera_metrics.integrations.evolution.engines import migration_connection
from chimera_metrics.integrations.evolution.impl import ClickHouseImpl
from chimera_metrics.integrations.evolution.rebuild import RebuildTable
from chimera_metrics.integrations.operations import retention
from chimera_metrics.integrations.operations.verify import verify
from chimera_metrics.integrations.writing.rebuilding import rebuild_day, stored_days
from chimera_metrics.models import FACT_TABLES
from tests.analytics.snapshots import SELECTS
from tests.copying.conftest import copy
from tests.wide.cluster.answers import differs, some_rows
from tests.wide.cluster.sharded_servers import Shards
from tests.wide.cluster.tables import Finding, refused
from tests.writing.rows import make_rows

#: chDB hands over no half-made aggregates, and `hostName()` is none of its rows.
_NOT_HERE = {"replicas"}


def migrations(shards: Shards) -> Iterator[Finding]:
    """Up, no drift, down, and up again; a change that was killed between the shards and the table above them."""
    settings = shards.settings
    runner.upgrade(settings, "0002")
    command.stamp(runner.config(settings), "0001")
    runner.upgrade(settings)
    yield "upgraded, a step over what stands, and no drift", "; ".join(runner.check(settings))
    runner.downgrade(settings, "0001")
    runner.upgrade(settings)
    yield "down and up again", "; ".join(runner.check(settings))
    with contextlib.closing(Executor(settings)) as front:
        front.command("ALTER TABLE llm_events_local ON CLUSTER 'muse' ADD COLUMN extra UInt8")
        found = "; ".join(runner.check(settings))
        yield "what only the shards have is drift", "" if "remove column llm_events extra" in found else found or "none"
        front.command("ALTER TABLE llm_events_local ON CLUSTER 'muse' DROP COLUMN extra")
        front.command("ALTER TABLE llm_events ON CLUSTER 'muse' DROP COLUMN error_msg")
        found = "; ".join(runner.check(settings))
        wanted = "llm_events has other columns (error_msg) above its shards: run `muse upgrade`, which makes it again"
        yield "what only the table above lacks is drift", "" if found == wanted else found or "none"
        runner.upgrade(settings)
        yield "and upgrade puts it right", "; ".join(runner.check(settings))


def refusals(shards: Shards) -> Iterator[Finding]:
    """A store of one form is not taken for one of the other."""
    plain = shards.settings.model_copy(update={"sharded": False})
    yield "two shards, and CH_SHARDED is not set", refused(lambda: runner.upgrade(plain), "CH_SHARDED=true")
    spread = shards.settings.model_copy(update={"database": "whole"})
    with contextlib.closing(Executor(shards.settings)) as front:
        front.command(f"{HERE}CREATE DATABASE whole")
        front.command(f"{HERE}CREATE TABLE whole.ui_events (a Int8) ENGINE = MergeTree ORDER BY a")
    yield "a store of one server, and CH_SHARDED is set", refused(lambda: runner.upgrade(spread), "muse copy --from")


def unaware(shards: Shards) -> Iterator[Finding]:
    """A program that is not told of the shards, or of the cluster, stores nothing on them."""
    sharded = {"sharded": False}
    for what, settings in (
        ("CH_SHARDED", shards.settings.model_copy(update=sharded)),
        ("CH_CLUSTER", shards.settings.model_copy(update={**sharded, "cluster": None})),
    ):
        with ClickHouseClient(settings) as client:
            fault = refused(lambda: client.insert_ui_events(make_rows("ui_events", 20, 5)), f"but {what} is not set")
            yield f"a batch of a program without {what}", fault
            said = {line["name"]: line["figure"] for line in client.health()["checks"]}
            yield "status", "" if f"but {what} is not set" in said.get("cluster", "") else str(said)
    yield "nothing was stored", "" if _held(shards, "ui_events") == [0, 0] else str(_held(shards, "ui_events"))


def batches(shards: Shards) -> Iterator[Finding]:
    """Each table's batch sent twice, and once more with its answers lost; every row on one shard, once."""
    with ClickHouseClient(shards.settings) as client:
        for table in FACT_TABLES:
            rows = make_rows(table, 200, 3, days=3)
            answers = [getattr(client, f"insert_{table}")(rows, idempotency_key="k") for _ in range(2)]
            told = [(answer["inserted"], answer["duplicates"]) for answer in answers]
            held = _held(shards, table)
            right = told == [(200, 0), (0, 200)] and sum(held) == 200 and min(held) > 0
            yield f"{table}: sent twice", "" if right else f"{told}, on the shards {held}"
        for number, wire in enumerate(shards.wires):
            wire.arm("after_engine_insert", "cut", table="INTO `shop`.`ui_events_local`", times=2)
            client.insert_ui_events(make_rows("ui_events", 100, 40 + number), idempotency_key=f"lost {number}")
            wire.disarm()
        held = _held(shards, "ui_events")
        yield "answers lost between the shards", "" if sum(held) == 400 else f"{held}"
        table = pa.Table.from_pylist(make_rows("ui_events", 150, 90, days=2))
        stored = [client.insert_ui_events(table)["inserted"] for _ in range(2)]
        held = _held(shards, "ui_events")
        yield "an Arrow table", "" if stored == [150, 0] and sum(held) == 550 else f"{stored}, {held}"
        yield "sessions are whole on one shard", _split(shards, "ui_events", "session_id")
        yield "rollups", "" if _rolled(client) else "they do not tell of all events"


def operations(shards: Shards) -> Iterator[Finding]:
    """What reads and changes the store knows the shards."""
    with ClickHouseClient(shards.settings) as client:
        yield "verify", "; ".join(f"{x['name']}: {x['figure']}" for x in verify(client)["checks"] if _bad(x))
        for day in stored_days(client.executor, date(2000, 1, 1)):
            rebuild_day(client.executor, day)
        yield "rollups rebuilt", "" if _rolled(client) else "they do not tell of all events"
        yield "verify after it", "; ".join(f"{x['name']}: {x['figure']}" for x in verify(client)["checks"] if _bad(x))
        said = {line["name"]: line for line in client.health()["checks"]}
        yield "status counts all shards", "" if said["ui_events"]["figure"].startswith("550 rows") else str(said)
        yield (
            "status tells of the shards",
            "" if said["shards"]["figure"] == "rows on 2 shards" else str(said["shards"]),
        )
        retention.set_rule(client, "ui_events", 1)
        retention.apply(client, retention.plan(client))
        yield "retention", "" if sum(_held(shards, "ui_events")) == 0 else "days are left"


def rebuilt(shards: Shards) -> Iterator[Finding]:
    """A table that the engine cannot change in place: each shard copies its own rows, and all change names."""
    settings = shards.settings
    with migration_connection(settings) as connection, contextlib.closing(Executor(settings)) as front:
        summed = "SELECT sum(sipHash64(formatRow('RowBinary', *))) FROM episodes"
        before, held = front.scalar(summed), _held(shards, "episodes")
        ddl = read(connection, settings.database, only="episodes")["episodes"].ddl
        other = ddl.replace("ORDER BY (series, episode_num)", "ORDER BY (episode_num, series)")
        yield "its key is another", "" if other != ddl else ddl
        copied = {column.name: f"`{column.name}`" for column in FACT_TABLES["episodes"].columns}
        impl = MigrationContext.configure(connection, opts={"clickhouse_settings": settings}).impl
        assert isinstance(impl, ClickHouseImpl)
        for wanted in (other, ddl):
            RebuildTable(wanted, copied).run(impl)
            same = front.scalar(summed) == before and _held(shards, "episodes") == held
            yield "rebuilt, its rows where they were", "" if same else f"{_held(shards, 'episodes')}, not {held}"
        left = front.read(f"{HERE}SELECT name FROM system.tables WHERE name LIKE '%!_!_new%' ESCAPE '!'").rows
        yield "nothing is left beside it", str(left) if left else "; ".join(runner.check(settings))


def grown(shards: Shards) -> Iterator[Finding]:
    """A batch that died on the way to the second shard, a third shard, and the batch again."""
    settings, rows = shards.settings, make_rows("ui_events", 300, 77)
    with ClickHouseClient(settings, MuseSettings()) as client:
        before = _held(shards, "ui_events")
        shards.wires[1].arm(
            "before_engine_insert", "refuse", table="ui_events_local", times=100, code=241, words="Full"
        )
        with contextlib.suppress(MuseError):
            client.insert_ui_events(rows, idempotency_key="begun on two")
        now = _held(shards, "ui_events")
        yield "one of two shards has its rows", "" if now[0] > before[0] and now[1] == before[1] else f"{before}, {now}"
        run = make_rows("bench_runs", 60, 5)
        client.insert_bench_runs(run, idempotency_key="runs")
        runs = client.executor.scalar("SELECT count() FROM bench_runs")
    shards.add()
    runner.upgrade(settings)
    yield "upgraded with a third shard, and no drift", "; ".join(runner.check(settings))
    with ClickHouseClient(settings) as client:
        client.insert_ui_events(rows, idempotency_key="begun on two")
        after = _held(shards, "ui_events")
        right = sum(after) == sum(before) + 300 and after[2] == 0
        yield "the batch again is stored once, where it was begun", "" if right else f"{before}, {now}, {after}"
        client.insert_ui_events(make_rows("ui_events", 300, 78), idempotency_key="begun on three")
        yield "the next batch is on all three", "" if _held(shards, "ui_events")[2] > 0 else "it is not"
        client.insert_bench_runs([row | {"latency_p50_ms": 1.0} for row in run], idempotency_key="runs again")
        found = client.executor.scalar("SELECT count() FROM bench_runs")
        yield "runs sent again count once", "" if found == runs else f"{found} of {runs}"
        yield "rollups", "" if _rolled(client) else "they do not tell of all events"


def answers(shards: Shards, one: ClickHouseSettings) -> Iterator[Finding]:
    """Every Select of the snapshots beside the same on one server, the rows stored by the writer on both."""
    for settings in (shards.settings, one):
        runner.upgrade(settings)
    with ClickHouseClient(shards.settings) as spread, ClickHouseClient(one) as alone:
        for table, rows in some_rows().items():
            for client in (spread, alone):
                _store(client, table, rows)
        for name, statement in SELECTS.items():
            if name != "estimate":  # counts parts, which differ
                yield name, differs(statement, alone.executor, spread.executor)
        _split_runs(spread)
        seen = differs(SELECTS["metric.bench.runs"], alone.executor, spread.executor)
        yield "versions of a run on two shards are seen", "" if seen else "they are not"


def _split_runs(client: ClickHouseClient) -> None:
    """Every run on the first shard and on the second."""
    rows = some_rows()["bench_runs"]
    names = sorted({name for row in rows for name in row})
    for shard in (1, 2):
        data = [[row.get(name) for row in rows] for name in names]
        client.executor.insert("bench_runs", names, data, {"insert_shard_id": shard, "async_insert": 0})


def copied(shards: Shards, one: ClickHouseSettings) -> Iterator[Finding]:
    """The store of one server, with all that it holds, copied to a new database on the shards."""
    target = shards.settings.model_copy(update={"database": "moved"})
    source = one.model_copy(update={"cluster": target.cluster, "sharded": True})  # as the settings have it
    with contextlib.closing(Executor(one)) as executor:
        for table in FACT_TABLES:  # a merge between the copies would drop versions of runs, which are then copied again
            executor.command(f"OPTIMIZE TABLE {table} FINAL")
    copy(source, target)
    with ClickHouseClient(target) as moved, ClickHouseClient(one) as alone:
        for table in FACT_TABLES:
            held = [client.executor.scalar(f"SELECT count() FROM {table}") for client in (alone, moved)]
            yield f"{table}: copied", "" if held[0] == held[1] > 0 else str(held)
        yield "rollups of the copy", "" if _rolled(moved) else "they do not tell of all events"
        # The rows are made to differ, so their sessions do not hold on either store.
        found = [line for client in (alone, moved) for line in verify(client)["checks"] if _bad(line)]
        names = {line["name"] for line in found} - {"duplicates", "sessions"}
        yield "verify of the copy", ", ".join(names)
    again = copy(source, target)
    yield "again, with nothing to do", str(dict(again.copied)) if any(again.copied.values()) else ""
    unaware = target.model_copy(update={"sharded": False})
    yield "by a program without CH_SHARDED", refused(lambda: copy(source, unaware), "but CH_SHARDED is not set")
    back = one.model_copy(update={"database": "back"})
    yield "and back, by a program without it", str(behind) if (behind := copy(unaware, back).behind) else ""


def _store(client: ClickHouseClient, table: str, rows: list[dict[str, Any]]) -> None:
    # Runs sent again: each batch is received after the one before it.
    step = 60 if table == "bench_runs" else len(rows)
    for start in range(0, len(rows), step):
        client.executor.scalar("SELECT sleep(0.002)")
        getattr(client, f"insert_{table}")(rows[start : start + step], idempotency_key=f"select {start}")


def _held(shards: Shards, table: str) -> list[int]:
    """Rows of a table on each shard."""
    return [_asked(shards, number, f"SELECT count() FROM {table}_local") for number in range(len(shards.ports))]


def _asked(shards: Shards, number: int, statement: str) -> Any:
    with contextlib.closing(Executor(shards.alone(number))) as shard:
        return shard.scalar(statement)


def _split(shards: Shards, table: str, column: str) -> str:
    named = [set(_asked(shards, n, f"SELECT groupUniqArray({column}) FROM {table}_local")) for n in (0, 1)]
    return "; ".join(map(str, named[0] & named[1]))


def _rolled(client: ClickHouseClient) -> bool:
    counted = "SELECT (SELECT sum(events) FROM ui_events_hourly) = (SELECT count() FROM ui_events)"
    return bool(client.executor.scalar(counted))


def _bad(line: Mapping[str, str]) -> bool:
    return line["level"] == "error" and line["name"] not in _NOT_HERE
