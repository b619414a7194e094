"""Derives `surface.json`: `python -m chimera_metrics.server.derive`, when arguments, answers or words changed."""

from __future__ import annotations

import queue
from typing import Any

import orjson
from pydantic import TypeAdapter

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, Settings
from chimera_metrics.integrations.validation.row_models import row_schema
from chimera_metrics.models import FACT_TABLES
from chimera_metrics.server.catalog import analytics_answers, answers
from chimera_metrics.server.catalog.schemas import input_schema, output_schema
from chimera_metrics.server.catalog.surface import FILE
from chimera_metrics.server.catalog.tool import MuseTool
from chimera_metrics.server.catalog.tools import ROWS_PER_CALL, InsertArguments, all_tools
from chimera_metrics.server.context import ServerContext
from chimera_metrics.server.http.build import build_server
from chimera_metrics.server.stdio.plain import CAPABILITIES_KEY, HANDSHAKES, INFO_KEY, MODERN, SERVER_KEY, VERSION_KEY
from chimera_metrics.server.stdio.sdk_session import SdkSession

ANSWERS: dict[str, Any] = {
    "query": answers.QueryAnswer,
    "describe": answers.DescribeAnswer,
    "query.aggregate": analytics_answers.AggregateAnswer,
    "query.correlation": analytics_answers.CorrelationAnswer,
    "query.trend": analytics_answers.TrendAnswer,
    "get.correlation_data": analytics_answers.CorrelationDataAnswer,
    "get.trend_data": analytics_answers.TrendAnswer,
    "get.performance_summary": analytics_answers.PerformanceAnswer,
    "get.quality_metrics": analytics_answers.QualityAnswer,
    **{f"insert.{table}": answers.InsertAnswer for table in FACT_TABLES},
}


def derive() -> dict[str, Any]:
    """All that the file holds. The SDK answers without tools here: its server lists those of the file."""
    answers = derive_answers()
    lists = answers["handshake"]
    return {
        "instructions": lists["initialize"]["instructions"],
        "tools": [derive_tool(tool) for tool in all_tools()],
        "prompts": lists["prompts/list"]["prompts"],
        "resources": lists["resources/list"]["resources"],
        "resource_templates": lists["resources/templates/list"]["resourceTemplates"],
        "answers": answers,
    }


def derive_tool(tool: MuseTool) -> dict[str, Any]:
    """A tool as the protocol lists it; the title keeps the dotted name where hosts refuse dots."""
    insert = tool.group == "insert"
    return {
        "name": tool.name,
        "title": f"{tool.title} ({tool.name})",
        "description": tool.description,
        "inputSchema": insert_schema(tool.name.removeprefix("insert.")) if insert else input_schema(tool.arguments),
        "outputSchema": output_schema(TypeAdapter(ANSWERS[tool.name])),
        "annotations": tool.annotations(),
    }


def derive_answers() -> dict[str, dict[str, Any]]:
    """What the SDK answers every client, by generation and method: without tools and without our version."""
    settings = Settings(ClickHouseSettings(path="/nonexistent/store"), MuseSettings(audit=False, tools=()))
    context = ServerContext(settings, ClickHouseClient(settings.clickhouse, settings.muse))
    found: dict[str, dict[str, Any]] = {}
    for generation, asked in _ASKED.items():
        lines: queue.Queue[bytes] = queue.Queue()
        session = SdkSession(lambda: build_server(settings, running=context), lines.put)
        for method, params in asked.items():
            session.send(orjson.dumps({"jsonrpc": "2.0", "id": method, "method": method, "params": params}))
        answers = {answer["id"]: answer for answer in (orjson.loads(lines.get(timeout=60)) for _ in asked)}
        session.close(10)
        found[generation] = {method: _without_version(answers[method]["result"]) for method in asked}
    return found


_INFO = {"name": "derive", "version": "1"}
_OPENING: dict[str, Any] = {"protocolVersion": HANDSHAKES[-1], "capabilities": {}, "clientInfo": _INFO}
_ENVELOPE: dict[str, Any] = {"_meta": {VERSION_KEY: MODERN, INFO_KEY: _INFO, CAPABILITIES_KEY: {}}}
_LISTS = ("tools/list", "prompts/list", "resources/list", "resources/templates/list")
# By generation, what is asked and with which parameters; the first opens the connection.
_ASKED: dict[str, dict[str, dict[str, Any]]] = {
    "handshake": {
        "initialize": _OPENING,
        "ping": {},
        "logging/setLevel": {"level": "info"},
        **{method: {} for method in _LISTS},
    },
    "modern": dict.fromkeys(("server/discover", *_LISTS), _ENVELOPE),
}


def _without_version(result: dict[str, Any]) -> dict[str, Any]:
    for info in (result.get("serverInfo"), result.get("_meta", {}).get(SERVER_KEY)):
        if info is not None:
            info["version"] = ""
    return result


def insert_schema(table: str) -> dict[str, Any]:
    """The arguments of one insert tool, the columns of its table written out."""
    schema = input_schema(InsertArguments)
    rows = schema["properties"]["rows"]
    items = row_schema(table)
    for column in items["properties"].values():
        # Seven tools say it many times; the instructions of the server say it once.
        column["description"] = column["description"].replace("ISO 8601, UTC if no zone", "ISO 8601")
    schema["properties"]["rows"] = rows | {"items": items, "minItems": 1, "maxItems": ROWS_PER_CALL}
    return schema


if __name__ == "__main__":
    # Names of columns are a kind of text of SQLAlchemy's own.
    layout = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
    FILE.write_bytes(orjson.dumps(derive(), option=layout))
