"""What carrying out an operation needs: what stands, what the engine makes of what is wanted, and the refusal."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import Connection

from chimera_metrics.integrations.clickhouse.cluster import like, on_tables_beside
from chimera_metrics.integrations.clickhouse.literals import quote_name
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import SchemaMismatch
from chimera_metrics.integrations.evolution.canonical import TableForm, differences, read
from chimera_metrics.integrations.evolution.impl import ClickHouseImpl
from chimera_metrics.integrations.evolution.scratch import scratch

_CREATE = re.compile(r"^\s*CREATE\s+(TABLE|MATERIALIZED\s+VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?", re.IGNORECASE)


def stands(impl: ClickHouseImpl, name: str) -> TableForm | None:
    """The table or view of that name as it stands; None if there is none, and under `--sql`."""
    if impl.as_sql:
        return None
    assert impl.connection is not None  # noqa: S101
    return read(impl.connection, impl.settings.database, only=name).get(name)


def create_if_missing(ddl: str) -> str:
    return _CREATE.sub(lambda match: f"CREATE {match[1].upper()} IF NOT EXISTS ", ddl.strip(), count=1)


def refuse_different(name: str, have: TableForm, want: TableForm | None) -> None:
    """Raises SchemaMismatch unless what stands is what was wanted."""
    found = ["it is of another kind"] if want is None else list(differences(have, want))
    if found:
        raise SchemaMismatch(
            f"{name} stands already and is not what the migration creates: {'; '.join(found[:5])}. "
            "Nothing was changed in it. Run `muse adopt` to take this database over."
        )


def wanted(impl: ClickHouseImpl, statements: Sequence[str], name: str, around: str = "") -> TableForm | None:
    """What the engine makes of `statements`, run in a scratch database.

    `around` is a text that names tables: those of the database that it names are there too, empty and inert.
    """
    assert impl.connection is not None  # noqa: S101
    with scratch(impl.settings, impl.connection) as inside:
        for table in _named(impl, around, name):
            source = f"{quote_name(impl.settings.database)}.{quote_name(table)}"
            inside.exec_driver_sql(f"CREATE TABLE {quote_name(table)} AS {source} ENGINE = Null".replace("%", "%%"))
        for statement in statements:
            inside.exec_driver_sql(statement.replace("%", "%%"))
        database = inside.exec_driver_sql("SELECT currentDatabase()").scalar_one()
        return read(inside, database, only=name).get(name)


def empty_copy(connection: Connection, settings: ClickHouseSettings, table: str, name: str) -> str:
    """What makes an empty table like another. On a cluster it is for this server alone: it has no place in Keeper. On
    shards it stands on each."""
    if settings.cluster is None:
        return f"CREATE TABLE {quote_name(name)} AS {quote_name(table)}"
    return on_tables_beside(like(read(connection, settings.database, only=table)[table].ddl, name), settings)


def refuse_other_part(impl: ClickHouseImpl, have: TableForm, kind: str, part: str, changes: Sequence[str]) -> None:
    """Compares a column, index or projection that stands with what `changes` would make of it on an empty copy."""
    table = quote_name(have.name)
    want = wanted(impl, [have.ddl, *(f"ALTER TABLE {table} {change}" for change in changes)], have.name)
    stand, wish = getattr(have, kind)[part], getattr(want, kind)[part]
    if stand != wish:
        raise SchemaMismatch(
            f"{part} of {have.name} stands already and is not what the migration adds: it is {_said(stand)}, wanted "
            f"{_said(wish)}. Nothing was changed in it. Run `muse adopt` to take this database over."
        )


def _said(part: object) -> str:
    return str(getattr(part, "definition", part))


def _named(impl: ClickHouseImpl, text: str, but: str) -> list[str]:
    if not text:
        return []
    assert impl.connection is not None  # noqa: S101
    schema = read(impl.connection, impl.settings.database)
    words = set(re.findall(r"\w+", text))
    return [name for name, form in schema.items() if form.kind == "table" and name in words and name != but]
