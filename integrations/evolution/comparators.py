"""Autogenerate: what the models want against what stands, both as the engine sees them."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import UpgradeOps
from alembic.runtime.plugins import Plugin
from alembic.util import PriorityDispatchResult
from sqlalchemy import Connection, MetaData

from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import SchemaMismatch
from chimera_metrics.integrations.evolution.canonical import Schema, read
from chimera_metrics.integrations.evolution.changes import plan
from chimera_metrics.integrations.evolution.scratch import scratch
from chimera_metrics.integrations.evolution.writers import foreign_writers
from chimera_metrics.integrations.validation.rules import without_rule
from chimera_metrics.models import FACT_TABLES
from chimera_metrics.models.ddl import document

PLUGIN = "chimera.clickhouse"
_LOG = logging.getLogger("alembic.autogenerate")
_CREATED = re.compile(r"CREATE (?:TABLE|MATERIALIZED VIEW) `?(\w+)`?")
_RANDOM_ID = re.compile(r"[0-9a-f]{12}")


def compare(context: AutogenContext, upgrade_ops: UpgradeOps) -> PriorityDispatchResult:
    """Adds the operations that bring the store to the models."""
    migration = context.migration_context
    settings: ClickHouseSettings = migration.opts["clickhouse_settings"]
    connection, metadata = context.connection, context.metadata
    assert connection is not None  # noqa: S101  # autogenerate needs one, and alembic says so
    assert isinstance(metadata, MetaData)  # noqa: S101
    refuse_without_rule(metadata)
    wanted = schema_of(metadata, settings, connection)
    stands = read(connection, settings.database)
    ours = managed(Path(migration.opts["script"].dir))
    upgrade_ops.ops.extend(plan(stands, wanted, ours))
    for writer in foreign_writers(connection, settings.database, ours | wanted.keys()):
        _LOG.info("Nothing is written for this: %s", writer.sentence)
    return PriorityDispatchResult.STOP


def refuse_without_rule(metadata: MetaData) -> None:
    """Raises SchemaMismatch for a column of the seven tables that no insert could fill."""
    facts = [document(metadata.tables[name]) for name in FACT_TABLES if name in metadata.tables]
    if facts and (sentences := list(without_rule(facts))):
        raise SchemaMismatch(" ".join(sentences))


def schema_of(metadata: MetaData, settings: ClickHouseSettings, connection: Connection) -> Schema:
    """What the engine makes of the models, in a scratch database."""
    with scratch(settings, connection) as inside:
        metadata.create_all(inside, checkfirst=False)  # nothing is there yet
        return read(inside, inside.exec_driver_sql("SELECT currentDatabase()").scalar_one())


def managed(folder: Path) -> set[str]:
    """The tables and views that some revision creates: the only ones that may be dropped."""
    texts = [file.read_text(encoding="utf-8") for file in folder.joinpath("versions").glob("*.py")]
    return {name for text in texts for name in _CREATED.findall(text)}


def number_revision(context: Any, revision: Any, directives: list[Any]) -> None:
    """Revisions are numbered: 0004 follows 0003. An id given with --rev-id stays."""
    if not directives or not _RANDOM_ID.fullmatch(directives[0].rev_id):
        return
    heads = revision if isinstance(revision, tuple) else (revision,)
    numbers = [int(head) for head in heads if head and head.isdigit()]
    directives[0].rev_id = f"{max(numbers, default=0) + 1:04d}"


def setup(plugin: Plugin) -> None:
    """Called once, when this module is imported."""
    plugin.add_autogenerate_comparator(compare, "autogenerate", qualifier="clickhouse")


setup(Plugin(PLUGIN))
