"""The short way of a request to the protocol's endpoint, past what Starlette has for pages.

Routing and the two nets for exceptions take a twelfth of the event loop's time of a short call. Nothing is lost without
them: there is one path, which takes all methods, and uvicorn answers an exception with 500 and logs it, too.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send


class Straight:
    """The application, which the endpoint at `path` need not be looked up in."""

    def __init__(self, app: Starlette, path: str) -> None:
        self._app, self._path = app, path
        [endpoint] = [route.app for route in app.routes if isinstance(route, Route) and route.path == path]
        # The check of tokens, around the endpoint as the application has it around all.
        for made, positional, named in reversed(app.user_middleware):
            endpoint = made(endpoint, *positional, **named)
        self._endpoint: ASGIApp = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        straight = scope["type"] == "http" and scope["path"] == self._path
        await (self._endpoint if straight else self._app)(scope, receive, send)
