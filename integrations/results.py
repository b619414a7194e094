"""Results that read as mappings and as attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chimera_metrics.integrations.unseen import seen


class Result(dict[str, Any]):
    """A dictionary whose keys are attributes too: `result["n"]` and `result.n`."""

    __slots__ = ("images",)
    #: Pictures (PNG) that go with the fields; no part of the mapping.
    images: list[bytes]

    def __getattr__(self, name: str) -> Any:
        if name == "images":
            return []  # none was asked for
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"This result has no field {name!r}; it has {', '.join(self)}.") from None

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Result:
        """`value` with every mapping in it, at any depth, as a Result, and nothing invisible in its texts."""
        return cls({cls._deep(key): cls._deep(item) for key, item in value.items()})

    @classmethod
    def _deep(cls, value: Any) -> Any:
        if isinstance(value, str):
            return seen(value)
        if isinstance(value, Mapping):
            return cls.of(value)
        if isinstance(value, list | tuple):
            return [cls._deep(item) for item in value]
        return value
