"""The routes of the page: views, pictures, rows, signing in and out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode

import anyio
from jinja2 import ChoiceLoader, Environment, PackageLoader
from mcp.server.transport_security import TransportSecurityMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse

from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.integrations.report.asking import made
from chimera_metrics.integrations.report.html import environment, style
from chimera_metrics.integrations.report.parts import Link, Planned, Section, Table
from chimera_metrics.integrations.report.pictures import svg
from chimera_metrics.integrations.report.scope import Scope
from chimera_metrics.integrations.report.views import VIEWS
from chimera_metrics.server.catalog.callers import Caller
from chimera_metrics.server.catalog.tool import Sentence
from chimera_metrics.server.context import ServerContext
from chimera_metrics.server.pages.asking import MakeRecord, PageAsk, Remembered
from chimera_metrics.server.pages.rows import statement
from chimera_metrics.server.pages.sessions import MARK, TOKEN, Doorkeeper, is_own_form, keep, new_mark

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_HEADERS = _SAFE | {"Content-Security-Policy": _CSP, "Cache-Control": "private, no-store"}
# A picture is a page of its own where somebody opens it; its style stands in it, and nothing of it may run.
_PICTURE = _SAFE | {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Cache-Control": "private, max-age=60",
}
_ASSETS = {"page.css": "text/css", "page.js": "text/javascript", "favicon.svg": "image/svg+xml"}
_PATHS = {name: "/" if name == "overview" else f"/{name}" for name in VIEWS} | {"rows": "/rows"}
_FIELDS = {"days": "days", "since": "since", "until": "until", "zone": "time zone"}
_MORE = {
    "trend": {"metric": "metric", "by": "groups", "granularity": "granularity"},
    "benchmarks": {"commit": "commit"},
    "correlations": {"x": "x metric", "y": "y metric", "granularity": "granularity"},
    "drivers": {"metric": "metric", "granularity": "granularity", "baseline_since": "baseline since"},
    "rows": {"table": "table"},
}
_LONGEST_FORM = 20_000


class Server(Protocol):
    """What the page needs of the server: its running context, and how a question comes on record."""

    @property
    def state(self) -> ServerContext | None: ...
    @property
    def record(self) -> MakeRecord: ...


@dataclass(slots=True)
class Pages:
    """All routes of the page."""

    server: Server
    doorkeeper: Doorkeeper
    names: TransportSecurityMiddleware
    recorded: str
    _kept: Remembered = field(default_factory=Remembered)
    _templates: Environment = field(default_factory=lambda: _environment())

    def view(self, name: str) -> Callable[[Request], Awaitable[Response]]:
        async def shown(request: Request) -> Response:
            return await self._for_caller(request, lambda state, caller: self._view(name, request, state, caller))

        return shown

    async def picture(self, request: Request) -> Response:
        return await self._for_caller(request, lambda state, caller: self._picture(request, state, caller), page=False)

    async def asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _ASSETS:
            return PlainTextResponse("There is no such file.", status_code=404)
        text = (
            style() if name == "page.css" else files(__package__).joinpath("assets", name).read_text(encoding="utf-8")
        )
        return Response(text, media_type=_ASSETS[name], headers=_SAFE | {"Cache-Control": "max-age=300"})

    async def favicon(self, request: Request) -> Response:
        return RedirectResponse("/page/favicon.svg", headers=_SAFE)

    async def sign_in(self, request: Request) -> Response:
        if (refusal := await self.names.validate_request(request)) is not None:
            return refusal
        form = await _form(request)
        if not is_own_form(request, form.get("mark", "")):
            return self._ask_to_sign_in(request, "This form came from elsewhere, or is old; send it once more.", 403)
        if await self.doorkeeper.known(form.get("token", "").strip()) is None:
            return self._ask_to_sign_in(
                request, "This is no valid token; `muse token list` shows those there are.", 401
            )
        response = RedirectResponse(_own_path(form.get("to", "/")), 303, _HEADERS)
        keep(response, request, TOKEN, form["token"].strip())
        return response

    async def sign_out(self, request: Request) -> Response:
        if (refusal := await self.names.validate_request(request)) is not None:
            return refusal
        if not is_own_form(request, (await _form(request)).get("mark", "")):
            return self._ask_to_sign_in(request, "This form came from elsewhere, or is old; send it once more.", 403)
        response = RedirectResponse("/", 303, _HEADERS)
        response.delete_cookie(TOKEN, path="/")
        return response

    async def _for_caller(
        self, request: Request, show: Callable[[ServerContext, Caller], Awaitable[Response]], page: bool = True
    ) -> Response:
        if (refusal := await self.names.validate_request(request)) is not None:
            return refusal
        if self.server.state is None:
            return PlainTextResponse("The server has just started; load the page again.", status_code=503)
        caller = await self.doorkeeper.caller(request)
        if caller is None:
            return self._ask_to_sign_in(request, "", 401) if page else PlainTextResponse("Sign in.", status_code=401)
        if (noted := request.scope.get(self.recorded)) is not None:
            noted.set()
        return await show(self.server.state, caller)

    def _ask_to_sign_in(self, request: Request, fault: str, status: int) -> Response:
        mark = new_mark(request)
        to = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        words = {"title": "Sign in", "views": [], "view": "", "signed_in": False, "mark": mark, "fault": fault}
        page = self._templates.get_template("sign_in.html").render(
            words | {"to": to if request.method == "GET" else "/"}
        )
        response = Response(page, status, _HEADERS, "text/html; charset=utf-8")
        keep(response, request, MARK, mark)
        return response

    async def _view(self, name: str, request: Request, state: ServerContext, caller: Caller) -> Response:
        scope, fault = _scope(request)
        ask = PageAsk(state, caller, self.server.record, self._kept, scope.zone)
        mark = new_mark(request)
        if name == "rows":
            may_run = request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
            sql, planned = await _on_a_worker(state, lambda: _rows(state, scope, ask, may_run))
        else:
            sql, planned = None, VIEWS[name].planned(scope)
        if fault:
            planned = [Planned("The address", lambda _: Section("The address", [fault], failed=True))]
        response = StreamingResponse(
            self._stream(name, scope, state, ask, planned, mark, sql), 400 if fault else 200, _HEADERS, "text/html"
        )
        if self.doorkeeper.verifier is not None:
            keep(response, request, MARK, mark)
        return response

    async def _stream(
        self,
        name: str,
        scope: Scope,
        state: ServerContext,
        ask: PageAsk,
        planned: list[Planned],
        mark: str,
        sql: str | None,
    ) -> AsyncIterator[str]:
        """The head at once, then each section when its answer is there."""
        views = [
            (one, _address(scope, Link("", one, {"sql": None, "table": None})), view.title)
            for one, view in VIEWS.items()
        ]
        words: dict[str, Any] = {
            "title": VIEWS[name].title if name in VIEWS else "Rows",
            "views": views, "view": name, "mark": mark, "signed_in": self.doorkeeper.verifier is not None,
            "action": _PATHS[name], "fields": _fields(name, scope), "filters": [*scope.where, ""], "sql": sql,
        }  # fmt: skip
        yield self._templates.get_template("head.html").render(words)
        yield '<main id="main" tabindex="-1">' + self._templates.get_template("scope.html").render(words)
        template = self._templates.get_template("section.html")
        for place, one in enumerate(planned):
            section = await _on_a_worker(state, partial(_made, one, ask))
            where, query = f"/page/picture/{name}/{place}", scope.query()
            pictures = [(shown.words, f"{where}/{n}.svg?{query}") for n, shown in enumerate(section.pictures)]
            yield template.render(
                section=section, pictures=pictures, link=lambda link: _address(scope, link), id=f"section-{place}"
            )
        yield "</main>\n</body>\n</html>\n"

    async def _picture(self, request: Request, state: ServerContext, caller: Caller) -> Response:
        """A picture by its place in a view: its address says all, whichever server is asked, and when."""
        scope, fault = _scope(request)
        key = f"svg {request.url.path}?{scope.query()}"
        found: bytes | None = self._kept.get(key)
        if found is None and not fault:
            ask = PageAsk(state, caller, self.server.record, self._kept, scope.zone)
            try:
                found = await _on_a_worker(state, lambda: _drawn(request.path_params, scope, ask))
            except (MuseError, Sentence) as error:
                return PlainTextResponse(str(error), status_code=503, headers=_SAFE)
        if found is None:
            return PlainTextResponse("There is no such picture.", status_code=404, headers=_SAFE)
        self._kept.put(key, found)
        return Response(found, media_type="image/svg+xml", headers=_PICTURE)


def _drawn(place: dict[str, Any], scope: Scope, ask: PageAsk) -> bytes | None:
    view = VIEWS.get(place["view"])
    planned = [] if view is None else view.planned(scope)
    if not place["section"] < len(planned):
        return None
    pictures = planned[place["section"]].make(ask).pictures
    return svg(ask, pictures[place["number"]]) if place["number"] < len(pictures) else None


def _environment() -> Environment:
    """The report's environment, with the page's templates before its own."""
    own, reports = environment().overlay(), PackageLoader("chimera_metrics.integrations.report", "templates")
    own.loader = ChoiceLoader([PackageLoader("chimera_metrics.server.pages", "templates"), reports])
    return own


def _scope(request: Request) -> tuple[Scope, str]:
    """The scope of the address, and what is wrong with it."""
    try:
        return Scope.of(parse_qsl(request.url.query)), ""
    except MuseError as error:
        return Scope(), str(error)


def _rows(state: ServerContext, scope: Scope, ask: PageAsk, may_run: bool) -> tuple[str, list[Planned]]:
    try:
        sql = statement(state, scope)
    except MuseError as error:
        said = str(error)
        return scope.sql or "", [Planned("Rows", lambda _: Section("Rows", [said], failed=True))]
    if not may_run and scope.sql is not None:
        said = "Another site led here with this statement: read it, then press Show."
        return sql, [Planned("Rows", lambda _: Section("Rows", [said]))]
    return sql, [Planned("Rows", lambda _: _table_of(ask, sql))]


def _table_of(ask: PageAsk, sql: str) -> Section:
    answer = ask.rows(sql)
    names = [column["name"] for column in answer["columns"]]
    rows = [["–" if value is None else str(value) for value in row] for row in answer["rows"]]
    count = len(rows)
    lines = [f"{count} row{'' if count == 1 else 's'}.", *filter(None, [answer["truncated_reason"]])]
    tables = [Table("Rows", names, rows)] if rows else []
    return Section("Rows", lines, tables=tables, notes=answer["notes"])


def _made(one: Planned, ask: PageAsk) -> Section:
    try:
        return made(one, ask)
    except Sentence as sentence:  # its line of the audit could not be written, so it is not answered
        return Section(one.title, [str(sentence)], failed=True)


def _fields(name: str, scope: Scope) -> list[tuple[str, str, str]]:
    named = _FIELDS | _MORE.get(name, {})
    values = {one: getattr(scope, one) for one in named}
    return [
        (one, words, ",".join(values[one]) if isinstance(values[one], tuple) else str(values[one] or ""))
        for one, words in named.items()
    ]


def _address(scope: Scope, link: Link) -> str:
    query = scope.query(**link.changes)
    return _PATHS[link.view] + (f"?{query}" if query else "")


def _own_path(text: str) -> str:
    """A path of this server: no other site's, however it is written."""
    path, _, query = text.partition("?")
    return (path if path in _PATHS.values() else "/") + (f"?{urlencode(parse_qsl(query))}" if query else "")


async def _form(request: Request) -> dict[str, str]:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LONGEST_FORM:
            return {}
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


async def _on_a_worker(state: ServerContext, work: Callable[[], Any]) -> Any:
    return await anyio.to_thread.run_sync(work, limiter=state.workers)


def add_pages(route: Any, pages: Pages) -> None:
    """The routes; `route` is the server's decorator."""
    for name, path in _PATHS.items():
        route(path, methods=["GET"])(pages.view(name))
    route("/page/picture/{view}/{section:int}/{number:int}.svg", methods=["GET"])(pages.picture)
    route("/page/sign-in", methods=["POST"])(pages.sign_in)
    route("/page/sign-out", methods=["POST"])(pages.sign_out)
    route("/page/{name}", methods=["GET"])(pages.asset)
    route("/favicon.ico", methods=["GET"])(pages.favicon)
