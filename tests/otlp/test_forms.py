"""The two forms of a request: protobuf judged by the official library, JSON, and what is packed."""

from __future__ import annotations

import gzip
import random
import zlib

import pytest
from google.protobuf.json_format import Parse
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from chimera_metrics.integrations.otlp import spans as limits
from chimera_metrics.integrations.otlp.json_form import read_json
from chimera_metrics.integrations.otlp.protobuf import read_protobuf
from chimera_metrics.integrations.otlp.spans import TooManySpans, UnreadableSpans
from chimera_metrics.integrations.otlp.unpacking import unpacked
from tests.otlp.made import SPANS, recorded, request, span

EXPORTERS = sorted(path.stem for path in SPANS.glob("*.json"))


def as_protobuf(body: bytes) -> bytes:
    """The same request, written by the official library. Its own JSON has ids in base64."""
    import base64
    import json

    given = json.loads(body)
    for resource in given["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for one in scope["spans"]:
                for name in {"traceId", "spanId", "parentSpanId"} & set(one):
                    one[name] = base64.b64encode(bytes.fromhex(one[name])).decode()
    made = Parse(json.dumps(given), ExportTraceServiceRequest(), ignore_unknown_fields=True)
    return bytes(made.SerializeToString())


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_both_forms_of_a_request_are_the_same_spans(exporter: str) -> None:
    body = recorded(exporter)
    assert len(read_json(body)) >= 5
    assert read_protobuf(as_protobuf(body)) == read_json(body)


def test_what_an_exporter_sent_is_read() -> None:
    found = read_protobuf((SPANS / "otel-genai.bin").read_bytes())
    assert [one.attributes["gen_ai.request.model"] for one in found][::3] == ["gpt-4o-mini", "hangs"]
    assert {one.source for one in found} == {"council"}


def test_numbers_texts_and_negatives_are_as_the_library_writes_them() -> None:
    given = {"gen_ai.usage.input_tokens": -3, "gen_ai.usage.output_tokens": 2**40, "gen_ai.usage.cost": 1e-07}
    body = request(span(1, **given, **{"error.type": "é\0"}))
    [found] = read_protobuf(as_protobuf(body))
    assert found.attributes.items() >= (given | {"error.type": "é\0"}).items()
    assert read_json(body) == [found]


def test_damaged_bytes_are_refused_or_read_and_never_anything_else() -> None:
    """What the library takes is taken here too."""
    rng, good = random.Random(7), as_protobuf(recorded("litellm"))
    taken = 0
    for _ in range(400):
        bad = bytearray(good)
        for _ in range(rng.randrange(1, 4)):
            bad[rng.randrange(len(bad))] = rng.randrange(256)
        data = bytes(bad[: rng.randrange(len(bad))] if rng.random() < 0.3 else bad)
        try:
            read_protobuf(data)
        except UnreadableSpans:
            with pytest.raises(DecodeError):
                ExportTraceServiceRequest().ParseFromString(data)
        else:
            taken += 1
    assert 20 < taken < 380


@pytest.mark.parametrize(
    "body", [b"[]", b"null", b"{", b'{"resourceSpans": 3}', b'{"resourceSpans": [{"scopeSpans": [1]}]}']
)
def test_json_of_something_else_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableSpans):
        read_json(body)


def test_a_request_of_too_many_spans_is_refused_in_both_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    body = request(*(span(number) for number in range(limits.MOST_SPANS + 1)))
    with pytest.raises(TooManySpans, match="10,000 spans"):
        read_json(body)
    with pytest.raises(TooManySpans, match="10,000 spans"):
        read_protobuf(as_protobuf(body))


def test_packed_bodies_are_unpacked() -> None:
    body = recorded("langfuse")
    assert unpacked(gzip.compress(body[:50]) + gzip.compress(body[50:]), "gzip", 10**6) == body
    assert unpacked(zlib.compress(body), "deflate", 10**6) == body
    assert unpacked(body, "", 10**6) == body


def test_a_bomb_is_not_unpacked() -> None:
    with pytest.raises(TooManySpans, match="1,000,000 bytes"):
        unpacked(gzip.compress(bytes(2**26)), "gzip", 10**6)


@pytest.mark.parametrize("body", [b"plain", gzip.compress(b"x" * 100, mtime=0)[:-9]])
def test_what_is_not_packed_as_it_says_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableSpans):
        unpacked(body, "gzip", 1000)


def test_millions_of_values_are_refused_before_they_are_read() -> None:
    with pytest.raises(TooManySpans, match="millions of values"):
        read_json(b'{"resourceSpans":[' + b'{"":0},' * 1_000_000 + b"{}]}")
