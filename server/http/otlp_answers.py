"""What OTLP's clients are answered, in the form of their request: ExportTraceServiceResponse, or google.rpc.Status."""

from __future__ import annotations

import orjson
from starlette.responses import Response

_PROTOBUF = "application/x-protobuf"
_JSON = "application/json"
_RETRY_AFTER_S = 5
_AGAIN = {429, 503}
#: The codes of gRPC for ours.
_CODES = {400: 3, 401: 16, 403: 7, 413: 8, 415: 3, 429: 8, 503: 14}


def accepted(kind: str, rejected: int, sentence: str) -> Response:
    """All was taken, or all but `rejected` spans."""
    if kind == _JSON:
        partial = {"rejectedSpans": str(rejected), "errorMessage": sentence}
        return Response(orjson.dumps({"partialSuccess": partial} if rejected else {}), media_type=_JSON)
    partial_success = (b"\x08" + _varint(rejected) if rejected else b"") + _text(2, sentence)
    return Response(_bytes(1, partial_success) if rejected else b"", media_type=_PROTOBUF)


def failed(kind: str, status: int, sentence: str) -> Response:
    """Nothing was taken, and why."""
    code = _CODES.get(status, 13)
    headers = {"Retry-After": str(_RETRY_AFTER_S)} if status in _AGAIN else {}
    if kind == _PROTOBUF:
        body = b"\x08" + _varint(code) + _text(2, sentence)
        return Response(body, status, headers, _PROTOBUF)
    return Response(orjson.dumps({"code": code, "message": sentence}), status, headers, _JSON)


def _text(field: int, text: str) -> bytes:
    return _bytes(field, text.encode()) if text else b""


def _bytes(field: int, content: bytes) -> bytes:
    return bytes([field << 3 | 2]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])
