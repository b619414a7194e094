"""Operational facts about an AI content pipeline, in ClickHouse.

    from chimera_metrics import ClickHouseClient

Importing this loads none of the rooms: each name is fetched from its room when it is first asked for.

In a clone the rooms stand beside this folder and are imported from there; an installed package holds them. The links
in this folder are for type checkers and editors alone: nothing at run time follows them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

_HERE = Path(__file__).resolve().parent
if (_HERE / "models").is_symlink() or not (_HERE / "models").is_dir():  # a clone, with its links or without
    __path__.insert(0, str(_HERE.parent))

if TYPE_CHECKING:
    from chimera_metrics import analytics, models
    from chimera_metrics.analytics import Metric, metric
    from chimera_metrics.analytics.errors import QuestionError
    from chimera_metrics.integrations.async_client import AsyncClickHouseClient
    from chimera_metrics.integrations.audit.trail import AuditFailed
    from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
    from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings
    from chimera_metrics.integrations.errors import (
        AccessRefused,
        CertificateRefused,
        DestructiveStep,
        InvalidInput,
        MemoryExceeded,
        MuseError,
        PoolExhausted,
        SchemaMismatch,
        ServerTooOld,
        SettingsError,
        StatementCancelled,
        StatementFailed,
        StatementTimeout,
        StoreBusy,
        StoreUnusable,
        Unreachable,
    )
    from chimera_metrics.integrations.evolution.lock import MigrationLocked
    from chimera_metrics.integrations.guard.refusals import StatementRefused
    from chimera_metrics.integrations.kafka.connection import BrokersUnreachable
    from chimera_metrics.integrations.kafka.lanes import TopicChanged
    from chimera_metrics.integrations.kafka.poison import Undelivered
    from chimera_metrics.integrations.operations.backup import BackupRefused
    from chimera_metrics.integrations.operations.copying.book import CopyRefused
    from chimera_metrics.integrations.operations.copying.comparing import CopyDiffers
    from chimera_metrics.integrations.operations.roles import NoRoles
    from chimera_metrics.integrations.otlp.spans import TooManySpans, UnreadableSpans
    from chimera_metrics.integrations.results import (
        AggregateResult,
        AnomaliesResult,
        CompareResult,
        CorrelationDataResult,
        CorrelationResult,
        DescribeResult,
        DriversResult,
        ForecastResult,
        HealthResult,
        InsertResult,
        PerformanceResult,
        QualityResult,
        QueryResult,
        Result,
        TrendResult,
    )
    from chimera_metrics.models import (
        BenchRun,
        Deployment,
        Episode,
        LlmEvent,
        SessionStat,
        UiEvent,
        WatcherRun,
        metadata,
    )

__all__ = [
    "AccessRefused",
    "AggregateResult",
    "AnomaliesResult",
    "AsyncClickHouseClient",
    "AuditFailed",
    "BackupRefused",
    "BenchRun",
    "BrokersUnreachable",
    "CertificateRefused",
    "ClickHouseClient",
    "ClickHouseSettings",
    "CompareResult",
    "CopyDiffers",
    "CopyRefused",
    "CorrelationDataResult",
    "CorrelationResult",
    "Deployment",
    "DescribeResult",
    "DestructiveStep",
    "DriversResult",
    "Episode",
    "ForecastResult",
    "HealthResult",
    "InsertResult",
    "InvalidInput",
    "LlmEvent",
    "MemoryExceeded",
    "Metric",
    "MigrationLocked",
    "MuseError",
    "MuseSettings",
    "NoRoles",
    "PerformanceResult",
    "PoolExhausted",
    "QualityResult",
    "QueryResult",
    "QuestionError",
    "Result",
    "SchemaMismatch",
    "ServerTooOld",
    "SessionStat",
    "SettingsError",
    "StatementCancelled",
    "StatementFailed",
    "StatementRefused",
    "StatementTimeout",
    "StoreBusy",
    "StoreUnusable",
    "TooManySpans",
    "TopicChanged",
    "TrendResult",
    "UiEvent",
    "Undelivered",
    "Unreachable",
    "UnreadableSpans",
    "WatcherRun",
    "analytics",
    "metadata",
    "metric",
    "models",
]

_ROOMS = ("analytics", "models")
_MODULES = {
    "AsyncClickHouseClient": "integrations.async_client",
    "AuditFailed": "integrations.audit.trail",
    "BackupRefused": "integrations.operations.backup",
    "CopyDiffers": "integrations.operations.copying.comparing",
    "CopyRefused": "integrations.operations.copying.book",
    "ClickHouseClient": "integrations.clickhouse_client",
    "ClickHouseSettings": "integrations.config",
    "Metric": "analytics",
    "MigrationLocked": "integrations.evolution.lock",
    "MuseSettings": "integrations.config",
    "NoRoles": "integrations.operations.roles",
    "QuestionError": "analytics.errors",
    "StatementRefused": "integrations.guard.refusals",
    "metric": "analytics",
    "BrokersUnreachable": "integrations.kafka.connection",
    "TopicChanged": "integrations.kafka.lanes",
    "Undelivered": "integrations.kafka.poison",
    "TooManySpans": "integrations.otlp.spans",
    "UnreadableSpans": "integrations.otlp.spans",
} | dict.fromkeys(
    ("BenchRun", "Deployment", "Episode", "LlmEvent", "SessionStat", "UiEvent", "WatcherRun", "metadata"), "models"
)
_MODULES |= dict.fromkeys((name for name in __all__ if name.endswith("Result")), "integrations.results")


if not TYPE_CHECKING:  # type checkers would take any name for one that is there

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        if name in _ROOMS:
            from importlib import import_module

            return import_module(f"{__name__}.{name}")
        from chimera_metrics.late_names import fetched

        return fetched(name, _MODULES.get(name, "integrations.errors"), globals())


def __dir__() -> list[str]:
    return __all__
