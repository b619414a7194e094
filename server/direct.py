"""The direct path of stdio: usual requests are answered on the thread that read them, without the SDK.

Most clients speak to the server over stdio, and nearly all that they send is a handshake, lists and calls of tools.
For these the SDK is a third of the time to the first answer, and as long as the engine in every call. So a thread reads
a line, lets the next thread read on, and answers; what is the same for every client is read from what the SDK answers
(`kept`). Whatever has another form (`plain`), and everything else of the protocol, goes to the SDK's server
(`sdk_session`), which is begun when first needed, with the same opening. Tests ask both and compare.
"""

from __future__ import annotations

import contextlib
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

from integrations.clickhouse.executor import Cancellation
from server.callers import Caller, introduced, local_user
from server.calls import Answered
from server.context import WORKERS, ServerContext
from server.kept import kept, listed
from server.offer import Offer, package_version
from server.plain import SERVER_KEY, Plain, plain
from server.progress import EVERY_S, progress
from server.sdk_session import SdkSession
from server.tool import Sentence
from server.wire import Wire

_log = logging.getLogger(__name__)
Work = partial[None]
_END_S = 5.0
_FAULT = {"code": -32603, "message": "Internal server error"}
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
        self._answers = kept()["answers"]
        self._tools = listed(offer.calls.tools.values())
        #: The line that opened the connection, once it is known which generation it speaks.
        self._opening: bytes | None = None
        self._modern = False
        self._caller = Caller(local_user(), offer.local, "")
        #: False once the client has done something that only the SDK is to judge.
        self._usual = usual
        self._running: dict[str, Cancellation] = {}
        self._reading = threading.Lock()
        self._counting = threading.Lock()
        #: Threads that there are, those that wait for their turn to read, and requests that are not answered yet.
        self._threads = self._waiting = self._unanswered = 0
        self._backlog: deque[Work] = deque()
        self._gone = threading.Event()

    # -- threads ---------------------------------------------------------------------------------------------------

    def serve(self) -> None:
        """Answers until the client goes away; what it still waits for is stopped then."""
        self._start_thread()
        self._gone.wait()
        for stop in list(self._running.values()):
            threading.Thread(target=stop.cancel, daemon=True).start()
        if self._sdk is not None:
            self._sdk.close()
        deadline = time.monotonic() + _END_S
        while self._unanswered and time.monotonic() < deadline:
            time.sleep(0.005)

    def _start_thread(self) -> None:
        self._threads += 1
        threading.Thread(target=self._work, name="muse-direct", daemon=True).start()

    def _work(self) -> None:
        """Reads a line while no other thread does, lets another read, and answers."""
        while True:
            with self._counting:
                self._waiting += 1
            with self._reading:
                with self._counting:
                    self._waiting -= 1
                work = self._next()
                if work is None:
                    return
            self._do(work)
            while self._backlog:
                with contextlib.suppress(IndexError):
                    self._do(self._backlog.popleft())

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
            if self._waiting == 0 and self._threads < WORKERS:
                self._start_thread()
            elif self._waiting == 0:  # nobody would read: a call waits for whoever is free first
                if work.func == self._call:
                    self._backlog.append(work)
                else:
                    self._do(work)
                continue
            return work
        return None

    def _do(self, work: Work) -> None:
        try:
            work()
        except Exception:  # noqa: BLE001  # a fault of ours must not end the thread
            _log.exception("A request failed")
            self._answer(work.args[0], {"error": _FAULT})
        finally:
            with self._counting:
                self._unanswered -= 1

    # -- which way a line goes -------------------------------------------------------------------------------------

    def _sorted(self, line: bytes) -> Work | None:
        try:
            return self._sort(line)
        except Exception:  # noqa: BLE001  # a fault of ours must not end the reading
            _log.exception("A message was not understood")
            self._behind().send(line)
            return None

    def _sort(self, line: bytes) -> Work | None:
        message = _read(line)
        if message is None or (isinstance(message, dict) and self._is_done_with(message)):
            return None
        request = plain(message) if self._usual else None
        if request is not None and self._takes(request, line):
            if request.method == "tools/call":
                stop = Cancellation()
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

    def _takes(self, request: Plain, line: bytes) -> bool:
        """Whether the connection is where such a request may come."""
        if self._opening is None:
            if request.method != "initialize" and not request.modern:
                return False
            self._opening, self._modern = line, request.modern
            self._introduce(request)
            return request.method in self._answers[self._generation] or request.method == "tools/call"
        if request.method == "initialize" or request.modern != self._modern:
            return False
        if self._modern:
            self._introduce(request)
        return request.method in self._answers[self._generation] or request.method == "tools/call"

    def _introduce(self, request: Plain) -> None:
        client, program = introduced(request.info)
        if client != self._caller.client or program != self._caller.program:
            self._caller = Caller(local_user(), self._offer.local, client, program)

    @property
    def _generation(self) -> str:
        return "modern" if self._modern else "handshake"

    def _behind(self) -> SdkSession:
        """The SDK's session, told how this connection was opened."""
        if self._sdk is None:
            self._sdk = self._begin_sdk(self._wire.write)
            if self._opening is None:  # it is the SDK's from the beginning, and stays so
                self._usual = False
            else:
                self._sdk.open(from_json(self._opening), self._modern)
        return self._sdk

    # -- answers ---------------------------------------------------------------------------------------------------

    def _list(self, request: Plain, caller: Caller) -> None:
        result = dict(self._answers[self._generation][request.method])
        server = {"version": package_version()}
        match request.method:
            case "initialize":
                result["protocolVersion"] = request.params["protocolVersion"]
                result["serverInfo"] = result["serverInfo"] | server
            case "tools/list":
                result["tools"] = self._offer.names.shown(self._tools, caller)
        if "_meta" in result:
            result["_meta"] = {SERVER_KEY: result["_meta"][SERVER_KEY] | server}
        self._answer(request, {"result": result})

    def _call(self, request: Plain, caller: Caller, stop: Cancellation) -> None:
        name = self._offer.names.dotted(request.params["name"])
        arguments = request.params.get("arguments") or {}
        ended = self._tell_progress(request, name, arguments)
        try:
            answered = self._offer.calls.run(self._context, caller, name, arguments, stop)
            result = _result(answered)
        except Sentence as sentence:
            result = {"content": [{"type": "text", "text": str(sentence)}], "isError": True}
        finally:
            if ended is not None:
                ended.set()
            if self._running.get(str(request.id)) is stop:
                del self._running[str(request.id)]
        if self._gone.is_set():
            self._answer(request, {"error": _CLOSED})
        elif not stop.cancelled:
            if self._modern:
                frame = self._answers["modern"]["tools/list"]
                meta = {SERVER_KEY: frame["_meta"][SERVER_KEY] | {"version": package_version()}}
                result |= {"resultType": frame["resultType"], "_meta": meta}
            self._answer(request, {"result": result})

    def _answer(self, request: Plain, body: dict[str, Any]) -> None:
        message = {"jsonrpc": "2.0", "id": request.id} | body
        self._wire.write(orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE))

    def _tell_progress(self, request: Plain, name: str, arguments: dict[str, Any]) -> threading.Event | None:
        token = request.progress_token
        if token is None:
            return None
        ended = threading.Event()
        started = time.monotonic()
        limit_s = self._offer.calls.limit_s(name, arguments, self._context)

        def tell() -> None:
            while not ended.wait(EVERY_S):
                done, total, words = progress(time.monotonic() - started, limit_s)
                params = {"progressToken": token, "progress": done, "total": total, "message": words}
                note = {"jsonrpc": "2.0", "method": "notifications/progress", "params": params}
                self._wire.write(orjson.dumps(note, option=orjson.OPT_APPEND_NEWLINE))

        threading.Thread(target=tell, name="muse-progress", daemon=True).start()
        return ended


def _read(line: bytes) -> Any:
    """What a line says, None where it says nothing; bytes that are no UTF-8 become the sign for that."""
    try:
        return from_json(line)
    except ValueError:
        replaced = line.decode(errors="replace").encode()
    if replaced == line:
        return None
    with contextlib.suppress(ValueError):
        return from_json(replaced)
    return None


def _result(answered: Answered) -> dict[str, Any]:
    content = [{"type": "text", "text": answered.json.decode()}]
    content += [{"type": "image", "data": b64encode(png).decode(), "mimeType": "image/png"} for png in answered.images]
    return {"content": content, "structuredContent": orjson.Fragment(answered.json), "isError": False}
