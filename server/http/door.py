"""The door of the HTTP server: which addresses may come in, how often each caller, and who has left again."""

from __future__ import annotations

import hashlib
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

import anyio
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chimera_metrics.server.http.watch import GONE

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
#: Told of each refusal: the reason's word and the address.
Refusal = Callable[[str, str], None]
_CALLERS = 10_000
# How those further in refuse a request; 403 is said of a scope too, with what would be needed.
_REFUSALS = {401: "token", 403: "origin", 413: "size", 421: "host"}


class Rates:
    """A bucket a caller: full at the start, refilled evenly, empty means wait."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, caller: str) -> float:
        """0 if the caller may come in now, else the seconds until then."""
        if not self._per_minute:
            return 0.0
        now = self._clock()
        level, seen = self._buckets.pop(caller, (float(self._per_minute), now))
        level = min(self._per_minute, level + (now - seen) * self._per_minute / 60)
        allowed = level >= 1
        self._buckets[caller] = (level - 1 if allowed else level, now)
        if len(self._buckets) > _CALLERS:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - level) * 60 / self._per_minute


class Door:
    """ASGI middleware, outermost."""

    def __init__(
        self,
        app: ASGIApp,
        allowed: Sequence[str],
        proxies: Sequence[str],
        per_minute: int,
        refused: Refusal,
    ) -> None:
        self._app = app
        self._allowed = [ipaddress.ip_network(word, strict=False) for word in allowed]
        self._proxies = [ipaddress.ip_network(word, strict=False) for word in proxies]
        self._rates = Rates(per_minute)
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        address = self._address(scope, headers)
        if self._allowed and not (address is not None and _within(address, self._allowed)):
            self._refused("address", _name(address))
            answer = _answer(403, "This address may not call this server (MUSE_ALLOWED_IPS).")
            await answer(scope, receive, send)
            return
        # A bucket a token. Guessing one is hopeless at any speed, they hold 256 bits.
        given = headers.get("authorization")
        if given is not None:
            # Without the scheme, which may be spelled in many ways.
            token = given.partition(" ")[2].strip() or given
            wait_s = self._rates.wait_s(hashlib.sha256(token.encode()).hexdigest())
            if wait_s:
                self._refused("rate", _name(address))
                answer = _answer(429, f"Too many requests with this token; try again in {wait_s:.1f} s.")
                answer.headers["Retry-After"] = str(max(1, round(wait_s)))
                await answer(scope, receive, send)
                return
        gone = anyio.Event()

        async def notice() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect":
                gone.set()
            return message

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in _REFUSALS:
                scoped = message["status"] == 403 and "www-authenticate" in Headers(raw=message["headers"])
                self._refused("scope" if scoped else _REFUSALS[message["status"]], _name(address))
            await send(message)

        await self._app({**scope, GONE: gone}, notice, watch)

    def _address(self, scope: Scope, headers: Headers) -> Address | None:
        """The caller's address: the peer's, or behind our proxies the last one that none of them is."""
        peer = _parse(scope["client"][0]) if scope.get("client") else None
        chain = [word.strip() for word in ",".join(headers.getlist("x-forwarded-for")).split(",") if word.strip()]
        while peer is not None and chain and _within(peer, self._proxies):
            peer = _parse(chain.pop())
        return peer


def _name(address: Address | None) -> str:
    return "unknown" if address is None else str(address)


def _parse(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _within(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _answer(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"error": sentence}, status_code=status)
