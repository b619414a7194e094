"""Spans from OTLP's JSON form."""

from __future__ import annotations

import base64
from typing import Any

import orjson

from chimera_metrics.integrations.otlp.attributes import READ, SERVICE_NAME
from chimera_metrics.integrations.otlp.spans import MOST_SPANS, Attributes, Scalar, Span, TooManySpans, UnreadableSpans
from chimera_metrics.integrations.validation.weights import is_heavier

# Bytes that the values of a request may take in memory: 10,000 spans of some twenty attributes.
_HEAVIEST = 200_000_000
_ERROR = (2, "STATUS_CODE_ERROR")
_BAD = (ValueError, TypeError, AttributeError, KeyError)
_HEX_DIGITS = (0, 16, 32)


def read_json(data: bytes) -> list[Span]:
    """The spans of an ExportTraceServiceRequest. Raises UnreadableSpans or TooManySpans."""
    if is_heavier(data, _HEAVIEST):
        raise TooManySpans("This request holds millions of values; export smaller batches.")
    try:
        given = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise UnreadableSpans(f"The body is not JSON: {error}.") from None
    found: list[Span] = []
    try:
        for resource in given.get("resourceSpans") or ():
            attributes = _attributes((resource.get("resource") or {}).get("attributes"))
            source = str(attributes.get(SERVICE_NAME, ""))
            for scope in resource.get("scopeSpans") or ():
                for span in scope.get("spans") or ():
                    if len(found) >= MOST_SPANS:
                        raise TooManySpans.spans()
                    found.append(_span(span, source))
    except _BAD:
        raise UnreadableSpans("The body is JSON, but not of an OTLP trace request.") from None
    return found


def _span(given: dict[str, Any], source: str) -> Span:
    status = given.get("status") or {}
    exceptions = [event for event in given.get("events") or () if event.get("name") == "exception"]
    return Span(
        source,
        _id(given.get("traceId")),
        _id(given.get("spanId")),
        _id(given.get("parentSpanId")),
        _whole(given.get("startTimeUnixNano")),
        _whole(given.get("endTimeUnixNano")),
        status.get("code") in _ERROR,
        str(status.get("message") or ""),
        _attributes(given.get("attributes")),
        _attributes(exceptions[-1].get("attributes")) if exceptions else {},
    )


def _whole(value: Any) -> int:
    """64-bit numbers are texts in this form, and some write them as numbers."""
    number = int(value or 0)
    if not 0 <= number < 1 << 64:
        raise ValueError("not a time")
    return number


def _id(value: Any) -> bytes:
    """Ids are hexadecimal in this form; protobuf's own JSON, which some send, has them in base64."""
    text = value or ""
    return bytes.fromhex(text) if len(text) in _HEX_DIGITS else base64.b64decode(text, validate=True)


def _attributes(given: Any) -> Attributes:
    found: Attributes = {}
    for one in given or ():
        if one["key"] in READ and (value := _value(one.get("value") or {})) is not None:
            found[one["key"]] = value
    return found


def _value(given: dict[str, Any]) -> Scalar | None:
    if "stringValue" in given:
        return str(given["stringValue"])
    if "intValue" in given:
        return int(given["intValue"])
    if "doubleValue" in given:
        return float(given["doubleValue"])
    return bool(given["boolValue"]) if "boolValue" in given else None
