"""Roles on a server: reader, writer and admin, with settings profiles, quotas, grants and row policies.

`statements` is pure: the same arguments give the same statements, and running them again leads to the same state
(profiles and quotas are replaced, grants replace what was granted). Accounts and passwords stay the administrator's
business: a user that exists is bound to a role and to the networks it may come from.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.clickhouse import shards
from chimera_metrics.integrations.clickhouse.cluster import CLAIMS, LOCAL, SHARDED, Cluster, clustered
from chimera_metrics.integrations.clickhouse.literals import quote, quote_name
from chimera_metrics.integrations.clickhouse.store_form import require
from chimera_metrics.integrations.errors import InvalidInput, MuseError
from chimera_metrics.models import FACT_TABLES, VIEWS, metadata

if TYPE_CHECKING:
    from chimera_metrics.integrations.config import ClickHouseSettings

ROLES = ("reader", "writer", "admin")
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.@-]{0,63}")
#: What anybody who reads may look up about the tables themselves.
_SYSTEM = ("tables", "columns", "parts", "databases", "disks", "detached_parts", "data_skipping_indices", "projections")
#: Of a cluster besides: who is behind, who is there, and which step a server has not taken yet.
_OF_A_CLUSTER = ("replicas", "clusters", "macros", "distributed_ddl_queue")
#: Not for readers: the ledger repeats callers' keys, the audit log what others asked, a watch where it sends webhooks.
_BOOKS = frozenset({"insert_ledger", "audit_log", "retention_rules", "watches", "watch_alarms", "watch_turns"})


class NoRoles(MuseError):
    """The store has no users or roles."""

    kind = "no_roles"


@dataclass(frozen=True, slots=True)
class Quota:
    """What one role's users may take in an hour, each."""

    queries: int
    read_rows: int
    execution_time: int


QUOTAS = {
    "reader": Quota(queries=20_000, read_rows=50_000_000_000, execution_time=3_600),
    "writer": Quota(queries=100_000, read_rows=50_000_000_000, execution_time=7_200),
}


@dataclass(frozen=True, slots=True)
class Grants:
    """Who gets which role, from where, and which columns readers do not see."""

    users: Mapping[str, str]
    networks: Sequence[str] = ()
    hidden: frozenset[str] = frozenset()
    """Columns such as `llm_events.error_msg`."""
    only: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """For a table the column and the value that readers' rows must have."""


def access(
    users: Iterable[str] = (), networks: Iterable[str] = (), hidden: Iterable[str] = (), only: Iterable[str] = ()
) -> Grants:
    """Checked arguments: `alice=reader`, `10.0.0.0/8`, `llm_events.error_msg`, `llm_events.source=council`."""
    bound: dict[str, str] = {}
    for word in users:
        name, _, role = word.partition("=")
        if role not in ROLES or _USER.fullmatch(name) is None:
            raise InvalidInput(f"--user holds {word!r}, but takes NAME=ROLE with a role of {', '.join(ROLES)}.")
        bound[name] = role
    for word in networks:
        try:
            ipaddress.ip_network(word)
        except ValueError:
            raise InvalidInput(f"--network holds {word!r}, but takes a network such as 10.0.0.0/8.") from None
    for word in hidden:
        if not _is_column(word):
            raise InvalidInput(f"--hide holds {word!r}, but takes a column such as llm_events.error_msg.")
    rows: dict[str, tuple[str, str]] = {}
    for word in only:
        name, equals, value = word.partition("=")
        if not equals or not _is_column(name):
            raise InvalidInput(f"--only holds {word!r}, but takes a condition such as llm_events.source=council.")
        table, _, column = name.partition(".")
        rows[table] = (column, value)
    return Grants(bound, tuple(networks), frozenset(hidden), rows)


def _is_column(word: str) -> bool:
    table, _, column = word.partition(".")
    return table in FACT_TABLES and column in FACT_TABLES[table].columns


