"""Kinds of settings that are several words, and those that are an address."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode


def _words(value: Any) -> Any:
    return tuple(word.strip() for word in value.split(",") if word.strip()) if isinstance(value, str) else value


def _networks(value: tuple[str, ...]) -> tuple[str, ...]:
    for word in value:
        try:
            ipaddress.ip_network(word, strict=False)
        except ValueError:
            raise ValueError(f"addresses or networks such as 10.0.0.0/8, not {word!r}") from None
    return value


def _address(value: str | None) -> str | None:
    if value is not None and re.fullmatch(r"https?://[^/\s]+(/\S*)?", value) is None:
        raise ValueError("an address such as https://metrics.example.org/mcp")
    return value


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]
Networks = Annotated[Words, AfterValidator(_networks)]
Address = Annotated[str | None, AfterValidator(_address)]
