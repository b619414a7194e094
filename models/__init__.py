"""What is stored: one file per table, each reading like its DDL."""

from __future__ import annotations

import chimera_metrics.models.upstream  # noqa: F401  # first, for it imports less than the models would

# isort: split

from sqlalchemy import Table

from chimera_metrics.models.audit_log import AuditEntry
from chimera_metrics.models.base import DATABASE, Base
from chimera_metrics.models.bench_runs import RUN_IDENTITY, BenchRun
from chimera_metrics.models.ddl import document, insertable
from chimera_metrics.models.deployments import Deployment
from chimera_metrics.models.episodes import Episode
from chimera_metrics.models.insert_ledger import LedgerEntry
from chimera_metrics.models.llm_events import LlmEvent
from chimera_metrics.models.retention_rules import RetentionRule
from chimera_metrics.models.rollups import LLM_EVENTS_HOURLY_MV, UI_EVENTS_HOURLY_MV, LlmEventHour, UiEventHour
from chimera_metrics.models.session_stats import SessionStat
from chimera_metrics.models.ui_events import UiEvent
from chimera_metrics.models.watch_alarms import WatchAlarm
from chimera_metrics.models.watch_turns import WatchTurn
from chimera_metrics.models.watcher_runs import WatcherRun
from chimera_metrics.models.watches import Watch
from chimera_metrics.short_names import same_as_long

FACTS: tuple[type[Base], ...] = (
    BenchRun,
    LlmEvent,
    UiEvent,
    Episode,
    Deployment,
    WatcherRun,
    SessionStat,
)
"""The seven tables that agents read and write."""

ROLLUPS: tuple[type[Base], ...] = (LlmEventHour, UiEventHour)
VIEWS = (LLM_EVENTS_HOURLY_MV, UI_EVENTS_HOURLY_MV)

FACT_TABLES: dict[str, Table] = {
    model.__tablename__: document(Base.metadata.tables[model.__tablename__]) for model in FACTS
}
"""The seven tables by name, as SQLAlchemy tables."""

metadata = Base.metadata

__all__ = [
    "DATABASE",
    "FACTS",
    "FACT_TABLES",
    "ROLLUPS",
    "RUN_IDENTITY",
    "VIEWS",
    "AuditEntry",
    "Base",
    "BenchRun",
    "Deployment",
    "Episode",
    "LedgerEntry",
    "LlmEvent",
    "LlmEventHour",
    "RetentionRule",
    "SessionStat",
    "UiEvent",
    "UiEventHour",
    "Watch",
    "WatchAlarm",
    "WatchTurn",
    "WatcherRun",
    "insertable",
    "metadata",
]

same_as_long(__name__)
