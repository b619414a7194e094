"""Idempotency keys belong to their callers: what the ledger calls a key that a caller gave.

The local user's keys stand as they were given. Those of a caller with a name, a token's or an issuer's subject, stand
under the mark of that name, so that no caller learns from another's keys, or takes one first. Ledgers of earlier
versions have all keys as they were given.
"""

from __future__ import annotations

import re

from chimera_metrics.integrations.clickhouse import call
from chimera_metrics.integrations.errors import InvalidInput

RESERVED = ("file:", "kafka:", "otlp:", "caller:", "retention ", "muse-copy:")
"""How keys begin that are made here; a caller's must not."""
_MARKED = re.compile(r"caller:[0-9a-f]{32}:", re.DOTALL)


def own_key(key: str | None) -> str | None:
    """The ledger's key for one that a caller gave. Raises InvalidInput for what only this project makes."""
    if key is None:
        return None
    if reserved := next((start for start in RESERVED if key.lstrip().casefold().startswith(start)), None):
        raise InvalidInput(
            f"idempotency_key begins with {reserved.strip()!r}, which is kept for batches that the server makes "
            "itself; begin yours with another word."
        )
    owner = call.owner()
    return key if owner == call.LOCAL else f"caller:{owner}:{key}"


def given_key(key: str) -> str:
    """The key as its caller gave it."""
    return _MARKED.sub("", key, count=1) if key.startswith("caller:") else key
