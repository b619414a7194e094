"""Files of OTLP requests: JSON, a line each or one alone, as OpenTelemetry's collector writes them, or protobuf."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

import orjson

from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.otlp.json_form import read_json
from chimera_metrics.integrations.otlp.protobuf import read_protobuf
from chimera_metrics.integrations.otlp.spans import Span

_GZIP = b"\x1f\x8b"
_LENGTH = 4


def requests_of(path: Path, most: int) -> Iterator[list[Span]]:
    """The spans of each request in the file, plain or packed by gzip. `most`: bytes of one request.

    Raises InvalidInput, which names the file and what in it is wrong.
    """
    try:
        with open(path, "rb") as raw:
            packed = raw.peek(2)[:2] == _GZIP
            with cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if packed else raw as file:
                yield from _requests(file, most)
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {error}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise InvalidInput(f"{path} cannot be read to its end ({error}); is it there, and whole?") from None


def _requests(file: IO[bytes], most: int) -> Iterator[list[Span]]:
    first = _line(file, most)
    if not first.lstrip().startswith(b"{"):
        found = list(_protobufs(first + file.read(most + 1), most))
        if not any(found):  # bytes of anything may pass for fields that nobody knows
            raise InvalidInput("it holds no OTLP request, neither JSON nor protobuf")
        yield from found
        return
    try:
        orjson.loads(first)
    except orjson.JSONDecodeError:  # one request over many lines
        whole = first + file.read(most + 1)
        yield read_json(_bounded(whole, most))
        return
    while first:
        if first.strip():
            yield read_json(first)
        first = _line(file, most)


def _protobufs(data: bytes, most: int) -> Iterator[list[Span]]:
    """One request, or requests each behind its length in four bytes, as the collector writes them."""
    _bounded(data, most)
    if data and int.from_bytes(data[:_LENGTH], "big") > len(data) - _LENGTH:
        yield read_protobuf(data)
        return
    at = 0
    while at < len(data):
        stop = at + _LENGTH + int.from_bytes(data[at : at + _LENGTH], "big")
        if stop > len(data):
            raise InvalidInput("it ends within a request")
        yield read_protobuf(data[at + _LENGTH : stop])
        at = stop


def _line(file: IO[bytes], most: int) -> bytes:
    return _bounded(file.readline(most + 1), most)


def _bounded(data: bytes, most: int) -> bytes:
    if len(data) > most:
        raise InvalidInput(f"a request is larger than {most:,} bytes (MUSE_MAX_REQUEST_BYTES)")
    return data
