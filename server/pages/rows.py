"""Rows of a table in a window: the statement that shows them, which the reader may change."""

from __future__ import annotations

from sqlalchemy import desc, select

from chimera_metrics.analytics import window_of
from chimera_metrics.analytics.metrics.filters import filter_of
from chimera_metrics.analytics.tables import columns_of, table_of, time_column
from chimera_metrics.integrations.questions.asking import clock
from chimera_metrics.integrations.report.scope import Scope
from chimera_metrics.server.context import ServerContext

_MOST = 100


def statement(state: ServerContext, scope: Scope) -> str:
    """The SQL of the scope: its own, or the newest rows of its table in its window, by its filters."""
    if scope.sql is not None:
        return scope.sql
    table = table_of(scope.table or "llm_events")
    zone = scope.zone or state.settings.muse.timezone
    window = window_of(now=clock(), timezone=zone, default_days=30, **scope.window())
    ts = table.c[time_column(table)]
    rows = select(*columns_of(table).values()).where(ts >= window.since, ts < window.until)
    rows = rows.where(*(filter_of(table, one).clause(table) for one in scope.filters(table.name)))
    return state.client.executor.compile(rows.order_by(desc(ts)).limit(_MOST))
