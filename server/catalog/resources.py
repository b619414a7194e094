"""Resources: the catalog, each table and the schema's revision. `describe` gives hosts without resources the same."""

from __future__ import annotations

from typing import Any

import orjson

from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.integrations.results import lean
from chimera_metrics.models import FACT_TABLES
from chimera_metrics.server.catalog.protocol import INTERNAL_ERROR, INVALID_PARAMS, ProtocolError
from chimera_metrics.server.catalog.views import VIEWS, read_view
from chimera_metrics.server.context import ServerContext
from chimera_metrics.server.updates import ALARMS, alarms_of, is_told_of

CATALOG = "muse://catalog"
SCHEMA = "muse://schema"
TABLES = "muse://tables/"
TABLE_TEMPLATE = f"{TABLES}{{table}}"
_JSON = "application/json"
_OF_A_TABLE = "Columns, types, units, engine, known words, rows and time range"


def listed_resources() -> list[dict[str, Any]]:
    """The resources as the protocol lists them."""
    return [
        _listed(CATALOG, "catalog", "Catalog", "All tables in short, the named metrics and the dimensions"),
        _listed(SCHEMA, "schema", "Schema revision", "Revision of the store's schema and version of the engine"),
        *(
            _listed(f"{TABLES}{name}", name, f"Table {name}", f"{table.comment} {_OF_A_TABLE}")
            for name, table in FACT_TABLES.items()
        ),
        _listed(ALARMS, "alarms", "Alarms", "The newest alarms of all watches; subscribe to hear of changes"),
        *(view.listed() for view in VIEWS),
    ]


def listed_templates() -> list[dict[str, Any]]:
    """The templates of resources as the protocol lists them."""
    words = f"{_OF_A_TABLE} of one table"
    return [
        {"uriTemplate": TABLE_TEMPLATE, "name": "table", "title": "A table", "description": words, "mimeType": _JSON},
        {
            "uriTemplate": alarms_of("{watch}"),
            "name": "alarms_of_a_watch",
            "title": "Alarms of a watch",
            "description": "The newest alarms of one watch; subscribe to hear of changes",
            "mimeType": _JSON,
        },
    ]


def read_resource(context: ServerContext, uri: str) -> dict[str, Any]:
    """The resource as the protocol has it; ProtocolError where there is none, or where the store does not answer."""
    if (view := read_view(uri)) is not None:
        return {"contents": [view]}
    try:
        text = _read(context, uri)
    except MuseError as error:
        raise ProtocolError(INTERNAL_ERROR, str(error), {"uri": uri}) from None
    if text is None:
        known = ", ".join(resource["uri"] for resource in listed_resources())
        raise ProtocolError(INVALID_PARAMS, f"There is no resource {uri[:200]}; there are {known}.", {"uri": uri})
    return {"contents": [{"uri": uri, "mimeType": _JSON, "text": text}]}


def _listed(uri: str, name: str, title: str, description: str) -> dict[str, Any]:
    return {"uri": uri, "name": name, "title": title, "description": description, "mimeType": _JSON}


def _read(context: ServerContext, uri: str) -> str | None:
    if uri == CATALOG:
        return orjson.dumps(lean(context.client.describe())).decode()
    if uri == SCHEMA:
        return orjson.dumps(_schema(context)).decode()
    if is_told_of(uri):
        return _alarms(context, None if uri == ALARMS else uri.removeprefix(alarms_of("")))
    table = uri.removeprefix(TABLES)
    if uri != table and table in FACT_TABLES:
        return orjson.dumps(lean(context.client.describe(table))).decode()
    return None


def _alarms(context: ServerContext, watch: str | None) -> str | None:
    from chimera_metrics.integrations.watches.operations import alarm_list

    found = alarm_list(context.client, watch)
    return None if found is None else orjson.dumps(lean(found)).decode()


def _schema(context: ServerContext) -> dict[str, str]:
    client = context.client
    return {
        "database": client.settings.database,
        "revision": str(client.executor.scalar("SELECT version_num FROM alembic_version")),
        "engine": f"ClickHouse {client.executor.scalar('SELECT version()')}",
    }
