"""Runs a call on a worker thread and watches what happens meanwhile: a cancel, a client that is gone, time passing."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from contextlib import nullcontext
from typing import Any, TypeVar

import anyio
from mcp.server.mcpserver import Context
from starlette.requests import Request

from chimera_metrics.integrations.clickhouse.statements import Cancellation
from chimera_metrics.integrations.errors import StatementCancelled
from chimera_metrics.server.context import ServerContext
from chimera_metrics.server.http.marks import GONE, Departure
from chimera_metrics.server.http.workers import Job, Workers
from chimera_metrics.server.progress import EVERY_S, progress

T = TypeVar("T")
# A call whose statement was stopped has this long to write its line of the audit.
_LINE_S = 1.0


async def run_watched(
    work: Callable[[Cancellation], T], context: Context[ServerContext, Any], workers: Workers, limit_s: float
) -> T:
    """`work(cancellation)` on a worker thread. Cancelled, or left alone by its client, it is stopped on the engine.

    `limit_s` is the time that the call may take, of which its progress is told.
    """
    request = context.request_context
    gone = request.request.scope.get(GONE) if isinstance(request.request, Request) else None
    working = _in_thread(work, gone, workers)
    if "progress_token" not in (request.meta or {}):
        return await working
    return await _telling(working, context, limit_s)


async def _telling(working: Coroutine[Any, Any, T], context: Context[ServerContext, Any], limit_s: float) -> T:
    """Its answer, while the client is told how long it has taken."""
    ended: list[T | Exception] = []
    async with anyio.create_task_group() as group:
        group.start_soon(_tell_progress, context, limit_s)
        try:
            ended.append(await working)
        except Exception as error:  # noqa: BLE001  # a task group would wrap it; it is raised again below
            ended.append(error)
        group.cancel_scope.cancel()
    if isinstance(ended[0], Exception):
        raise ended[0]
    return ended[0]


async def _in_thread(work: Callable[[Cancellation], T], gone: Departure | None, workers: Workers) -> T:
    cancellation = Cancellation()
    job = workers.begin(lambda: work(cancellation))
    try:
        with gone.met_by(job.leave) if gone is not None else nullcontext():
            await job.ended
    except anyio.get_cancelled_exc_class():
        await _stop(job, cancellation)
        raise
    if job.left:
        await _stop(job, cancellation)
        raise StatementCancelled("The call was cancelled or its client went away, so the statement was stopped.")
    return job.answer()


async def _stop(job: Job[Any], cancellation: Cancellation) -> None:
    """Stops what nobody waits for, and gives it the time to put on record that it was."""
    job.leave()

    def stop() -> None:
        cancellation.cancel()
        job.wait(_LINE_S)

    with anyio.CancelScope(shield=True):
        # Not on a thread for calls: all of them may be busy with what is to be stopped.
        await anyio.to_thread.run_sync(stop, limiter=anyio.CapacityLimiter(1))


async def _tell_progress(context: Context[ServerContext, object], limit_s: float) -> None:
    started = time.monotonic()
    while True:
        await anyio.sleep(EVERY_S)
        await context.report_progress(*progress(time.monotonic() - started, limit_s))
