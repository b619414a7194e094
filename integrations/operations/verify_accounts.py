"""Data checks on the books: what the ledger says was stored, what retention removed, what waits in the quarantine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.operations.verify_scope import ACKNOWLEDGES, CheckScope, Line
from chimera_metrics.integrations.questions.freshness import check
from chimera_metrics.integrations.writing.ledger import claims_of
from chimera_metrics.integrations.writing.quarantine import Quarantine, quarantine_folder

# A batch that was begun and neither acknowledged nor kept aside for this long has lost its caller.
_HOURS = 1


def ledger(scope: CheckScope) -> Iterator[Line]:
    """Rows in each table against those acknowledged, less those that replaced others or that retention removed."""
    if lacking := scope.lacking("insert_ledger"):
        yield check("ledger", "error", f"not checked: {lacking}", "See `drift` above.")
        return
    short, over, balanced = [], [], 0
    for table in scope.facts:
        stands = scope.one(f"SELECT count() AS n FROM {table}")["n"]
        booked = scope.books.get(table)
        expected = int(booked["stored"] - booked["removed"]) if booked else 0
        # Sessions are also rebuilt from events, which the ledger does not count.
        if stands < expected and table != "session_stats":
            short.append(f"{table} has {stands:,} of {expected:,} rows")
        elif stands > expected:
            over.append(f"{stands - expected:,} of {table}")
        else:
            balanced += stands
    if short:
        advice = (
            "Rows were removed around `muse retention`, or lost: restore a backup beside this store (`muse restore`). "
            "Keep the rollups, which may still tell of them."
        )
        yield check("ledger", "error", "; ".join(short), advice)
    elif over:
        yield check("ledger", "ok", f"no acknowledged row is missing; rows that it does not know: {', '.join(over)}")
    else:
        yield check("ledger", "ok", f"{balanced:,} rows acknowledged, all stored")
    yield _unfinished(scope)


def _unfinished(scope: CheckScope) -> Line:
    found = scope.rows(
        "SELECT table_name, count() AS n FROM (SELECT table_name, idempotency_key FROM insert_ledger "
        f"GROUP BY table_name, idempotency_key HAVING countIf({ACKNOWLEDGES}) = 0 "
        f"AND max(acknowledged_at) < now() - INTERVAL {_HOURS} HOUR AND countIf(JSONHas(answer, 'claim')) > 0"
        f"{_except_waiting(scope)}) GROUP BY table_name"
    )
    counts = Counter({row["table_name"]: row["n"] for row in found})
    files = claims_of(scope.client.executor)
    if files is not None:
        waiting = {kept.identity.address for kept in _waiting(scope)}
        begun = files.unfinished(datetime.now(UTC) - timedelta(hours=_HOURS))
        counts.update(table for name, table in begun if name not in waiting)
    if not counts:
        return check("unfinished batches", "ok", "none")
    figure = ", ".join(f"{count} of {table}" for table, count in sorted(counts.items()))
    advice = "Their callers went away before the answer: have them send the same rows again, nothing is stored twice."
    return check("unfinished batches", "warning", figure, advice)


def _except_waiting(scope: CheckScope) -> str:
    keys = [kept.identity.key for kept in _waiting(scope)]
    return f" AND idempotency_key NOT IN ({', '.join(map(quote, keys))})" if keys else ""


def _waiting(scope: CheckScope) -> list[Any]:
    return Quarantine(quarantine_folder(scope.client.settings)).batches()


def quarantine(scope: CheckScope) -> Iterator[Line]:
    """Batches kept aside against the ledger: one that is acknowledged must not wait any more."""
    waiting = _waiting(scope)
    if not waiting:
        yield check("quarantine", "ok", "empty")
        return
    figure = f"{len(waiting)} batches with {sum(kept.rows for kept in waiting):,} rows wait"
    pairs = ", ".join(f"({quote(kept.identity.table)}, {quote(kept.identity.key)})" for kept in waiting)
    if scope.lacking("insert_ledger"):
        yield check("quarantine", "warning", figure, "See `drift` above, then run `muse quarantine replay`.")
        return
    stored = scope.one(
        "SELECT uniqExact(table_name, idempotency_key) AS n FROM insert_ledger "
        f"WHERE inserted > 0 AND (table_name, idempotency_key) IN ({pairs})"
    )["n"]
    advice = "Run `muse quarantine replay`."
    if stored:
        yield check("quarantine", "error", f"{figure}, {stored} of them though the ledger says stored", advice)
    else:
        yield check("quarantine", "warning", figure, advice)


ACCOUNTS: tuple[Callable[[CheckScope], Iterator[Line]], ...] = (ledger, quarantine)
