"""A span of a call of a language model as a row of `llm_events`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import orjson

from chimera_metrics.integrations.otlp import attributes as names
from chimera_metrics.integrations.otlp.prices import Prices
from chimera_metrics.integrations.otlp.spans import Attributes, Scalar, Span

#: What OpenInference and Langfuse call a call; their other kinds are chains, agents, tools and the like.
_CALLS = {
    "openinference.span.kind": frozenset({"LLM", "EMBEDDING", "RERANKER"}),
    "langfuse.observation.type": frozenset({"generation", "embedding"}),
}
#: Operations of the GenAI conventions that stand around calls, and would count their tokens a second time.
_AROUND = frozenset(
    {"invoke_agent", "create_agent", "execute_tool", "invoke_workflow", "create_workflow", "retrieval", "plan"}
)
_NAMESPACE = UUID("6f1c1a52-6c0f-5d0e-9a39-3b1d6a3f6a01")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIMEOUT = re.compile(r"time[ds]?[ _-]?out", re.IGNORECASE)
_TIMEOUT_CODES = {"408", "504"}
NO_WORD = "-"
"""What stands for a word that the span does not have."""
NO_SERVICE = "unknown_service"
"""What OpenTelemetry calls a program that does not say its name."""


class Unstorable(Exception):
    """A span of a call that no row can be made of; the sentence goes to its sender."""


def is_call(span: Span) -> bool:
    """Whether the span is a call of a language model by itself, and not something around one."""
    given = span.attributes
    for name, kinds in _CALLS.items():
        if name in given:
            return given[name] in kinds
    operation = _first(given, names.OPERATION)
    if operation is None or operation in _AROUND:
        # Conventions before gen_ai.operation.name: a model and its tokens.
        return operation is None and None not in (_first(given, names.MODEL), _first(given, names.TOKENS_IN))
    return True


def run_id_of(span: Span) -> str:
    """The row's id: trace and span id together, so that a span sent again is the same row."""
    return str(uuid5(_NAMESPACE, f"{span.trace_id.hex()}/{span.span_id.hex()}"))


def row_of(span: Span, prices: Prices) -> dict[str, Any]:
    """The row. Raises Unstorable for a span without ids or without an end."""
    if not any(span.trace_id) or not any(span.span_id) or not span.end_ns:
        raise Unstorable("a span has no trace_id, span_id or end time")
    given = span.attributes
    usage, costs = _json(given.get(names.USAGE_JSON)), _json(given.get(names.COST_JSON))
    tokens_in = _count(_first(given, names.TOKENS_IN), _first(usage, names.USAGE_IN))
    tokens_out = _count(_first(given, names.TOKENS_OUT), _first(usage, names.USAGE_OUT))
    model = _model(given)
    failed = span.failed or given.get(names.LEVEL) == "ERROR"
    cost = _amount(_first(given, names.COST), costs.get("total"))
    if cost is None:
        cost = _priced(prices, model, tokens_in, tokens_out, given)
    elif failed and not cost and tokens_in is None:
        cost = None  # it is said to be 0 because nobody knows it
    return {
        "ts": _moment(span.end_ns),
        "run_id": run_id_of(span),
        "source": span.source or NO_SERVICE,
        "model": model,
        "operation": str(_first(given, names.OPERATION) or NO_WORD),
        "tokens_in": tokens_in,
        "tokens_out": tokens_out,
        "latency_ms": (span.end_ns - span.start_ns) / 1e6 if 0 < span.start_ns <= span.end_ns else None,
        "cost_usd": cost,
        "status": _status(span, failed),
        "error_msg": _error(span) if failed else None,
    }


def _moment(ns: int) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=ns // 1_000_000)
    except OverflowError:
        raise Unstorable("a span ends at a time that cannot be stored") from None


def _model(given: Attributes) -> str:
    found = _first(given, names.MODEL)
    for name in names.MODEL_JSON:
        found = found or _json(given.get(name)).get("model")
    return found if isinstance(found, str) and found else NO_WORD


def _priced(
    prices: Prices, model: str, tokens_in: int | None, tokens_out: int | None, given: Attributes
) -> Decimal | None:
    price = prices.of(model)
    if price is None or tokens_in is None:
        return None
    cached = _count(_first(given, names.CACHED)) or 0
    return price.of(tokens_in, tokens_out or 0, cached if cached <= tokens_in else 0)


def _status(span: Span, failed: bool) -> str:
    if not failed:
        return "success"
    given = span.attributes
    kind = _first(given, names.ERROR_TYPE) or span.exception.get(names.EXCEPTION_TYPE)
    codes = {str(given[name]) for name in names.ERROR_CODE if name in given}
    words = str(kind) if kind else _error(span) or ""
    return "timeout" if _TIMEOUT.search(words) or codes & _TIMEOUT_CODES else "failure"


def _error(span: Span) -> str | None:
    found = span.message or _first(span.attributes, names.ERROR_MESSAGE) or span.exception.get(names.EXCEPTION_MESSAGE)
    return str(found) if found else None


def _first(given: dict[str, Any], among: Iterable[str]) -> Scalar | None:
    for name in among:
        value = given.get(name)
        if value is not None and value != "":
            return value  # type: ignore[no-any-return]
    return None


def _json(text: Any) -> dict[str, Any]:
    if not isinstance(text, str) or not text.startswith("{"):
        return {}
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _count(*values: Any) -> int | None:
    """The first whole number from 0 on among the values."""
    for value in values:
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value[:20])
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
    return None


def _amount(*values: Any) -> Decimal | None:
    for value in values:
        if isinstance(value, int | float) and not isinstance(value, bool):
            amount = Decimal(repr(value))
            if amount.is_finite() and amount >= 0:
                return amount
    return None
