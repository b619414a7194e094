"""One client's connection: a thread reads a line and answers; while that takes longer, another thread reads on.

So a short call is handed over to nobody, and a cancel of a long one is seen at once. What was read before the end of
the input is answered within its time limit; a call that was stopped, by its client or because the client left, is not.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.server.catalog.callers import Caller
from chimera_metrics.server.catalog.protocol import INTERNAL_ERROR, INVALID_REQUEST, TOO_MANY_CALLS, ProtocolError
from chimera_metrics.server.context import WORKERS
from chimera_metrics.server.progress import EVERY_S, progress
from chimera_metrics.server.stdio import jsonrpc
from chimera_metrics.server.stdio.jsonrpc import Invalid, Message, Notification, Request
from chimera_metrics.server.stdio.session import Session
from chimera_metrics.server.stdio.turn import Turn
from chimera_metrics.server.stdio.wire import LineTooLong, Wire
from chimera_metrics.server.tracing import message_span

_log = logging.getLogger(__name__)
# Requests that may be unanswered at a time, and the bytes that they may have in all.
_MOST_OPEN, _MOST_OPEN_BYTES = 20_000, 1 << 30
# Calls that are stopped at the end have so long to write their line of the audit.
_STOP_S = 2.0
# Threads that wait for their turn to read, at most.
_IDLE_THREADS = 8
_LOOK_S = 0.05
# What may wait for the store. All else is answered at once, even where every thread is busy.
_WAITING = {
    "tools/call",
    "resources/read",
    "resources/subscribe",
    "completion/complete",
    "subscriptions/listen",
}
#: Takes the answer of a request, None where it is not answered.
Reply = Callable[[bytes | None], None]


@dataclass(frozen=True, slots=True)
class Open:
    """A request that is not answered yet."""

    request: Request
    caller: Caller
    reply: Reply
    stop: Cancellation
    size: int


class Batch:
    """Collects the answers to the messages of one batch, which are written as one line once all of them ended."""

    def __init__(self, wire: Wire, count: int) -> None:
        self._wire, self._left = wire, count
        self._answers: list[bytes] = []
        self._lock = threading.Lock()

    def reply(self, answer: bytes | None) -> None:
        with self._lock:
            self._left -= 1
            if answer is not None:
                self._answers.append(answer)
            if self._left or not self._answers:
                return
        self._wire.write(b"[" + b",".join(self._answers) + b"]\n")


class Connection:
    """Answers one client, on as many threads as it has calls under way."""

    def __init__(self, wire: Wire, session: Session) -> None:
        self._wire, self._session = wire, session
        session.subscriptions.send = self._notify
        #: What stops the calls under way, by id; an id may be used twice, so all of them stand beside.
        self._running: dict[str, Cancellation] = {}
        self._stops: set[Cancellation] = set()
        self._turn = Turn(self._find_reader)
        self._counting = threading.Condition()
        #: Threads that there are, and those that wait for their turn to read.
        self._threads = self._waiting = 0
        #: Requests that are not answered yet, and their bytes.
        self._open = self._open_bytes = 0
        self._backlog: deque[Open] = deque()
        #: Set when nothing more is read.
        self._ended = threading.Event()
        #: Set when nobody reads answers any more.
        self._left = threading.Event()

    # -- beginning and end -----------------------------------------------------------------------------------------

    def serve(self, ends: Callable[[], None] = lambda: None) -> None:
        """Answers until the input ends and all that was read is answered, or the process is interrupted.

        `ends` is called as soon as that has happened.
        """
        try:
            self._turn.start()
            self._start_thread()
            self._ended.wait()
            self._session.subscriptions.close()
            self._answer_the_rest()
        finally:
            ends()
            self._stop()

    def _answer_the_rest(self) -> None:
        """Every call has a limit of time; but for whoever has left nothing is worth waiting for.

        Nor is a statement that nothing stops: when no call ends in the time that one may take, the rest is given up.
        """
        with self._counting:
            while self._open and not self._wire.broken():
                left = self._open
                until = time.monotonic() + self._session.longest_s + _STOP_S
                while self._open == left and not self._wire.broken():
                    if time.monotonic() > until:
                        return
                    self._counting.wait(_LOOK_S)

    def _stop(self) -> None:
        self._left.set()
        self._ended.set()
        self._turn.close()
        self._session.subscriptions.close()
        for stop in list(self._stops):
            threading.Thread(target=stop.cancel, daemon=True).start()
        deadline = time.monotonic() + _STOP_S
        with self._counting:
            while self._open and (left_s := deadline - time.monotonic()) > 0:
                self._counting.wait(left_s)

    # -- threads ---------------------------------------------------------------------------------------------------

    def _start_thread(self) -> None:
        self._threads += 1
        threading.Thread(target=self._work, name="muse-stdio", daemon=True).start()

    def _work(self) -> None:
        """Reads a line while no other thread does, and answers."""
        try:
            while (work := self._take()) is not None:
                self._do(work)
                del work  # or a thread that waits would keep the rows that it stored
        except BaseException:
            self._ended.set()
            raise

    def _take(self) -> Open | None:
        """What this thread is to do next, None if it is to end."""
        while True:
            with self._counting:
                if self._backlog:
                    return self._backlog.popleft()
                if self._ended.is_set() or self._waiting > _IDLE_THREADS:
                    self._threads -= 1
                    return None
                self._waiting += 1
            self._turn.take()
            with self._counting:
                self._waiting -= 1
            work = self._next()
            if work is not None:
                return work

    def _next(self) -> Open | None:
        """Reads, and does what takes a moment, as long as it is this thread's turn, which it has and gives away.

        What it is to do while another thread reads; None where there is nothing to do, or the input has ended.
        """
        mine = True
        try:
            while mine and not self._ended.is_set():
                opened = self._read()
                self._hand_over(opened[:-1])
                if not opened or not self._keeps(opened[-1]):
                    continue
                if (len(opened) > 1 or self._wire.has_more()) and self._find_reader():
                    return opened[-1]
                begun = self._turn.begin()
                try:
                    self._do(opened.pop())
                finally:
                    mine = self._turn.keeps(begun)
        finally:
            if mine:
                self._turn.give()
        return None

    def _read(self) -> list[Open]:
        """The requests of the next line that are to be answered; none where the input has ended."""
        try:
            line = self._wire.read()
        except LineTooLong as error:
            self._wire.write(jsonrpc.failure(None, ProtocolError(INVALID_REQUEST, str(error))) + b"\n")
            return []
        if line is None:
            self._ended.set()
            return []
        return self._opened(line)

    def _keeps(self, work: Open) -> bool:
        """Whether this thread does the work, because another one can read; otherwise it is done or waits."""
        with self._counting:
            if self._has_reader():
                return True
            # Nobody would read: what asks the store waits for the first free thread.
            if work.request.method in _WAITING:
                self._backlog.append(work)
                return False
        self._do(work)
        return False

    def _has_reader(self) -> bool:
        return self._waiting > 0 or self._threads < WORKERS

    def _find_reader(self) -> bool:
        """Whether there is a thread that reads on, which is started where there is none."""
        with self._counting:
            found = self._has_reader()
            if found and not self._waiting:
                self._start_thread()
            return found

    def _hand_over(self, others: list[Open]) -> None:
        """Leaves the other messages of a batch to other threads."""
        for work in others:
            with self._counting:
                self._backlog.append(work)
                if self._threads < WORKERS:
                    self._start_thread()

    # -- messages --------------------------------------------------------------------------------------------------

    def _opened(self, line: bytes) -> list[Open]:
        """The requests of a line that are to be answered; what is wrong is answered here."""
        said = jsonrpc.parse(line)
        if not isinstance(said, list):
            return self._sort([said], self._alone, len(line))
        if not self._session.takes_batches:
            why = f"Invalid request: revision {self._session.revision} has no batches; send a message a line"
            self._alone(jsonrpc.failure(None, ProtocolError(INVALID_REQUEST, why)))
            return []
        return self._sort(said, Batch(self._wire, len(said)).reply, len(line))

    def _alone(self, answer: bytes | None) -> None:
        if answer is not None:
            self._wire.write(answer + b"\n")

    def _sort(self, messages: list[Message], reply: Reply, size: int) -> list[Open]:
        opened = []
        for message in messages:
            match message:
                case Request():
                    try:
                        opened.append(self._open_request(message, reply, size))
                    except ProtocolError as error:
                        reply(jsonrpc.failure(message.id, error))
                case Invalid():
                    reply(jsonrpc.failure(message.id, message.error))
                case Notification():
                    self._notice(message)
                    reply(None)
                case None:
                    reply(None)
        return opened

    def _open_request(self, request: Request, reply: Reply, size: int) -> Open:
        if self._open >= _MOST_OPEN or self._open_bytes > _MOST_OPEN_BYTES:
            raise ProtocolError(TOO_MANY_CALLS, f"{self._open} requests are not answered yet; wait for some of them.")
        work = Open(request, self._session.admit(request), reply, Cancellation(), size)
        with self._counting:
            self._open += 1
            self._open_bytes += size
        if request.method in _WAITING:
            self._stops.add(work.stop)
            self._running[jsonrpc.same(request.id)] = work.stop
        return work

    def _notice(self, message: Notification) -> None:
        match message.method:
            case "notifications/initialized":
                self._session.notice_initialized()
            case "notifications/cancelled":
                stop = self._running.get(jsonrpc.same(message.params.get("requestId")))
                if stop is not None:
                    threading.Thread(target=stop.cancel, daemon=True).start()

    # -- answers ---------------------------------------------------------------------------------------------------

    def _do(self, work: Open) -> None:
        answer: bytes | None = None
        ended = threading.Event()
        try:
            self._tell_progress(work, ended)
            answer = self._answer(work)
        except Exception:  # noqa: BLE001  # a bug must not kill the thread
            _log.exception("A request failed")
            answer = jsonrpc.failure(work.request.id, ProtocolError(INTERNAL_ERROR, "Internal server error"))
        finally:
            ended.set()
            self._close(work, answer)

    def _answer(self, work: Open) -> bytes:
        request = work.request
        with message_span(request.method, request.params, request.id, self._session.revision) as span:
            try:
                result = self._session.answer(request, work.caller, work.stop)
            except ProtocolError as error:
                if span is not None:
                    span.failed(str(error.code))
                return jsonrpc.failure(request.id, error)
            if span is not None and result.get("isError") is True:
                span.failed("tool_error")
        return jsonrpc.answer(request.id, result)

    def _close(self, work: Open, answer: bytes | None) -> None:
        self._stops.discard(work.stop)
        if self._running.get(id_ := jsonrpc.same(work.request.id)) is work.stop:
            del self._running[id_]
        # What ends while the process does, such as for want of a store, is no answer either.
        work.reply(None if work.stop.cancelled or self._left.is_set() else answer)
        with self._counting:
            self._open -= 1
            self._open_bytes -= work.size
            self._counting.notify_all()

    def _notify(self, method: str, params: dict[str, Any]) -> None:
        self._wire.write(jsonrpc.notification(method, params) + b"\n", unless=self._left)

    def _tell_progress(self, work: Open, ended: threading.Event) -> None:
        token = work.request.meta.get("progressToken")
        if token is None or work.request.method != "tools/call":
            return
        started = time.monotonic()
        limit_s = self._session.limit_s(work.request)

        def tell() -> None:
            while not ended.wait(EVERY_S):
                done, total, words = progress(time.monotonic() - started, limit_s)
                params = {"progressToken": token, "progress": done, "total": total, "message": words}
                self._wire.write(jsonrpc.notification("notifications/progress", params) + b"\n", unless=ended)

        threading.Thread(target=tell, name="muse-progress", daemon=True).start()
