"""What must hold before a copy begins: two stores, not one, and the same schema in both."""

from __future__ import annotations

import os

from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.evolution import lock, runner, version
from chimera_metrics.integrations.operations.copying.addresses import require_source
from chimera_metrics.integrations.operations.copying.book import CopyRefused
from chimera_metrics.integrations.operations.copying.side import Side


def require(source: Side, target: Side) -> None:
    """Raises CopyRefused where a copy cannot begin. A target without a row gets the schema, by the migrations, also one
    in which an earlier copy was stopped while they ran."""
    if _address(source) == _address(target):
        raise _same(target)
    require_source(source.settings)
    source.take_its_form()
    if source.settings.embedded and target.settings.embedded:
        raise CopyRefused(
            "--from and --to are both folders, and the embedded engine opens one at a time; use `muse backup create` "
            "and `muse restore --to FOLDER`, which copy a folder faster."
        )
    _require_schema("source", source, runner.current(source.settings))
    recorded = runner.current(target.settings)
    if recorded is None or (_is_behind(target, recorded) and _is_empty(target)):
        runner.upgrade(target.settings)
    else:
        _require_schema("target", target, recorded)


def _is_behind(side: Side, recorded: str) -> bool:
    return recorded <= runner.head() and not runner.is_current(side.settings)


def _is_empty(side: Side) -> bool:
    """Whether no table holds a row, but for those of the migrations themselves."""
    rows = "SELECT sum(ifNull(total_rows, 0)) FROM system.tables WHERE database = currentDatabase()"
    return side.value(f"{rows} AND name NOT IN ({quote(version.TABLE)}, {quote(lock.TABLE)})") == 0


def _address(side: Side) -> tuple[object, ...]:
    settings = side.settings
    if settings.embedded:
        return "embedded", os.path.realpath(settings.store_path), settings.database
    return "server", settings.host, settings.port, settings.database


def _require_schema(what: str, side: Side, recorded: str | None) -> None:
    head = runner.head()
    if recorded is None:
        raise CopyRefused(
            f"The {what}, {side.where}, has no schema of this program's; run `muse upgrade` there, or `muse adopt` for "
            "tables that were made by hand."
        )
    if recorded > head:
        raise CopyRefused(
            f"The {what}, {side.where}, has schema {recorded}, newer than {head} which this program knows; install the "
            "version that made it."
        )
    if recorded != head or not runner.is_current(side.settings):
        raise CopyRefused(
            f"The {what}, {side.where}, has schema {recorded}, and {head} is needed on both sides; run `muse upgrade` "
            "there first."
        )


def refuse_same(source: Side, target: Side) -> None:
    """Raises CopyRefused if the source shows the lock that was just taken on the target: two addresses, one store."""
    if source.settings.embedded and target.settings.embedded:
        return
    statement = f"SELECT comment FROM system.tables WHERE database = currentDatabase() AND name = {quote(lock.TABLE)}"
    if (found := source.value(statement)) is not None and found == target.value(statement):
        raise _same(target)


def _same(target: Side) -> CopyRefused:
    return CopyRefused(f"--from and --to name the same store, {target.where}; name two.")


def identity(side: Side) -> str:
    """What the target's book calls the source; the same by whatever name a server is reached."""
    uuid = side.value("SELECT toString(uuid) FROM system.databases WHERE name = currentDatabase()")
    return f"{uuid} {os.path.realpath(side.settings.store_path)}" if side.settings.embedded else str(uuid)
