"""Which guard keeps reads read-only, and who enforces it: for `muse status` and for people who set up accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.clickhouse.dbapi import READ_SETTINGS
from chimera_metrics.integrations.errors import MuseError

if TYPE_CHECKING:
    from chimera_metrics.integrations.clickhouse.native_dbapi import NativeConnection, Setting

_LIMITS = ("max_execution_time", "max_memory_usage", "limit")


def guards(client: Access) -> list[dict[str, str]]:
    """One entry a guard: `guard`, `enforced_by`, `advice` (empty where nothing is to do)."""
    if client.settings.embedded:
        return [
            _parser("the engine's own tree"),
            _guard("session readonly = 1", "the embedded engine, set for every read"),
            _guard("limits on time, memory and rows", "the embedded engine, set for every read"),
        ]
    try:
        account, parser = _account(client), _parser(_tree(client))
    except MuseError as error:
        silent = _guard("session readonly = 1", "unknown: the server did not answer", str(error))
        return [_parser("the engine's own tree"), silent]
    return [parser, _readonly(account), _limits(account), *_final(account)]


def _parser(tree: str) -> dict[str, str]:
    return _guard("parser: only listed statements, tables and functions", f"this program, on {tree}")


def _tree(client: Access) -> str:
    if client.executor.scalar("SELECT count() FROM system.functions WHERE name = 'parseQueryToJSON'"):
        return "the engine's own tree"
    return "the embedded engine's tree: a server before 26.8 shows none"


def _guard(name: str, enforced_by: str, advice: str = "") -> dict[str, str]:
    return {"guard": name, "enforced_by": enforced_by, "advice": advice}


def _account(client: Access) -> dict[str, Setting]:
    from chimera_metrics.integrations.clickhouse.engine import checkout

    connection = checkout(client.executor.engine, client.settings)
    try:
        driver: NativeConnection = connection.driver_connection  # type: ignore[assignment]  # made by our own dialect
        return driver.account(["readonly", *_LIMITS, *READ_SETTINGS])
    finally:
        connection.close()


def _readonly(account: dict[str, Setting]) -> dict[str, str]:
    readonly = account.get("readonly")
    if readonly is not None and readonly.value in {"1", "2"}:
        return _guard(f"account readonly = {readonly.value}", "the server, for this account")
    if readonly is not None and readonly.fixed:
        return _guard("session readonly = 1", "nobody", "The account may not set readonly; make it a readonly account.")
    return _guard("session readonly = 1", "the server, set by this program for every read")


def _limits(account: dict[str, Setting]) -> dict[str, str]:
    fixed = [name for name in _LIMITS if name in account and account[name].fixed]
    if not fixed:
        return _guard("limits on time, memory and rows", "the server, set by this program for every read")
    unlimited = [name for name in fixed if account[name].value == "0" and name != "limit"]
    advice = f"The account has no {' and no '.join(unlimited)}; set it in its profile." if unlimited else ""
    held = ", ".join(f"{name} = {account[name].value}" for name in fixed)
    return _guard("limits on time, memory and rows", f"the server, by the account's profile ({held})", advice)


def _final(account: dict[str, Setting]) -> list[dict[str, str]]:
    final = account.get("final")
    if final is None or not final.fixed or final.value == "1":
        return []
    advice = "The account may not set final, so a benchmark run sent again counts twice; set final = 1 in its profile."
    return [_guard("one row a benchmark run", "nobody", advice)]
