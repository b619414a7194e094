"""Whether a cluster can keep the tables, and which of its servers lacks a step that the others have taken."""

from __future__ import annotations

import contextlib

from sqlalchemy import Connection, Engine, exc

from chimera_metrics.integrations.clickhouse.error_codes import ErrorCode, code_of
from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import SettingsError, StatementFailed

#: ON CLUSTER waited long enough for a server; a change waited for a replica that is not there.
_UNFINISHED = {ErrorCode.TIMEOUT_EXCEEDED, ErrorCode.UNFINISHED}


def refuse_unfit(connection: Connection, settings: ClickHouseSettings) -> None:
    """Raises SettingsError, one sentence, for a cluster on which the tables would not be whole."""
    if settings.cluster is None:
        return
    name = settings.cluster
    known = dict(_rows(connection, "SELECT cluster, toString(uniqExact(shard_num)) FROM system.clusters GROUP BY 1"))
    if name not in known:
        others = f"set it to one of {', '.join(sorted(known))}" if known else "unset it"
        raise SettingsError(
            f"CH_CLUSTER holds {name!r}, but {settings.where} knows no such cluster: {others}, or name the cluster in "
            "<remote_servers> of its configuration."
        )
    if known[name] != "1" and not settings.sharded:
        raise SettingsError(
            f"The cluster {name} has {known[name]} shards, so each server would see a part of the rows only; set "
            "CH_CLUSTER to a cluster of one shard, whose replicas hold all rows, or CH_SHARDED=true to spread them."
        )
    macros = {macro for macro, _ in _rows(connection, "SELECT macro, substitution FROM system.macros")}
    if absent := sorted({"shard", "replica"} - macros):
        raise SettingsError(
            f"The server {settings.where} has no macro {' and '.join(absent)}, by which replicas find their place in "
            "Keeper; add <macros> to the configuration of every server of the cluster."
        )
    engine = _rows(connection, f"SELECT engine, '' FROM system.databases WHERE name = {quote(settings.database)}")
    if engine and engine[0][0] != "Atomic":
        raise SettingsError(
            f"The database {settings.database} is of the engine {engine[0][0]}, which does not go with ON CLUSTER; "
            "name a new one in CH_DATABASE, which is made with the engine Atomic."
        )


def unfinished(error: exc.DBAPIError, engine: Engine, settings: ClickHouseSettings) -> StatementFailed | None:
    """The sentence on a statement that some servers have not carried out; None for any other error."""
    code = code_of(error)
    if settings.cluster is None or code not in _UNFINISHED:
        return None
    missing = _missing(engine, settings)
    who = ", ".join(missing) if missing else "one that is down, see `muse status`"
    return StatementFailed(
        f"Not every server of the cluster {settings.cluster} has taken this step; what lacks it: {who}. The others "
        "have it, and go on taking rows. Start what is down, which then takes the step by itself, and run the same "
        f"command again: it goes on from there. (The engine says: {error.orig})",
        code=code,
    )


def _missing(engine: Engine, settings: ClickHouseSettings) -> list[str]:
    """Servers that have not carried out a statement of ours, and replicas that are not there."""
    servers = (
        "SELECT DISTINCT concat(host, ':', toString(port)), '' FROM system.distributed_ddl_queue "
        f"WHERE cluster = {quote(str(settings.cluster))} AND status != 'Finished' ORDER BY 1"
    )
    replicas = (
        "SELECT DISTINCT concat('replica ', arrayJoin(mapKeys(mapFilter((name, here) -> here = 0, "
        f"replica_is_active)))), '' FROM system.replicas WHERE database = {quote(settings.database)} ORDER BY 1"
    )
    found: list[str] = []
    with engine.connect() as connection:
        for statement in (servers, replicas):
            # An account that may not look, or a Keeper that does not answer: the sentence says what is known.
            with contextlib.suppress(exc.DBAPIError):
                found += [name for name, _ in _rows(connection, statement) if name not in found]
    return found


def _rows(connection: Connection, statement: str) -> list[tuple[str, str]]:
    return [(str(one), str(other)) for one, other in connection.exec_driver_sql(statement.replace("%", "%%"))]
