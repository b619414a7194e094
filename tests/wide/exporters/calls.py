"""`python calls.py EXPORTER API RECEIVER`: six calls of a model, the spans of which the exporter sends to RECEIVER.

A chat, a streamed one, one answered 500, one that times out, an embedding, a response. This runs in the environment of
the exporter, so nothing of ours is imported here.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable
from typing import Any

CHAT, EMBEDDING = "gpt-4o-mini", "text-embedding-3-small"
MESSAGES = [{"role": "user", "content": "hi"}]
Flush = Callable[[], Any]


def main(exporter: str, api: str, receiver: str) -> None:
    os.environ |= {
        "OPENAI_API_KEY": "sk-none",
        "OPENAI_BASE_URL": f"{api}/v1",
        "OTEL_SERVICE_NAME": exporter,
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{receiver}/v1/traces",
    }
    calls, flush = EXPORTERS[exporter](api, receiver)
    for call in calls:
        with contextlib.suppress(Exception):  # the two that must fail
            call()
    flush()


def through_openai(client: Any) -> list[Callable[[], Any]]:
    chats = client.chat.completions
    return [
        lambda: chats.create(model=CHAT, messages=MESSAGES, temperature=0.1, max_tokens=50),
        lambda: list(chats.create(model=CHAT, messages=MESSAGES, stream=True, stream_options={"include_usage": True})),
        lambda: chats.create(model="broken", messages=MESSAGES),
        lambda: chats.create(model="hangs", messages=MESSAGES, timeout=0.5),
        lambda: client.embeddings.create(model=EMBEDDING, input="hi"),
        lambda: client.responses.create(model=CHAT, input="hi"),
    ]


def instrumented(instrumentor: Any) -> tuple[list[Callable[[], Any]], Flush]:
    from openai import OpenAI
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    instrumentor().instrument()
    return through_openai(OpenAI(max_retries=0)), provider.force_flush


def otel(_api: str, _receiver: str) -> tuple[list[Callable[[], Any]], Flush]:
    from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor

    return instrumented(OpenAIInstrumentor)


def openllmetry(_api: str, _receiver: str) -> tuple[list[Callable[[], Any]], Flush]:
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor

    return instrumented(OpenAIInstrumentor)


def openinference(_api: str, _receiver: str) -> tuple[list[Callable[[], Any]], Flush]:
    from openinference.instrumentation.openai import OpenAIInstrumentor

    return instrumented(OpenAIInstrumentor)


def langfuse(_api: str, receiver: str) -> tuple[list[Callable[[], Any]], Flush]:
    del os.environ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]
    keys = {"LANGFUSE_PUBLIC_KEY": "pk", "LANGFUSE_SECRET_KEY": "sk"}
    os.environ |= keys | {"LANGFUSE_HOST": receiver, "LANGFUSE_BASE_URL": receiver}
    from langfuse import get_client
    from langfuse.openai import OpenAI

    return through_openai(OpenAI(max_retries=0)), lambda: get_client().flush()


def litellm(api: str, receiver: str) -> tuple[list[Callable[[], Any]], Flush]:
    os.environ |= {"OTEL_EXPORTER": "otlp_http", "OTEL_ENDPOINT": f"{receiver}/v1/traces"}
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it asks the net for prices
    import litellm as library

    library.callbacks = ["otel"]
    once = {"api_base": f"{api}/v1", "num_retries": 0, "max_retries": 0}
    usage = {"stream_options": {"include_usage": True}}

    def chat(model: str, **more: Any) -> Any:
        return library.completion(model=f"openai/{model}", messages=MESSAGES, **once, **more)

    def flush() -> None:
        time.sleep(8)  # its callbacks run on a thread, which exports every five seconds
        from opentelemetry import trace

        getattr(trace.get_tracer_provider(), "force_flush", lambda: None)()

    return [
        lambda: chat(CHAT, temperature=0.1, max_tokens=50),
        lambda: list(chat(CHAT, stream=True, **usage)),
        lambda: chat("broken"),
        lambda: chat("hangs", timeout=0.5),
        lambda: library.embedding(model=f"openai/{EMBEDDING}", input="hi", api_base=once["api_base"]),
        lambda: library.responses(model=f"openai/{CHAT}", input="hi", api_base=once["api_base"]),
    ], flush


EXPORTERS = {
    "otel": otel,
    "openllmetry": openllmetry,
    "openinference": openinference,
    "langfuse": langfuse,
    "litellm": litellm,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
