"""OpenTelemetry spans of messages and calls, where the operator collects them."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

_PROVIDER = "OTEL_PYTHON_TRACER_PROVIDER"
_GROUP = "opentelemetry_tracer_provider"


def drop_unusable_provider() -> None:
    """Serves on without spans, and says so, where the environment names a tracer provider that cannot be loaded.

    OpenTelemetry loads it at the first span, or where the SDK is imported, and raises there: call this before either.
    """
    name = os.environ.get(_PROVIDER)
    if name is None:
        return
    from importlib.metadata import entry_points

    try:
        [found, *_] = entry_points(group=_GROUP, name=name)
        found.load()
    except Exception as error:  # noqa: BLE001  # a provider's module may raise anything
        why = "nothing of that name is installed" if isinstance(error, ValueError) else f"it cannot be loaded: {error}"
        logging.getLogger("muse").warning(
            "%s names %r, but %s; no spans are collected. Install that provider, or unset the variable.",
            _PROVIDER,
            name,
            why,
        )
        del os.environ[_PROVIDER]


def traced() -> bool:
    """Whether this process collects spans."""
    if _PROVIDER in os.environ:
        return True
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return False
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider | trace.NoOpTracerProvider)


def span(tool: str) -> AbstractContextManager[Any]:
    """The span of one call; None where none are collected."""
    if not traced():
        return contextlib.nullcontext()
    from opentelemetry.trace import get_tracer  # type: ignore[import-not-found,attr-defined,unused-ignore]

    made: AbstractContextManager[Any] = get_tracer("chimera-metrics").start_as_current_span(f"muse {tool}")
    return made


@contextlib.contextmanager
def message_span(method: str, params: Mapping[str, Any], id_: object, revision: str) -> Iterator[MessageSpan | None]:
    """The span of one message of the protocol, under the client's where it says which; None where none are collected.

    Its name and attributes are those of OpenTelemetry's conventions for MCP.
    """
    if not traced():
        yield None
        return
    from opentelemetry.propagate import extract  # type: ignore[import-not-found,attr-defined,unused-ignore]
    from opentelemetry.trace import SpanKind, get_tracer  # type: ignore[import-not-found,attr-defined,unused-ignore]

    target = params.get("name") if isinstance(params.get("name"), str) else None
    attributes = {"mcp.method.name": method, "mcp.protocol.version": revision, "jsonrpc.request.id": str(id_)}
    if method == "tools/call":
        attributes |= {"gen_ai.operation.name": "execute_tool"} | (
            {} if target is None else {"gen_ai.tool.name": target}
        )
    elif method == "prompts/get" and target is not None:
        attributes["gen_ai.prompt.name"] = target
    meta = params.get("_meta")
    with get_tracer("chimera-metrics").start_as_current_span(
        f"{method} {target}" if target else method,
        context=extract(meta) if isinstance(meta, dict) and isinstance(meta.get("traceparent"), str) else None,
        kind=SpanKind.SERVER,
        attributes=attributes,
        record_exception=False,  # texts of errors may hold what the client sent
        set_status_on_exception=False,
    ) as span:
        yield MessageSpan(span)


class MessageSpan:
    """The span of a message that is answered."""

    def __init__(self, span: Any) -> None:
        self._span = span

    def failed(self, kind: str) -> None:
        """Says that the answer is an error."""
        from opentelemetry.trace import StatusCode  # type: ignore[import-not-found,attr-defined,unused-ignore]

        self._span.set_attribute("error.type", kind)
        self._span.set_status(StatusCode.ERROR)