def statements(settings: ClickHouseSettings, granted: Grants | None = None) -> list[str]:
    """All statements, in the order in which they run."""
    granted = granted or Grants({})
    if granted.only and settings.on_shards:
        raise NoRoles(
            "Rows cannot be kept from readers where CH_SHARDED spreads them: a shard reads its own table for another "
            "server, whose readers it does not know. Leave --only out, and give those readers a database of their own."
        )
    database = quote_name(settings.database)
    planned = [
        *(f"CREATE ROLE IF NOT EXISTS {_role(role)}" for role in ROLES),
        *_profiles(settings),
        *_quotas(),
        f"GRANT {', '.join(_reader(database, granted, settings))} TO {_role('reader')} WITH REPLACE OPTION",
        f"GRANT {', '.join(_writer(database, settings))} TO {_role('writer')} WITH REPLACE OPTION",
        f"GRANT {', '.join(_admin(database, settings))} TO {_role('admin')} WITH REPLACE OPTION",
        *_policies(database, granted),
        *(statement for user, role in granted.users.items() for statement in _user(user, role, granted.networks)),
    ]
    return [clustered(statement, Cluster.of(settings)) for statement in planned]


def _role(role: str) -> str:
    return f"muse_{role}"


def _profiles(settings: ClickHouseSettings) -> list[str]:
    """A reader's limits are the server's own, so that they hold whatever program connects."""
    memory = settings.max_memory_mb * 1_000_000
    timeout = f"{settings.timeout:g}"
    limits = f"max_execution_time = {timeout} MAX {timeout}, max_memory_usage = {memory} MAX {memory}"
    exact = "final = 1"
    return [
        # readonly = 2: settings may be tightened by the program, nothing may be written, readonly not be changed.
        "CREATE SETTINGS PROFILE OR REPLACE muse_reader SETTINGS readonly = 2 CONST, allow_ddl = 0 CONST, "
        f"{exact}, {limits} TO {_role('reader')}",
        f"CREATE SETTINGS PROFILE OR REPLACE muse_writer SETTINGS allow_ddl = 0 CONST, async_insert = 0, {exact}, "
        f"{limits} TO {_role('writer')}",
        f"CREATE SETTINGS PROFILE OR REPLACE muse_admin SETTINGS async_insert = 0, {exact} TO {_role('admin')}",
    ]


def _quotas() -> list[str]:
    return [
        f"CREATE QUOTA OR REPLACE muse_{role} KEYED BY user_name FOR INTERVAL 1 hour MAX queries = {quota.queries}, "
        f"read_rows = {quota.read_rows}, execution_time = {quota.execution_time} TO {_role(role)}"
        for role, quota in QUOTAS.items()
    ]


def _reader(database: str, granted: Grants, settings: ClickHouseSettings) -> list[str]:
    """Facts by column, so that a column that is added or hidden later is not read before somebody says so."""
    grants = []
    for name, table in metadata.tables.items():
        if name in _BOOKS or name in _telling(granted):
            continue
        shown = [column.name for column in table.columns if f"{name}.{column.name}" not in granted.hidden]
        grants += [
            f"SELECT({', '.join(map(quote_name, shown))}) ON {database}.{quote_name(one)}"
            for one in _with_local(name, settings)
        ]
    # The version table answers which schema this is.
    return [*grants, f"SELECT ON {database}.alembic_version", *_of_shards(database, settings), _system(settings)]


def _with_local(name: str, settings: ClickHouseSettings) -> list[str]:
    """A table, and on shards each shard's own, which is read and written for whoever asks the table above."""
    return [name, f"{name}{LOCAL}"] if settings.on_shards and name in SHARDED else [name]


def _of_shards(database: str, settings: ClickHouseSettings) -> list[str]:
    return [f"SELECT ON {database}.{name}" for name in (shards.COUNTS, shards.PARTS) if settings.on_shards]


