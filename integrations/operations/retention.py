"""Retention: how many days each table keeps, as rows of `retention_rules`; applied by dropping whole partitions.

Nothing deletes by itself: `plan` only reads, `apply` drops what a plan lists. What keeps telling the truth:

- a rollup loses the same days as its table, so an answer from it equals an answer from the rows;
- a benchmark run whose newest copy goes takes its superseded copies on later days along: none comes back to life;
- the ledger keeps its rows and gains one that says how many rows went, so `muse verify` still balances, and a batch
  sent again is answered as a duplicate, not stored again.
"""

from __future__ import annotations

import getpass
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.clickhouse.literals import quote, quote_name
from chimera_metrics.integrations.clickhouse.store_form import require
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.watches.turns import Turns
from chimera_metrics.integrations.writing.keeper_claims import KeeperClaims
from chimera_metrics.integrations.writing.ledger import WRITE_SETTINGS, claims_of
from chimera_metrics.models import FACT_TABLES, RUN_IDENTITY, VIEWS
from chimera_metrics.suggestions import unknown

LEDGER = "insert_ledger"
TABLES = (*FACT_TABLES, LEDGER, "audit_log", "watch_alarms", "watch_turns")
#: What holds where no rule was set; the ledger's promise is 90 days, and no webhook is tried for as long.
DEFAULTS: dict[str, int | None] = {LEDGER: 90, "watch_turns": 90}
_ROLLUPS = {view.source: view.target for view in VIEWS}
_RUN = ", ".join(RUN_IDENTITY)
# A statement of a thousand partitions is still short; the engine drops them one after another.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class KeepRule:
    """How many whole days a table keeps, besides today; None keeps all."""

    table: str
    keep_days: int | None
    set_at: datetime | None = None
    set_by: str = ""


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition of a table, that is older than its rule keeps."""

    table: str
    id: str
    first: date
    last: date
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What one rule would remove: partitions of its table and of the table's rollup."""

    rule: KeepRule
    before: date | None
    stands: int
    """Rows that the table has now."""
    partitions: tuple[Partition, ...] = ()

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.partitions if part.table == self.rule.table)

    @property
    def bytes(self) -> int:
        return sum(part.bytes for part in self.partitions)

    @property
    def days(self) -> int:
        return len({part.id for part in self.partitions})

    @property
    def last_copies(self) -> tuple[Partition, ...]:
        """Partitions of the rollup whose rows are gone already: nothing else tells of these days."""
        with_rows = {part.id for part in self.partitions if part.table == self.rule.table}
        return tuple(part for part in self.partitions if part.table != self.rule.table and part.id not in with_rows)


def rules(client: Access) -> dict[str, KeepRule]:
    """The newest rule of each table; the default where none was set."""
    found = {
        row["table_name"]: KeepRule(row["table_name"], row["keep_days"], row["set_at"], row["set_by"])
        for row in client.executor.read("SELECT table_name, keep_days, set_at, set_by FROM retention_rules").mappings()
    }
    return {table: found.get(table) or KeepRule(table, DEFAULTS.get(table)) for table in TABLES}


def set_rule(client: Access, table: str, keep_days: int | None, who: str | None = None) -> KeepRule:
    """Writes a rule down. It removes nothing; the next `apply` follows it."""
    if table not in TABLES:
        raise InvalidInput(unknown("table", table, TABLES, "Retention rules are for"))
    if keep_days is not None and not 1 <= keep_days <= 36_500:
        raise InvalidInput(f"keep_days is {keep_days}, but takes 1 to 36500; to keep all, use --keep-all.")
    rule = KeepRule(table, keep_days, datetime.now(UTC), who or getpass.getuser())
    values = (rule.table, rule.keep_days, rule.set_at, rule.set_by)
    names = ("table_name", "keep_days", "set_at", "set_by")
    client.executor.insert("retention_rules", names, [[value] for value in values], {"async_insert": 0})
    return rule


