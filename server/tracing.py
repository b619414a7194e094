"""OpenTelemetry spans of calls, where the operator collects them."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
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
