"""Which requests the direct path answers, and what they say; anything unusual is left to the SDK."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeGuard

# Revisions that begin with a handshake, and the one whose requests each carry what a handshake would say.
HANDSHAKES = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
MODERN = "2026-07-28"
_RESERVED = "io.modelcontextprotocol/"
VERSION_KEY = f"{_RESERVED}protocolVersion"
INFO_KEY = f"{_RESERVED}clientInfo"
CAPABILITIES_KEY = f"{_RESERVED}clientCapabilities"
SERVER_KEY = f"{_RESERVED}serverInfo"
_INFO_FIELDS = {"name", "title", "version", "description", "websiteUrl", "icons"}
_LEVELS = {"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"}
# The fields that each method may come with, beside `_meta`.
_FIELDS: dict[str, frozenset[str]] = {
    "initialize": frozenset({"protocolVersion", "capabilities", "clientInfo"}),
    "ping": frozenset(),
    "logging/setLevel": frozenset({"level"}),
    "server/discover": frozenset(),
    "tools/list": frozenset(),
    "tools/call": frozenset({"name", "arguments"}),
    "prompts/list": frozenset(),
    "resources/list": frozenset(),
    "resources/templates/list": frozenset(),
}


@dataclass(frozen=True, slots=True)
class Plain:
    """One request whose form is as usual."""

    id: int | str
    method: str
    params: dict[str, Any]
    #: Whether it carries the envelope of the modern revision.
    modern: bool
    progress_token: int | str | None

    @property
    def info(self) -> dict[str, Any] | None:
        """What the client's program says of itself, where a request says it."""
        found: dict[str, Any] | None = (
            self.params["_meta"].get(INFO_KEY) if self.modern else self.params.get("clientInfo")
        )
        return found


def plain(message: Any) -> Plain | None:
    """The request that a line is, or None where its form is not one of those known here."""
    if not isinstance(message, dict) or message.keys() - {"jsonrpc", "id", "method", "params"}:
        return None
    id_, method, params = message.get("id"), message.get("method"), message.get("params")
    params = {} if params is None else params
    if (
        message.get("jsonrpc") != "2.0"
        or not _is_id(id_)
        or not isinstance(method, str)
        or not isinstance(params, dict)
    ):
        return None
    fields = _FIELDS.get(method)
    if fields is None or params.keys() - fields - {"_meta"} or not _values(method, params):
        return None
    meta = params.get("_meta")
    if meta is None:
        return Plain(id_, method, params, False, None) if "_meta" not in params else None
    if not isinstance(meta, dict):
        return None
    token = meta.get("progressToken")
    modern = VERSION_KEY in meta
    if ("progressToken" in meta and not _is_id(token)) or (not _envelope(meta) if modern else _reserved(meta)):
        return None
    return Plain(id_, method, params, modern, token)


def _values(method: str, params: dict[str, Any]) -> bool:
    match method:
        case "tools/call":
            return isinstance(params.get("name"), str) and isinstance(params.get("arguments", {}), dict)
        case "initialize":
            return (
                params.get("protocolVersion") in HANDSHAKES
                and _is_info(params.get("clientInfo"))
                and _are_capabilities(params.get("capabilities"))
                and "_meta" not in params
            )
        case "logging/setLevel":
            return isinstance(params.get("level"), str) and params["level"] in _LEVELS
        case _:
            return True


def _envelope(meta: dict[str, Any]) -> bool:
    return (
        meta[VERSION_KEY] == MODERN
        and _are_capabilities(meta.get(CAPABILITIES_KEY))
        and (INFO_KEY not in meta or _is_info(meta[INFO_KEY]))
        and not _reserved(meta.keys() - {VERSION_KEY, INFO_KEY, CAPABILITIES_KEY})
    )


def _reserved(keys: Iterable[str]) -> bool:
    return any(key.startswith(_RESERVED) for key in keys)


def _is_id(value: Any) -> TypeGuard[int | str]:
    return isinstance(value, str) or (type(value) is int and abs(value) < 2**53)


def _is_info(value: Any) -> bool:
    if not isinstance(value, dict) or not {"name", "version"} <= value.keys() <= _INFO_FIELDS:
        return False
    icons = value.get("icons", [])
    return all(isinstance(value[name], str) for name in value.keys() - {"icons"}) and (
        isinstance(icons, list) and all(map(_is_icon, icons))
    )


def _is_icon(value: Any) -> bool:
    """Its sizes are said in more than one way; those the SDK is to judge."""
    return (
        isinstance(value, dict)
        and {"src"} <= value.keys() <= {"src", "mimeType"}
        and all(isinstance(text, str) for text in value.values())
    )


def _are_capabilities(value: Any) -> bool:
    """As hosts say them; what is said in another way, the SDK is to judge."""
    return isinstance(value, dict) and all(_is_capability(name, one) for name, one in value.items())


def _is_capability(name: str, value: Any) -> bool:
    match name:
        case "roots":
            return (
                isinstance(value, dict) and value.keys() <= {"listChanged"} and set(map(type, value.values())) <= {bool}
            )
        case "sampling" | "elicitation" | "tasks":
            return _is_nested(value)
        case "experimental" | "extensions":
            return isinstance(value, dict) and all(isinstance(one, dict) for one in value.values())
        case _:  # a name that the protocol has not
            return True


def _is_nested(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_nested, value.values()))
