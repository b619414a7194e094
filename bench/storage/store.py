"""A throw-away store with the models' tables and the same rows in plain types."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from bench.generate import ORDERS, statements
from chimera_metrics import models
from chimera_metrics.integrations.clickhouse.engine import make_engine
from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution.engines import ensure_database
from chimera_metrics.models import insertable

UNTIL = date(2026, 7, 1)
DAYS = 40
ROWS = {
    "bench_runs": 300_000,
    "llm_events": 1_000_000,
    "ui_events": 2_000_000,
    "episodes": 100_000,
    "deployments": 100_000,
    "watcher_runs": 100_000,
    "session_stats": 250_000,
}
DAY = {table: "toDate(hour)" if table == "session_stats" else "toDate(ts)" for table in ROWS}
# ALP is in beta: it is measured, and no model uses it.
SESSION = {"enable_alp_codec": 1, "allow_suspicious_low_cardinality_types": 1, "allow_suspicious_codecs": 1}


@dataclass(frozen=True)
class Asked:
    """The rows of an answer and what they took; seconds of processor time are the whole engine's."""

    rows: list[tuple[Any, ...]]
    rows_read: int
    bytes_read: int
    elapsed_ms: float


@dataclass(frozen=True)
class Store:
    """Databases: `chimera_metrics` as modelled, `plain` in plain types, `trial` for what is tried."""

    executor: Executor
    seed: int

    def run(self, statement: str) -> float:
        """Runs a statement that changes something; gives its processor seconds."""
        began = time.process_time()
        self.executor.command(statement, SESSION)
        return time.process_time() - began

    def ask(self, statement: str, session: Mapping[str, Any] | None = None) -> Asked:
        with self.executor.open(statement, session=session) as running:
            rows = [row for block in running.blocks() for row in zip(*block, strict=True)]
            return Asked(rows, running.rows_read, running.bytes_read, running.elapsed_ms)

    def one(self, statement: str) -> Any:
        """The first row."""
        return self.ask(statement).rows[0]

    def fill(self, database: str, table: str, rows: int, days: int = DAYS) -> None:
        for statement in statements(table, rows, days, UNTIL, self.seed, database):
            self.run(statement)
        self.merge(database, table)

    def merge(self, database: str, table: str) -> None:
        self.run(f"OPTIMIZE TABLE {database}.{table} FINAL")

    def columns(self, database: str, table: str) -> dict[str, tuple[int, int]]:
        """Bytes of each column, stored and raw; zero where parts are compact."""
        found = self.ask(
            "SELECT column, sum(column_data_compressed_bytes), sum(column_data_uncompressed_bytes) "
            f"FROM system.parts_columns WHERE active AND database = '{database}' AND table = '{table}' GROUP BY column"
        )
        return {column: (stored, raw) for column, stored, raw in found.rows}

    def disk(self, database: str, table: str) -> Disk:
        return Disk(
            *self.one(
                "SELECT count(), sum(rows), sum(bytes_on_disk), sum(data_uncompressed_bytes), "
                "sum(secondary_indices_compressed_bytes), anyHeavy(part_type) "
                f"FROM system.parts WHERE active AND database = '{database}' AND table = '{table}'"
            )
        )

    def ddl(self, table: str, name: str) -> str:
        """CREATE TABLE of a model under another name."""
        (text,) = self.one(
            f"SELECT create_table_query FROM system.tables WHERE database = 'chimera_metrics' AND name = '{table}'"
        )
        return str(text).replace(f"chimera_metrics.{table}", name, 1)


@dataclass(frozen=True)
class Disk:
    """What a table takes on disk, everything in it: data, marks, primary key, indexes, checksums."""

    parts: int
    rows: int
    bytes: int
    raw: int
    index_bytes: int
    part_type: str

    @property
    def per_row(self) -> float:
        return self.bytes / self.rows


@contextmanager
def opened(seed: int) -> Iterator[Store]:
    with tempfile.TemporaryDirectory(prefix="bench-storage-") as folder:
        settings = ClickHouseSettings(path=f"{folder}/store", timeout=3600, max_memory_mb=16384)
        ensure_database(settings)
        engine = make_engine(settings, SESSION)
        models.metadata.create_all(engine)
        store = Store(Executor(settings, engine), seed)
        try:
            for database in ("plain", "trial"):
                store.run(f"CREATE DATABASE {database}")
            yield store
        finally:
            store.executor.close()


def writable(table: str) -> list[str]:
    """The names of the columns that a caller writes."""
    return [column.name for column in insertable(models.FACT_TABLES[table])]


def plain_type(type_: str) -> str:
    """String in place of LowCardinality(String)."""
    return type_.removeprefix("LowCardinality(").removesuffix(")") if type_.startswith("LowCardinality(") else type_


def types(store: Store, table: str) -> dict[str, str]:
    found = store.ask(
        "SELECT name, type FROM system.columns "
        f"WHERE database = 'chimera_metrics' AND table = '{table}' ORDER BY position"
    )
    return {name: type_ for name, type_ in found.rows if name in writable(table)}


def raw_bytes(column: str, type_: str) -> str:
    """SQL of a column's raw bytes a row in plain types: text and a byte for its length, one more where null may be."""
    inner = plain_type(type_)
    nullable = inner.startswith("Nullable(")
    inner = inner.removeprefix("Nullable(").removesuffix(")") if nullable else inner
    size = f"length(ifNull({column}, '')) + 1" if inner == "String" else _WIDTHS[inner.partition("(")[0]]
    return f"avg({size}) + {int(nullable)}"


_WIDTHS = {
    "DateTime64": "8",
    "DateTime": "4",
    "UUID": "16",
    "FixedString": "40",
    "Float64": "8",
    "Decimal": "8",
    "UInt64": "8",
    "UInt32": "4",
    "UInt16": "2",
}


def jsonl(store: Store, table: str) -> float:
    """Bytes a row as FORMAT JSONEachRow writes them, of 20,000 rows."""
    names = ", ".join(writable(table))
    (size,) = store.one(
        f"SELECT avg(length(formatRow('JSONEachRow', {names}))) FROM "
        f"(SELECT * FROM plain.{table} ORDER BY cityHash64({DAY[table]}, {ORDERS[table]}) LIMIT 20000)"
    )
    return float(size)


def create(store: Store, name: str, columns: str, table: str, settings: str = "") -> None:
    """A table with the order and partitions of `table`, in wide parts, so that the size of each column is known."""
    # Sparse serialization off: raw bytes are those of the values, not of a cleverer form of them.
    store.run(f"DROP TABLE IF EXISTS {name} SYNC")
    store.run(
        f"CREATE TABLE {name} ({columns}) ENGINE = MergeTree PARTITION BY {DAY[table]} ORDER BY ({ORDERS[table]}) "
        f"SETTINGS min_bytes_for_wide_part = 0{settings}"
    )


def fill_plain(store: Store, table: str) -> None:
    """The model's rows in plain types and default codecs, in `plain`."""
    listed = ", ".join(f"{name} {plain_type(type_)}" for name, type_ in types(store, table).items())
    create(store, f"plain.{table}", listed, table, ", ratio_of_defaults_for_sparse_serialization = 1")
    names = ", ".join(writable(table))
    store.run(f"INSERT INTO plain.{table} ({names}) SELECT {names} FROM chimera_metrics.{table}")
    store.merge("plain", table)
