"""The server over HTTP: who may reach it, by which names, and the pages beside the protocol."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import anyio
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.provider import TokenVerifier as Verifier
from mcp.server.auth.settings import AuthSettings
from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from pydantic import AnyHttpUrl
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from chimera_metrics.integrations import redis_link
from chimera_metrics.integrations.answers.cache import Memory
from chimera_metrics.integrations.audit.trail import AuditFailed, AuditLine, now
from chimera_metrics.integrations.clickhouse.call import Call
from chimera_metrics.integrations.config import MuseSettings, Settings
from chimera_metrics.integrations.errors import SettingsError
from chimera_metrics.integrations.operations import consumers
from chimera_metrics.server.catalog.callers import Role
from chimera_metrics.server.context import ServerContext
from chimera_metrics.server.http.bodies import quiet_about_clients_that_leave
from chimera_metrics.server.http.build import build_server
from chimera_metrics.server.http.door import MCP_PATH, Door
from chimera_metrics.server.http.exchange import Exchanges
from chimera_metrics.server.http.exported import add_exports
from chimera_metrics.server.http.marks import RECORDED
from chimera_metrics.server.http.muse_server import MuseServer
from chimera_metrics.server.http.rates import Rates
from chimera_metrics.server.http.sessions import WithoutSessions
from chimera_metrics.server.http.straight import Straight
from chimera_metrics.server.http.tokens import Tokens, TokenVerifier, tokens_of
from chimera_metrics.server.metrics import CONTENT_TYPE, resident_bytes
from chimera_metrics.server.offer import Offer

_READY_S = 2.0
# Cancels for calls of other servers that are passed to the engine at once.
_STOPPING = 4
# Refusals at the door that reach the audit file, a minute: enough to see an attack, too few to fill a disk.
_AUDITED_REFUSALS = 60
_REFUSALS = {
    "address": "MUSE_ALLOWED_IPS does not list the address.",
    "rate": "Too many requests.",
    "token": "No valid token came with the request.",
    "scope": "The token has not the scope that this needs.",
    "host": "The Host header names another server.",
    "origin": "The Origin header names a page that is not listed.",
    "size": "The request is larger than MUSE_MAX_REQUEST_BYTES.",
    "request": "The request is not one of the protocol.",
    "connections": "Too many connections.",
    "slow": "The request did not come, or its answer was not read, in time.",
}
_CAUSES = {
    "starting": "The server has just started; ask again in a moment.",
    "timeout": "The store gave no answer in time; `muse status` on the server's machine says more.",
    "unreachable": "The ClickHouse server does not answer: check CH_HOST, CH_PORT and the network.",
    "access_refused": "The ClickHouse server refuses the account: check CH_USERNAME and CH_PASSWORD.",
    "certificate_refused": "TLS to the ClickHouse server failed: check CH_CA_CERT, CH_PORT and CH_SECURE.",
    "server_too_old": "The ClickHouse server is older than this program works with: upgrade it.",
    "schema_mismatch": "The schema is not the one that this version needs: run `muse upgrade`.",
    "store_busy": "Another process has the embedded store: end it, or raise CH_STORE_WAIT.",
    "store_unusable": "The embedded store cannot be opened: `muse status` on the server's machine says why.",
    "pool_exhausted": "All connections are in use: raise CH_CONNECTION_POOL_SIZE, or send fewer calls at once.",
}
_OTHER_CAUSE = "The server's log says why, and so does `muse status` on its machine."
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Both:
    """A verifier of two kinds of tokens: ours, which say so by their form, and the issuer's."""

    ours: Verifier
    issuers: Verifier

    async def verify_token(self, token: str) -> AccessToken | None:
        return await self.ours.verify_token(token) or await self.issuers.verify_token(token)


def build_app(settings: Settings, host: str, read_only: bool = False, ui: bool | None = None) -> Door:
    """The ASGI application. Raises SettingsError where it would be open to whom it must not be.

    `ui`: with the page at `/`; unless said, where only this machine reaches it.
    """
    tokens = tokens_of(settings)
    auth = _auth(settings.muse, tokens)
    check_reach(settings.muse, host, bool(auth))
    if settings.muse.redis_url is not None:
        redis_link.library()  # said now, not to the first caller
    server = build_server(settings, read_only, **auth)
    names = _names(settings.muse, host)
    verifier, checked = auth.get("token_verifier"), TransportSecurityMiddleware(names)
    _pages(server, verifier, checked)
    add_exports(server, verifier, checked)
    if loopback(host) if ui is None else ui:
        _add_page(server, verifier, checked, Offer.of(settings, read_only).local)
    if settings.muse.otlp:
        from chimera_metrics.integrations.otlp.prices import Prices
        from chimera_metrics.server.http.traces import add_traces

        Prices(settings.muse.prices)  # a file that cannot be taken is said now, not to the first exporter
        stores = not read_only and "insert" in settings.muse.tools
        add_traces(server, verifier, checked, stores, Offer.of(settings, read_only).local)
    app = server.streamable_http_app(
        stateless_http=settings.muse.stateless,
        max_request_body_size=settings.muse.max_request_bytes,
        transport_security=names,
        streamable_http_path=MCP_PATH,
        host=host,
    )
    if settings.muse.stateless:
        exchanges = Exchanges(server.session_manager, lambda: server.state)
        WithoutSessions(server.session_manager, exchanges, _Elsewhere(server).stop)
    app.router.redirect_slashes = False
    quiet_about_clients_that_leave()
    return Door(
        Straight(app, MCP_PATH),
        settings.muse.allowed_ips,
        settings.muse.trusted_proxies,
        settings.muse.rate_limit,
        _Refusals(server).note,
        settings.muse.anonymous_per_minute,
        tokens.tokens,
        bool(auth),
        settings.muse.max_request_bytes,
        lambda: server.state.abandon_calls() if server.state is not None else None,
        settings.muse.allowed_origins,
        server.end_streams,
        settings.muse.share_of,
        lambda: server.state.redis if server.state is not None else None,
    )


