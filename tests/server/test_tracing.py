"""Spans of OpenTelemetry, over both ways in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import anyio
import mcp

from chimera_metrics.integrations.config import ClickHouseSettings
from tests.server.processes import ROOT, environment, http


def test_a_tracer_provider_that_is_not_there_leaves_http_serving(tmp_path: Path) -> None:
    settings = ClickHouseSettings(path=str(tmp_path / "store"))
    variables = environment(settings, tmp_path, OTEL_PYTHON_TRACER_PROVIDER="no_such_provider")
    with http(variables) as (url, _):
        assert anyio.run(_ask, url) == [[1]]


async def _ask(url: str) -> object:
    async with mcp.Client(url) as client:
        answer = await client.call_tool("query", {"sql": "SELECT 1 AS n"})
    assert answer.structured_content is not None
    return answer.structured_content["rows"]


# `muse serve` in a process that collects spans, printed to stderr at the end, a line each.
COLLECTING = """
import json, sys
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from chimera_metrics.apps.muse_cli import main
spans = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(provider)
main(["serve"], standalone_mode=False)
for span in spans.get_finished_spans():
    print(json.dumps({
        "name": span.name,
        "trace": f"{span.context.trace_id:032x}",
        "id": span.context.span_id,
        "parent": span.parent and span.parent.span_id,
        "error": span.attributes.get("error.type"),
        "tool": span.attributes.get("gen_ai.tool.name"),
        "outcome": span.attributes.get("muse.outcome"),
    }), file=sys.stderr)
assert "mcp" not in sys.modules
"""
TRACE = "0af7651916cd43dd8448eb211c80319c"


def test_over_stdio_a_message_and_its_call_are_spans_under_the_client_s(tmp_path: Path) -> None:
    settings = ClickHouseSettings(path=str(tmp_path / "store"))
    info = {"name": "claude-ai", "version": "1"}
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": info}
    meta = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    asked = [
        ("initialize", hello),
        ("tools/call", {"name": "query", "arguments": {"sql": "SELECT 1"}, "_meta": meta}),
        ("tools/call", {"name": "query", "arguments": {"sql": "DROP TABLE x"}}),
        ("no/such", {}),
    ]
    lines = [
        json.dumps({"jsonrpc": "2.0", "id": id_, "method": method, "params": params})
        for id_, (method, params) in enumerate(asked)
    ]
    done = subprocess.run(
        [sys.executable, "-c", COLLECTING],
        env=environment(settings, tmp_path),
        cwd=ROOT,
        input="\n".join(lines).encode(),
        capture_output=True,
        timeout=60,
    )
    spans = [json.loads(line) for line in done.stderr.decode().splitlines() if line.startswith("{")]
    called = [span for span in spans if span["name"] == "tools/call query"]
    assert {(span["error"], span["tool"]) for span in called} == {(None, "query"), ("tool_error", "query")}
    [ok] = [span for span in called if span["error"] is None]
    assert ok["trace"] == TRACE
    [inner] = [span for span in spans if span["name"] == "muse query" and span["parent"] == ok["id"]]
    assert inner["outcome"] == "ok"
    assert "initialize" in {span["name"] for span in spans}
