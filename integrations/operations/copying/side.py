"""One side of a copy: what its tables hold, as figures that say whether two sides are equal.

A partition is summed up by its rows and a sum over their hashes, which does not depend on their order; of rows that
replace one another the last counts. A fingerprint is what the engine knows of a partition without reading it: it
changes with every insert, replacement and deletion, and not with a merge.
"""

from __future__ import annotations

import contextlib
import math
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chimera_metrics.integrations.clickhouse.codec import decode
from chimera_metrics.integrations.clickhouse.dbapi import Block
from chimera_metrics.integrations.clickhouse.executor import Executor, translated
from chimera_metrics.integrations.clickhouse.literals import quote, quote_name
from chimera_metrics.integrations.clickhouse.store_form import question, shards_of
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import SchemaMismatch

# A partition takes as long as it takes; a connection that is gone is noticed all the same.
_TIMEOUT_S = 3600
# Each partition by itself, as it is copied: what another day replaces is copied too, with its version.
_READ = {"final": 1, "do_not_merge_across_partitions_select_final": 1, "defer_partition_pruning_after_final": 0}
_WRAP = 2**64
COPIED = "muse-copy:"
"""How the keys of ledger rows begin that a copy adds; they belong to their store, and are not copied."""


@dataclass(frozen=True, slots=True)
class Content:
    """Rows, and the sum of their hashes."""

    rows: int = 0
    checksum: int = 0

    @property
    def both(self) -> tuple[int, int]:
        return self.rows, self.checksum

    def __add__(self, other: Content) -> Content:
        return Content(self.rows + other.rows, (self.checksum + other.checksum) % _WRAP)


