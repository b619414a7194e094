"""Spans as exporters send them: recorded ones by file, and made ones by number."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SPANS = Path(__file__).parent / "spans"
START_NS = 1_790_000_000_000_000_000


def recorded(exporter: str) -> bytes:
    """Six calls by a real exporter against a stand-in for a model API, in OTLP's JSON form; its ids and times are
    numbered, and stack traces taken out."""
    return (SPANS / f"{exporter}.json").read_bytes()


def span(number: int, parent: int | None = None, /, **attributes: Any) -> dict[str, Any]:
    """A call of a model that took 250 ms; the number is its id, and its second."""
    given = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o-mini"} | attributes
    start = START_NS + number * 1_000_000_000
    return {
        "traceId": f"{1:032x}",
        "spanId": f"{number + 1:016x}",
        **({} if parent is None else {"parentSpanId": f"{parent + 1:016x}"}),
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + 250_000_000),
        "attributes": [{"key": key, "value": _value(value)} for key, value in given.items()],
    }


def request(*spans: dict[str, Any], source: str = "council") -> bytes:
    """The body of an export."""
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": source}}]}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": list(spans)}]}]}).encode()


def _value(value: Any) -> dict[str, Any]:
    kind = {bool: "boolValue", int: "intValue", float: "doubleValue"}.get(type(value), "stringValue")
    return {kind: str(value) if kind == "intValue" else value}
