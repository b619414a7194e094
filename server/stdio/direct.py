"""The direct path of stdio: usual requests are answered on the thread that read them, without the SDK.

Most clients speak to the server over stdio, and nearly all that they send is a handshake, lists and calls of tools.
For these the SDK is a third of the time to the first answer, and as long as the engine in every call. So a thread reads
a line, lets the next thread read on, and answers; what is the same for every client is read from what the SDK answers
(`surface`). Whatever has another form (`plain`), and everything else of the protocol, goes to the SDK's server
(`sdk_session`), which is begun when first needed, with the same opening. Tests ask both and compare.
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
from base64 import b64encode
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
from pydantic_core import from_json

from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.server.calls import Answered
from chimera_metrics.server.catalog.callers import Caller, introduced, local_user
from chimera_metrics.server.catalog.surface import listed, surface
from chimera_metrics.server.catalog.tool import Sentence
from chimera_metrics.server.context import WORKERS, ServerContext
from chimera_metrics.server.offer import Offer, package_version
from chimera_metrics.server.progress import EVERY_S, progress
from chimera_metrics.server.stdio.plain import SERVER_KEY, Plain, plain
from chimera_metrics.server.stdio.sdk_session import FAULT, SdkSession
from chimera_metrics.server.stdio.wire import Wire

_log = logging.getLogger(__name__)
Work = partial[None]
# Answers that are on their way when the client goes have so long.
_END_S = 2.0
# Threads that wait for their turn to read, at most.
_IDLE_THREADS = 8
_CLOSED = {"code": -32000, "message": "Connection closed"}


class Direct:
    """One client's connection."""

    def __init__(
        self,
        wire: Wire,
        offer: Offer,
        context: ServerContext,
        begin_sdk: Callable[[Callable[[bytes], None]], SdkSession],
        usual: bool = True,
    ) -> None:
        """`begin_sdk` is handed where its session writes; `usual` False leaves every request to it."""
        self._wire = wire
        self._offer = offer
        self._context = context
        self._begin_sdk = begin_sdk
        self._sdk: SdkSession | None = None
        self._answers = surface()["answers"]
        self._server = self._answers["handshake"]["initialize"]["serverInfo"] | {"version": package_version()}
        self._tools = listed(offer.calls.tools.values())
        #: How the SDK would have to be told that the connection was opened, once it was: method and parameters.
        self._opening: tuple[str, dict[str, Any]] | None = None
        self._modern = False
        self._caller = Caller(local_user(), offer.local, "")
        #: False once the client has done something that only the SDK is to judge.
        self._usual = usual
        #: What stops the calls under way, by id; an id may be used twice, so all of them stand beside.
        self._running: dict[str, Cancellation] = {}
        self._stops: set[Cancellation] = set()
        self._reading = threading.Lock()
        self._counting = threading.Lock()
        #: Threads that there are, those that wait for their turn to read, and requests that are not answered yet.
        self._threads = self._waiting = self._unanswered = 0
        self._backlog: deque[Work] = deque()
        self._gone = threading.Event()

    # -- threads ---------------------------------------------------------------------------------------------------

    def serve(self) -> None:
        """Answers until the client goes away or the process is interrupted; what still runs is stopped then."""
        try:
            self._start_thread()
            self._gone.wait()
        finally:
            self._end()

    def _end(self) -> None:
        self._gone.set()
        deadline = time.monotonic() + _END_S
        for stop in list(self._stops):
            threading.Thread(target=stop.cancel, daemon=True).start()
        if self._sdk is not None:
            self._sdk.close(_END_S)
        while self._unanswered and time.monotonic() < deadline:
            time.sleep(0.005)

    def _start_thread(self) -> None:
        self._threads += 1
        threading.Thread(target=self._work, name="muse-direct", daemon=True).start()

    def _work(self) -> None:
        """Reads a line while no other thread does, lets another read, and answers."""
        try:
            while (work := self._take()) is not None:
                self._do(work)
                del work  # or a thread that waits would keep the rows that it stored
        except BaseException:
            self._gone.set()
            raise

    def _take(self) -> Work | None:
        """What this thread is to do next, None if it is to end."""
        with self._counting:
            if self._backlog:
                return self._backlog.popleft()
            if self._gone.is_set() or self._waiting > _IDLE_THREADS:
                self._threads -= 1
                return None
            self._waiting += 1
        with self._reading:
            with self._counting:
                self._waiting -= 1
            work = self._next()
        return work if work is not None else self._take()

    def _next(self) -> Work | None:
        """What this thread is to do while another one reads, None when the client has gone."""
        while not self._gone.is_set():
            line = self._wire.read()
            if line is None:
                self._gone.set()
                break
            work = self._sorted(line)
            if work is None:
                continue
            with self._counting:
                self._unanswered += 1
                free = self._waiting > 0
                if not free and self._threads < WORKERS:
                    self._start_thread()
                    free = True
                # Otherwise nobody would read: a call waits for the first free thread, all else is done at once.
                waits = not free and work.func == self._call
                if waits:
                    self._backlog.append(work)
            if free:
                return work
            if not waits:
                self._do(work)
        return None

    def _do(self, work: Work) -> None:
        try:
            work()
        except Exception:  # noqa: BLE001  # a bug must not kill the thread
            _log.exception("A request failed")
            self._answer(work.args[0], {"error": FAULT})
        finally:
            with self._counting:
                self._unanswered -= 1

    # -- which way a line goes -------------------------------------------------------------------------------------

    def _sorted(self, line: bytes) -> Work | None:
        try:
            return self._sort(line)
        except Exception:  # noqa: BLE001  # a bug must not stop the reading
            _log.exception("A message was not understood")
            self._behind().send(line)
            return None

    def _sort(self, line: bytes) -> Work | None:
        message, line = _read(line)
        if message is None or (isinstance(message, dict) and self._is_done_with(message)):
            return None
        request = plain(message) if self._usual else None
        if request is not None and self._is_in_place(request):
            if request.method == "tools/call":
                stop = Cancellation()
                self._stops.add(stop)
                self._running[str(request.id)] = stop
                return partial(self._call, request, self._caller, stop)
            return partial(self._list, request, self._caller)
        if isinstance(message, dict) and message.get("method") == "initialize":
            self._usual = False
        self._behind().send(line)
        return None

    def _is_done_with(self, message: dict[str, Any]) -> bool:
        """Whether a message that asks for nothing needs no more than what is done here."""
        if "id" in message and "method" in message:
            return False
        if message.get("method") == "notifications/cancelled":
            params = message.get("params")
            asked = params.get("requestId") if isinstance(params, dict) else None
            stop = self._running.get(str(asked))
            if stop is not None:
                threading.Thread(target=stop.cancel, daemon=True).start()
                return True
        # Without the SDK nobody has anything to notice: the opening tells it what it has missed.
        return self._sdk is None

    def _is_in_place(self, request: Plain) -> bool:
        """Whether the direct path answers such a request at this point of the connection."""
        if self._opening is None:
            self._open(request)
        elif request.method == "initialize":
            return False
        if self._opening is None or request.modern != self._modern:
            return False
        if self._modern:
            self._introduce(request)
        return request.method == "tools/call" or request.method in self._answers[self._generation]

    def _open(self, request: Plain) -> None:
        """The first request says which generation the connection speaks; one that cannot open it changes nothing."""
        if request.modern:  # the request may be a call, which is not to be made again: another one says the same
            meta = {key: value for key, value in request.params["_meta"].items() if key != "progressToken"}
            self._opening = "server/discover", {"_meta": meta}
        elif request.method == "initialize":
            self._opening = request.method, request.params
            self._introduce(request)
        self._modern = request.modern

    def _introduce(self, request: Plain) -> None:
        self._caller = Caller(local_user(), self._offer.local, *introduced(request.info))

    @property
    def _generation(self) -> str:
        return "modern" if self._modern else "handshake"

    def _behind(self) -> SdkSession:
        """The SDK's session, told how this connection was opened."""
        if self._sdk is None:
            if self._opening is None:  # it is the SDK's from the beginning, and stays so
                self._usual = False
            session = self._begin_sdk(self._wire.write)
            if self._opening is not None:
                session.open(*self._opening)
            self._sdk = session
        return self._sdk

    # -- answers ---------------------------------------------------------------------------------------------------

    def _list(self, request: Plain, caller: Caller) -> None:
        result = dict(self._answers[self._generation][request.method])
        match request.method:
            case "initialize":
                result["protocolVersion"] = request.params["protocolVersion"]
                result["serverInfo"] = self._server
            case "tools/list":
                result["tools"] = self._offer.names.shown(self._tools, caller)
        if "_meta" in result:
            result["_meta"] = {SERVER_KEY: self._server}
        self._answer(request, {"result": result})

    def _call(self, request: Plain, caller: Caller, stop: Cancellation) -> None:
        name = self._offer.names.dotted(request.params["name"])
        arguments = request.params.get("arguments") or {}
        ended = threading.Event()
        try:
            self._tell_progress(request, name, arguments, ended)
            answered = self._offer.calls.run(self._context, caller, name, arguments, stop)
            result = _result(answered)
        except Sentence as sentence:
            result = {"content": [{"type": "text", "text": str(sentence)}], "isError": True}
        finally:
            ended.set()
            self._stops.discard(stop)
            if self._running.get(str(request.id)) is stop:
                del self._running[str(request.id)]
        if self._gone.is_set():
            self._answer(request, {"error": _CLOSED})
        elif not stop.cancelled:
            if self._modern:
                result |= {"resultType": "complete", "_meta": {SERVER_KEY: self._server}}
            self._answer(request, {"result": result})

    def _answer(self, request: Plain, body: dict[str, Any]) -> None:
        message = {"jsonrpc": "2.0", "id": request.id} | body
        self._wire.write(orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE))

    def _tell_progress(self, request: Plain, name: str, arguments: dict[str, Any], ended: threading.Event) -> None:
        token = request.progress_token
        if token is None:
            return
        started = time.monotonic()
        limit_s = self._offer.calls.limit_s(name, arguments, self._context)

        def tell() -> None:
            while not ended.wait(EVERY_S):
                done, total, words = progress(time.monotonic() - started, limit_s)
                params = {"progressToken": token, "progress": done, "total": total, "message": words}
                note = {"jsonrpc": "2.0", "method": "notifications/progress", "params": params}
                self._wire.write(orjson.dumps(note, option=orjson.OPT_APPEND_NEWLINE), unless=ended)

        threading.Thread(target=tell, name="muse-progress", daemon=True).start()


def _read(line: bytes) -> tuple[Any, bytes]:
    """What a line says, None where it says nothing, and the line.

    What is no Unicode becomes the sign for that: bytes that are no UTF-8, and half an emoji, as programs write that cut
    texts at so many characters.
    """
    with contextlib.suppress(ValueError):
        return from_json(line), line
    with contextlib.suppress(ValueError, RecursionError):
        text = json.dumps(json.loads(line.decode(errors="replace")), ensure_ascii=False)
        line = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
        return from_json(line), line
    return None, line


def _result(answered: Answered) -> dict[str, Any]:
    content = [{"type": "text", "text": answered.json.decode()}]
    content += [{"type": "image", "data": b64encode(png).decode(), "mimeType": "image/png"} for png in answered.images]
    return {"content": content, "structuredContent": orjson.Fragment(answered.json), "isError": False}
