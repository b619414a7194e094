"""What is stored: one file per table, each reading like its DDL."""

from __future__ import annotations

from sqlalchemy import Table

from models.audit_log import AuditEntry
from models.base import DATABASE, Base
from models.bench_runs import BenchRun
from models.deployments import Deployment
from models.episodes import Episode
from models.insert_ledger import LedgerEntry
from models.llm_events import LlmEvent
from models.retention_rules import RetentionRule
from models.rollups import LLM_EVENTS_HOURLY_MV, UI_EVENTS_HOURLY_MV, LlmEventHour, UiEventHour
from models.session_stats import SessionStat
from models.ui_events import UiEvent
from models.watcher_runs import WatcherRun

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

FACT_TABLES: dict[str, Table] = {model.__tablename__: Base.metadata.tables[model.__tablename__] for model in FACTS}
"""The seven tables by name, as SQLAlchemy tables."""

metadata = Base.metadata

__all__ = [
    "DATABASE",
    "FACTS",
    "FACT_TABLES",
    "ROLLUPS",
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
    "WatcherRun",
    "metadata",
]
