"""Spans from OTLP's protobuf form, read without a library.

Only what is mapped is decoded: an attribute of another name costs its key. Numbers of fields are those of
opentelemetry/proto/trace/v1/trace.proto; a field that is not known is passed over, as the format wants it. Nothing here
calls itself, so that no nesting is too deep.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from chimera_metrics.integrations.otlp.attributes import READ, SERVICE_NAME
from chimera_metrics.integrations.otlp.spans import MOST_SPANS, Attributes, Scalar, Span, TooManySpans, UnreadableSpans

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_ERROR = 2
_KEYS = {name.encode(): name for name in READ}
_BAD = (IndexError, ValueError, struct.error)


def read_protobuf(data: bytes) -> list[Span]:
    """The spans of an ExportTraceServiceRequest. Raises UnreadableSpans or TooManySpans."""
    found: list[Span] = []
    try:
        for number, kind, at, end in _fields(data, 0, len(data)):
            if number == 1 and kind == _BYTES:
                _resource_spans(data, at, end, found)
    except _BAD:
        raise UnreadableSpans("The body is not protobuf of an OTLP trace request.") from None
    return found


def _resource_spans(data: bytes, at: int, end: int, found: list[Span]) -> None:
    source, scopes = "", []
    for number, kind, start, stop in _fields(data, at, end):
        if number == 1 and kind == _BYTES:
            attributes = _attributes(data, start, stop, 1)
            source = str(attributes.get(SERVICE_NAME, ""))
        elif number == 2 and kind == _BYTES:
            scopes.append((start, stop))
    for scope_at, scope_end in scopes:
        for number, kind, start, stop in _fields(data, scope_at, scope_end):
            if number == 2 and kind == _BYTES:
                if len(found) >= MOST_SPANS:
                    raise TooManySpans.spans()
                found.append(_span(data, start, stop, source))


def _span(data: bytes, at: int, end: int, source: str) -> Span:
    span = Span(source)
    for number, kind, start, stop in _fields(data, at, end):
        if number == 9 and kind == _BYTES:
            _attribute(data, start, stop, span.attributes)
        elif number == 1 and kind == _BYTES:
            span.trace_id = data[start:stop]
        elif number == 2 and kind == _BYTES:
            span.span_id = data[start:stop]
        elif number == 4 and kind == _BYTES:
            span.parent_id = data[start:stop]
        elif number == 7 and kind == _FIXED64:
            span.start_ns = int.from_bytes(data[start:stop], "little")
        elif number == 8 and kind == _FIXED64:
            span.end_ns = int.from_bytes(data[start:stop], "little")
        elif number == 11 and kind == _BYTES:
            _event(data, start, stop, span)
        elif number == 15 and kind == _BYTES:
            _status(data, start, stop, span)
    return span


def _status(data: bytes, at: int, end: int, span: Span) -> None:
    for number, kind, start, stop in _fields(data, at, end):
        if number == 2 and kind == _BYTES:
            span.message = data[start:stop].decode()
        elif number == 3 and kind == _VARINT:
            span.failed = start == _ERROR


def _event(data: bytes, at: int, end: int, span: Span) -> None:
    name = b""
    for number, kind, start, stop in _fields(data, at, end):
        if number == 2 and kind == _BYTES:
            name = data[start:stop]
    if name == b"exception":
        span.exception = _attributes(data, at, end, 3)


def _attributes(data: bytes, at: int, end: int, field: int) -> Attributes:
    """The attributes that stand in a message as its field of that number."""
    found: Attributes = {}
    for number, kind, start, stop in _fields(data, at, end):
        if number == field and kind == _BYTES:
            _attribute(data, start, stop, found)
    return found


def _attribute(data: bytes, at: int, end: int, found: Attributes) -> None:
    name, places = None, []
    for number, kind, start, stop in _fields(data, at, end):
        if number == 1 and kind == _BYTES:
            name = _KEYS.get(data[start:stop])
            if name is None:
                return
        elif number == 2 and kind == _BYTES:
            places.append((start, stop))
    for start, stop in places:
        value = _value(data, start, stop)
        if name is not None and value is not None:
            found[name] = value


def _value(data: bytes, at: int, end: int) -> Scalar | None:
    """A scalar; None for lists, maps and bytes. The last of several wins, as the format has it."""
    value: Scalar | None = None
    for number, kind, start, stop in _fields(data, at, end):
        if number == 1 and kind == _BYTES:
            value = data[start:stop].decode()
        elif number == 2 and kind == _VARINT:
            value = bool(start)
        elif number == 3 and kind == _VARINT:
            value = start - (1 << 64) if start >= 1 << 63 else start
        elif number == 4 and kind == _FIXED64:
            (value,) = struct.unpack_from("<d", data, start)
        else:
            value = None
    return value


def _fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Number, kind, and where the content lies; of a varint the number itself stands in place of its start."""
    while at < end:
        tag = data[at]
        at += 1
        if tag > 127:
            tag, at = _varint(data, at - 1)
        kind = tag & 7
        if kind == _BYTES:
            size = data[at]
            at += 1
            if size > 127:
                size, at = _varint(data, at - 1)
            stop = at + size
        elif kind == _VARINT:
            number, at = _varint(data, at)
            if at > end:
                raise ValueError("a number goes past its message")
            yield tag >> 3, kind, number, at
            continue
        elif kind == _FIXED64:
            stop = at + 8
        elif kind == _FIXED32:
            stop = at + 4
        else:
            raise ValueError("a kind of field that proto3 has not")
        if stop > end:
            raise ValueError("a field goes past its message")
        yield tag >> 3, kind, at, stop
        at = stop


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & ((1 << 64) - 1), at
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than ten bytes")
