"""The statements that were read with: from a server's `system.query_log`, else from our audit log."""

from __future__ import annotations

from dataclasses import dataclass

from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.errors import MuseError

DAYS = 7
# Kinds of statement that are looked at, those that took longest in all.
_MOST = 50
QUERY_LOG, AUDIT_LOG = "system.query_log", "audit_log"

_LOGGED = f"""
SELECT any(query), count() AS calls FROM system.query_log
WHERE type = 'QueryFinish' AND query_kind = 'Select' AND is_initial_query
AND event_time > now() - INTERVAL {DAYS} DAY AND has(databases, {{database}}) AND NOT has(databases, 'system')
GROUP BY normalized_query_hash ORDER BY sum(query_duration_ms) DESC LIMIT {_MOST}"""
_AUDITED = f"""
SELECT any(statement), count() AS calls FROM audit_log
WHERE outcome = 'ok' AND ts > now() - INTERVAL {DAYS} DAY AND match(statement, '^\\\\s*(SELECT|WITH)\\\\b')
GROUP BY normalizedQueryHash(statement) ORDER BY sum(elapsed_ms) DESC LIMIT {_MOST}"""


@dataclass(frozen=True, slots=True)
class Read:
    """One kind of statement: statements that differ in their literals are of one kind."""

    statement: str
    """One of them."""
    calls: int


@dataclass(frozen=True, slots=True)
class Reads:
    """What is on record of the last days."""

    source: str
    """The log that it is from."""
    kinds: tuple[Read, ...]
    missing: str = ""
    """Why there is nothing in the better source; '' where it was read."""


def reads(client: Access) -> Reads:
    """The kinds of statement that took longest in all."""
    missing = ""
    if not client.settings.embedded:
        try:
            found = _read(client, _LOGGED.format(database=quote(client.settings.database)))
        except MuseError as error:
            missing = str(error).splitlines()[0]
        else:
            if found:
                return Reads(QUERY_LOG, found)
            missing = f"it shows no SELECT on {client.settings.database} in {DAYS} days"
    return Reads(AUDIT_LOG, _read(client, _AUDITED), missing)


def _read(client: Access, statement: str) -> tuple[Read, ...]:
    return tuple(Read(str(text), int(calls)) for text, calls in client.executor.read(statement).rows)
