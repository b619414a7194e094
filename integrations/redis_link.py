"""Redis, shared by several servers: reached in little time or done without, for as long as it does not answer.

One thread has the one connection. Who asks waits for 20 ms at most. After three answers in a row that did not come in
time, or one broken connection, nobody waits any more until the thread has found Redis to answer again. So a Redis that
is slow or gone costs few calls that much, and is never an error.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from chimera_metrics.integrations.config import Settings
from chimera_metrics.integrations.errors import SettingsError

if TYPE_CHECKING:
    import redis

WITHIN_S = 0.02
"""How long a caller waits. A call may ask twice (its rate, its answer), which together stays below 50 ms."""
_PATIENCE = 3
"""Answers in a row that may come too late: a machine that is busy is not yet a Redis that is gone."""
_CONNECTION_S = 1.0
_AGAIN_S = 1.0
_LOG_S = 10.0
_WAITING = 1000
T = TypeVar("T")
Work = Callable[["redis.Redis"], T]
_log = logging.getLogger(__name__)


def library() -> Any:
    """redis-py. Raises SettingsError where it is not installed."""
    try:
        import redis
    except ImportError:
        raise SettingsError(
            "MUSE_CACHE names a Redis, which needs redis-py: install it with `pip install 'chimera-metrics[redis]'`."
        ) from None
    return redis


def link_of(settings: Settings) -> RedisLink | None:
    """The Redis that `MUSE_CACHE` names; None where it names none."""
    url = settings.muse.redis_url
    return None if url is None else RedisLink(url, _key(settings))


def _key(settings: Settings) -> bytes:
    """What signs the values: of the password that our servers share and Redis does not know.

    Slow to compute, so that who reads Redis cannot try out passwords.
    """
    store = settings.clickhouse
    salt = f"muse {store.username} {store.database}".encode()
    return hashlib.scrypt(store.password.get_secret_value().encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)


class RedisLink:
    """The connection to Redis and what is known of it."""

    def __init__(self, url: str, key: bytes, within_s: float = WITHIN_S) -> None:
        self.where = where(url)
        self.key = key
        self.failures = 0
        self._client = connect(url)
        self._within_s = within_s
        self._queue: queue.Queue[tuple[Future[Any], Work[Any]] | None] = queue.Queue(_WAITING)
        self._answers = False
        self._late = 0
        self._logged = 0.0
        self._thread = threading.Thread(target=self._run, name="muse-redis", daemon=True)
        self._thread.start()

    @property
    def answers(self) -> bool:
        """Whether it answered last time, as quickly as callers wait."""
        return self._answers

    def ask(self, work: Work[T]) -> T | None:
        """What `work` makes of the client; None where there is no answer in time."""
        future = self.send(work)
        if future is None:
            return None
        try:
            return self._in_time(future.result(self._within_s))
        except Exception as error:  # noqa: BLE001  # redis-py is imported by those alone who use it
            self._lost(error)
            return None

    async def ask_soon(self, work: Work[T]) -> T | None:
        """`ask`, for the event loop."""
        future = self.send(work)
        if future is None:
            return None
        try:
            return self._in_time(await asyncio.wait_for(asyncio.wrap_future(future), self._within_s))
        except asyncio.CancelledError:
            if future.cancelled() and not _being_cancelled():
                return None  # given up by the thread
            raise
        except Exception as error:  # noqa: BLE001
            self._lost(error)
            return None

    def send(self, work: Work[T]) -> Future[T] | None:
        """Has it done without waiting; None while Redis does not answer."""
        if not self._answers:
            return None
        future: Future[T] = Future()
        try:
            self._queue.put_nowait((future, work))
        except queue.Full:
            return None
        return future

    def _in_time(self, answer: T) -> T:
        self._late = 0
        return answer

    def close(self) -> None:
        self._answers = False
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(None)
        self._thread.join(0.5)

    # -- the thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            if not self._answers:
                self._look()
            try:
                asked = self._queue.get(timeout=None if self._answers else _AGAIN_S)
            except queue.Empty:
                continue
            if asked is None:
                with contextlib.suppress(Exception):
                    self._client.close()
                return
            self._do(*asked)

    def _do(self, future: Future[Any], work: Work[Any]) -> None:
        if not self._answers:
            future.cancel()  # who asked has stopped waiting
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(work(self._client))
        except Exception as error:  # noqa: BLE001  # whatever it is, the callers go on without
            self._lost(error)
            future.set_exception(error)

    def _look(self) -> None:
        """Whether it answers again; twice, because the first time it may have to connect."""
        try:
            self._client.ping()
            started = time.monotonic()
            self._client.ping()
            took = time.monotonic() - started
        except Exception as error:  # noqa: BLE001
            self._complain(error)
            return
        if took > self._within_s:
            self._complain(TimeoutError(f"an answer took {took * 1000:.0f} ms"))
            return
        self._late, self._answers = 0, True
        _log.info("Redis at %s answers.", self.where)

    def _lost(self, error: BaseException) -> None:
        self.failures += 1
        self._late += 1
        # What was not answered in time has several names, one of them without a text.
        if self._answers and (self._late >= _PATIENCE or not isinstance(error, TimeoutError)):
            self._answers = False
            self._complain(error)
            # The thread may wait for work without a limit of time.
            with contextlib.suppress(queue.Full):
                self._queue.put_nowait((_given_up(), lambda _: None))

    def _complain(self, error: BaseException) -> None:
        if isinstance(error, CancelledError) or time.monotonic() - self._logged < _LOG_S:
            return
        self._logged = time.monotonic()
        why = str(error) or "no answer in time"
        _log.warning(
            "Redis at %s does not answer (%s: %s): this server keeps answers and counts rates for itself.",
            self.where,
            type(error).__name__,
            why.splitlines()[0][:200],
        )


def _given_up() -> Future[Any]:
    future: Future[Any] = Future()
    future.cancel()
    return future


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def where(url: str) -> str:
    """What to call it in a sentence, without the credentials of its address."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 6379}"


def connect(url: str) -> Any:
    """A client of redis-py that tries once, and gives up after a second. Raises SettingsError."""
    found = library()
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    # Another time-out in the address is taken: who asks has a clock of his own.
    options = {"socket_timeout": _CONNECTION_S, "socket_connect_timeout": _CONNECTION_S}
    try:
        return found.Redis.from_url(url, single_connection_client=False, retry=Retry(NoBackoff(), 0), **options)
    except (ValueError, TypeError) as error:
        raise SettingsError(
            f"MUSE_CACHE names a Redis by an address that redis-py does not take ({type(error).__name__}): write "
            "redis://user:password@host:6379/0, or rediss:// for TLS."
        ) from None
