"""The async form of `ClickHouseClient`: the same methods, awaited; each runs on a worker thread.

    async with AsyncClickHouseClient() as client:
        result = await client.query("SELECT count() FROM episodes")
        async for row in client.stream("SELECT * FROM ui_events"):
            ...

Cancelling the task stops the statement on the engine before the cancellation goes on. A write that was under way may
still be stored; sent again, it is answered as a duplicate.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy.sql.expression import ClauseElement

from chimera_metrics.integrations.answers.exporting import Export
from chimera_metrics.integrations.clickhouse.statements import Cancellation, task_cancellation
from chimera_metrics.integrations.clickhouse_client import DEFAULT_ROWS, ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.results import HealthResult, QueryResult

T = TypeVar("T")
_ROWS_AT_ONCE = 1000


class AsyncClickHouseClient:
    """Every method of `ClickHouseClient` as a coroutine. Use it in `async with`, or `await close()`."""

    def __init__(self, settings: ClickHouseSettings | None = None, muse: MuseSettings | None = None) -> None:
        self.sync = ClickHouseClient(settings, muse)
        size = self.sync.settings.connection_pool_size
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="muse-async")
        # Not the same threads: all of them may be busy with what is to be stopped.
        self._stoppers = ThreadPoolExecutor(2, thread_name_prefix="muse-async-stop")
        self._closed = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.sync.settings.in_words}>"

    def __dir__(self) -> list[str]:
        methods = (name for name in dir(self.sync) if name[0] != "_" and callable(getattr(self.sync, name)))
        return sorted({*object.__dir__(self), *methods})

    async def __aenter__(self) -> AsyncClickHouseClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections; an embedded store is let go. A closed client answers no more."""
        if self._closed:
            return
        await self._run(self.sync.close)
        self._closed = True
        self._threads.shutdown(wait=False)
        self._stoppers.shutdown(wait=False)

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        """Any other method of the client: `insert_episode`, `aggregate`, `get_trend_data`, …"""
        method = getattr(self.sync, name)
        if name.startswith("_") or not callable(method):
            raise AttributeError(f"AsyncClickHouseClient has no method {name!r}.")

        @functools.wraps(method)
        async def awaited(*arguments: Any, **named: Any) -> Any:
            return await self._run(functools.partial(method, *arguments, **named))

        return awaited

    async def query(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        max_rows: int = DEFAULT_ROWS,
        timeout_s: float | None = None,
        export: Export | None = None,
        max_bytes: int | None = None,
    ) -> QueryResult:
        """See `ClickHouseClient.query`."""
        more: dict[str, Any] = {"export": export, "max_bytes": max_bytes}
        return await self._run(lambda: self.sync.query(sql, parameters, max_rows, timeout_s, **more))

    async def execute_query(
        self, statement: str | ClauseElement, parameters: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """See `ClickHouseClient.execute_query`."""
        return await self._run(lambda: self.sync.execute_query(statement, parameters))

    async def ready(self) -> bool:
        """Whether the store answers. Never raises for the store."""
        return await self._run(self.sync.ready)

    async def health(self) -> HealthResult:
        """See `ClickHouseClient.health`."""
        return await self._run(self.sync.health)

    async def stream(
        self, statement: str | ClauseElement, parameters: Mapping[str, Any] | None = None
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The rows one by one, any number of them; leaving early stops the statement (`aclosing` does so at once)."""
        rows: Iterator[dict[str, Any]] = self.sync.stream(statement, parameters)
        try:
            while block := await self._run(lambda: list(itertools.islice(rows, _ROWS_AT_ONCE))):
                for row in block:
                    yield row
        finally:
            await self._run(rows.close)  # type: ignore[attr-defined]  # a generator

    async def _run(self, work: Callable[[], T]) -> T:
        """`work` on a worker thread, in a copy of this task's context; stopped when this task is cancelled."""
        if self._closed:
            raise InvalidInput("This AsyncClickHouseClient is closed; make a new one.")
        cancellation = Cancellation()
        context = contextvars.copy_context()
        context.run(task_cancellation.set, cancellation)
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._threads, context.run, work)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            stopping = loop.run_in_executor(self._stoppers, cancellation.cancel)
            # The thread is not left behind: a statement ends at once, a write within its own limits.
            await asyncio.gather(stopping, future, return_exceptions=True)
            raise
