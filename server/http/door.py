"""The door of the HTTP server: which addresses may come in, how often each caller, and who has left again."""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import lru_cache

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.integrations.redis_link import RedisLink
from chimera_metrics.server.http.bodies import HEAVIEST_BODY, Bodies, Gone, TooManyValues, TooMuch
from chimera_metrics.server.http.cors import Cors
from chimera_metrics.server.http.marks import GONE, RECORDED, Departure, Mark
from chimera_metrics.server.http.rates import Bucket, SharedRates

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
#: Told of each refusal: the reason's word and the address.
Refusal = Callable[[str, str], None]
_CALLERS = 10_000
# How those further in refuse a request; 403 is said of a scope too, with what would be needed.
_REFUSALS = {401: "token", 403: "origin", 413: "size", 421: "host"} | dict.fromkeys((400, 405, 406, 415), "request")
MCP_PATH = "/mcp"
#: Where an answer tells that the token was right.
TOKEN_PATHS = {MCP_PATH, "/v1/traces", "/api/public/otel/v1/traces"}
_READY = "/readyz"
_HEALTH = {"/livez", _READY}
# The kinds of limits.
_TOKEN, _ADDRESS = "token", "address"
_ENDING = "The server was told to end: send requests to another one. Calls under way are answered."
_COMPLAIN_S = 10.0
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\s:/?#@\[\]\\]*)(?::[0-9]{1,5})?")
_ORIGIN = re.compile(rf"[A-Za-z][A-Za-z0-9+.-]*://{_HOST.pattern}")
_log = logging.getLogger(__name__)


class Door:
    """ASGI middleware, outermost."""

    def __init__(
        self,
        app: ASGIApp,
        allowed: Sequence[str],
        proxies: Sequence[str],
        per_minute: int,
        refused: Refusal,
        anonymous: int = 0,
        check: Callable[[], object] = lambda: None,
        authenticated: bool = True,
        longest_body: int = 16_000_000,
        abandon_calls: Callable[[], None] = lambda: None,
        origins: Sequence[str] = (),
        end_streams: Callable[[], None] = lambda: None,
        share: Callable[[int], int] = lambda whole: whole,
        link: Callable[[], RedisLink | None] = lambda: None,
    ) -> None:
        """`per_minute` requests of a token, `anonymous` ones of an address without one; `check` raises a MuseError
        where nobody can be told from anybody. Where nobody is `authenticated`, what is sent as a token is nothing.
        `abandon_calls` writes the lines of the calls that a process which has to end does not wait for; `end_streams`
        ends those that tell of updates. `share` and `link`: see `SharedRates`."""
        self._app = app
        self._allowed = [ipaddress.ip_network(word, strict=False) for word in allowed]
        self._proxies = [ipaddress.ip_network(word, strict=False) for word in proxies]
        self._rates = SharedRates({_TOKEN: per_minute, _ADDRESS: anonymous}, share, link)
        self._check = check
        self._authenticated = authenticated
        self._bodies = Bodies(longest_body)
        self._cors = Cors(origins)
        self._checked = 0.0
        #: Tokens that were right before, so that others from their address cannot take their turn.
        self._known: OrderedDict[str, None] = OrderedDict()
        self.refused = refused
        self.abandon_calls, self.end_streams = abandon_calls, end_streams
        #: Whether the process was told to end: balancers are to send nothing more, and connections are not kept.
        self.ending = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope = _with_plain_host(_without_slash(scope))
        headers = Headers(scope=scope)
        address = self._address(scope, headers)
        name = _name(address)
        token = _token(headers) if self._authenticated else None
        send = self._cors.shown_to(headers.get("origin"), send)
        refusal = await self._refusal(scope, headers, address, name, token)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        if not self._authenticated or token in self._known:  # nobody else's body is read at all
            try:
                heaviest = HEAVIEST_BODY if scope["path"] == MCP_PATH else None
                receive = await self._bodies.gather(scope, receive, heaviest)
            except Gone:
                return
            except TooManyValues:
                self.refused(_REFUSALS[413], name)
                await _answer(413, "This request holds millions of values; send less at a time.")(scope, receive, send)
                return
            except TooMuch:
                self.refused("connections", name)
                await _answer(503, "Too many large requests at once; try again.")(scope, receive, send)
                return
        gone, recorded = Departure(), Mark()

        async def notice() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect":
                gone.set()
            return message

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._look(message, scope["path"], name, token)
                if self.ending:
                    MutableHeaders(scope=message)["Connection"] = "close"
                if message["status"] in _REFUSALS and not recorded.happened:
                    self.refused(_reason(message), name)
            await send(message)

        await self._app({**scope, GONE: gone, RECORDED: recorded}, notice, watch)

    def admits(self, peer: str) -> bool:
        """Whether a connection from that address may be made. Who calls through a proxy is seen in its requests."""
        if not self._allowed:
            return True
        address = _parse(peer)
        return address is not None and _within(address, [*self._allowed, *self._proxies])

    def is_proxy(self, peer: str) -> bool:
        address = _parse(peer) if self._proxies else None
        return address is not None and _within(address, self._proxies)

    async def _refusal(
        self, scope: Scope, headers: Headers, address: Address | None, name: str, token: str | None
    ) -> Response | None:
        """What a request is answered that goes no further."""
        if self._allowed and not (address is not None and _within(address, self._allowed)):
            self.refused("address", name)
            return _answer(403, "This address may not call this server (MUSE_ALLOWED_IPS).")
        if (status := _bent(headers)) is not None:
            self.refused(_REFUSALS[status], name)
            answer = _answer(
                status,
                "Host, Origin, Authorization and the body's length stand once each; the first two say a name and a "
                "port.",
            )
            answer.headers["Connection"] = "close"  # what follows may be a part of this request, or another one
            return answer
        if self.ending and scope["path"] == _READY:
            words = {"status": "not ready", "cause": "ending", "advice": _ENDING}
            return JSONResponse(words, status_code=503, headers={"Connection": "close"})
        if token is None:
            wait = None if scope["path"] in _HEALTH else await self._rates.first_wait(Bucket(_ADDRESS, name))
            return self._too_many(name, wait, "from this address without a token") or self._preflight(
                scope, headers, name
            )
        try:
            self._check()
        except MuseError as error:
            self._complain(error)
            return _answer(503, "Tokens cannot be checked now; the server's log says why.")
        # Guessing a token is hopeless at any speed, they hold 256 bits; but each try costs the server some work.
        guesses = [] if token in self._known else [Bucket(_ADDRESS, name, takes=False)]
        wait = await self._rates.first_wait(*guesses, Bucket(_TOKEN, token))
        guessed = wait is not None and wait[0] == _ADDRESS
        return self._too_many(name, wait, "from this address without a valid token" if guessed else "with this token")

    def _preflight(self, scope: Scope, headers: Headers, name: str) -> Response | None:
        answer = self._cors.preflight(scope, headers)
        if answer is not None and answer.status_code in _REFUSALS:
            self.refused(_REFUSALS[answer.status_code], name)
        return answer

    def _too_many(self, name: str, wait: tuple[str, float] | None, whose: str) -> JSONResponse | None:
        if wait is None:
            return None
        wait_s = wait[1]
        self.refused("rate", name)
        answer = _answer(429, f"Too many requests {whose}; try again in {wait_s:.1f} s.")
        answer.headers["Retry-After"] = str(max(1, round(wait_s)))
        return answer

    def _look(self, message: Message, path: str, name: str, token: str | None) -> None:
        """Learns from an answer whether its token was right; each that was not takes from what its address may."""
        if token is None or token in self._known:
            return
        if path not in TOKEN_PATHS or not 200 <= message["status"] < 300:
            self._rates.take(Bucket(_ADDRESS, name))
            return
        self._known[token] = None
        if len(self._known) > _CALLERS:
            self._known.popitem(last=False)

    def _complain(self, error: MuseError) -> None:
        if time.monotonic() - self._checked > _COMPLAIN_S:
            self._checked = time.monotonic()
            _log.error("Callers with tokens get 503: %s", error)

    def _address(self, scope: Scope, headers: Headers) -> Address | None:
        """The caller's address: the peer's, or behind our proxies the last one that none of them is."""
        peer = _parse_peer(scope["client"][0]) if scope.get("client") else None
        chain = [word.strip() for word in ",".join(headers.getlist("x-forwarded-for")).split(",") if word.strip()]
        while peer is not None and chain and _within(peer, self._proxies):
            peer = _parse(chain.pop())
        return peer


