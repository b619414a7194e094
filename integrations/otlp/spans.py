"""A span, as far as it is read, and what a request of spans may hold."""

from __future__ import annotations

from dataclasses import dataclass, field

from chimera_metrics.integrations.errors import InvalidInput

MOST_SPANS = 10_000
"""Spans of one request. Exporters send 512 at once, collectors 8,192."""

Scalar = str | int | float | bool
Attributes = dict[str, Scalar]
"""Attributes by their keys. Values that are lists, maps or bytes are left out: no column is made of them."""


class UnreadableSpans(InvalidInput):
    """A request or a file is not what OTLP calls spans."""


class TooManySpans(InvalidInput):
    """A request holds more than it may, in spans or in bytes after unpacking."""

    @classmethod
    def spans(cls) -> TooManySpans:
        return cls(f"This request has more than {MOST_SPANS:,} spans; export smaller batches.")


@dataclass(slots=True)
class Span:
    """One span: what became of it, when, and the attributes that the mapping reads."""

    source: str = ""
    """The resource's service.name."""
    trace_id: bytes = b""
    span_id: bytes = b""
    parent_id: bytes = b""
    start_ns: int = 0
    end_ns: int = 0
    failed: bool = False
    message: str = ""
    attributes: Attributes = field(default_factory=dict)
    exception: Attributes = field(default_factory=dict)
    """The attributes of its event `exception`."""
