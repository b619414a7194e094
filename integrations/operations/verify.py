"""Data checks: whether what is stored is whole, single, possible, and told the same by rows, rollups and ledger.

Each check is a function from a `CheckScope` to lines, and only reads. `ROWS`, `DERIVED`, `ACCOUNTS` and `ZONES`
list them.
"""

from __future__ import annotations

from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.operations.verify_accounts import ACCOUNTS
from chimera_metrics.integrations.operations.verify_derived import DERIVED
from chimera_metrics.integrations.operations.verify_rows import ROWS
from chimera_metrics.integrations.operations.verify_scope import CheckScope
from chimera_metrics.integrations.operations.zones import ZONES
from chimera_metrics.integrations.results import Result


def verify(client: Access, days: int | None = None) -> Result:
    """Every check's lines, and `holds`: whether none of them is an error. Raises what keeps the store from answering.

    `days`: only rows of the last N days; None means all.
    """
    scope = CheckScope(client, days)
    lines = [line for run in (*ROWS, *DERIVED, *ACCOUNTS, *ZONES) for line in run(scope)]
    return Result.of({"holds": all(line["level"] != "error" for line in lines), "checks": lines})
