"""What questions and operations need of a client: its settings, and the executor that runs their statements."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from chimera_metrics.analytics.row_counts import Size
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.clickhouse.statements import Tracer
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings


class Access(Protocol):
    """Access to one store; `ClickHouseClient` is one."""

    settings: ClickHouseSettings
    muse: MuseSettings
    executor: Executor
    tracer: Tracer | None
    #: What was found lately of how many rows large tables have.
    sizes: list[Size]
    #: Of a table and a column with few values: when they were asked for, and which they were.
    known: dict[tuple[str, str], tuple[datetime, tuple[str, ...]]]