def _telling(granted: Grants) -> set[str]:
    """Rollups that would tell readers of columns or rows that they do not see."""
    found = set()
    for view in VIEWS:
        hidden = [word.partition(".")[2] for word in granted.hidden if word.startswith(f"{view.source}.")]
        only = granted.only.get(view.source)
        if any(re.search(rf"\b{column}\b", view.query) for column in hidden) or (
            only is not None and only[0] not in metadata.tables[view.target].columns
        ):
            found.add(view.target)
    return found


def _writer(database: str, settings: ClickHouseSettings) -> list[str]:
    return [
        *(
            f"SELECT, INSERT ON {database}.{quote_name(one)}"
            for name in metadata.tables
            if name != "retention_rules"
            for one in _with_local(name, settings)
        ),
        *_of_shards(database, settings),
        f"SELECT ON {database}.retention_rules",
        f"SELECT ON {database}.alembic_version",
        *([f"SELECT, INSERT, ALTER UPDATE, ALTER DELETE ON {database}.{CLAIMS}"] if settings.cluster else []),
        _system(settings),
    ]


def _system(settings: ClickHouseSettings) -> str:
    seen = (*_SYSTEM, *_OF_A_CLUSTER) if settings.cluster else _SYSTEM
    standard = ("information_schema.*", "INFORMATION_SCHEMA.*")
    return ", ".join(f"SELECT ON {name}" for name in (*(f"system.{name}" for name in seen), *standard))


#: Comparing schemas needs a scratch database; backups are a right of their own.
_ADMIN = ("CREATE DATABASE, DROP DATABASE, BACKUP ON *.*", "KILL QUERY ON *.*")


def _admin(database: str, settings: ClickHouseSettings) -> list[str]:
    # ON CLUSTER is a right of its own; who adopts a table of one server restores its place in Keeper.
    further = ["CLUSTER, SYSTEM RESTORE REPLICA, SYSTEM SYNC REPLICA ON *.*"] if settings.cluster else []
    return [f"ALL ON {database}.*", _system(settings), *_ADMIN, *further]


def _policies(database: str, granted: Grants) -> list[str]:
    """Readers' rows where `only` names them; all others see all. A policy that is not wanted any more goes."""
    wanted = dict(granted.only)
    for view in VIEWS:
        if view.source in wanted and wanted[view.source][0] in metadata.tables[view.target].columns:
            wanted[view.target] = wanted[view.source]
    found = []
    for name in metadata.tables:
        on = f"{database}.{quote_name(name)}"
        if name in wanted:
            column, value = wanted[name]
            found.append(
                f"CREATE ROW POLICY OR REPLACE muse_reader ON {on} FOR SELECT "
                f"USING {quote_name(column)} = {quote(value)} TO {_role('reader')}"
            )
            found.append(f"CREATE ROW POLICY OR REPLACE muse_all ON {on} FOR SELECT USING 1 TO ALL EXCEPT muse_reader")
        elif name not in _BOOKS:
            found.append(f"DROP ROW POLICY IF EXISTS muse_reader, muse_all ON {on}")
    return found


def _user(user: str, role: str, networks: Sequence[str]) -> list[str]:
    name = quote_name(user)
    # HOST LOCAL besides: a user of the server's own machine can reach it anyway.
    hosts = f" HOST LOCAL, IP {', '.join(map(quote, networks))}" if networks else ""
    return [
        f"GRANT {_role(role)} TO {name}",
        *([f"ALTER USER {name}{hosts}"] if hosts else []),
        f"ALTER USER {name} DEFAULT ROLE {_role(role)}",
    ]


def apply(client: Access, granted: Grants | None = None) -> list[str]:
    """Runs the statements on the server; answers them. Running them again changes nothing."""
    if client.settings.embedded:
        raise NoRoles(
            "The embedded store has no users: who may read its folder may read it. Roles are for a server: set "
            "CH_HOST, or see what they would be with `muse roles plan`."
        )
    require(client.executor)
    planned = statements(client.settings, granted)
    for statement in planned:
        client.executor.command(statement)
    return planned
