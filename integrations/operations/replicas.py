"""What a cluster's replicas do, as this server knows it: a line of `muse status`, and checks of `muse verify`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.clickhouse.shards import COUNTS, stored_in
from chimera_metrics.integrations.clickhouse.store_form import misfit, question
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import StatementFailed, StatementTimeout, Unreachable
from chimera_metrics.integrations.operations.verify_scope import CheckScope, Line
from chimera_metrics.integrations.questions.freshness import age, check
from chimera_metrics.models import FACT_TABLES

_WARNING_S, _ERROR_S = 60, 600
_QUEUE_WARNING = 1000


@dataclass(frozen=True, slots=True)
class Replica:
    """One table's replica on this server."""

    table: str
    readonly: bool
    delay_s: int
    queue: int
    active: int
    total: int
    lost: int
    """Parts that no replica has any more."""


def facts(settings: ClickHouseSettings) -> dict[str, str]:
    """The scalar subqueries that tell of a server's form and its replicas; none for an embedded store."""
    if settings.embedded:
        return {}
    form = f"SELECT toJSONString(groupArray((name, engine, engine_full))) FROM ({question(settings.database)})"
    if settings.cluster is None:
        return {"form": form}
    servers = "SELECT cluster, count() AS n FROM system.clusters GROUP BY cluster"
    known = f"SELECT toJSONString(groupArray((cluster, n))) FROM ({servers})"
    counts = (
        f"SELECT concat(argMin(shards, at), ' ', argMax(shards, at), ' ', (SELECT uniqExact(shard_num) FROM "
        f"system.clusters WHERE cluster = {quote(settings.cluster)})) FROM {COUNTS}"
    )
    columns = "table, is_readonly, absolute_delay, queue_size, active_replicas, total_replicas, lost_part_count"
    return {
        "form": form,
        "clusters": known,
        "replicas": f"SELECT toJSONString(groupArray(({columns}))) FROM system.replicas "
        f"WHERE database = {quote(settings.database)}",
        **({"shards": f"SELECT ({counts})"} if settings.on_shards else {}),
    }


def lines(settings: ClickHouseSettings, told: Mapping[str, Any]) -> list[Line]:
    """The lines of `muse status`, from what `facts` asked."""
    if settings.embedded:
        return []
    wrong = misfit(settings, _listed(told["form"]))
    found = [] if wrong is None else [check("cluster", "error", wrong.figure, wrong.advice)]
    if settings.cluster is None:
        return found
    known = {str(name): int(servers) for name, servers in _listed(told["clusters"])}
    if settings.cluster not in known:
        others = f"Set it to one of {', '.join(sorted(known))}" if known else "Unset it"
        advice = f"{others}, or name the cluster in <remote_servers> of the server's configuration."
        found.append(
            check("cluster", "error", f"CH_CLUSTER is {settings.cluster}, which this server does not know", advice)
        )
    if settings.on_shards and settings.cluster in known:
        found.append(_shards(str(told["shards"])))
    # On shards each has replicas of its own.
    servers = 0 if settings.on_shards else known.get(settings.cluster, 0)
    return [_line(settings.cluster, _replicas(told["replicas"]), servers), *found]


def _shards(told: str) -> Line:
    first, now, configured = map(int, told.split())
    figure = f"rows on {now} shards" + (f", benchmark runs on the first {first}" if first != now else "")
    if configured == now:
        return check("shards", "ok", figure)
    level, advice = (
        ("warning", "Run `muse upgrade`, which puts the tables on the new ones and spreads rows over them.")
        if configured > now
        else ("error", "Name all of them in <remote_servers> of this server: rows of the others are not read.")
    )
    return check("shards", level, f"{figure}; this server's configuration names {configured}", advice)


def _replicas(text: str) -> list[Replica]:
    return [Replica(str(table), bool(int(readonly)), *map(int, figures)) for table, readonly, *figures in _listed(text)]


def _listed(text: str) -> list[list[Any]]:
    return [list(row.values()) if isinstance(row, dict) else row for row in json.loads(text)]


