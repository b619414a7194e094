"""An answer as a cache keeps it: bytes, of which nothing is ever run or unpickled."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson

MOST_BYTES = 4_000_000
"""Larger answers are not kept, and what is larger was not kept by us."""
_SIGNATURE = 32


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, and the state of the ledger that it was made from."""

    versions: Mapping[str, str]
    """Of each table that was read, the version of its batches."""
    json: bytes
    images: tuple[bytes, ...]
    statement: str
    """The statement that stands in the audit, and its id."""
    query_id: str

    def pack(self) -> bytes:
        head = orjson.dumps(
            {
                "versions": dict(self.versions),
                "statement": self.statement,
                "query_id": self.query_id,
                "sizes": [len(self.json), *map(len, self.images)],
            }
        )
        return b"\n".join((head, b"".join((self.json, *self.images))))

    @classmethod
    def unpack(cls, packed: bytes) -> Kept | None:
        """None where that is not what `pack` made."""
        head, _, body = packed.partition(b"\n")
        try:
            said: Any = orjson.loads(head)
            sizes: list[int] = said["sizes"]
            words = (said["statement"], said["query_id"], *said["versions"], *said["versions"].values())
            if not all(isinstance(word, str) for word in words) or min(sizes) < 0 or sum(sizes) != len(body):
                return None
            ends = [sum(sizes[: place + 1]) for place in range(len(sizes))]
            parts = [body[end - size : end] for end, size in zip(ends, sizes, strict=True)]
            return cls(said["versions"], parts[0], tuple(parts[1:]), said["statement"], said["query_id"])
        except (ValueError, TypeError, KeyError, AttributeError, IndexError):
            return None


def sign(key: bytes, name: bytes, packed: bytes) -> bytes:
    """`packed`, signed for the place where it is kept."""
    return _signature(key, name, packed) + packed


def open_signed(key: bytes, name: bytes, signed: bytes) -> bytes | None:
    """What was signed for that place; None where it was not, or was changed."""
    signature, packed = signed[:_SIGNATURE], signed[_SIGNATURE:]
    return packed if hmac.compare_digest(signature, _signature(key, name, packed)) else None


def _signature(key: bytes, name: bytes, packed: bytes) -> bytes:
    return hmac.new(key, name + b"\n" + packed, sha256).digest()
