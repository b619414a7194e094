"""What questions and operations need of a client: its settings, and the executor that runs their statements."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.statements import Tracer
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings


class Access(Protocol):
    """Access to one store; `ClickHouseClient` is one."""

    settings: ClickHouseSettings
    muse: MuseSettings
    executor: Executor
    tracer: Tracer | None
    #: Of a table and a window's beginning: whether the window held few rows, when that was asked, and its end.
    sizes: dict[tuple[str, datetime], tuple[bool, datetime, datetime]]
    #: Of a table and a column with few values: when they were asked for, and which they were.
    known: dict[tuple[str, str], tuple[datetime, tuple[str, ...]]]
