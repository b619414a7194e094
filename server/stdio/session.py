"""What one connection has become by what its client sent, and the answer to each of its requests."""

from __future__ import annotations

import contextlib
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import orjson

from chimera_metrics.integrations.clickhouse.call import serving
from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.server.calls import READS, RECORDED, Answered, Record
from chimera_metrics.server.catalog import protocol
from chimera_metrics.server.catalog.callers import Caller, introduced, local_user
from chimera_metrics.server.catalog.completions import complete
from chimera_metrics.server.catalog.prompts import get_prompt
from chimera_metrics.server.catalog.protocol import ProtocolError
from chimera_metrics.server.catalog.resources import read_resource
from chimera_metrics.server.catalog.surface import listed, surface
from chimera_metrics.server.catalog.tool import Sentence
from chimera_metrics.server.catalog.views import has_views, shown_resources
from chimera_metrics.server.context import ServerContext
from chimera_metrics.server.offer import Offer, package_version
from chimera_metrics.server.stdio.jsonrpc import Request
from chimera_metrics.server.stdio.params import HANDSHAKE_METHODS, MODERN_METHODS, check
from chimera_metrics.server.stdio.subscriptions import Subscriptions

_REQUIRED = (protocol.VERSION_KEY, protocol.CAPABILITIES_KEY)
# Nothing of these may be kept by who passes answers on, and none of them stays true for a time that we know.
_CACHE = {"ttlMs": 0, "cacheScope": "private"}
_CACHEABLE = {
    "server/discover",
    "tools/list",
    "prompts/list",
    "resources/list",
    "resources/templates/list",
    "resources/read",
}
# What may be asked before the handshake.
_ALWAYS = {"initialize", "ping"}


