"""`/v1/traces`: what exporters send over HTTP, who may, and what they are answered."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, Settings
from chimera_metrics.integrations.errors import SettingsError
from chimera_metrics.server.http.serving import build_app
from chimera_metrics.server.http.tokens import TokenFile
from tests.conftest import empty
from tests.otlp.made import SPANS, recorded, request, span
from tests.otlp.test_forms import as_protobuf
from tests.server.processes import environment, http

JSON, PROTOBUF = {"Content-Type": "application/json"}, {"Content-Type": "application/x-protobuf"}
SMALL = 200_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("traces")


@pytest.fixture(scope="module")
def tokens(folder: Path) -> dict[str, str]:
    file = TokenFile(folder / "tokens.json")
    return {role: file.create(role, role, None) for role in ("reader", "writer")}


@pytest.fixture(scope="module")
def served(embedded: ClickHouseSettings, folder: Path, tokens: dict[str, str]) -> Iterator[str]:
    words = {"MUSE_OTLP": "true", "MUSE_MAX_REQUEST_BYTES": str(SMALL)}
    with http(environment(embedded, folder, **words)) as (url, _):
        yield url.removesuffix("/mcp")


@pytest.fixture
def client(embedded: ClickHouseSettings) -> Iterator[ClickHouseClient]:
    with ClickHouseClient(embedded) as made:
        empty(made.executor)
        yield made


@pytest.fixture
def send(served: str, tokens: dict[str, str]) -> Any:
    def post(body: bytes, role: str | None = "writer", path: str = "/v1/traces", **headers: str) -> httpx2.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        auth = {} if role is None else {"Authorization": f"Bearer {tokens[role]}"}
        return httpx2.post(f"{served}{path}", content=body, headers=JSON | auth | named, timeout=30)

    return post


def models(client: ClickHouseClient) -> list[str]:
    return list(client.executor.scalar("SELECT arraySort(groupArray(model)) FROM llm_events"))


def test_json_and_protobuf_are_the_same_spans(client: ClickHouseClient, send: Any) -> None:
    body = recorded("openllmetry")
    answer = send(body)
    assert (answer.status_code, answer.json()) == (200, {})
    answer = send(gzip.compress(as_protobuf(body)), **PROTOBUF, Content_Encoding="gzip")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"", PROTOBUF["Content-Type"])
    assert models(client) == ["broken", *["gpt-4o-mini"] * 3, "hangs", "text-embedding-3-small"]


def test_the_bytes_of_a_real_exporter_are_taken(client: ClickHouseClient, send: Any) -> None:
    assert send((SPANS / "otel-genai.bin").read_bytes(), **PROTOBUF).status_code == 200
    assert len(models(client)) == 6


def test_langfuse_sends_its_secret_as_a_password_to_its_own_path(
    client: ClickHouseClient, send: Any, tokens: dict[str, str]
) -> None:
    basic = base64.b64encode(f"pk:{tokens['writer']}".encode()).decode()
    answer = send(recorded("langfuse"), None, "/api/public/otel/v1/traces", Authorization=f"Basic {basic}")
    assert answer.status_code == 200
    assert len(models(client)) == 6


def test_spans_that_cannot_be_stored_are_a_partial_success(client: ClickHouseClient, send: Any) -> None:
    body = request(span(1), span(2) | {"spanId": ""})
    assert send(body).json()["partialSuccess"]["rejectedSpans"] == "1"
    answer = ExportTraceServiceResponse.FromString(send(as_protobuf(body), **PROTOBUF).content)
    assert answer.partial_success.rejected_spans == 1
    assert "span_id" in answer.partial_success.error_message
    assert len(models(client)) == 1


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"\xff", PROTOBUF, 400),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"{}", {"Content-Encoding": "br"}, 415),
        (b"{}", {"Content-Encoding": "gzip"}, 400),
        (b" " * (SMALL + 1), {}, 413),
        (gzip.compress(bytes(10**7), mtime=0), {"Content-Encoding": "gzip"}, 413),
        (gzip.compress(b"") * 101 + gzip.compress(b"{}"), {"Content-Encoding": "gzip"}, 400),
        (b"{}", {"Host": "evil.example.org"}, 421),
        (b"{}", {"Origin": "https://evil.example.org"}, 403),
        (b"{}", {"Authorization": "Bearer wrong"}, 401),
    ],
)
def test_what_is_no_export_is_refused(send: Any, body: bytes, headers: dict[str, str], status: int) -> None:
    answer = send(body, **headers)
    assert answer.status_code == status
    assert b"Traceback" not in answer.content


def test_a_refusal_is_a_status_in_the_form_of_the_request(send: Any) -> None:
    """google.rpc.Status has a number and a text under the same field numbers as a partial success."""
    status = ExportTracePartialSuccess.FromString(send(b"\xff", **PROTOBUF).content)
    assert status.rejected_spans == 3
    assert "protobuf" in status.error_message
    assert send(b"{").json().keys() == {"code", "message"}


def test_a_reader_may_not(client: ClickHouseClient, send: Any) -> None:
    answer = send(request(span(1)), "reader")
    assert answer.status_code == 403
    assert "reader" in answer.json()["message"]
    assert models(client) == []


def test_exports_are_on_record_and_counted(served: str, send: Any, folder: Path, tokens: dict[str, str]) -> None:
    send(request(span(77), span(78, **{"gen_ai.operation.name": "invoke_agent"})))
    lines = [orjson.loads(line) for path in folder.rglob("calls-*.jsonl") for line in path.read_bytes().splitlines()]
    last = [line for line in lines if line["tool"] == "otlp/traces"][-1]
    assert (last["who"], last["role"], last["rows"], last["outcome"]) == ("writer", "writer", 1, "ok")
    metrics = httpx2.get(f"{served}/metrics", headers={"Authorization": f"Bearer {tokens['reader']}"}).text
    assert 'muse_otlp_spans_total{outcome="stored"}' in metrics
    assert 'muse_otlp_spans_total{outcome="ignored"} 1' in metrics


def test_without_the_setting_there_is_no_such_path(embedded: ClickHouseSettings, tmp_path: Path) -> None:
    with http(environment(embedded, tmp_path)) as (url, _):
        url = url.removesuffix("/mcp") + "/v1/traces"
        assert httpx2.post(url, content=b"{}", headers=JSON).status_code == 404


def test_a_server_that_only_reads_takes_none(embedded: ClickHouseSettings, tmp_path: Path) -> None:
    with http(environment(embedded, tmp_path, MUSE_OTLP="1"), "--read-only") as (url, _):
        answer = httpx2.post(url.removesuffix("/mcp") + "/v1/traces", content=b"{}", headers=JSON)
    assert answer.status_code == 403
    assert "--read-only" in json.loads(answer.content)["message"]


def test_prices_that_cannot_be_read_are_said_at_the_start(embedded: ClickHouseSettings, tmp_path: Path) -> None:
    muse = MuseSettings(otlp=True, prices=tmp_path / "none.toml", tokens_file=tmp_path / "tokens.json")
    with pytest.raises(SettingsError, match="MUSE_PRICES"):
        build_app(Settings(embedded, muse), "127.0.0.1")