def plan(client: Access, today: date | None = None) -> list[Plan]:
    """For each table what its rule would remove today. Reads only."""
    require(client.executor)
    today = today or datetime.now(UTC).date()
    stands: dict[str, int] = {}
    parts: dict[str, list[Partition]] = {}
    for row in client.executor.read(_PARTITIONS).mappings():
        first, last = _span(row["partition"])
        found = Partition(row["table"], row["partition_id"], first, last, row["n"], row["b"])
        parts.setdefault(found.table, []).append(found)
        stands[found.table] = stands.get(found.table, 0) + found.rows
    plans = []
    for table, rule in rules(client).items():
        if rule.keep_days is None:
            plans.append(Plan(rule, None, stands.get(table, 0)))
            continue
        before = today - timedelta(days=rule.keep_days)
        both = [*parts.get(table, []), *parts.get(_ROLLUPS.get(table, ""), [])]
        gone = tuple(part for part in both if part.last < before)
        plans.append(Plan(rule, before, stands.get(table, 0), gone))
    return plans


_PARTITIONS = (
    "SELECT table, partition, partition_id, sum(rows) AS n, sum(bytes_on_disk) AS b FROM system.parts "
    "WHERE active AND database = currentDatabase() GROUP BY table, partition, partition_id ORDER BY table, partition"
)


def _span(partition: str) -> tuple[date, date]:
    """First and last day of a partition: of a day, or of a month as the ledger has."""
    if len(partition) == 6 and partition.isdigit():
        first = date(int(partition[:4]), int(partition[4:]), 1)
        return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    if partition == "tuple()":
        return date.min, date.max
    day = date.fromisoformat(partition)
    return day, day


def apply(client: Access, plans: list[Plan]) -> None:
    """Drops what the plans list. Killed half-way, the next run drops the rest."""
    claims = claims_of(client.executor)
    if isinstance(claims, KeeperClaims):  # what is over, and what killed processes left
        yesterday = datetime.now(UTC) - timedelta(days=1)
        claims.forget_before(yesterday)
        Turns(client.executor).forget_before(yesterday)
    for planned in plans:
        if not planned.partitions:
            continue
        table = planned.rule.table
        removed = planned.rows
        if table == "bench_runs":
            assert planned.before is not None  # noqa: S101  # for the type checker: only a rule with days has partitions
            removed = _drop_superseded(client, planned.before)
        # Before the rows go: a ledger that says more went than did is mended by the next run, lost rows would not be.
        if table in FACT_TABLES:
            _note(client, planned, removed)
        for name in {part.table for part in planned.partitions}:
            ids = [part.id for part in planned.partitions if part.table == name]
            for start in range(0, len(ids), _AT_ONCE):
                dropped = ", ".join(f"DROP PARTITION ID {quote(id_)}" for id_ in ids[start : start + _AT_ONCE])
                client.executor.command(f"ALTER TABLE {quote_name(name)} {dropped}")


def _drop_superseded(client: Access, before: date) -> int:
    """Deletes copies on kept days of runs whose newest copy goes; answers how many runs go."""
    going = f"SELECT {_RUN} FROM bench_runs FINAL WHERE toDate(ts) < toDate('{before}')"
    count = client.executor.scalar(f"SELECT count() FROM ({going})")
    stale = f"toDate(ts) >= toDate('{before}') AND ({_RUN}) IN ({going})"
    with client.executor.open(f"SELECT count() FROM bench_runs WHERE {stale}", session={"final": 0}) as running:
        found = sum(value for block in running.blocks() for value in block[0])
    if found:
        client.executor.command(f"ALTER TABLE bench_runs DELETE WHERE {stale}", {"mutations_sync": 2})
    return int(count)


def _note(client: Access, planned: Plan, removed: int) -> None:
    """A row of the ledger that says what went."""
    table, now = planned.rule.table, datetime.now(UTC)
    answer = json.dumps({"removed": removed, "before": str(planned.before), "by": "retention"})
    # The same removal tried again is the same row: its token and key follow from what goes.
    ids = sorted(part.id for part in planned.partitions if part.table == table)
    digest = hashlib.sha256(f"{table}\n{','.join(ids)}\n{removed}\n{planned.stands}".encode()).hexdigest()
    if not ids:
        return
    values: dict[str, Any] = {
        "acknowledged_at": now,
        "table_name": table,
        "idempotency_key": f"retention {digest}",
        "content_hash": digest,
        "batch_id": uuid4(),
        "received": 0,
        "inserted": 0,
        "rejected": 0,
        "quarantined": 0,
        "replaced": 0,
        "answer": answer,
    }
    settings = dict(WRITE_SETTINGS) | {"insert_deduplication_token": digest}
    client.executor.insert(LEDGER, list(values), [[value] for value in values.values()], settings)