def _add_page(server: MuseServer, verifier: Verifier | None, names: TransportSecurityMiddleware, local: Role) -> None:
    from chimera_metrics.server.pages.routes import Pages, add_pages
    from chimera_metrics.server.pages.sessions import Doorkeeper

    add_pages(server.custom_route, Pages(server, Doorkeeper(verifier, local), names, RECORDED))


def _auth(settings: MuseSettings, tokens: Tokens) -> dict[str, Any]:
    """The SDK's arguments: nothing, where nobody was ever given a token and no issuer is named.

    A file without tokens opens to nobody: the last one was revoked, which is no invitation to all.
    """
    if settings.oauth_issuer is not None:
        from chimera_metrics.server.http.oauth import READ_SCOPE, oauth

        words, issuers = oauth(settings)
        return {"auth": words, "token_verifier": Both(TokenVerifier(tokens, settings.url, (READ_SCOPE,)), issuers)}
    tokens.tokens()  # a damaged file opens nothing
    if not tokens.files:
        return {}
    # The SDK asks for an issuer even where tokens are handed out by hand; without a resource it tells nobody.
    nobody = AuthSettings(issuer_url=AnyHttpUrl("http://localhost"), resource_server_url=None)
    return {"auth": nobody, "token_verifier": TokenVerifier(tokens)}


def tokens_in_words(settings: Settings) -> list[str]:
    """Where the tokens come from that this server takes, for its log."""
    tokens = tokens_of(settings)
    lines = [f"Tokens are read from {file.path}." for file in tokens.files if file is tokens.own]
    if tokens.earlier is not None and tokens.earlier in tokens.files:
        lines.append(
            f"Tokens are read from {tokens.earlier.path} too, where version 0.1 kept them: they open every store of "
            "this user. Create new ones with `muse token create`, which opens this store alone, and remove that file."
        )
    if lines and not tokens.tokens():
        lines.append("There is no token in it, so nobody may call: `muse token create NAME --role reader`.")
    muse = settings.muse
    if lines and muse.servers > 1 and muse.tokens_file is None and not settings.clickhouse.embedded:
        lines.append("Every one of the MUSE_SERVERS needs the same tokens: name a file for all in MUSE_TOKENS_FILE.")
    return lines


def check_reach(settings: MuseSettings, host: str, authenticated: bool) -> None:
    """Refuses an address that others can reach without authentication, or under names that nobody has said."""
    if not authenticated:
        _check_front(settings)
    if loopback(host):
        return
    if not authenticated:
        raise SettingsError(
            f"--host {host} can be reached from other machines, and nobody has to say who they are: create a token "
            "(`muse token create NAME --role reader`) or name an issuer in MUSE_OAUTH_ISSUER; or listen on 127.0.0.1."
        )
    if host in {"0.0.0.0", "::"} and not settings.url and not settings.allowed_hosts:  # noqa: S104  # compared, not bound
        raise SettingsError(
            f"--host {host} stands for every name of this machine; say by which names clients reach it, in MUSE_URL "
            "(https://metrics.example.org/mcp) or MUSE_ALLOWED_HOSTS (metrics.example.org)."
        )


def _check_front(settings: MuseSettings) -> None:
    """Behind a proxy everybody comes from this machine, so an address of this machine protects nothing."""
    says = None
    if settings.trusted_proxies:
        says = "MUSE_TRUSTED_PROXIES names proxies"
    elif settings.url is not None and not loopback(urlsplit(settings.url).hostname or ""):
        says = f"MUSE_URL says that clients reach this server at {settings.url}"
    if says is not None:
        raise SettingsError(
            f"{says}, so others than this machine's users may call, and nobody has to say who they are: create a token "
            "(`muse token create NAME --role reader`) or name an issuer in MUSE_OAUTH_ISSUER; or unset it."
        )


def loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _names(settings: MuseSettings, host: str) -> TransportSecuritySettings:
    """Host and Origin headers that are taken: a page of another name, which a browser runs, gets no answer."""
    names = ["127.0.0.1", "localhost", "[::1]", *settings.allowed_hosts]
    names += [f"[{host}]" if ":" in host else host]
    if settings.url is not None:
        names.append(urlsplit(settings.url).netloc)
    hosts = [form for name in names for form in (name.lower(), f"{name.lower()}:*")]
    origins = [f"http://{name}" for name in ("127.0.0.1", "localhost", "[::1]")]
    origins += [
        form
        for origin in (*origins, *settings.allowed_origins)
        for form in (origin.rstrip("/"), f"{origin.rstrip('/')}:*")
    ]
    return TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=origins)


def _pages(server: MuseServer, verifier: Verifier | None, names: TransportSecurityMiddleware) -> None:
    """`/livez` and `/readyz` for everybody, `/metrics` for callers who may call the tools."""

    async def livez(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_: Request) -> Response:
        cause: str | None = "starting"
        if server.state is not None:
            cause = "timeout"
            with anyio.move_on_after(_READY_S):
                cause = await anyio.to_thread.run_sync(
                    server.state.unready, abandon_on_cancel=True, limiter=server.state.probes
                )
        words: dict[str, Any] = {"status": "ok" if cause is None else "not ready"}
        if cause is not None:
            # Everybody may ask: the kind of error and what to do; host, path and account stand in the log alone.
            words |= {"cause": cause, "advice": _CAUSES.get(cause, _OTHER_CAUSE)}
        if server.state is not None and (overdue := server.state.overdue()):
            words["overdue_statements"] = overdue
        return JSONResponse(words, status_code=200 if cause is None else 503)

    async def metrics(request: Request) -> Response:
        if (refusal := await names.validate_request(request)) is not None:
            return refusal
        if verifier is not None:
            kind, _, token = request.headers.get("authorization", "").partition(" ")
            if kind.lower() != "bearer" or await verifier.verify_token(token) is None:
                return JSONResponse({"error": "Metrics need a token, like the tools."}, status_code=401)
        if server.state is None:
            return PlainTextResponse("", status_code=503)
        return PlainTextResponse(server.state.metrics.text(await _gauges(server)), media_type=CONTENT_TYPE)

    route: Any = server.custom_route  # the SDK leaves its decorator untyped
    for path, page in (("/livez", livez), ("/readyz", readyz), ("/metrics", metrics)):
        route(path, methods=["GET"])(page)


async def _gauges(server: MuseServer) -> Mapping[str, tuple[str, float]]:
    gauges = {"process_resident_memory_bytes": ("Memory in RAM.", resident_bytes())}
    if server.state is not None:
        words = "Statements that run on although their limit of time is over."
        gauges["muse_statements_overdue"] = (words, float(server.state.overdue()))
    if server.state is not None and server.state.audit is not None:
        waiting = await anyio.to_thread.run_sync(server.state.audit.shipping.waiting)
        gauges["muse_audit_waiting_bytes"] = ("Audit lines that are not in the table yet.", float(waiting))
    if server.state is not None:
        gauges |= _of_the_cache(server.state)
        gauges |= await anyio.to_thread.run_sync(consumers.gauges, server.state.settings.clickhouse)
    return gauges


def _of_the_cache(state: ServerContext) -> Mapping[str, tuple[str, float]]:
    gauges = {}
    if state.cache is not None and isinstance(memory := state.cache.places[0], Memory):
        gauges["muse_cache_answers"] = ("Answers kept in memory.", float(len(memory)))
        gauges["muse_cache_bytes"] = ("Bytes of memory that they take.", float(memory.bytes))
    if state.redis is not None:
        gauges["muse_redis_answers"] = ("Whether Redis answers, 1 or 0.", float(state.redis.answers))
        gauges["muse_redis_failures"] = ("Times that it did not, since the start.", float(state.redis.failures))
    return gauges


class _Elsewhere:
    """Stops calls of our other servers on the same engine."""

    def __init__(self, server: MuseServer) -> None:
        self._server = server
        self._limiter = anyio.CapacityLimiter(_STOPPING)

    async def stop(self, family: str) -> bool:
        state = self._server.state
        if state is None or state.settings.clickhouse.embedded:
            return False
        return await anyio.to_thread.run_sync(state.stop_family, family, limiter=self._limiter)


class _Refusals:
    """Counts, logs and records who was refused before any call, by address: at such a point nobody has a name."""

    def __init__(self, server: MuseServer) -> None:
        self._server = server
        self._rates = Rates(_AUDITED_REFUSALS)

    def note(self, reason: str, address: str) -> None:
        state = self._server.state
        if state is None:
            return
        state.metrics.refused(reason)
        if self._rates.wait_s(""):
            return
        call_id, sentence = Call().call_id, _REFUSALS[reason]
        _log.warning("Refused %s: %s", address, sentence)
        if state.audit is None:
            return
        try:
            state.audit.append(
                AuditLine(now(), call_id, address, "", "", "", "{}", "", "", 0, 0, 0.0, "refused", sentence)
            )
        except AuditFailed as error:
            _log.warning("A refusal (%s) is not recorded: %s", reason, error)  # refused it is all the same
