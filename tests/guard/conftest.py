"""One store with the seven tables, a table that readers may not see, a sentinel, and a file with a secret beside it."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from chdb.session import Session

from chimera_metrics.integrations.clickhouse.store import _stores as stores
from chimera_metrics.integrations.guard.judging import Guard, Rules

SECRET = "hush-7f3a"
DATABASE = "chimera_metrics"

_IDS = "run_id UUID, "
_TABLES = {
    "bench_runs": _IDS
    + "commit_sha Nullable(FixedString(40)), model LowCardinality(String), quant LowCardinality(String), "
    "dataset LowCardinality(String), latency_p50_ms Float64, latency_p95_ms Float64, latency_p99_ms Float64, "
    "tokens_per_sec Float64, cost_per_1k Decimal(18, 6), memory_peak_mb Nullable(Float64)",
    "llm_events": _IDS
    + "source LowCardinality(String), model LowCardinality(String), operation LowCardinality(String), "
    "tokens_in UInt32, tokens_out UInt32, latency_ms Float64, cost_usd Decimal(18, 6), status LowCardinality(String), "
    "error_msg Nullable(String)",
    "ui_events": "session_id UUID, commit_sha Nullable(FixedString(40)), event_type LowCardinality(String), "
    "latency_ms Nullable(Float64), user_agent String, metadata String, schema_version UInt8",
    "episodes": _IDS + "series LowCardinality(String), episode_num UInt32, title String, confidence_score Float64, "
    "correlation_strength Nullable(Float64), tokens_total UInt64, cost_total Decimal(18, 6), "
    "status LowCardinality(String), file_path String, commit_sha Nullable(FixedString(40))",
    "deployments": _IDS
    + "episode_run_id UUID, status LowCardinality(String), vercel_deployment_id String, url String, "
    "duration_ms UInt32, error_msg Nullable(String)",
    "watcher_runs": _IDS + "hearts_commit Nullable(FixedString(40)), packs_commit Nullable(FixedString(40)), "
    "hearts_rows_found UInt32, packs_rows_found UInt32, lag_seconds Float64, status LowCardinality(String), "
    "duration_ms UInt32",
}
_SETUP = (
    f"CREATE DATABASE {DATABASE}",
    f"USE {DATABASE}",
    *(
        f"CREATE TABLE {name} (ts DateTime64(3, 'UTC'), {columns}) ENGINE = "
        f"{'ReplacingMergeTree' if name == 'bench_runs' else 'MergeTree'} PARTITION BY toDate(ts) ORDER BY ts"
        for name, columns in _TABLES.items()
    ),
    "CREATE TABLE session_stats (hour DateTime('UTC'), session_id UUID, avg_latency_ms Float64, error_rate Float64, "
    "abandonment_rate Float64, events_count UInt32, duration_seconds Float64) ENGINE = MergeTree ORDER BY hour",
    "CREATE TABLE alembic_version (version_num String) ENGINE = MergeTree ORDER BY version_num",
    "CREATE TABLE sentinel (id Int64) ENGINE = MergeTree ORDER BY id",
    "INSERT INTO sentinel VALUES (7)",
    "CREATE TABLE audit_log (id Int64, secret String) ENGINE = MergeTree ORDER BY id",
    f"INSERT INTO audit_log VALUES (1, '{SECRET}')",
    "INSERT INTO ui_events (ts, event_type, latency_ms, metadata) "
    "SELECT toDateTime('2026-01-01 00:00:00') + number * 3600, ['error', 'query_submit'][1 + number % 2], number, "
    "'{\"n\": 1}' FROM numbers(48)",
    "INSERT INTO bench_runs (ts, model, quant, latency_p50_ms, latency_p95_ms, tokens_per_sec) "
    "SELECT toDateTime('2026-01-01 00:00:00') + number * 3600, 'llama', 'q4', number + 1, 2 * number + 1, 3 "
    "FROM numbers(48)",
)


@dataclass
class Store:
    """The store, and one session without any guard."""

    session: Any  # chDB brings no types for its methods
    folder: Path

    def run(self, sql: str, parameters: Mapping[str, str] | None = None) -> str:
        return str(self.session.query(sql, "TSVRaw", params=dict(parameters or {}))).rstrip("\n")

    def place(self, sql: str, out: str) -> str:
        """A statement of the lists with the names of the real files put in."""
        return sql.replace("{secret}", str(self.folder / "secret.txt")).replace("{out}", str(self.folder / out))

    def changes(self) -> list[str]:
        """What is no longer as it was: rows, tables, files."""
        found = [] if self.run(f"SELECT groupArray(id) FROM {DATABASE}.sentinel") == "[7]" else ["sentinel"]
        names = self.run(f"SELECT count() FROM system.tables WHERE database = '{DATABASE}'")
        found += [] if names == "10" else [f"{names} tables"]
        return found + sorted(path.name for path in self.folder.glob("out*"))

    def forget_files(self) -> None:
        for path in self.folder.glob("out*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _open(folder: Path) -> Store:
    # The engine has one store a process, and one of ours stays open for a while after its last statement.
    for ours in list(stores.values()):
        ours.close()
    session: Any = Session
    return Store(session(f"{folder / 'store'}?config-file={folder / 'config.xml'}"), folder)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("guard")
    (folder / "secret.txt").write_text(SECRET)
    # BACKUP is possible here, so that it is a guard that refuses it and not the lack of a place to write to.
    (folder / "config.xml").write_text(
        f"<clickhouse><backups><allowed_path>{folder}</allowed_path></backups></clickhouse>"
    )
    opened = _open(folder)
    for statement in _SETUP:
        opened.run(statement)
    # A statement is run twice and its answers compared, also where its text leaves the order of rows open.
    opened.run("SET max_threads = 1")
    yield opened
    opened.session.close()


@pytest.fixture(scope="module")
def rules() -> Rules:
    return Rules(hidden=frozenset({"audit_log", "sentinel"}))


@pytest.fixture(scope="module")
def guard(store: Store, rules: Rules) -> Guard:
    return Guard(store.run, rules)


@pytest.fixture
def readonly(store: Store) -> Iterator[Store]:
    """The same store through a session that has `readonly = 1`, the guard that somebody else sets."""
    opened = _open(store.folder)
    opened.run(f"USE {DATABASE}")
    opened.run("SET readonly = 1")
    yield opened
    opened.session.close()
    store.forget_files()
