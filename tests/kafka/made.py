"""Messages as confluent-kafka gives them."""

from __future__ import annotations

from typing import Any

import pytest

MS = 1_790_000_000_000
Given = Any
"""confluent-kafka's own class, which has no types."""


def given(value: bytes | None, offset: int = 7, partition: int = 0, key: bytes | None = None, ms: int = MS) -> Given:
    """A message of the topic `ui`."""
    kind = pytest.importorskip("confluent_kafka").Message
    return kind(topic="ui", partition=partition, offset=offset, key=key, value=value, timestamp=(1, ms))