def near(one: Sequence[float], other: Sequence[float], tolerance: float = 1e-9) -> bool:
    """Whether sums of floats, which depend on their order in the last digits, are the same."""
    return len(one) == len(other) and all(
        math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance) or (math.isnan(a) and math.isnan(b))
        for a, b in zip(one, other, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Column:
    """A stored column."""

    name: str
    type: str
    computed: bool
    """Whether the engine fills it in by itself."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table that is copied, with its stored columns."""

    name: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> str:
        return ", ".join(quote_name(column.name) for column in self.columns)

    @property
    def hash(self) -> str:
        return f"sipHash64(formatRow('RowBinary', {self.names}))"

    @property
    def where(self) -> str:
        """The rows that are copied."""
        return f"NOT startsWith(idempotency_key, {quote(COPIED)})" if self.name == "insert_ledger" else "1"

    @property
    def sums(self) -> str:
        """Sums over the columns that are numbers."""
        found = [
            f"sum(ifNull(toFloat64({quote_name(column.name)}), 0))"
            for column in self.columns
            if any(word in column.type for word in ("Int", "Float", "Decimal"))
        ]
        return f"[{', '.join(found)}]" if found else "emptyArrayFloat64()"


def _among(partitions: Collection[str]) -> str:
    return f"_partition_id IN ({', '.join(map(quote, partitions)) or 'NULL'})"


class Side:
    """A store that is copied from or to."""

    def __init__(self, settings: ClickHouseSettings) -> None:
        self.settings = settings
        self.executor = Executor(settings.model_copy(update={"timeout": max(_TIMEOUT_S, settings.timeout)}))

    def take_its_form(self) -> None:
        """A store that stands is read as it is: CH_CLUSTER and CH_SHARDED of the settings are of the other side."""
        if self.settings.embedded:
            return
        cluster = None
        with contextlib.suppress(SchemaMismatch):  # no such database: it is said later what that means
            cluster = shards_of(self.rows(question(self.settings.database)))
        if (cluster is not None) == self.settings.on_shards:
            return
        form = {"sharded": cluster is not None, "cluster": cluster or self.settings.cluster}
        self.close()
        self.settings = self.settings.model_copy(update=form)
        self.executor = Executor(self.executor.settings.model_copy(update=form))

    @property
    def where(self) -> str:
        return f"{self.settings.where}, database {self.settings.database}"

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self.executor.open(statement, session=_READ) as running:
            return [row for block in running.blocks() for row in zip(*block, strict=True)]

    def value(self, statement: str) -> Any:
        rows = self.rows(statement)
        return rows[0][0] if rows else None

    def tables(self) -> dict[str, Table]:
        """The tables that keep rows, with their stored columns."""
        found: dict[str, list[Column]] = {}
        for table, name, type_, kind in self.rows(
            "SELECT table, name, type, default_kind FROM system.columns WHERE database = currentDatabase() "
            "AND default_kind NOT IN ('ALIAS', 'EPHEMERAL') ORDER BY table, position"
        ):
            found.setdefault(table, []).append(Column(name, type_, kind == "MATERIALIZED"))
        return {table: Table(table, tuple(columns)) for table, columns in found.items()}

    def fingerprints(self) -> dict[tuple[str, str], tuple[str, int]]:
        """Each partition that holds rows: its fingerprint, and the rows of its parts."""
        return {
            (table, partition): (f"{rows}/{block}/{version}", int(rows))
            for table, partition, rows, block, version in self.rows(
                # A part's version is that of its last mutation, or else its first block, which a merge changes.
                "SELECT table, partition_id, sum(rows) AS n, max(max_block_number), "
                "max(if(data_version > max_block_number, data_version, 0)) FROM system.parts "
                "WHERE active AND database = currentDatabase() GROUP BY table, partition_id HAVING n > 0"
            )
        }

    def contents(
        self, table: Table, partitions: Collection[str] | None = None
    ) -> dict[str, tuple[Content, list[float]]]:
        """Every partition of the table that holds rows, or those named, with its sums."""
        which = "1" if partitions is None else _among(partitions)
        return {
            partition: (Content(rows, checksum), list(sums))
            for partition, rows, checksum, sums in self.rows(
                f"SELECT _partition_id AS id, count(), sum({table.hash}), {table.sums} "
                f"FROM {quote_name(table.name)} WHERE {table.where} AND {which} GROUP BY id"
            )
        }

    def staged_contents(self, table: Table, staging: str) -> dict[str, Content]:
        """Every partition of a table that is shaped like `table`."""
        return {
            partition: Content(rows, checksum)
            for partition, rows, checksum in self.rows(
                f"SELECT _partition_id AS id, count(), sum({table.hash}) FROM {quote_name(staging)} GROUP BY id"
            )
        }

    def blocks(self, table: Table, partitions: Collection[str]) -> Iterator[Block]:
        """The rows of some partitions at one moment, column by column, and as the last column each row's hash."""
        statement = (
            f"SELECT {table.names}, {table.hash} AS row_hash FROM {quote_name(table.name)} "
            f"WHERE {table.where} AND {_among(partitions)}"
        )
        if not self.settings.embedded:
            with self.executor.open(statement, session=_READ) as running:
                yield from running.blocks()
            return
        with self._spooled(statement) as file:
            while head := file.read(8):
                yield decode(file.read(int.from_bytes(head)))[1]

    @contextlib.contextmanager
    def _spooled(self, statement: str) -> Iterator[Any]:
        """The answer in a file of this process alone: other processes have their turn at the store meanwhile."""
        limits = self.executor.limits()
        with tempfile.TemporaryFile(prefix="muse-copy-") as file:
            connection = self.executor.engine.raw_connection()
            try:
                driver: Any = connection.driver_connection
                session = {**_READ, **limits.session(), "readonly": 1}
                with translated(limits, self.settings.where), driver.run(statement, settings=session) as reply:
                    for chunk in reply.raw():
                        file.write(len(chunk).to_bytes(8) + chunk)
            finally:
                connection.close()
            file.seek(0)
            yield file

    def close(self) -> None:
        self.executor.close()
