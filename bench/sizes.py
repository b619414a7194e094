"""Bytes and tokens of the tool list and of answers, beside mcp-clickhouse and mcp-clickhousex on the same questions
and store.

    python -m bench.sizes [--beside PATH/mcp-clickhouse] [--python PATH/python3.13]

mcp-clickhousex needs Python 3.13 and ClickHouse's HTTP interface, which `bench.http_engine` serves; without that Python
its columns are left out.

The other server is asked by the statements that a person who knows the schema would write; where one statement does not
answer, by several. Bytes are of the whole results as they lie on the wire, where ours repeat their text as structured
content; tokens (o200k, by js-tiktoken) are of what a model reads: the text, and of the tools their names, descriptions
and inputs.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from bench.http_engine import http_engine
from bench.surface import ROOT, beside_command
from bench.wire_client import WireClient
from chimera_metrics.integrations.clickhouse.store import open_store
from chimera_metrics.integrations.config import ClickHouseSettings
from tests.hosts.node import node, programs
from tests.server.processes import environment

HERE = Path(__file__).parent
MUSE = Path(sys.executable).with_name("muse")
CLICKHOUSEX = "mcp-clickhousex==0.12.0"
SINCE = "ts >= now() - INTERVAL 30 DAY"


@dataclass(frozen=True)
class Question:
    """What is asked, the one call of ours, and the statements for the other server."""

    words: str
    tool: str
    arguments: dict[str, Any]
    statements: tuple[str, ...]


QUESTIONS = (
    Question(
        "four rows of SQL",
        "query",
        {"sql": f"SELECT model, count() AS calls FROM llm_events WHERE {SINCE} GROUP BY model ORDER BY model LIMIT 4"},
        (f"SELECT model, count() AS calls FROM llm_events WHERE {SINCE} GROUP BY model ORDER BY model LIMIT 4",),
    ),
    Question(
        "cost by model",
        "query.aggregate",
        {"metrics": ["sum(llm_events.cost_usd)"], "group_by": ["model"], "days": 30},
        (f"SELECT model, sum(cost_usd) AS cost FROM llm_events WHERE {SINCE} GROUP BY model ORDER BY model",),
    ),
    Question(
        "errors by hour of a week",
        "query.aggregate",
        {"metrics": ["rate(ui_events.event_type = error)", "count(ui_events)"], "granularity": "hour", "days": 7},
        (
            "SELECT toStartOfHour(ts) AS hour, avg(event_type = 'error') AS rate, count() AS n FROM ui_events "
            "WHERE ts >= now() - INTERVAL 7 DAY GROUP BY hour ORDER BY hour",
        ),
    ),
    Question(
        "latency a day by model, its trend and steps",
        "query.trend",
        {"metric": "avg(bench_runs.latency_p95_ms)", "group_by": ["model"], "days": 30},
        (
            "SELECT model, toDate(ts) AS day, avg(latency_p95_ms) AS p95, count() AS n FROM bench_runs FINAL "
            f"WHERE {SINCE} GROUP BY model, day ORDER BY model, day",
        ),
    ),
    Question(
        "what a table is",
        "describe",
        {"table": "llm_events"},
        (
            "SELECT name, type, comment FROM system.columns WHERE database = 'chimera_metrics' "
            "AND table = 'llm_events'",
            "SELECT status, count() AS n FROM llm_events GROUP BY status",
            "SELECT min(ts), max(ts), count() FROM llm_events",
        ),
    ),
    Question(
        "what got worse",
        "get.performance_summary",
        {"days": 14},
        tuple(
            "SELECT model, quant, dataset, avg(latency_p50_ms), avg(latency_p95_ms), avg(latency_p99_ms), "
            "avg(tokens_per_sec), avg(cost_per_1k), avg(memory_peak_mb), count() FROM bench_runs FINAL "
            f"WHERE ts >= now() - INTERVAL {first} DAY AND ts < now() - INTERVAL {last} DAY "
            "GROUP BY model, quant, dataset ORDER BY model, quant, dataset"
            for first, last in ((14, 0), (28, 14))
        ),
    ),
)


def _store(folder: Path) -> ClickHouseSettings:
    settings = ClickHouseSettings(path=str(folder / "store"))
    for words in (["upgrade"], ["backfill", "--source", "samples", "--days", "36", "--shift-to-now"]):
        subprocess.run([MUSE, *words], env=environment(settings, folder), cwd=ROOT, check=True, capture_output=True)
    return settings


@dataclass(frozen=True)
class Answer:
    """What came of one request: on the wire, and what a model reads of it."""

    wire: bytes
    read: str


def _listed(client: WireClient) -> Answer:
    result = client.ask("tools/list")
    read = [{name: tool.get(name) for name in ("name", "description", "inputSchema")} for tool in result["tools"]]
    return Answer(orjson.dumps(result), orjson.dumps(read).decode())


def _called(client: WireClient, tool: str, arguments: dict[str, Any]) -> Answer:
    result = client.ask("tools/call", name=tool, arguments=arguments)
    assert not result.get("isError"), result
    return Answer(orjson.dumps(result), "".join(part.get("text", "") for part in result["content"]))


def _ours(settings: ClickHouseSettings, folder: Path) -> list[list[Answer]]:
    with WireClient([str(MUSE), "serve"], environment(settings, folder)) as client:
        return [[_listed(client)], *([_called(client, one.tool, one.arguments)] for one in QUESTIONS)]


def _theirs(settings: ClickHouseSettings, command: str) -> list[list[Answer]]:
    variables = {"CHDB_ENABLED": "true", "CHDB_DATA_PATH": settings.store_path, "CLICKHOUSE_ENABLED": "false"}
    with WireClient([command], variables) as client:

        def answer(statement: str) -> Answer:
            text = statement.replace("FROM ", "FROM chimera_metrics.").replace("chimera_metrics.system.", "system.")
            return _called(client, "run_chdb_select_query", {"query": text})

        return [[_listed(client)], *([answer(one) for one in question.statements] for question in QUESTIONS)]


def _theirs_over_http(settings: ClickHouseSettings, command: str) -> list[list[Answer]]:
    with http_engine(settings.store_path) as url, WireClient([command], {"MCP_CLICKHOUSE_DSN": url}) as client:

        def answer(statement: str) -> Answer:
            return _called(client, "run_query", {"sql": statement})

        return [[_listed(client)], *([answer(one) for one in question.statements] for question in QUESTIONS)]


def _clickhousex(python: str | None) -> str | None:
    """Its command, in an environment of its own; None where there is no Python that it runs on."""
    folder = ROOT / ".cache" / "mcp-clickhousex"
    command = folder / "bin" / "mcp-clickhousex"
    if command.exists():
        return str(command)
    if (found := python or shutil.which("python3.13")) is None:
        return None
    subprocess.run([found, "-m", "venv", folder], check=True)
    subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", CLICKHOUSEX], check=True)
    return str(command)


def _tokens(texts: Sequence[str]) -> list[int]:
    """Tokens of each text, by o200k."""
    modules = programs(HERE / "tokens" / "package.json")
    done = subprocess.run(
        [node(), HERE / "tokens" / "count.mjs"],
        input=orjson.dumps(list(texts)),
        env={"MODULES": str(modules)},
        capture_output=True,
        check=True,
    )
    counts: list[int] = orjson.loads(done.stdout)
    return counts


def _figures(answers: list[Answer]) -> str:
    wire = sum(len(answer.wire) for answer in answers)
    tokens = sum(_tokens([answer.read for answer in answers]))
    return f"{len(answers)} | {wire:,} | {tokens:,}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--beside")
    parser.add_argument("--python", help="a Python 3.13, for mcp-clickhousex")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = _store(folder)
        ours = _ours(settings, folder)
        open_store(settings.store_path).close()
        sides = {"ours": ours, "mcp-clickhouse": _theirs(settings, beside_command(options.beside))}
        if (command := _clickhousex(options.python)) is not None:
            sides["mcp-clickhousex"] = _theirs_over_http(settings, command)
    print(f"| question | {' | '.join(f'{name}: calls | bytes | tokens' for name in sides)} |")
    print(f"| --- {'| ---: ' * 3 * len(sides)}|")
    for words, *answers in zip(("the tool list", *(one.words for one in QUESTIONS)), *sides.values(), strict=True):
        print(f"| {words} | {' | '.join(map(_figures, answers))} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
