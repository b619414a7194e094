"""What both ways in say alike of the protocol: its revisions, the names in its envelope, its errors, who we are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chimera_metrics.server.catalog.surface import surface
from chimera_metrics.server.catalog.views import EXTENSION
from chimera_metrics.server.updates import ALARMS, alarms_of, is_told_of

#: Revisions that begin with a handshake, oldest first.
HANDSHAKES = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
#: The one that has batches of messages.
BATCHES = "2025-03-26"
#: The revision whose requests each carry what a handshake would say.
MODERN = "2026-07-28"

VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
INFO_KEY = "io.modelcontextprotocol/clientInfo"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
LOG_LEVEL_KEY = "io.modelcontextprotocol/logLevel"
SERVER_KEY = "io.modelcontextprotocol/serverInfo"
SUBSCRIPTION_KEY = "io.modelcontextprotocol/subscriptionId"
UPDATED = "notifications/resources/updated"

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
UNSUPPORTED_VERSION = -32022
#: From the range that servers may use as they like.
TOO_MANY_CALLS = -32010

#: Resources that one connection may subscribe to.
MOST_RESOURCES = 200

NAME, TITLE = "chimera-metrics", "Chimera metrics"


class ProtocolError(Exception):
    """A request that is answered with an error of JSON-RPC."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data

    def body(self) -> dict[str, Any]:
        """The member `error` of the answer."""
        error = {"code": self.code, "message": self.message}
        return error if self.data is None else error | {"data": self.data}


def capabilities(updates: bool = True) -> dict[str, Any]:
    """What we can do. `updates`: whether a change of a resource can be told of."""
    return {
        "completions": {},
        "extensions": {EXTENSION: {}},
        "logging": {},
        "prompts": {"listChanged": False},
        "resources": {"listChanged": False, "subscribe": updates},
        "tools": {"listChanged": False},
    }


def check_told_of(uri: str) -> None:
    """Raises ProtocolError where a change of that resource is never told of."""
    if not is_told_of(uri):
        told = f"{ALARMS} and {alarms_of('{watch}')}"
        raise ProtocolError(
            INVALID_PARAMS, f"Changes of {uri[:200]} are not told of; those of {told} are.", {"uri": uri}
        )


def honoured(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Of what a client asks to hear of, what it is told."""
    uris = [uri for uri in asked.get("resourceSubscriptions") or () if is_told_of(uri)]
    return {"resourceSubscriptions": uris} if uris else {}


def initialize(revision: str, version: str) -> dict[str, Any]:
    """The answer to a handshake that asks for `revision`: an unknown one is answered with our newest."""
    return {
        "protocolVersion": revision if revision in HANDSHAKES else HANDSHAKES[-1],
        "capabilities": capabilities(),
        "serverInfo": server_info(version),
        "instructions": surface()["instructions"],
    }


def discover() -> dict[str, Any]:
    """The answer to `server/discover`."""
    return {
        "supportedVersions": [MODERN],
        "capabilities": capabilities(),
        "instructions": surface()["instructions"],
    }


def server_info(version: str) -> dict[str, str]:
    """Who we are, as the protocol asks for it."""
    return {"name": NAME, "title": TITLE, "version": version}
