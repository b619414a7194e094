"""Resources: the catalog, each table and the schema's revision. `describe` gives hosts without resources the same."""

from __future__ import annotations

import orjson
from mcp_types import Resource, ResourceTemplate

from chimera_metrics.models import FACT_TABLES
from chimera_metrics.server.context import ServerContext

CATALOG = "muse://catalog"
SCHEMA = "muse://schema"
TABLES = "muse://tables/"
TABLE_TEMPLATE = f"{TABLES}{{table}}"
_JSON = "application/json"

RESOURCES: tuple[Resource, ...] = (
    Resource(
        uri=CATALOG,
        name="catalog",
        title="Catalog",
        description="All tables in short, the named metrics and the dimensions",
        mime_type=_JSON,
    ),
    Resource(
        uri=SCHEMA,
        name="schema",
        title="Schema revision",
        description="Revision of the store's schema and version of the engine",
        mime_type=_JSON,
    ),
    *(
        Resource(
            uri=f"{TABLES}{name}",
            name=name,
            title=f"Table {name}",
            description=f"{table.comment} Columns, types, units, engine, known words, rows and time range",
            mime_type=_JSON,
        )
        for name, table in FACT_TABLES.items()
    ),
)
TEMPLATES: tuple[ResourceTemplate, ...] = (
    ResourceTemplate(
        uri_template=TABLE_TEMPLATE,
        name="table",
        title="A table",
        description="Columns, types, units, engine, known words, rows and time range of one table",
        mime_type=_JSON,
    ),
)


def read(context: ServerContext, uri: str) -> str | None:
    """The resource as JSON text, or None where there is none of that name."""
    if uri == CATALOG:
        return orjson.dumps(context.client.describe()).decode()
    if uri == SCHEMA:
        return orjson.dumps(_schema(context)).decode()
    table = uri.removeprefix(TABLES)
    if uri != table and table in FACT_TABLES:
        return orjson.dumps(context.client.describe(table)).decode()
    return None


def _schema(context: ServerContext) -> dict[str, str]:
    client = context.client
    return {
        "database": client.settings.database,
        "revision": str(client.executor.scalar("SELECT version_num FROM alembic_version")),
        "engine": f"ClickHouse {client.executor.scalar('SELECT version()')}",
    }