class Session:
    """The state of a connection. `admit` is for one thread at a time, in the order of the lines; `answer` for any."""

    def __init__(self, offer: Offer, context: ServerContext) -> None:
        self.offer, self.context = offer, context
        self._tools = listed(offer.calls.tools.values())
        #: Whether its requests carry an envelope; the first request says so, once and for all.
        self._modern: bool | None = None
        #: The revision that the handshake agreed on.
        self._revision: str | None = None
        #: Whether more than a greeting is answered.
        self._ready = False
        self._caller = Caller(local_user(), offer.local, "")
        self.subscriptions = Subscriptions(context.updates)

    @property
    def revision(self) -> str:
        return protocol.MODERN if self._modern else self._revision or protocol.HANDSHAKES[-1]

    @property
    def longest_s(self) -> float:
        """The time that any call may take."""
        return self.context.settings.clickhouse.timeout

    @property
    def takes_batches(self) -> bool:
        return self._revision == protocol.BATCHES

    def notice_initialized(self) -> None:
        """The client says that it is ready, which is taken even from one that has not asked."""
        self._ready = True

    def admit(self, request: Request) -> Caller:
        """Who calls. Raises ProtocolError where this connection, as it is by now, has no such request."""
        try:
            return self._admit(request)
        except ProtocolError:
            if request.method in RECORDED:
                with self._on_record(request, self._caller):
                    raise
            raise

    def _admit(self, request: Request) -> Caller:
        enveloped = protocol.VERSION_KEY in request.meta
        if self._modern is None:
            self._modern = enveloped and request.method != "initialize"
        if self._modern:
            return self._admit_modern(request)
        if enveloped and request.method != "initialize":
            raise ProtocolError(
                protocol.INVALID_REQUEST,
                f"This connection began with a handshake; requests with the envelope of {protocol.MODERN} need one of "
                "their own.",
            )
        self._known(request, HANDSHAKE_METHODS)
        check(request.method, request.params, modern=False)
        if request.method == "initialize":
            revision = request.params["protocolVersion"]
            self._ready = True
            self._revision = revision if revision in protocol.HANDSHAKES else protocol.HANDSHAKES[-1]
            self._caller = self._introduced(request.params["clientInfo"], request.params["capabilities"])
        elif not self._ready and request.method not in _ALWAYS:
            raise ProtocolError(protocol.INVALID_PARAMS, "Invalid request parameters: initialize comes first", "")
        return self._caller

    def _admit_modern(self, request: Request) -> Caller:
        if request.method == "initialize":
            requested = request.params.get("protocolVersion")
            raise self._unsupported(requested if isinstance(requested, str) else None)
        if missing := [key for key in _REQUIRED if key not in request.meta]:
            raise ProtocolError(protocol.INVALID_PARAMS, f"params._meta needs {' and '.join(missing)}.")
        revision = request.meta[protocol.VERSION_KEY]
        if not isinstance(revision, str):
            raise ProtocolError(protocol.INVALID_PARAMS, f"{protocol.VERSION_KEY} is a string.")
        if revision != protocol.MODERN:
            raise self._unsupported(revision)
        self._known(request, MODERN_METHODS)
        check(request.method, request.params, modern=True)
        return self._introduced(request.meta.get(protocol.INFO_KEY), request.meta[protocol.CAPABILITIES_KEY])

    def _known(self, request: Request, methods: Any) -> None:
        if request.method not in methods:
            raise ProtocolError(protocol.METHOD_NOT_FOUND, "Method not found", request.method)

    def _unsupported(self, requested: str | None) -> ProtocolError:
        data = {"supported": [protocol.MODERN]} | ({} if requested is None else {"requested": requested})
        return ProtocolError(protocol.UNSUPPORTED_VERSION, "Unsupported protocol version", data)

    def _introduced(self, info: dict[str, Any] | None, capabilities: dict[str, Any]) -> Caller:
        return Caller(local_user(), self.offer.local, *introduced(info), has_views=has_views(capabilities))

    def answer(self, request: Request, caller: Caller, stop: Cancellation) -> dict[str, Any]:
        """The result of a request that was admitted, or a ProtocolError. Blocks while the store works."""
        if request.method in READS:
            with self._on_record(request, caller) as record:
                result = self._told(request, caller, stop)
                record.sent(len(orjson.dumps(result)))
        else:
            result = self._told(request, caller, stop)
        if not self._modern:
            return result
        cache = _CACHE if request.method in _CACHEABLE else {}
        info = {protocol.SERVER_KEY: protocol.server_info(package_version())}
        meta = {"_meta": result.get("_meta", {}) | info}
        return result | cache | {"resultType": "complete"} | meta

    @contextlib.contextmanager
    def _on_record(self, request: Request, caller: Caller) -> Iterator[Record]:
        """Puts a request on record that calls no tool; one that cannot be recorded is not answered."""
        record = self.offer.calls.record(self.context, caller, request.method, request.params)
        try:
            with serving(record.call):
                yield record
        except ProtocolError as error:
            record.failed("error", str(error))
            raise
        finally:
            try:
                record.end(None)
            except Sentence as sentence:
                raise ProtocolError(protocol.INTERNAL_ERROR, str(sentence)) from None

    def limit_s(self, call: Request) -> float:
        """The time that a call of a tool may take."""
        name, arguments = self.offer.names.dotted(call.params["name"]), call.params.get("arguments") or {}
        return self.offer.calls.limit_s(name, arguments, self.context)

    def _told(self, request: Request, caller: Caller, stop: Cancellation) -> dict[str, Any]:
        result = self._result(request, caller, stop)
        return self.offer.names.told(request.method, result, caller.program)

    def _result(self, request: Request, caller: Caller, stop: Cancellation) -> dict[str, Any]:
        params = request.params
        match request.method:
            case "initialize":
                return protocol.initialize(params["protocolVersion"], package_version())
            case "server/discover":
                return protocol.discover()
            case "tools/call":
                return self._call(params["name"], params.get("arguments") or {}, caller, stop)
            case "tools/list":
                return {"tools": self.offer.names.shown(self._tools, caller)}
            case "prompts/list":
                return {"prompts": surface()["prompts"]}
            case "prompts/get":
                return get_prompt(params["name"], params.get("arguments"))
            case "resources/list":
                return {"resources": shown_resources(surface()["resources"], caller.has_views)}
            case "resources/templates/list":
                return {"resourceTemplates": surface()["resource_templates"]}
            case "resources/read":
                return read_resource(self.context, params["uri"])
            case "resources/subscribe":
                self.subscriptions.subscribe(params["uri"])
                return {}
            case "resources/unsubscribe":
                self.subscriptions.unsubscribe(params["uri"])
                return {}
            case "subscriptions/listen":
                return self.subscriptions.stream(request.id, params["notifications"], stop)
            case "completion/complete":
                argument, given = params["argument"], (params.get("context") or {}).get("arguments")
                return complete(self.context, argument["name"], argument["value"], given)
            case _:  # ping, and logging/setLevel: this server sends no log messages to its clients
                return {}

    def _call(self, name: str, arguments: dict[str, Any], caller: Caller, stop: Cancellation) -> dict[str, Any]:
        name = self.offer.names.dotted(name)
        try:
            return _result(self.offer.calls.run(self.context, caller, name, arguments, stop))
        except Sentence as sentence:
            return {"content": [{"type": "text", "text": str(sentence)}], "isError": True}


def _result(answered: Answered) -> dict[str, Any]:
    content = [{"type": "text", "text": answered.json.decode()}]
    content += [{"type": "image", "data": b64encode(png).decode(), "mimeType": "image/png"} for png in answered.images]
    content += answered.links
    return {"content": content, "structuredContent": orjson.Fragment(answered.json), "isError": False}
