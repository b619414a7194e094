"""Settings of several servers behind one address: how many there are, and the Redis that they may share."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings

_ADDRESS = re.compile(r"rediss?://[^\s/?#]+(/\d*)?(\?\S*)?")


def _cache(value: Any) -> Any:
    given = value.get_secret_value() if isinstance(value, SecretStr) else value
    word = given.strip() if isinstance(given, str) else ""
    if word.lower() in {"off", "memory", ""}:
        return SecretStr(word.lower() or "memory")
    if not _is_redis(word):
        raise ValueError("off, memory, or a Redis such as redis://user:password@host:6379/0 (rediss:// for TLS)")
    return SecretStr(word)


def _is_redis(word: str) -> bool:
    try:
        parts = urlsplit(word)
        return bool(_ADDRESS.fullmatch(word) and parts.hostname and (parts.port is None or parts.port > 0))
    except ValueError:  # brackets, or a port that is none
        return False


class SeveralServers(BaseSettings):
    """What `muse serve` has to know of others like it."""

    cache: Annotated[SecretStr, BeforeValidator(_cache)] = Field(
        default=SecretStr("memory"),
        description="cached answers of `muse serve`: `off`, `memory`, or a `redis://` address that servers share",
    )
    servers: int = Field(
        default=1, ge=1, le=1000, description="servers behind one address, by which rates are divided without Redis"
    )

    @property
    def caches(self) -> bool:
        """Whether answers are kept."""
        return self.cache.get_secret_value() != "off"

    @property
    def redis_url(self) -> str | None:
        """The Redis that several servers share; it may hold a password."""
        named = self.cache.get_secret_value()
        return named if "://" in named else None

    def share_of(self, per_minute: int) -> int:
        """What one server allows of so many requests a minute where nobody counts for all; 0 is any number."""
        return -(-per_minute // self.servers)