def _reason(message: Message) -> str:
    if message["status"] == 403 and "www-authenticate" in Headers(raw=message["headers"]):
        return "scope"
    return _REFUSALS[message["status"]]


def _token(headers: Headers) -> str | None:
    """What stands for the token of a request, without its scheme, which may be spelled in many ways."""
    given = headers.get("authorization")
    if given is None:
        return None
    return hashlib.sha256((given.partition(" ")[2].strip() or given).encode()).hexdigest()


def _bent(headers: Headers) -> int | None:
    """The status for a request in which a header by which callers are told apart can be read in two ways.

    The names behind the door are compared up to the colon: `127.0.0.1:80@example.org` would be of this machine.
    """
    hosts, origins = headers.getlist("host"), headers.getlist("origin")
    if len(origins) > 1 or not all(origin == "null" or _ORIGIN.fullmatch(origin) for origin in origins):
        return 403
    if len(hosts) > 1 or not all(map(_HOST.fullmatch, hosts)):
        return 421
    # A proxy that reads another one of the two lengths takes what is left over for somebody else's request.
    lengths = headers.getlist("content-length") + headers.getlist("transfer-encoding")
    return 400 if len(lengths) > 1 or "," in "".join(lengths) or len(headers.getlist("authorization")) > 1 else None


def _without_slash(scope: Scope) -> Scope:
    """`/mcp/` is `/mcp`. A redirect would name a host, and the client says which: it may be anybody's."""
    path = scope["path"].rstrip("/") or "/"
    if path == scope["path"]:
        return scope
    raw = scope.get("raw_path")
    return {**scope, "path": path, "raw_path": raw and (raw.rstrip(b"/") or b"/")}


def _with_plain_host(scope: Scope) -> Scope:
    """Names of hosts have no case; those behind the door are compared as they are written."""
    if all(value == value.lower() for key, value in scope["headers"] if key == b"host"):
        return scope
    headers = [(key, value.lower() if key == b"host" else value) for key, value in scope["headers"]]
    return {**scope, "headers": headers}


def _name(address: Address | None) -> str:
    return "unknown" if address is None else str(address)


def _parse(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


# Only those of connections are kept: what a header says may be as long as its writer likes.
_parse_peer = lru_cache(_CALLERS)(_parse)


def _within(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _answer(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"error": sentence}, status_code=status)
