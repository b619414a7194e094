"""Runs a call on a worker thread and watches what happens meanwhile: a cancel, a client that is gone, time passing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, TypeVar

import anyio
from mcp.server.mcpserver import Context
from starlette.requests import Request

from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.integrations.errors import StatementCancelled
from chimera_metrics.server.context import ServerContext
from chimera_metrics.server.http.marks import GONE, Departure
from chimera_metrics.server.progress import EVERY_S, progress

T = TypeVar("T")
# A call whose statement was stopped has this long to write its line of the audit.
_LINE_S = 1.0


async def run_watched(work: Callable[[Cancellation], T], context: Context[ServerContext, Any], limit_s: float) -> T:
    """`work(cancellation)` on a worker thread. Cancelled, or left alone by its client, it is stopped on the engine.

    `limit_s` is the time that the call may take, of which its progress is told.
    """
    request = context.request_context
    gone = request.request.scope.get(GONE) if isinstance(request.request, Request) else None
    with anyio.CancelScope() as scope, gone.met_by(scope.cancel) if isinstance(gone, Departure) else nullcontext():
        if "progress_token" not in (request.meta or {}):
            return await _in_thread(work, request.lifespan_context)
        return await _telling(work, context, limit_s)
    raise StatementCancelled("The call was cancelled or its client went away, so the statement was stopped.")


async def _telling(work: Callable[[Cancellation], T], context: Context[ServerContext, Any], limit_s: float) -> T:
    """`work` on a worker thread, while its client is told how long it has taken."""
    ended: list[T | Exception] = []
    async with anyio.create_task_group() as group:
        group.start_soon(_tell_progress, context, limit_s)
        try:
            ended.append(await _in_thread(work, context.request_context.lifespan_context))
        except Exception as error:  # noqa: BLE001  # a task group would wrap it; it is raised again below
            ended.append(error)
        group.cancel_scope.cancel()
    if isinstance(ended[0], Exception):
        raise ended[0]
    return ended[0]


async def _in_thread(work: Callable[[Cancellation], T], context: ServerContext) -> T:
    cancellation, started = Cancellation(), False
    running = threading.Lock()  # an event would take ten times as long to make

    def run() -> T:
        nonlocal started
        with running:
            started = True
            return work(cancellation)

    def stop() -> None:
        cancellation.cancel()
        if started and running.acquire(timeout=_LINE_S):
            running.release()

    try:
        return await anyio.to_thread.run_sync(run, abandon_on_cancel=True, limiter=context.workers)
    except anyio.get_cancelled_exc_class():
        with anyio.CancelScope(shield=True):
            # Not under the limit of the workers: all of them may be busy with what is to be stopped.
            await anyio.to_thread.run_sync(stop, limiter=anyio.CapacityLimiter(1))
        raise


async def _tell_progress(context: Context[ServerContext, object], limit_s: float) -> None:
    started = time.monotonic()
    while True:
        await anyio.sleep(EVERY_S)
        await context.report_progress(*progress(time.monotonic() - started, limit_s))