def _line(cluster: str, found: list[Replica], servers: int) -> Line:
    if not found:
        advice = f"CH_CLUSTER is {cluster}, but no table is replicated: run `muse adopt`, or unset CH_CLUSTER."
        return check("replicas", "error", "none", advice)
    if readonly := sorted(one.table for one in found if one.readonly):
        figure = f"{len(readonly)} of {len(found)} tables take no rows here: {_named(readonly)}"
        advice = (
            "This server has no session with Keeper, or lost its place there: see that Keeper runs, then "
            f"`SYSTEM RESTART REPLICA {readonly[0]}`; if its place is gone, `SYSTEM RESTORE REPLICA {readonly[0]}`."
        )
        return check("replicas", "error", figure, advice)
    if lost := [one for one in found if one.lost]:
        return check("replicas", "error", f"parts that no replica has: {_counted(lost)}", _LOST)
    worst, waiting = max(one.delay_s for one in found), sum(one.queue for one in found)
    total = max(one.total for one in found)
    figure = f"{len(found)} tables on {total} replicas, at most {age(worst)} behind, {waiting:,} parts waiting"
    if absent := max(one.total - one.active for one in found):
        advice = "Start what is down: rows go on being stored, and it fetches them when it is back."
        return check("replicas", "warning", f"{figure}; {absent} of {total} replicas not there", advice)
    if lacking := [one.table for one in found if one.total < servers]:
        advice = "Run `muse upgrade`, which makes the tables on every server of the cluster."
        return check("replicas", "warning", f"{figure}; not on all {servers} servers: {_named(lacking)}", advice)
    if worst >= _WARNING_S or waiting >= _QUEUE_WARNING:
        level = "error" if worst >= _ERROR_S else "warning"
        advice = "This server lags: its answers lack the newest rows. See system.replication_queue for what holds it."
        return check("replicas", level, figure, advice)
    return check("replicas", "ok", figure)


_LOST = "Rows are gone that were acknowledged: `muse verify` says of which tables; restore a backup beside this store."


def replicas(scope: CheckScope) -> Iterator[Line]:
    """Parts that no replica has, and each fact's rows on every replica against each other."""
    settings = scope.client.settings
    if settings.cluster is None:
        return
    found = _replicas(str(scope.one(f"SELECT ({facts(settings)['replicas']}) AS told")["told"]))
    if lost := [one for one in found if one.lost]:
        yield check("replicas: parts", "error", f"no replica has: {_counted(lost)}", _LOST)
    apart: list[str] = []
    try:
        for table in scope.facts:
            apart += _apart(scope, table)
    except (StatementFailed, StatementTimeout, Unreachable) as error:
        yield check("replicas", "warning", "could not be compared", f"Some replica does not answer: {error}")
        return
    if apart:
        advice = "They fetch what they lack by themselves; if this stays, `SYSTEM SYNC REPLICA` and the queue say why."
        yield check("replicas", "warning", "; ".join(apart), advice)
    else:
        yield check("replicas", "ok", f"{len(scope.facts)} tables hold the same rows on every replica")


def _apart(scope: CheckScope, table: str) -> Iterator[str]:
    settings = scope.client.settings
    own = stored_in(table, settings)
    source = f"clusterAllReplicas({quote(str(settings.cluster))}, {quote(settings.database)}, {quote(own)})"
    counted = f"SELECT _shard_num AS at, hostName() AS host, count() AS n FROM {source} GROUP BY at, host"
    # Replicas of one shard hold the same rows; to a read of all replicas each is a shard of its own.
    shards = (
        "SELECT shard_num AS shard, row_number() OVER (ORDER BY shard_num, replica_num) AS at FROM system.clusters "
        f"WHERE cluster = {quote(str(settings.cluster))}"
    )
    rows = scope.rows(
        f"SELECT shard, host, n FROM ({counted}) AS counted INNER JOIN ({shards}) AS shards USING (at) ORDER BY host",
        final=0,
    )
    for shard in sorted({row["shard"] for row in rows}):
        counts = {row["host"]: row["n"] for row in rows if row["shard"] == shard}
        if len(set(counts.values())) > 1:
            yield f"{table}: " + ", ".join(f"{count:,} rows on {host}" for host, count in counts.items())


def _named(tables: list[str]) -> str:
    facts_first = sorted(tables, key=lambda name: name not in FACT_TABLES)
    return ", ".join(facts_first[:3]) + (" …" if len(tables) > 3 else "")


def _counted(found: list[Replica]) -> str:
    return ", ".join(f"{one.lost} of {one.table}" for one in found)


REPLICAS: tuple[Callable[[CheckScope], Iterator[Line]], ...] = (replicas,)
