"""Data checks: whether what is stored is whole, single, possible, and told the same by rows, rollups and ledger.

Each check is a function from a `CheckScope` to lines, and only reads. `ROWS`, `DERIVED`, `ACCOUNTS`, `ZONES`
and `REPLICAS` list them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.clickhouse.store_form import require
from chimera_metrics.integrations.errors import AccessRefused, SchemaMismatch, StatementFailed
from chimera_metrics.integrations.operations.replicas import REPLICAS
from chimera_metrics.integrations.operations.verify_accounts import ACCOUNTS
from chimera_metrics.integrations.operations.verify_derived import DERIVED, drift
from chimera_metrics.integrations.operations.verify_rows import ROWS
from chimera_metrics.integrations.operations.verify_scope import CheckScope, Line
from chimera_metrics.integrations.operations.zones import ZONES
from chimera_metrics.integrations.questions.freshness import check
from chimera_metrics.integrations.results import Result


def verify(client: Access, days: int | None = None) -> Result:
    """Every check's lines, and `holds`: whether none of them is an error. Raises what keeps the store from answering.

    `days`: only rows of the last N days; None means all. On a schema that is not the models', what cannot be checked
    is a line that says so.
    """
    require(client.executor)
    scope = CheckScope(client, days)
    scope.one("SELECT 1")
    lines = [line for run in (*ROWS, *DERIVED, *ACCOUNTS, *ZONES, *REPLICAS) for line in _answered(scope, run)]
    return Result.of({"holds": all(line["level"] != "error" for line in lines), "checks": lines})


def _answered(scope: CheckScope, run: Callable[[CheckScope], Iterator[Line]]) -> Iterator[Line]:
    name = run.__name__.replace("_", " ")
    try:
        yield from run(scope)
    except (SchemaMismatch, StatementFailed, AccessRefused) as error:
        yield check(name, "error", "could not be checked", str(error))
    except (TypeError, ValueError, KeyError) as error:
        if next(drift(scope))["level"] == "ok":  # a fault of this program, not of the schema
            raise
        figure = f"could not be checked on a schema that differs: {error}"
        yield check(name, "error", figure, "See `drift`; `muse adopt` takes a database over.")
